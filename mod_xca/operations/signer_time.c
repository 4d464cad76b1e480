/* What time brings: the 90-day rule, lists on schedule, housekeeping. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/source_store.h"
#include "directory/xds_store.h"
#include "domain/calendar.h"
#include "operations/login.h"
#include "operations/signer_card.h"
#include "operations/signer_code.h"
#include "operations/signer_ending.h"
#include "operations/signer_issue.h"
#include "operations/signer_reminder.h"
#include "operations/signer_revocation.h"
#include "operations/signer_search.h"
#include "operations/signer_watch.h"
#include "outside/crypto.h"
#include "outside/crypto_view.h"

#define REQUEST_LIFE (7 * XCA_DAY)
#define NONCE_LIFE   (2 * XCA_DAY)
#define LIST_MAX     (16 * 1024 * 1024)
#define SOURCE_LIFE  XCA_DAY
#define SHEETS_EVERY apr_time_from_sec(3600)

/* The case first, the certificate last: the search finds it by the certificate, so a cut between
 * the two is taken up again. */
static xca_error_t *lapse(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now,
                          apr_pool_t *pool) {
    static const xca_cause_t cause = {"time", NULL, NULL};
    xca_error_t *err = xca_signer_close_case(signer, cert, XCA_STATE_LAPSED, now, pool);

    return err != NULL ? err
                       : xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "lapsed", &cause, "lapsed",
                                               now, pool);
}

static xca_error_t *lapse_pending(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_pending_since(&certs, signer->office->store,
                                              now - XCA_ACCEPT_DAYS * XCA_DAY, pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        err = lapse(signer, APR_ARRAY_IDX(certs, i, const xca_cert_t *), now, pool);
        if (err != NULL && err->kind == XCA_E_CONFLICT) {
            err = NULL; /* accepted in this very moment, or another try took it */
        }
    }
    return err;
}

/* All cases of changes are read for that, so not with every sweep; a clock that was set back counts as an hour. */
static xca_error_t *old_sheets(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    if (now >= signer->sheets_seen && now < signer->sheets_seen + SHEETS_EVERY) {
        return NULL;
    }
    err = xca_sheet_expire(signer->office->store, now - signer->sheets_life, pool);
    if (err != NULL && err->kind != XCA_E_UNAVAILABLE) { /* such as access rules of before: nothing else waits for it */
        xca_log_error("change sheets that were never filed", err);
        err = NULL;
    }
    if (err == NULL) {
        signer->sheets_seen = now;
    }
    return err;
}

xca_error_t *xca_signer_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = xca_signer_people(signer, now, pool);

    if (err == NULL) {
        err = lapse_pending(signer, now, pool);
    }
    if (err == NULL) {
        err = xca_signer_card_sweep(signer, now, pool);
    }
    if (err == NULL) {
        err = xca_signer_revocation_sweep(signer, now, pool);
    }
    if (err == NULL) {
        err = xca_signer_reset_sweep(signer, now, pool);
    }
    if (err == NULL) {
        err = xca_signer_ending_sweep(signer, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    err = xca_signer_remind(signer, now, pool);
    if (err != NULL) {
        return err;
    }
    err = xca_mail_expire(signer->office->store, now, pool);
    if (err != NULL) {
        return err;
    }
    err = xca_signer_root_list(signer, pool);
    if (err != NULL && err->kind == XCA_E_UNAVAILABLE) {
        return err;
    }
    xca_log_error("list of the CA above", err); /* the one that is published stays */
    err = xca_request_expire(signer->office->store, now - REQUEST_LIFE, pool);
    if (err != NULL) {
        return err;
    }
    err = xca_nonce_expire(signer->office->store, now - NONCE_LIFE, pool);
    if (err == NULL) {
        err = xca_signer_old_questions(signer, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    err = xca_session_expire(signer->office->store, now - XCA_SESSION_MAX, pool);
    if (err == NULL) {
        err = xca_signer_search_keys(signer, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    err = xca_source_expire(signer->office->store, now - SOURCE_LIFE, pool);
    return err != NULL ? err : old_sheets(signer, now, pool);
}

typedef struct {
    apr_array_header_t *entries; /* xca_crl_entry_t */
    apr_time_t since;        /* what ended before is no longer on it */
} collect_t;

static xca_error_t *collect(void *baton, const xca_cert_t *cert, apr_pool_t *scratch) {
    collect_t *into = baton;
    xca_crl_entry_t *entry;
    xca_bytes_t *serial;

    if (!xca_cert_listed(cert, into->since)) {
        return NULL;
    }
    serial = xca_text_unhex(scratch, cert->serial);
    if (serial == NULL || serial->length > XCA_SERIAL_MAX) {
        return xca_error_make(scratch, XCA_E_INTERNAL, "crl.serial", "%s", cert->serial);
    }
    entry = apr_array_push(into->entries);
    memcpy(entry->serial, serial->data, serial->length);
    entry->serial_length = (unsigned char)serial->length;
    entry->reason = (unsigned char)cert->reason;
    entry->when = cert->state == XCA_CERT_REVOKED ? cert->revoked : cert->suspended;
    return NULL;
}

/* The CA's key has signed it; it is not given out before the log has it. */
static xca_error_t *log_list(xca_signer_t *signer, const xca_crl_record_t *crl, int entries, apr_time_t now,
                             apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    const char *digest = xca_sha256_hex(pool, crl->der.data, crl->der.length);

    event.kind = "list-sign";
    event.actor = "signer";
    event.key = digest;
    event.details = xca_audit_details(
        pool, "name", "full", "number", apr_psprintf(pool, "%" APR_UINT64_T_FMT, crl->number), "entries",
        apr_itoa(pool, entries), "this-update", xca_date_format(pool, crl->this_update, XCA_DATE_RFC3339), "next-update",
        xca_date_format(pool, crl->next_update, XCA_DATE_RFC3339), "sha256", digest, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* What ended within the life of the list before is on this one too, however long ago that list was made: so each entry is on one
 * that was made on schedule behind its end (RFC 5280 section 3.3). */
static xca_error_t *listed_since(apr_time_t *since, xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_crl_record_t *before;
    xca_error_t *err = xca_crl_read(&before, signer->office->store, "full", 1, pool);

    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    *since = (err == NULL && before->this_update < now ? before->this_update : now) - signer->crl_life;
    return NULL;
}

static xca_error_t *make_list(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_crl_record_t crl = {0};
    collect_t into;
    apr_int64_t number;
    xca_error_t *err;

    into.entries = apr_array_make(pool, 256, sizeof(xca_crl_entry_t));
    /* Cleared before the directory is read: a change that comes meanwhile asks for the next list.
     */
    signer->crl_due = 0;
    err = listed_since(&into.since, signer, now, pool);
    if (err == NULL) {
        err = xca_cert_walk_revoked(signer->office->store, collect, &into, pool);
    }
    if (err == NULL) {
        err = xca_counter_next(&number, signer->office->store, "crl", pool);
    }
    if (err == NULL) {
        crl.number = (apr_uint64_t)number;
        crl.this_update = apr_time_from_sec(apr_time_sec(now));
        crl.next_update = crl.this_update + signer->crl_life;
        err = xca_ca_crl(&crl.der, signer->ca, (xca_crl_entry_t *)into.entries->elts,
                         (apr_size_t)into.entries->nelts, crl.number, crl.this_update,
                         crl.next_update, pool);
    }
    if (err == NULL) {
        err = log_list(signer, &crl, into.entries->nelts, now, pool);
    }
    if (err == NULL) {
        err = xca_crl_put(signer->office->store, "full", &crl, pool);
    }
    if (err != NULL) {
        signer->crl_due = 1;
        return err;
    }
    xca_log(XCA_LOG_INFO, "list %" APR_INT64_T_FMT " made: %d entries", number,
            into.entries->nelts);
    return NULL;
}

xca_error_t *xca_signer_lists(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_crl_record_t *crl;
    xca_error_t *err;

    if (!signer->crl_due) {
        err = xca_crl_read(&crl, signer->office->store, "full", 1, pool);
        if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
            return err;
        }
        /* Also one from the future (a clock set back) is replaced. */
        if (err == NULL && now >= crl->this_update - apr_time_from_sec(300) &&
            now < crl->this_update + (crl->next_update - crl->this_update) / 2) {
            return NULL;
        }
    }
    return make_list(signer, now, pool);
}

xca_error_t *xca_signer_root_list(xca_signer_t *signer, apr_pool_t *pool) {
    xca_crl_record_t list = {{NULL, 0}, 0, 0, 0}, *there;
    xca_crl_view_t view;
    const char *data;
    xca_error_t *err;

    if (signer->root_list_file == NULL) {
        return NULL;
    }
    err = xca_file_read(&data, &list.der.length, signer->root_list_file, LIST_MAX, pool);
    if (err != NULL) {
        return err;
    }
    list.der.data = (const unsigned char *)data;
    err = xca_crl_view(&view, list.der, signer->root_list_issuer, pool);
    if (err != NULL) {
        err->arg = signer->root_list_file;
        return err;
    }
    list.number = view.number;
    list.this_update = view.this_update;
    list.next_update = view.next_update;
    err = xca_crl_read(&there, signer->office->store, "root", 1, pool);
    if (err == NULL && there->number == list.number && there->this_update == list.this_update) {
        return NULL;
    }
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    return xca_crl_put(signer->office->store, "root", &list, pool);
}
