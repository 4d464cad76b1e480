#include "operations/audit_verify.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_audit.h"
#include "wire/audit.h"

typedef struct {
    xca_audit_report_t *report;
    xca_store_t *store;
    const xca_bytes_t *cas;
    int ca_count;
    const xca_audit_head_t *heads;
    int head_count;
    xca_audit_signer_t *signer; /* of the key that signs from here on; NULL before the first */
    apr_pool_t *signer_pool;
    apr_int64_t expected;       /* number of the entry that comes next */
    apr_int64_t to;             /* number of the last one that is asked for */
    apr_int64_t looked_for;     /* one that its page did not have; looked for once more, it may just have been written */
    apr_pool_t *pool;
} verifier_t;

xca_error_t *xca_audit_key_of(xca_bytes_t *certificate, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    const char *text = entry->wrong == NULL || strcmp(entry->wrong, "audit.index") == 0
                           ? xca_audit_detail(entry->details, "certificate", pool)
                           : NULL;
    xca_bytes_t *der = text != NULL ? xca_unbase64(pool, text, strlen(text)) : NULL;

    if (der == NULL) {
        return xca_error_make(pool, XCA_E_DENIED, "audit.key", "entry %" APR_INT64_T_FMT, entry->number);
    }
    *certificate = *der;
    return NULL;
}

static int found(verifier_t *v, apr_int64_t number, const char *wrong) {
    v->report->bad = number;
    v->report->wrong = wrong;
    return 0;
}

static int take_key(verifier_t *v, const xca_audit_entry_t *entry) {
    xca_bytes_t certificate;
    apr_pool_t *pool;
    xca_error_t *err;

    apr_pool_create(&pool, v->pool);
    err = xca_audit_key_of(&certificate, entry, pool);
    if (err == NULL) {
        err = xca_audit_signer_make(&v->signer, certificate, v->cas, v->ca_count, pool);
    }
    if (err != NULL) {
        apr_pool_destroy(pool);
        return 0;
    }
    if (v->signer_pool != NULL) {
        apr_pool_destroy(v->signer_pool);
    }
    v->signer_pool = pool;
    return 1;
}

/* What is kept beside the text is what the text names. */
static int cms_is_named(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    const char *named = xca_audit_detail(entry->details, "kept", pool);

    if (entry->cms.length == 0) {
        return named == NULL;
    }
    return named != NULL && strcmp(named, xca_sha256_hex(pool, entry->cms.data, entry->cms.length)) == 0;
}

static int as_noted(verifier_t *v, apr_int64_t number, const char *hash) {
    int i;

    for (i = 0; i < v->head_count; i++) {
        if (v->heads[i].number == number && strcmp(v->heads[i].hash, hash) != 0) {
            return found(v, number, "audit.head");
        }
    }
    return 1;
}

/* Straight down; the first thing that is wrong is told. */
static int check(verifier_t *v, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    const char *hash;

    if (entry->wrong != NULL && strcmp(entry->wrong, "audit.unreadable") == 0) {
        return found(v, entry->number, entry->wrong);
    }
    hash = xca_sha256_hex(scratch, entry->text.data, entry->text.length);
    if (entry->hash == NULL || strcmp(entry->hash, hash) != 0) {
        return found(v, entry->number, "audit.hash");
    }
    if (entry->wrong != NULL && strcmp(entry->wrong, "audit.number") == 0) {
        return found(v, entry->number, entry->wrong);
    }
    if (strcmp(entry->previous, v->report->hash) != 0) {
        return found(v, entry->number, "audit.chain");
    }
    if (strcmp(entry->kind, "audit-key") == 0 && !take_key(v, entry)) {
        return found(v, entry->number, "audit.key");
    }
    if (v->signer == NULL || !xca_audit_signed(v->signer, entry->text, entry->signature, entry->time)) {
        return found(v, entry->number, "audit.signature");
    }
    if (entry->time < v->report->time) {
        return found(v, entry->number, "audit.time");
    }
    if (entry->wrong != NULL) {
        return found(v, entry->number, entry->wrong);
    }
    if (!cms_is_named(entry, scratch)) {
        return found(v, entry->number, "audit.cms");
    }
    if (!as_noted(v, entry->number, hash)) {
        return 0;
    }
    apr_cpystrn(v->report->hash, hash, sizeof(v->report->hash));
    v->report->time = entry->time;
    v->report->last = entry->number;
    v->report->checked++;
    return 1;
}

/* The entry that should come next is not among those of its page: hidden from the search, gone, or not written yet. *ended: the log
 * ends here. */
static xca_error_t *look_for_expected(int *ended, verifier_t *v, apr_pool_t *scratch) {
    apr_int64_t beyond = 0;
    int exists;
    xca_error_t *err = xca_audit_exists(&exists, v->store, v->expected, scratch);

    *ended = 0;
    if (err == NULL && !exists) {
        err = xca_audit_beyond(&beyond, v->store, v->expected - 1, scratch);
        *ended = err == NULL && beyond == 0;
        if (err == NULL && beyond != 0) {
            err = xca_audit_exists(&exists, v->store, v->expected, scratch); /* written in this very moment */
        }
    }
    if (err == NULL && !*ended && !exists) {
        (void)found(v, v->expected, "audit.missing");
    }
    return err;
}

/* What there is of the page of the expected entry, from that entry on. */
static xca_error_t *check_page(int *ended, verifier_t *v, apr_pool_t *page_pool) {
    xca_audit_query_t query = {v->expected / XCA_AUDIT_PAGE, NULL, NULL};
    apr_array_header_t *entries;
    apr_pool_t *scratch;
    int i;
    xca_error_t *err = xca_audit_find(&entries, NULL, v->store, &query, 0, page_pool);

    *ended = 0;
    apr_pool_create(&scratch, page_pool);
    for (i = 0; err == NULL && i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);

        if (entry->number < v->expected) {
            continue; /* verified before */
        }
        if (entry->number != v->expected || entry->number > v->to) {
            break;
        }
        apr_pool_clear(scratch);
        if (!check(v, entry, scratch)) {
            return NULL;
        }
        v->expected++;
    }
    if (err != NULL || v->expected / XCA_AUDIT_PAGE != query.page || v->expected > v->to) {
        return err;
    }
    err = look_for_expected(ended, v, page_pool);
    if (err == NULL && !*ended && v->report->bad == 0 && v->looked_for == v->expected) {
        (void)found(v, v->expected, "audit.index"); /* it is there, and its page does not have it */
    }
    v->looked_for = v->expected;
    return err;
}

/* The heads that lie before the beginning or behind the end. */
static xca_error_t *check_heads(verifier_t *v, apr_int64_t from, apr_pool_t *pool) {
    int i;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < v->head_count && v->report->bad == 0; i++) {
        xca_audit_entry_t *entry;

        if (v->heads[i].number > v->report->last) {
            (void)found(v, v->report->last + 1, "audit.truncated");
        } else if (v->heads[i].number < from) {
            err = xca_audit_get(&entry, v->store, v->heads[i].number, pool);
            if (err == NULL) {
                (void)as_noted(v, v->heads[i].number, xca_sha256_hex(pool, entry->text.data, entry->text.length));
            } else if (err->kind == XCA_E_NOT_FOUND) {
                err = NULL;
                (void)found(v, v->heads[i].number, "audit.missing");
            }
        }
    }
    return err;
}

/* Where the pass begins: the entry before, and the key of that time. */
static xca_error_t *begin(verifier_t *v, apr_int64_t from, apr_pool_t *pool) {
    xca_audit_query_t query = {-1, "audit-key", NULL};
    apr_array_header_t *keys;
    xca_audit_entry_t *before;
    int i;
    xca_error_t *err;

    v->expected = from;
    apr_cpystrn(v->report->hash, XCA_AUDIT_NOTHING, sizeof(v->report->hash));
    if (from <= 1) {
        return NULL;
    }
    err = xca_audit_get(&before, v->store, from - 1, pool);
    if (err == NULL) {
        err = xca_audit_find(&keys, NULL, v->store, &query, 0, pool);
    }
    if (err != NULL) {
        return err;
    }
    apr_cpystrn(v->report->hash, xca_sha256_hex(pool, before->text.data, before->text.length), sizeof(v->report->hash));
    v->report->time = before->time;
    v->report->last = from - 1;
    for (i = keys->nelts - 1; i >= 0; i--) {
        const xca_audit_entry_t *key = APR_ARRAY_IDX(keys, i, const xca_audit_entry_t *);

        if (key->number < from) {
            if (!take_key(v, key)) {
                (void)found(v, key->number, "audit.key");
            }
            return NULL;
        }
    }
    return NULL;
}

/* Page after page to the end, to `v->to`, or to the first entry that is wrong. */
static xca_error_t *run(verifier_t *v, apr_int64_t from, apr_pool_t *pool) {
    apr_pool_t *page_pool;
    int ended = 0;
    xca_error_t *err;

    memset(v->report, 0, sizeof(*v->report));
    err = begin(v, from, pool);
    apr_pool_create(&page_pool, pool);
    while (err == NULL && !ended && v->report->bad == 0 && v->expected <= v->to) {
        apr_pool_clear(page_pool);
        err = check_page(&ended, v, page_pool);
    }
    if (err == NULL && v->report->bad == 0) {
        err = check_heads(v, from, pool);
    }
    if (err != NULL) {
        err = xca_error_make(pool, err->kind, err->message, "%s", err->detail != NULL ? err->detail : "-");
    }
    return err;
}

xca_error_t *xca_audit_verify(xca_audit_report_t *report, xca_store_t *store, const xca_bytes_t *cas, int ca_count,
                              apr_int64_t from, const xca_audit_head_t *heads, int head_count, apr_pool_t *pool) {
    verifier_t v = {report, store, cas, ca_count, heads, head_count, NULL, NULL, 1, APR_INT64_MAX, 0, pool};

    return run(&v, from, pool);
}

xca_error_t *xca_audit_verify_range(xca_audit_report_t *report, xca_store_t *store, const xca_bytes_t *cas, int ca_count,
                                    apr_int64_t from, apr_int64_t to, apr_pool_t *pool) {
    verifier_t v = {report, store, cas, ca_count, NULL, 0, NULL, NULL, 1, to, 0, pool};

    return run(&v, from, pool);
}
