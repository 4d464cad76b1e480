/* Operations on the directory: search, read, add, modify, delete. */
#include "outside/ldap.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/ldap_changes.h"
#include "outside/ldap_link.h"

#define PAGE_SIZE    500
#define CONTROLS_MAX 3

/* What a finished request said. */
typedef struct answer {
    int code;
    int sent;               /* a write has gone out: what it did is known by the answer alone */
    const char *text;
    LDAPControl **controls; /* to be freed by the caller */
    int left_open;          /* the server waits for the next page of a search that is over */
} answer_t;

static void take_result(answer_t *answer, LDAP *ld, LDAPMessage *message, apr_pool_t *pool) {
    char *text = NULL;
    int result = LDAP_OTHER;
    int code =
        ldap_parse_result(ld, message, &result, NULL, &text, NULL, &answer->controls, 0);

    answer->code = code == LDAP_SUCCESS ? result : code;
    answer->text = apr_pstrdup(pool, text);
    ldap_memfree(text);
}

/* ---- Searches ---- */

typedef struct search {
    const char *base;
    int scope;
    const char *filter;
    char **attrs;
    int limit; /* of the server and of us; 0: none */
} search_t;

/* Reads the messages of one search (or of one page of it) into `entries`, xca_entry_t * in `pool`. */
static void collect(answer_t *answer, LDAP *ld, int msgid, const search_t *search,
                    apr_time_t deadline, apr_array_header_t *entries, apr_pool_t *pool) {
    LDAPMessage *message;

    for (;;) {
        answer->code = xca_link_wait(ld, msgid, LDAP_MSG_ONE, deadline, &message);
        if (answer->code != LDAP_SUCCESS) {
            return;
        }
        if (ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT) {
            take_result(answer, ld, message, pool);
            ldap_msgfree(message);
            return;
        }
        if (ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY) {
            xca_entry_t *entry = xca_link_entry(ld, message, pool);

            if (entry == NULL || (search->limit > 0 && entries->nelts >= search->limit)) {
                ldap_msgfree(message);
                answer->code = LDAP_DECODING_ERROR; /* a server that does not keep to the limit */
                return;
            }
            APR_ARRAY_PUSH(entries, xca_entry_t *) = entry;
        }
        ldap_msgfree(message);
    }
}

static void search_once(answer_t *answer, LDAP *ld, const search_t *search, LDAPControl **controls,
                        apr_time_t deadline, apr_array_header_t *entries, apr_pool_t *pool) {
    apr_time_t left = deadline - apr_time_now();
    struct timeval limit = {left > 0 ? apr_time_sec(left) + 1 : 1, 0};
    int msgid;

    memset(answer, 0, sizeof(*answer));
    answer->code = ldap_search_ext(ld, search->base, search->scope, search->filter, search->attrs,
                                   0, controls, NULL, &limit, search->limit, &msgid);
    if (answer->code == LDAP_SUCCESS) {
        collect(answer, ld, msgid, search, deadline, entries, pool);
    }
}

static xca_error_t *search_error(const answer_t *answer, const search_t *search, apr_pool_t *pool) {
    return xca_link_error(answer->code, XCA_LDAP_READING, "search",
                          apr_pstrcat(pool, search->base, " ", search->filter, NULL),
                          answer->text, pool);
}

/* One search that is not paged, into `entries`; a second try where the connection broke. */
static xca_error_t *fetch(xca_ldap_t *ldap, const search_t *search, int *more,
                          apr_array_header_t *entries, apr_pool_t *pool) {
    apr_time_t deadline = apr_time_now() + xca_link_timeout(ldap);
    answer_t answer;
    int attempt;

    for (attempt = 0;; attempt++) {
        LDAP *ld;
        xca_error_t *err = xca_link_take(&ld, ldap, 0, deadline, pool);

        if (err != NULL) {
            return err;
        }
        entries->nelts = 0;
        search_once(&answer, ld, search, NULL, deadline, entries, pool);
        ldap_controls_free(answer.controls);
        xca_link_give(ldap, ld, 0, xca_link_broken_by(answer.code));
        if (answer.code != LDAP_SERVER_DOWN || attempt > 0) {
            break;
        }
    }
    *more = answer.code == LDAP_SIZELIMIT_EXCEEDED;
    if (*more && search->limit > 0) {
        return NULL;
    }
    return search_error(&answer, search, pool);
}

static xca_error_t *deliver(const apr_array_header_t *entries, xca_on_entry *on_entry, void *baton,
                            apr_pool_t *scratch) {
    int i;

    for (i = 0; i < entries->nelts; i++) {
        xca_error_t *err = on_entry(baton, APR_ARRAY_IDX(entries, i, xca_entry_t *), scratch);

        if (err != NULL) {
            return err;
        }
        apr_pool_clear(scratch);
    }
    return NULL;
}

/* All bits set: slapd (2.5, databases glued together) says so when the last match of a database has just filled the page, and goes on with the
 * next database when asked again. Where there is none, it is unwilling: that was all. */
static int ends_a_database(const struct berval *cookie) {
    ber_len_t i;

    for (i = 0; i < cookie->bv_len && (unsigned char)cookie->bv_val[i] == 0xff; i++) {
    }
    return cookie->bv_len > 0 && i == cookie->bv_len;
}

/* The cookie of the next page from the server's control (RFC 2696), empty at the end. */
static void next_page(struct berval *cookie, const answer_t *answer, LDAP *ld, apr_pool_t *pool) {
    LDAPControl *control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answer->controls, NULL);
    struct berval found = {0, NULL};
    ber_int_t estimate;

    cookie->bv_len = 0;
    if (control != NULL &&
        ldap_parse_pageresponse_control(ld, control, &estimate, &found) == LDAP_SUCCESS &&
        found.bv_len > 0) {
        cookie->bv_val = apr_pmemdup(pool, found.bv_val, found.bv_len);
        cookie->bv_len = found.bv_len;
    }
    ldap_memfree(found.bv_val);
}

static void page_once(answer_t *answer, LDAP *ld, const search_t *search, struct berval *cookie,
                      apr_time_t deadline, apr_array_header_t *entries, apr_pool_t *page_pool,
                      apr_pool_t *pool) {
    LDAPControl *controls[2] = {NULL, NULL};
    int may_be_all = ends_a_database(cookie);

    memset(answer, 0, sizeof(*answer));
    answer->code = ldap_create_page_control(ld, PAGE_SIZE, cookie, 1, &controls[0]);
    if (answer->code != LDAP_SUCCESS) {
        return;
    }
    search_once(answer, ld, search, controls, deadline, entries, page_pool);
    ldap_control_free(controls[0]);
    next_page(cookie, answer, ld, pool);
    ldap_controls_free(answer->controls);
    if (answer->code == LDAP_UNWILLING_TO_PERFORM && may_be_all) {
        answer->code = LDAP_SUCCESS;
        answer->left_open = 1;
    }
}

/* All pages over one connection, from the first. *delivered tells whether the caller has seen something. */
static xca_error_t *walk_pages(answer_t *answer, LDAP *ld, xca_ldap_t *ldap, const search_t *search,
                               int *delivered, xca_on_entry *on_entry, void *baton,
                               apr_pool_t *pool) {
    struct berval cookie = {0, NULL};
    apr_pool_t *page_pool, *scratch;
    xca_error_t *err = NULL;

    apr_pool_create(&page_pool, pool);
    apr_pool_create(&scratch, pool);
    do {
        apr_array_header_t *entries = apr_array_make(page_pool, PAGE_SIZE, sizeof(xca_entry_t *));

        page_once(answer, ld, search, &cookie, apr_time_now() + xca_link_timeout(ldap), entries,
                  page_pool, pool);
        if (answer->code == LDAP_SUCCESS) {
            *delivered = *delivered || entries->nelts > 0;
            err = deliver(entries, on_entry, baton, scratch);
        } else {
            answer->text = apr_pstrdup(pool, answer->text);
        }
        apr_pool_clear(page_pool);
    } while (err == NULL && answer->code == LDAP_SUCCESS && cookie.bv_len > 0);
    apr_pool_destroy(scratch);
    apr_pool_destroy(page_pool);
    return err;
}

static xca_error_t *search_paged(xca_ldap_t *ldap, const search_t *search, xca_on_entry *on_entry,
                                 void *baton, apr_pool_t *pool) {
    int attempt, delivered = 0;
    answer_t answer;

    for (attempt = 0;; attempt++) {
        LDAP *ld;
        /* It does not count: on_entry may itself need a connection. */
        xca_error_t *err =
            xca_link_take(&ld, ldap, 1, apr_time_now() + xca_link_timeout(ldap), pool);

        if (err != NULL) {
            return err;
        }
        err = walk_pages(&answer, ld, ldap, search, &delivered, on_entry, baton, pool);
        /* A search left in the middle keeps its cookie on the server: such a connection goes. */
        xca_link_give(ldap, ld, 1, err != NULL || answer.code != LDAP_SUCCESS || answer.left_open);
        if (err != NULL) {
            return err;
        }
        if (answer.code != LDAP_SERVER_DOWN || delivered || attempt > 0) {
            return search_error(&answer, search, pool);
        }
    }
}

xca_error_t *xca_ldap_search(xca_ldap_t *ldap, const char *base, xca_scope scope, const char *filter,
                             const char *const *attrs, int limit, int *more, xca_on_entry *on_entry,
                             void *baton, apr_pool_t *pool) {
    search_t search = {base, (int)scope, filter, (char **)attrs, limit};
    apr_pool_t *entry_pool, *scratch;
    apr_array_header_t *entries;
    xca_error_t *err;
    int reached = 0;

    if (more != NULL) {
        *more = 0;
    }
    if (limit == 0 && scope != XCA_SCOPE_BASE) {
        return search_paged(ldap, &search, on_entry, baton, pool);
    }
    apr_pool_create(&entry_pool, pool);
    entries = apr_array_make(entry_pool, 16, sizeof(xca_entry_t *));
    err = fetch(ldap, &search, &reached, entries, entry_pool);
    if (err != NULL) {
        return err; /* it lives in entry_pool, which goes with the caller's pool */
    }
    apr_pool_create(&scratch, pool);
    err = deliver(entries, on_entry, baton, scratch);
    if (more != NULL) {
        *more = reached;
    }
    if (err == NULL) {
        apr_pool_destroy(scratch);
    }
    apr_pool_destroy(entry_pool);
    return err;
}

xca_error_t *xca_ldap_read(xca_entry_t **entry, xca_ldap_t *ldap, const char *dn,
                           const char *const *attrs, apr_pool_t *pool) {
    search_t search = {dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)attrs, 1};
    apr_array_header_t *entries = apr_array_make(pool, 1, sizeof(xca_entry_t *));
    int more;
    xca_error_t *err = fetch(ldap, &search, &more, entries, pool);

    *entry = NULL;
    if (err != NULL) {
        return err;
    }
    if (entries->nelts == 0) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "ldap.no-entry", "read %s: nothing to see", dn);
    }
    *entry = APR_ARRAY_IDX(entries, 0, xca_entry_t *);
    return NULL;
}

/* ---- Writes ---- */

typedef enum { WRITE_ADD, WRITE_MODIFY, WRITE_DELETE } write_kind;
static const char *const write_names[] = {"add", "modify", "delete"};

typedef struct write_request {
    write_kind kind;
    const char *dn;
    LDAPMod **mods;
    const char *assertion;
    const char *const *post_attrs;
} write_request_t;

/* AttributeSelection of RFC 4511 section 4.5.1, the value of the post-read control. */
static int post_read_control(const char *const *attrs, LDAPControl **control) {
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    struct berval value = {0, NULL};
    int code = LDAP_ENCODING_ERROR;

    if (ber == NULL) {
        return LDAP_NO_MEMORY;
    }
    if (ber_printf(ber, "{v}", attrs) != -1 && ber_flatten2(ber, &value, 0) != -1) {
        code = ldap_control_create(LDAP_CONTROL_POST_READ, 1, &value, 1, control);
    }
    ber_free(ber, 1);
    return code;
}

static int assertion_control(LDAP *ld, const char *filter, LDAPControl **control) {
    struct berval value = {0, NULL};
    int code = ldap_create_assertion_control_value(ld, (char *)filter, &value);

    if (code == LDAP_SUCCESS) {
        code = ldap_control_create(LDAP_CONTROL_ASSERT, 1, &value, 1, control);
    }
    ldap_memfree(value.bv_val);
    return code;
}

static int make_controls(LDAP *ld, const write_request_t *request,
                         LDAPControl *controls[CONTROLS_MAX]) {
    int count = 0;
    int code = LDAP_SUCCESS;

    memset(controls, 0, CONTROLS_MAX * sizeof(controls[0]));
    if (request->assertion != NULL) {
        code = assertion_control(ld, request->assertion, &controls[count]);
        count++;
    }
    if (code == LDAP_SUCCESS && request->post_attrs != NULL) {
        code = post_read_control(request->post_attrs, &controls[count]);
    }
    return code;
}

static int send_write(LDAP *ld, const write_request_t *request, LDAPControl **controls,
                      int *msgid) {
    if (request->kind == WRITE_ADD) {
        return ldap_add_ext(ld, request->dn, request->mods, controls, NULL, msgid);
    }
    if (request->kind == WRITE_MODIFY) {
        return ldap_modify_ext(ld, request->dn, request->mods, controls, NULL, msgid);
    }
    return ldap_delete_ext(ld, request->dn, controls, NULL, msgid);
}

static void write_once(answer_t *answer, LDAP *ld, const write_request_t *request,
                       apr_time_t deadline, apr_pool_t *pool) {
    LDAPControl *controls[CONTROLS_MAX];
    LDAPMessage *message;
    int msgid, i;

    memset(answer, 0, sizeof(*answer));
    answer->code = make_controls(ld, request, controls);
    if (answer->code == LDAP_SUCCESS) {
        answer->code = send_write(ld, request, controls, &msgid);
    }
    for (i = 0; i < CONTROLS_MAX; i++) {
        ldap_control_free(controls[i]);
    }
    if (answer->code != LDAP_SUCCESS) {
        return;
    }
    answer->sent = 1;
    answer->code = xca_link_wait(ld, msgid, LDAP_MSG_ALL, deadline, &message);
    if (answer->code != LDAP_SUCCESS) {
        return;
    }
    take_result(answer, ld, message, pool);
    ldap_msgfree(message);
}

int xca_ldap_is_away(const xca_error_t *err) {
    return err != NULL && (strcmp(err->message, "ldap.down") == 0 || strcmp(err->message, "ldap.unsure") == 0);
}

static xca_error_t *run_write(xca_ldap_t *ldap, const write_request_t *request, xca_entry_t **post,
                              apr_pool_t *pool) {
    apr_time_t deadline = apr_time_now() + xca_link_timeout(ldap);
    answer_t answer;
    LDAP *ld;
    xca_error_t *err = xca_link_take(&ld, ldap, 0, deadline, pool);

    if (err != NULL) {
        return err;
    }
    write_once(&answer, ld, request, deadline, pool);
    if (post != NULL) {
        *post = answer.code == LDAP_SUCCESS ? xca_link_post_read(answer.controls, pool) : NULL;
    }
    ldap_controls_free(answer.controls);
    xca_link_give(ldap, ld, 0, xca_link_broken_by(answer.code));
    if (answer.sent && xca_link_broken_by(answer.code)) {
        return xca_error_make(pool, XCA_E_UNAVAILABLE, "ldap.unsure", "%s %s: %s (%d)", write_names[request->kind], request->dn,
                              ldap_err2string(answer.code), answer.code);
    }
    if (answer.code == LDAP_SUCCESS && post != NULL && *post == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "modify %s: no post-read answer",
                              request->dn);
    }
    return xca_link_error(answer.code, XCA_LDAP_WRITING, write_names[request->kind], request->dn,
                          answer.text, pool);
}

static struct berval **berval_list(const xca_bytes_t *values, int count, apr_pool_t *pool) {
    struct berval **list = apr_pcalloc(pool, ((apr_size_t)count + 1) * sizeof(*list));
    int i;

    for (i = 0; i < count; i++) {
        list[i] = apr_palloc(pool, sizeof(**list));
        list[i]->bv_val = (char *)values[i].data;
        list[i]->bv_len = values[i].length;
    }
    return list;
}

static LDAPMod *make_mod(int op, const char *name, const xca_bytes_t *values, int count,
                         apr_pool_t *pool) {
    LDAPMod *mod = apr_pcalloc(pool, sizeof(*mod));

    mod->mod_op = op | LDAP_MOD_BVALUES;
    mod->mod_type = (char *)name;
    mod->mod_bvalues = count > 0 ? berval_list(values, count, pool) : NULL;
    return mod;
}

xca_error_t *xca_ldap_add(xca_ldap_t *ldap, const xca_entry_t *entry, apr_pool_t *pool) {
    write_request_t request = {WRITE_ADD, entry->dn, NULL, NULL, NULL};
    int i;

    request.mods = apr_pcalloc(pool, ((apr_size_t)entry->attrs->nelts + 1) * sizeof(LDAPMod *));
    for (i = 0; i < entry->attrs->nelts; i++) {
        const xca_attr_t *attr = &APR_ARRAY_IDX(entry->attrs, i, xca_attr_t);

        request.mods[i] = make_mod(LDAP_MOD_ADD, attr->name, attr->values, attr->count, pool);
    }
    return run_write(ldap, &request, NULL, pool);
}

xca_error_t *xca_ldap_modify(xca_ldap_t *ldap, const char *dn, const xca_changes_t *changes,
                             const char *assertion, const char *const *post_attrs,
                             xca_entry_t **post, apr_pool_t *pool) {
    static const int ops[] = {LDAP_MOD_ADD, LDAP_MOD_DELETE, LDAP_MOD_REPLACE, LDAP_MOD_INCREMENT};
    write_request_t request = {WRITE_MODIFY, dn, NULL, assertion, post_attrs};
    int i;

    request.mods = apr_pcalloc(pool, ((apr_size_t)changes->list->nelts + 1) * sizeof(LDAPMod *));
    for (i = 0; i < changes->list->nelts; i++) {
        const xca_change_t *change = &APR_ARRAY_IDX(changes->list, i, xca_change_t);

        request.mods[i] =
            make_mod(ops[change->op], change->name, change->values, change->count, pool);
    }
    return run_write(ldap, &request, post, pool);
}

xca_error_t *xca_ldap_delete(xca_ldap_t *ldap, const char *dn, apr_pool_t *pool) {
    write_request_t request = {WRITE_DELETE, dn, NULL, NULL, NULL};
    xca_error_t *err = run_write(ldap, &request, NULL, pool);

    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}
