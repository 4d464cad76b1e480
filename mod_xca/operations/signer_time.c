/* What time brings: the 90-day rule, the list of the CA above, housekeeping. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/crl_store.h"
#include "directory/source_store.h"
#include "directory/transaction_store.h"
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
#include "operations/signer_secret.h"
#include "operations/signer_watch.h"
#include "outside/crypto.h"
#include "outside/crypto_view.h"

#define REQUEST_LIFE (7 * XCA_DAY)
#define NONCE_LIFE   (2 * XCA_DAY)
#define LIST_MAX     (16 * 1024 * 1024)
#define SOURCE_LIFE  XCA_DAY
#define TRANSACTION_LIFE (2 * XCA_DAY) /* since the device last asked */
#define SHEETS_EVERY apr_time_from_sec(3600)

/* The case first, the certificate last: the search finds it by the certificate, so a cut between
 * the two is taken up again. */
static xca_error_t *lapse(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now,
                          apr_pool_t *pool) {
    static const xca_cause_t cause = {.actor = "time"};
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
    if (err == NULL) {
        err = xca_signer_secret_sweep(signer, now, pool);
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
    if (err == NULL) {
        err = xca_transaction_expire(signer->office->store, now - TRANSACTION_LIFE, pool);
    }
    return err != NULL ? err : old_sheets(signer, now, pool);
}

xca_error_t *xca_signer_root_list(xca_signer_t *signer, apr_pool_t *pool) {
    xca_crl_record_t list = {.name = "root"}, *there = NULL;
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
    list.entries = view.entries;
    list.this_update = view.this_update;
    list.next_update = view.next_update;
    err = xca_crl_read(&there, signer->office->store, "root", XCA_CRL_HEAD, pool);
    if (err == NULL && there->number == list.number && there->this_update == list.this_update) {
        return NULL;
    }
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    return xca_crl_put(signer->office->store, &list, err == NULL ? there->number : 0, pool);
}
