/* Content Synchronization (RFC 4533), refreshAndPersist. Without a cookie every start sees everything that is there, so that a
 * program that was away or was cut off in the middle need not know what it has missed. */
#include "outside/ldap.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/ldap_link.h"

/* Messages delivered by one poll at most, so that a caller with other duties gets back to them. */
#define MESSAGES_A_POLL 1000

#define COOKIE_MAX 512

/* Seconds that the server may take for a refresh: asked for, because what a client that says nothing may take is less. */
#define REFRESH_SECONDS 86400

struct xca_ldap_sync {
    LDAP *ld;
    int msgid;
    const char *base;
    xca_on_change *on_change;
    void *baton;
    apr_pool_t *scratch;
    apr_size_t cookie_length;
    unsigned char cookie[COOKIE_MAX];
};

static apr_status_t close_sync(void *data) {
    xca_ldap_sync_t *sync = data;

    xca_link_close(sync->ld);
    sync->ld = NULL;
    return APR_SUCCESS;
}

/* syncRequestValue, section 2.2: mode refreshAndPersist, the cookie if there is one, no reload hint. */
static int sync_control(LDAPControl **control, const xca_ldap_sync_t *sync) {
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    struct berval value = {0, NULL};
    struct berval cookie = {sync->cookie_length, (char *)(apr_size_t)sync->cookie};
    int code = LDAP_ENCODING_ERROR, written;

    if (ber == NULL) {
        return LDAP_NO_MEMORY;
    }
    written = cookie.bv_len > 0 ? ber_printf(ber, "{eO}", (ber_int_t)LDAP_SYNC_REFRESH_AND_PERSIST, &cookie)
                                : ber_printf(ber, "{e}", (ber_int_t)LDAP_SYNC_REFRESH_AND_PERSIST);
    if (written != -1 && ber_flatten2(ber, &value, 0) != -1) {
        code = ldap_control_create(LDAP_CONTROL_SYNC, 1, &value, 1, control);
    }
    ber_free(ber, 1);
    return code;
}

static int send_sync(xca_ldap_sync_t *sync, const char *filter, const char *const *attrs) {
    LDAPControl *controls[2] = {NULL, NULL};
    struct timeval refresh = {REFRESH_SECONDS, 0};
    int code = sync_control(&controls[0], sync);

    if (code == LDAP_SUCCESS) {
        code = ldap_search_ext(sync->ld, sync->base, LDAP_SCOPE_SUBTREE, filter, (char **)attrs, 0,
                               controls, NULL, &refresh, 0, &sync->msgid);
    }
    ldap_control_free(controls[0]);
    return code;
}

xca_error_t *xca_ldap_sync_start(xca_ldap_sync_t **sync, const xca_ldap_config_t *config,
                                 const char *base, const char *filter, const char *const *attrs,
                                 xca_on_change *on_change, void *baton, apr_pool_t *pool) {
    return xca_ldap_sync_resume(sync, config, base, filter, attrs, (xca_bytes_t){NULL, 0}, on_change, baton, pool);
}

static void keep_cookie(xca_ldap_sync_t *sync, const void *cookie, apr_size_t length) {
    if (length > 0 && length <= sizeof(sync->cookie)) {
        memcpy(sync->cookie, cookie, length);
        sync->cookie_length = length;
    }
}

xca_bytes_t xca_ldap_sync_cookie(const xca_ldap_sync_t *sync) {
    return (xca_bytes_t){sync->cookie, sync->cookie_length};
}

xca_error_t *xca_ldap_sync_resume(xca_ldap_sync_t **sync, const xca_ldap_config_t *config, const char *base,
                                  const char *filter, const char *const *attrs, xca_bytes_t cookie,
                                  xca_on_change *on_change, void *baton, apr_pool_t *pool) {
    xca_ldap_sync_t *made = apr_pcalloc(pool, sizeof(*made));
    xca_ldap_config_t own = *config;
    xca_ldap_t *checked;
    xca_error_t *err = xca_ldap_make(&checked, config, pool); /* its checks; it connects to nothing */

    *sync = NULL;
    if (err != NULL) {
        return err;
    }
    own.timeout = xca_link_timeout(checked);
    err = xca_link_open(&made->ld, &own, apr_time_now() + own.timeout, pool);
    if (err != NULL) {
        return err;
    }
    made->base = apr_pstrdup(pool, base);
    made->on_change = on_change;
    made->baton = baton;
    keep_cookie(made, cookie.data, cookie.length);
    apr_pool_create(&made->scratch, pool);
    apr_pool_cleanup_register(pool, made, close_sync, apr_pool_cleanup_null);
    err = xca_link_error(send_sync(made, filter, attrs), XCA_LDAP_READING, "sync", base, NULL, pool);
    if (err != NULL) {
        xca_ldap_sync_stop(made);
        return err;
    }
    *sync = made;
    return NULL;
}

/* Takes a cookie if it comes next. */
static void take_cookie(xca_ldap_sync_t *sync, BerElement *ber, ber_tag_t tag) {
    struct berval cookie;
    ber_len_t length;

    if (ber_peek_tag(ber, &length) == tag && ber_scanf(ber, "m", &cookie) != LBER_ERROR) {
        keep_cookie(sync, cookie.bv_val, cookie.bv_len);
    }
}

/* syncStateValue, section 2.3: what has happened to the entry; -1 if the server did not say. */
static int sync_state(xca_ldap_sync_t *sync, LDAPMessage *message) {
    LDAPControl **controls = NULL;
    LDAPControl *control;
    BerElement *ber = NULL;
    struct berval uuid;
    ber_int_t state = -1;

    if (ldap_get_entry_controls(sync->ld, message, &controls) != LDAP_SUCCESS) {
        return -1;
    }
    control = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
    if (control != NULL) {
        ber = ber_init(&control->ldctl_value);
    }
    if (ber != NULL && ber_scanf(ber, "{em", &state, &uuid) == LBER_ERROR) {
        state = -1;
    }
    if (state >= 0) {
        take_cookie(sync, ber, LDAP_TAG_SYNC_COOKIE);
    }
    ber_free(ber, 1);
    ldap_controls_free(controls);
    return (int)state;
}

static xca_error_t *take_entry(xca_ldap_sync_t *sync, LDAPMessage *message, apr_pool_t *pool) {
    int state = sync_state(sync, message);
    xca_entry_t *entry = xca_link_entry(sync->ld, message, sync->scratch);

    if (entry == NULL || state < 0) {
        return xca_link_error(LDAP_DECODING_ERROR, XCA_LDAP_READING, "sync", sync->base, NULL, pool);
    }
    if (state == LDAP_SYNC_PRESENT) {
        return NULL; /* unchanged since the cookie */
    }
    return sync->on_change(sync->baton, entry->dn, state == LDAP_SYNC_DELETE ? NULL : entry,
                           sync->scratch);
}

/* syncInfoValue, section 2.5: refreshDelete and refreshPresent end the refresh unless refreshDone is FALSE. */
static int ends_refresh(xca_ldap_sync_t *sync, struct berval *value) {
    BerElement *ber = ber_init(value);
    ber_len_t length;
    ber_int_t done = 1;
    ber_tag_t tag;
    int ends;

    if (ber == NULL) {
        return 0;
    }
    take_cookie(sync, ber, LDAP_TAG_SYNC_NEW_COOKIE);
    tag = ber_peek_tag(ber, &length);
    ends = tag == LDAP_TAG_SYNC_REFRESH_DELETE || tag == LDAP_TAG_SYNC_REFRESH_PRESENT;
    if (ends && ber_scanf(ber, "{") != LBER_ERROR) {
        take_cookie(sync, ber, LDAP_TAG_SYNC_COOKIE);
        if (ber_peek_tag(ber, &length) == LDAP_TAG_REFRESHDONE) {
            ber_scanf(ber, "b", &done);
        }
    }
    ber_free(ber, 1);
    return ends && done;
}

static xca_error_t *take_info(xca_ldap_sync_t *sync, LDAPMessage *message, apr_pool_t *pool) {
    char *oid = NULL;
    struct berval *value = NULL;
    int code = ldap_parse_intermediate(sync->ld, message, &oid, &value, NULL, 0);
    int ended = code == LDAP_SUCCESS && oid != NULL && strcmp(oid, LDAP_SYNC_INFO) == 0 &&
                value != NULL && ends_refresh(sync, value);

    ldap_memfree(oid);
    ber_bvfree(value);
    if (code != LDAP_SUCCESS) {
        return xca_link_error(code, XCA_LDAP_READING, "sync", sync->base, NULL, pool);
    }
    return ended ? sync->on_change(sync->baton, NULL, NULL, sync->scratch) : NULL;
}

/* The server has ended the search: a persistent one never ends well. */
static xca_error_t *take_end(xca_ldap_sync_t *sync, LDAPMessage *message, apr_pool_t *pool) {
    char *text = NULL;
    int result = LDAP_OTHER;
    int code = ldap_parse_result(sync->ld, message, &result, NULL, &text, NULL, NULL, 0);
    xca_error_t *err;

    if (code == LDAP_SUCCESS) {
        code = result == LDAP_SUCCESS ? LDAP_UNAVAILABLE : result;
    }
    err = xca_link_error(code, XCA_LDAP_READING, "sync", sync->base, text, pool);
    ldap_memfree(text);
    return err;
}

static xca_error_t *take_message(xca_ldap_sync_t *sync, LDAPMessage *message, apr_pool_t *pool) {
    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        return take_entry(sync, message, pool);
    case LDAP_RES_INTERMEDIATE:
        return take_info(sync, message, pool);
    case LDAP_RES_SEARCH_RESULT:
        return take_end(sync, message, pool);
    default:
        return NULL;
    }
}

xca_error_t *xca_ldap_sync_poll(xca_ldap_sync_t *sync, apr_interval_time_t timeout,
                                apr_pool_t *pool) {
    apr_time_t deadline = apr_time_now() + timeout;
    int i;

    for (i = 0; i < MESSAGES_A_POLL; i++) {
        LDAPMessage *message;
        xca_error_t *err;
        /* After the first message only what is there already. */
        int code = xca_link_wait(sync->ld, sync->msgid, LDAP_MSG_ONE, i == 0 ? deadline : 0, &message);

        if (code == LDAP_TIMEOUT) {
            return NULL;
        }
        if (code != LDAP_SUCCESS) {
            return xca_link_error(code, XCA_LDAP_READING, "sync", sync->base, NULL, pool);
        }
        err = take_message(sync, message, pool);
        ldap_msgfree(message);
        if (err != NULL) {
            return err;
        }
        apr_pool_clear(sync->scratch);
    }
    return NULL;
}

xca_error_t *xca_ldap_sync_probe(xca_ldap_sync_t *sync, apr_interval_time_t timeout, apr_pool_t *pool) {
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    LDAPMessage *message = NULL;
    int msgid, result = LDAP_OTHER;
    int code = ldap_search_ext(sync->ld, sync->base, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)(apr_size_t)nothing, 0, NULL,
                               NULL, NULL, 0, &msgid);

    if (code == LDAP_SUCCESS) {
        code = xca_link_wait(sync->ld, msgid, LDAP_MSG_ALL, apr_time_now() + timeout, &message);
    }
    if (code == LDAP_SUCCESS) {
        code = ldap_parse_result(sync->ld, message, &result, NULL, NULL, NULL, NULL, 1);
    }
    return xca_link_error(code == LDAP_SUCCESS ? result : code, XCA_LDAP_READING, "probe", sync->base, NULL, pool);
}

void xca_ldap_sync_stop(xca_ldap_sync_t *sync) {
    if (sync != NULL) {
        close_sync(sync);
    }
}
