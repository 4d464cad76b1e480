#include "operations/signer_ending.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "operations/notices.h"
#include "operations/signer_card.h"
#include "operations/signer_issue.h"

#define AT_ONCE 200 /* certificates of one sweep: it comes again within the minute */

/* One message a card, and one a certificate without a card. */
static xca_error_t *tell(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t on, const char *why, apr_time_t now,
                         apr_pool_t *pool) {
    const char *what = cert->card_number != NULL ? cert->card_number : cert->serial;
    xca_notice_facts_t facts = {0};

    facts.event = apr_pstrcat(pool, "ends-", why, NULL);
    facts.id = apr_psprintf(pool, "%s-ends-%" APR_INT64_T_FMT, what, apr_time_sec(on));
    facts.to = cert->contact_email;
    facts.name = cert->org_name;
    facts.serial = cert->card_number == NULL ? cert->serial : NULL;
    facts.card = cert->card_number;
    facts.reason = what;
    facts.until = on;
    return xca_notify(signer, &facts, now, pool);
}

static xca_error_t *end_one(xca_signer_t *signer, const xca_cert_t *cert, const char *why, apr_time_t now,
                            apr_pool_t *pool) {
    xca_cert_t *there;
    xca_error_t *err = xca_cert_ends(signer->office->store, cert->serial, now + XCA_ENDING_DAYS * XCA_DAY, why, pool);

    /* As recorded: a day that stands from a try before is the one to tell. */
    if (err == NULL) {
        err = xca_cert_read(&there, signer->office->store, cert->serial, pool);
    }
    if (err != NULL || there->ends_on == 0) {
        return err;
    }
    return tell(signer, there, there->ends_on, there->ends_why != NULL ? there->ends_why : why, now, pool);
}

xca_error_t *xca_signer_end(int *count, xca_signer_t *signer, const char *oid, const char *why, apr_time_t now,
                            apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_search(&certs, NULL, signer->office->store, XCA_CERT_BY_OID, oid, 0, pool);

    *count = 0;
    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (cert->state == XCA_CERT_REVOKED || cert->not_after <= now) {
            continue;
        }
        err = end_one(signer, cert, why, now, pool);
        ++*count;
    }
    return err;
}

static int same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* RFC 5280 section 5.3.1: affiliationChanged is for a name or other information that has changed. */
static xca_crl_reason reason_of(const char *why) {
    return why != NULL && strcmp(why, "abolished") == 0 ? XCA_REASON_CESSATION : XCA_REASON_AFFILIATION_CHANGED;
}

static xca_error_t *revoke_one(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    static const xca_cause_t cause = {.actor = "time"};
    xca_card_t *card;
    xca_error_t *err;

    if (cert->state != XCA_CERT_REVOKED) {
        xca_log(XCA_LOG_INFO, "certificate %s: its organisation %s is %s since two weeks", cert->serial,
                cert->oid != NULL ? cert->oid : "?", cert->ends_why != NULL ? cert->ends_why : "changed");
    }
    if (cert->card_number != NULL) {
        err = xca_card_read(&card, signer->office->store, cert->card_number, pool);
        return err != NULL ? err
                           : xca_signer_card_revoke(signer, card, reason_of(cert->ends_why), cert->ends_why, &cause, now, pool);
    }
    if (cert->state == XCA_CERT_REVOKED && !same(cert->reason_note, cert->ends_why)) {
        return NULL; /* revoked before, for another reason: whoever did it has told it */
    }
    err = xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, reason_of(cert->ends_why), cert->ends_why, &cause, "revoked",
                                now, pool);
    return err == NULL ? xca_signer_close_case(signer, cert, XCA_STATE_LAPSED, now, pool) : err;
}

xca_error_t *xca_signer_ending_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_ending(&certs, signer->office->store, now, AT_ONCE, pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        xca_cert_t *cert = APR_ARRAY_IDX(certs, i, xca_cert_t *);

        /* Read again: the one before may have been on the same card. The day stays until everything is done, so that a
         * stop in between is taken up again. */
        err = xca_cert_read(&cert, signer->office->store, cert->serial, pool);
        if (err == NULL && cert->not_after > now) {
            err = revoke_one(signer, cert, now, pool);
        }
        if (err == NULL) {
            err = xca_cert_ended(signer->office->store, cert->serial, pool);
        }
        if (err != NULL && err->kind != XCA_E_UNAVAILABLE) { /* the others do not wait for it; the next sweep looks again */
            xca_log_error("certificate of a changed organisation", err);
            err = NULL;
        }
    }
    return err;
}
