#include "operations/login.h"

#include <string.h>
#include "base/log.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"

#define SECRET_BYTES    32
#define CHALLENGE_MAX   4096
#define SEEN_EVERY      apr_time_from_sec(60) /* a look at a page is not a write to the directory */

static int same_certificate(xca_bytes_t a, xca_bytes_t b) {
    return a.length > 0 && a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

xca_error_t *xca_login_officer(xca_officer_t **officer, xca_office_t *office, xca_bytes_t certificate, apr_pool_t *pool) {
    apr_array_header_t *officers;
    int i;
    xca_error_t *err = xca_officer_list(&officers, office->store, pool);

    for (i = 0; err == NULL && i < officers->nelts; i++) {
        *officer = APR_ARRAY_IDX(officers, i, xca_officer_t *);
        if (!same_certificate((*officer)->certificate, certificate)) {
            continue;
        }
        return (*officer)->active && (*officer)->role != XCA_ROLE_NONE
                   ? NULL
                   : xca_error_make(pool, XCA_E_DENIED, "login.inactive", "%s", (*officer)->uid);
    }
    *officer = NULL;
    return err != NULL ? err : xca_error_make(pool, XCA_E_DENIED, "login.unknown", NULL);
}

xca_error_t *xca_login_claimed(xca_bytes_t *certificate, xca_bytes_t cms, apr_pool_t *pool) {
    return xca_cms_certificate(certificate, cms, CHALLENGE_MAX, pool);
}

xca_error_t *xca_login_verify(const char **challenge, apr_size_t *length, const xca_officer_t *officer, xca_bytes_t cms,
                              xca_bytes_t anchor, apr_time_t now, apr_pool_t *pool) {
    return xca_cms_verify(challenge, length, cms, officer->certificate, anchor, now, CHALLENGE_MAX, pool);
}

static xca_error_t *take_nonce(xca_office_t *office, const char *nonce, apr_time_t now, apr_pool_t *pool) {
    const char *taken_for;
    xca_error_t *err = xca_nonce_take(&taken_for, office->store, nonce, "login", now, pool);

    if (err == NULL && taken_for != NULL) {
        err = xca_error_make(pool, XCA_E_DENIED, "login.used", NULL);
    }
    return err;
}

static char *session_id(const char *secret, apr_pool_t *pool) {
    return xca_sha256_hex(pool, secret, strlen(secret));
}

xca_error_t *xca_session_begin(const char **secret, xca_office_t *office, const xca_officer_t *officer, const char *nonce,
                               apr_time_t now, apr_pool_t *pool) {
    unsigned char random[SECRET_BYTES];
    xca_session_t session;
    xca_error_t *err = nonce != NULL ? take_nonce(office, nonce, now, pool) : NULL;

    if (err == NULL) {
        err = xca_random(random, sizeof(random), pool);
    }
    if (err != NULL) {
        return err;
    }
    *secret = xca_text_hex(pool, random, sizeof(random));
    session.id = session_id(*secret, pool);
    session.officer = officer->uid;
    session.began = session.seen = now;
    err = xca_session_add(office->store, &session, pool);
    if (err == NULL) {
        xca_log(XCA_LOG_INFO, "officer %s logged in", officer->uid);
    }
    return err;
}

/* A clock that was set back does not make a session longer. */
static int is_over(const xca_session_t *session, apr_interval_time_t idle, apr_interval_time_t life, apr_time_t now) {
    life = life < XCA_SESSION_MAX ? life : XCA_SESSION_MAX;
    return now > session->began + life || now > session->seen + idle || now < session->began - apr_time_from_sec(300);
}

static xca_error_t *officer_of(xca_officer_t **officer, xca_office_t *office, const char *uid, apr_pool_t *pool) {
    xca_error_t *err = xca_officer_read(officer, office->store, uid, pool);

    if (err != NULL) {
        *officer = NULL;
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (!(*officer)->active || (*officer)->role == XCA_ROLE_NONE) {
        *officer = NULL;
    }
    return NULL;
}

xca_error_t *xca_session_enter(xca_officer_t **officer, xca_session_t **session, xca_office_t *office, const char *secret,
                               apr_interval_time_t idle, apr_interval_time_t life, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    *officer = NULL;
    *session = NULL;
    if (secret == NULL || strlen(secret) != 2 * SECRET_BYTES ||
        strspn(secret, "0123456789abcdef") != 2 * SECRET_BYTES) {
        return NULL;
    }
    err = xca_session_read(session, office->store, session_id(secret, pool), pool);
    if (err != NULL || *session == NULL) {
        return err;
    }
    if (is_over(*session, idle, life, now)) {
        return xca_session_end(office->store, (*session)->id, pool);
    }
    err = officer_of(officer, office, (*session)->officer, pool);
    if (err == NULL && *officer != NULL && now - (*session)->seen > SEEN_EVERY) {
        /* Where nothing can be written one can still look until the session is idle. */
        xca_log_error("session", xca_session_touch(office->store, (*session)->id, now, pool));
    }
    return err;
}
