#include "operations/status_follower.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/mappings.h"
#include "directory/office_store.h"
#include "domain/calendar.h"
#include "operations/office.h"
#include "outside/crypto_view.h"

#define STEP        apr_time_from_msec(500)
#define SOON        apr_time_from_msec(100) /* while a certificate is waited for */
#define PROBE_EVERY apr_time_from_msec(500)
#define PROBE_LIMIT apr_time_from_sec(3)
#define RETRY_AFTER apr_time_from_msec(500)
#define TELL_EVERY  apr_time_from_sec(60) /* that the directory is away */
#define ASK_AGAIN   apr_time_from_sec(60)
#define DRAINS      1000

struct xca_status_follower {
    const xca_ocsp_t *ocsp;
    const xca_ldap_config_t *directory;
    xca_store_t *store;
    apr_pool_t *pool, *sync_pool;
    xca_ldap_sync_t *sync; /* NULL: not following */
    const char *base;
    int whole;             /* the refresh tells all certificates */
    int complete;          /* the refresh is over */
    apr_uint64_t changes;  /* that were taken */
    apr_time_t retry_due, probe_due, tell_due;
    char request[33];      /* for a certificate, which the signer is to answer; or "" */
    int generation;        /* of the CA's key that is asked for it */
    apr_time_t look_due, ask_due[XCA_GENERATIONS_MAX];
};

xca_error_t *xca_status_follower_make(xca_status_follower_t **result, const xca_ocsp_t *ocsp,
                                      const xca_ldap_config_t *directory, xca_status_shrink *shrink, apr_pool_t *pool) {
    xca_status_follower_t *follower = apr_pcalloc(pool, sizeof(*follower));
    xca_error_t *err = xca_store_of(&follower->store, ocsp->settings, directory, pool);

    if (err != NULL) {
        return err;
    }
    follower->ocsp = ocsp;
    follower->directory = directory;
    follower->pool = pool;
    follower->base = xca_branch_dn(follower->store, "certificates", pool);
    xca_status_writer(ocsp->table, shrink);
    *result = follower;
    return NULL;
}

/* Following ---------------------------------------------------------------------------------------------------------------- */

/* The serial number in the DN of a certificate's entry: 1 to 16 bytes in `serial`, 0 if it is none. */
static apr_size_t serial_in(unsigned char serial[XCA_SERIAL_BYTES], const char *dn) {
    static const char rdn[] = "xcaSerial=";
    apr_size_t digits, i;

    if (strncasecmp(dn, rdn, sizeof(rdn) - 1) != 0) {
        return 0;
    }
    dn += sizeof(rdn) - 1;
    digits = strspn(dn, "0123456789abcdef");
    if (digits == 0 || digits > 2 * XCA_SERIAL_BYTES || digits % 2 != 0 || (dn[digits] != ',' && dn[digits] != '\0')) {
        return 0;
    }
    for (i = 0; i < digits; i++) {
        unsigned char digit = (unsigned char)(dn[i] <= '9' ? dn[i] - '0' : dn[i] - 'a' + 10);

        serial[i / 2] = (unsigned char)(i % 2 == 0 ? digit << 4 : serial[i / 2] | digit);
    }
    return digits / 2;
}

static void refresh_ends(xca_status_follower_t *follower) {
    xca_status_table_t *table = follower->ocsp->table;

    follower->complete = 1;
    follower->probe_due = 0;
    if (follower->whole) {
        xca_status_told(table);
    }
    xca_log(XCA_LOG_INFO, "OCSP: %s %" APR_SIZE_T_FMT " certificates", follower->whole ? "following" : "still following",
            xca_status_count(table));
}

static xca_error_t *on_change(void *baton, const char *dn, const xca_entry_t *entry, apr_pool_t *scratch) {
    xca_status_follower_t *follower = baton;
    unsigned char serial[XCA_SERIAL_BYTES];
    apr_size_t length;
    xca_status_t status;
    const xca_cert_t *cert;

    follower->changes++;
    if (dn == NULL) {
        refresh_ends(follower);
        return NULL;
    }
    length = serial_in(serial, dn);
    if (length == 0) {
        return NULL;
    }
    cert = entry != NULL ? xca_cert_of_entry(entry, scratch) : NULL;
    if (cert == NULL) {
        xca_status_forget(follower->ocsp->table, serial, length);
        return NULL;
    }
    status = xca_status_of_cert(cert);
    if (!xca_status_put(follower->ocsp->table, serial, length, &status)) {
        return xca_error_make(scratch, XCA_E_TOO_LARGE, "ocsp.full", "%s", dn);
    }
    return NULL;
}

static void stop_following(xca_status_follower_t *follower) {
    xca_ldap_sync_stop(follower->sync);
    follower->sync = NULL;
    if (follower->sync_pool != NULL) {
        apr_pool_destroy(follower->sync_pool);
        follower->sync_pool = NULL;
    }
}

static xca_error_t *start_following(xca_status_follower_t *follower) {
    xca_bytes_t cookie = xca_status_cookie(follower->ocsp->table);

    apr_pool_create(&follower->sync_pool, follower->pool);
    follower->whole = cookie.length == 0;
    follower->complete = 0;
    if (follower->whole) {
        xca_status_tell_all(follower->ocsp->table);
    }
    return xca_ldap_sync_resume(&follower->sync, follower->directory, follower->base, XCA_CERT_FILTER, xca_cert_status_attrs, cookie,
                                on_change, follower, follower->sync_pool);
}

/* After a sign of life, and with all taken that was sent before it, the table is what the directory was when it was asked for. */
static xca_error_t *probe(xca_status_follower_t *follower, apr_pool_t *pool) {
    apr_time_t asked = apr_time_now();
    apr_uint64_t before;
    int i;
    xca_error_t *err = xca_ldap_sync_probe(follower->sync, PROBE_LIMIT, pool);

    for (i = 0, before = follower->changes + 1; err == NULL && i < DRAINS && before != follower->changes; i++) {
        before = follower->changes;
        err = xca_ldap_sync_poll(follower->sync, 0, pool);
    }
    if (err == NULL && before == follower->changes) {
        xca_status_cookie_put(follower->ocsp->table, xca_ldap_sync_cookie(follower->sync));
        xca_status_in_step(follower->ocsp->table, asked);
    }
    follower->probe_due = asked + PROBE_EVERY;
    return err;
}

static xca_error_t *follow(xca_status_follower_t *follower, apr_pool_t *pool) {
    xca_error_t *err = follower->sync == NULL ? start_following(follower) : NULL;

    if (err == NULL) {
        err = xca_ldap_sync_poll(follower->sync, follower->request[0] != '\0' ? SOON : STEP, pool);
    }
    if (err == NULL && follower->complete && apr_time_now() >= follower->probe_due) {
        err = probe(follower, pool);
    }
    return err;
}

/* Once a minute in the log, however often it is tried. A cookie that the server does not take (it was restored from an older copy, say)
 * is forgotten: the next try reads all. */
static void cut_off(xca_status_follower_t *follower, const xca_error_t *err) {
    apr_time_t tick = apr_time_now();

    if (tick >= follower->tell_due) {
        xca_log(XCA_LOG_WARNING, "OCSP: cut off from the directory: %s%s%s", err->message, err->detail != NULL ? ": " : "",
                err->detail != NULL ? err->detail : "");
        follower->tell_due = tick + TELL_EVERY;
    }
    if (!follower->complete && !follower->whole && strcmp(err->message, "ldap.down") != 0) {
        xca_status_cookie_put(follower->ocsp->table, (xca_bytes_t){NULL, 0});
    }
    stop_following(follower);
    follower->retry_due = tick + RETRY_AFTER;
}

/* The certificate ------------------------------------------------------------------------------------------------------------ */

/* There is none, it is another time's, or half of its life is over. */
static int is_due(const xca_status_follower_t *follower, int generation, apr_time_t now) {
    unsigned char der[XCA_STATUS_CERTIFICATE_MAX];
    apr_time_t from, until;
    apr_uint64_t version;

    return xca_status_certificate(der, &from, &until, &version, follower->ocsp->table, generation) == 0 || now < from ||
           now > from + (until - from) / 2;
}

static xca_error_t *ask(xca_status_follower_t *follower, apr_time_t now, apr_pool_t *pool) {
    xca_request_t request = {0};
    unsigned char id[16];
    xca_error_t *err = xca_random(id, sizeof(id), pool);

    if (err == NULL) {
        err = xca_ocsp_csr(&request.message, follower->ocsp->key, pool);
    }
    if (err != NULL) {
        return err;
    }
    request.id = xca_text_hex(pool, id, sizeof(id));
    request.kind = XCA_REQUEST_RESPONDER;
    request.generation = follower->generation;
    request.created = now;
    err = xca_request_add(follower->store, &request, pool);
    if (err == NULL) {
        apr_cpystrn(follower->request, request.id, sizeof(follower->request));
    }
    return err;
}

/* Believed no further than what it says: the key is ours, the CA has signed it, and it is a responder's. */
static xca_error_t *take(xca_status_follower_t *follower, xca_bytes_t certificate, apr_pool_t *pool) {
    xca_cert_view_t *view;
    xca_bytes_t spki;
    xca_error_t *err = xca_cert_view(&view, certificate, pool);

    if (err == NULL) {
        err = xca_key_spki(&spki, follower->ocsp->key, pool);
    }
    if (err == NULL) {
        err = xca_lint_responder(certificate, spki, follower->ocsp->cas[follower->generation], view->not_before, view->not_after, 1, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_status_certificate_put(follower->ocsp->table, follower->generation, certificate, view->not_before, view->not_after);
    xca_log(XCA_LOG_INFO, "OCSP: certificate %s until %s", view->serial,
            xca_date_format(pool, view->not_after, XCA_DATE_RFC3339));
    return NULL;
}

static xca_error_t *look(xca_status_follower_t *follower, apr_time_t tick, apr_pool_t *pool) {
    xca_request_t *request;
    xca_error_t *err = xca_request_read(&request, follower->store, follower->request, pool);

    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        follower->look_due = tick + RETRY_AFTER;
        return err;
    }
    if (err == NULL && request->state == XCA_REQUEST_WAITING) {
        follower->look_due = tick + SOON; /* the signer may be away for long: that is one small read each time */
        return NULL;
    }
    follower->request[0] = '\0';
    follower->ask_due[follower->generation] = tick + ASK_AGAIN;
    if (err != NULL) {
        return err;
    }
    if (request->state == XCA_REQUEST_DENIED) {
        return xca_error_make(pool, XCA_E_DENIED, "responder.denied", "%s", request->answer != NULL ? request->answer : "?");
    }
    return take(follower, request->reply, pool);
}

static void see_to_certificate(xca_status_follower_t *follower, apr_pool_t *pool) {
    apr_time_t tick = apr_time_now(), now = tick + follower->ocsp->clock_offset;
    int i;
    xca_error_t *err = NULL;

    if (follower->request[0] != '\0') {
        err = tick >= follower->look_due ? look(follower, tick, pool) : NULL;
    }
    /* the newest key first: most questions are about what it issues */
    for (i = follower->ocsp->generations - 1; err == NULL && i >= 0 && follower->request[0] == '\0'; i--) {
        if (tick >= follower->ask_due[i] && is_due(follower, i, now)) {
            follower->ask_due[i] = tick + RETRY_AFTER;
            follower->look_due = 0;
            follower->generation = i;
            err = ask(follower, now, pool);
        }
    }
    if (err != NULL && err->kind != XCA_E_UNAVAILABLE) { /* that the directory is away is told already */
        xca_log_error("OCSP: certificate of the responder", err);
    }
}

void xca_status_follower_step(xca_status_follower_t *follower) {
    apr_pool_t *scratch;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, follower->pool);
    if (follower->sync != NULL || apr_time_now() >= follower->retry_due) {
        err = follow(follower, scratch);
    } else {
        apr_sleep(SOON);
    }
    if (err != NULL) {
        cut_off(follower, err);
    }
    if (follower->sync != NULL) {
        see_to_certificate(follower, scratch);
    }
    apr_pool_destroy(scratch);
}
