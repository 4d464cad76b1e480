#include "operations/signer_reminder.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/expiry_store.h"
#include "domain/calendar.h"
#include "domain/expiry.h"
#include "operations/notices.h"
#include "operations/signer_card.h"

#define EVERY      apr_time_from_sec(3600)
#define AT_A_TIME  500
#define A_DAY_MOST 500 /* of one day at a time */

/* The organisation's certificates without a card for this use. */
static xca_error_t *certificates_held(apr_array_header_t *holdings, xca_signer_t *signer, const xca_cert_t *cert,
                                      apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_search(&certs, NULL, signer->office->store, XCA_CERT_BY_OID, cert->oid, 0, pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *one = APR_ARRAY_IDX(certs, i, const xca_cert_t *);
        xca_holding_t *holding;

        if (one->card_number != NULL || one->use != cert->use) {
            continue;
        }
        holding = apr_array_push(holdings);
        holding->id = one->serial;
        holding->not_before = one->not_before;
        holding->not_after = one->not_after;
        holding->valid = one->state == XCA_CERT_VALID;
        holding->revoked = one->state == XCA_CERT_REVOKED || one->state == XCA_CERT_PENDING;
    }
    return err;
}

/* The organisation's cards of this one's rank, by their signature certificates. */
static xca_error_t *cards_held(apr_array_header_t *holdings, xca_signer_t *signer, const xca_cert_t *cert,
                               apr_pool_t *pool) {
    apr_array_header_t *cards;
    xca_card_t *own;
    int i;
    xca_error_t *err = xca_card_read(&own, signer->office->store, cert->card_number, pool);

    if (err == NULL) {
        err = xca_card_search(&cards, NULL, signer->office->store, XCA_CARD_BY_OID, cert->oid, 0, pool);
    }
    for (i = 0; err == NULL && i < cards->nelts; i++) {
        const xca_card_t *card = APR_ARRAY_IDX(cards, i, const xca_card_t *);
        xca_cert_t *certs[XCA_USE_COUNT];
        xca_holding_t *holding;

        if (card->rank != own->rank || card->state != XCA_CARD_STATE_ACTIVE) {
            continue;
        }
        err = xca_signer_card_certs(certs, signer, card, pool);
        if (err != NULL || certs[XCA_USE_SIGNATURE] == NULL) {
            continue;
        }
        holding = apr_array_push(holdings);
        holding->id = card->number;
        holding->not_before = card->not_before;
        holding->not_after = certs[XCA_USE_SIGNATURE]->not_after;
        holding->valid = certs[XCA_USE_SIGNATURE]->state == XCA_CERT_VALID;
        holding->revoked = certs[XCA_USE_SIGNATURE]->state == XCA_CERT_REVOKED;
    }
    return err;
}

static xca_error_t *is_renewed(int *renewed, xca_signer_t *signer, const xca_cert_t *cert, apr_pool_t *pool) {
    apr_array_header_t *holdings = apr_array_make(pool, 4, sizeof(xca_holding_t));
    xca_holding_t own = {0};
    xca_error_t *err = NULL;

    *renewed = 0;
    if (cert->oid == NULL) {
        return NULL;
    }
    err = cert->card_number != NULL ? cards_held(holdings, signer, cert, pool)
                                    : certificates_held(holdings, signer, cert, pool);
    if (err == NULL) {
        own.id = cert->card_number != NULL ? cert->card_number : cert->serial;
        own.not_before = cert->not_before;
        own.not_after = cert->not_after;
        *renewed = xca_expiry_renewed(&own, (const xca_holding_t *)holdings->elts, holdings->nelts);
    }
    return err;
}

static xca_error_t *tell_end(xca_signer_t *signer, const xca_cert_t *cert, int stage, apr_time_t now, apr_pool_t *pool) {
    const char *name = cert->card_number != NULL ? cert->card_number : cert->serial;
    xca_notice_facts_t facts = {0};

    facts.event = cert->card_number != NULL ? stage == XCA_EXPIRY_LAST ? "card-ending-last" : "card-ending"
                  : stage == XCA_EXPIRY_LAST ? "ending-last" : "ending";
    facts.id = apr_psprintf(pool, "%s-ending-%d", name, stage);
    facts.to = cert->contact_email;
    facts.case_number = cert->case_number;
    facts.name = cert->org_name;
    facts.serial = cert->serial;
    facts.card = cert->card_number;
    facts.until = cert->not_after;
    facts.days = (int)(xca_day_of(cert->not_after) - xca_day_of(now));
    return xca_notify(signer, &facts, now, pool);
}

/* The notice is in the outbox before the certificate remembers it: cut between, it is queued again under its id, which
 * changes nothing. */
static xca_error_t *remind_of_end(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    int stage = xca_expiry_notice(cert->not_after, now), renewed = 0;
    xca_error_t *err = NULL;

    if (stage == 0 || (cert->noticed != 0 && cert->noticed <= stage)) {
        return NULL;
    }
    if (!cert->notices_off || stage == XCA_EXPIRY_LAST) {
        err = is_renewed(&renewed, signer, cert, pool);
        if (err == NULL && !renewed) {
            err = tell_end(signer, cert, stage, now, pool);
        }
    }
    return err == NULL ? xca_cert_noticed(signer->office->store, cert->serial, stage, pool) : err;
}

/* Day by day, so that each question has an index. */
static xca_error_t *remind_of_ends(int *left, xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_pool_t *scratch;
    int day, i;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, pool);
    for (day = 0; err == NULL && *left > 0 && day <= XCA_EXPIRY_FIRST; day++) {
        apr_time_t then = now + day * XCA_DAY;
        apr_array_header_t *certs;

        apr_pool_clear(scratch);
        err = xca_cert_unnoticed(&certs, signer->office->store, xca_date_format(scratch, then, XCA_DATE_ISO),
                                 xca_expiry_notice(then, now), A_DAY_MOST, scratch);
        for (i = 0; err == NULL && i < certs->nelts; i++, --*left) {
            err = remind_of_end(signer, APR_ARRAY_IDX(certs, i, const xca_cert_t *), now, scratch);
        }
    }
    if (err != NULL) {
        xca_log_error("notices before the end", err);
        err = xca_error_make(pool, err->kind, err->message, NULL);
    }
    apr_pool_destroy(scratch);
    return err;
}

/* Not accepted yet: by its id each notice is queued once. */
static xca_error_t *warn_certificates(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_pending_since(&certs, signer->office->store,
                                              now - (XCA_ACCEPT_DAYS - XCA_LAPSE_FIRST - 1) * XCA_DAY, pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);
        apr_time_t end = cert->not_before + XCA_ACCEPT_DAYS * XCA_DAY;
        int stage = xca_lapse_notice(end, now);
        xca_notice_facts_t facts = {0};

        if (stage == 0) {
            continue;
        }
        facts.event = "lapsing";
        facts.id = apr_psprintf(pool, "%s-lapsing-%d", cert->serial, stage);
        facts.to = cert->contact_email;
        facts.case_number = cert->case_number;
        facts.name = cert->org_name;
        facts.serial = cert->serial;
        facts.until = end;
        facts.days = (int)(xca_day_of(end) - xca_day_of(now));
        err = xca_notify(signer, &facts, now, pool);
    }
    return err;
}

/* Dispatched and not activated yet. */
static xca_error_t *warn_cards(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *cards;
    int i;
    xca_error_t *err = xca_card_waiting_since(&cards, signer->office->store,
                                              now - (XCA_ACCEPT_DAYS - XCA_LAPSE_FIRST - 1) * XCA_DAY, pool);

    for (i = 0; err == NULL && i < cards->nelts; i++) {
        const xca_card_t *card = APR_ARRAY_IDX(cards, i, const xca_card_t *);
        apr_time_t end = card->not_before + XCA_ACCEPT_DAYS * XCA_DAY;
        int stage = xca_lapse_notice(end, now);
        xca_notice_facts_t facts = {0};

        if (stage == 0 || card->state != XCA_CARD_STATE_DISPATCHED) {
            continue;
        }
        facts.event = "card-lapsing";
        facts.id = apr_psprintf(pool, "%s-lapsing-%d", card->number, stage);
        facts.to = card->contact_email;
        facts.case_number = card->case_number;
        facts.name = card->org_name;
        facts.card = card->number;
        facts.mail_number = card->mail_number;
        facts.until = end;
        facts.days = (int)(xca_day_of(end) - xca_day_of(now));
        err = xca_notify(signer, &facts, now, pool);
    }
    return err;
}

xca_error_t *xca_signer_remind(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    int left = AT_A_TIME;
    xca_error_t *err;

    if (now >= signer->reminded && now < signer->reminded + EVERY) {
        return NULL;
    }
    err = warn_certificates(signer, now, pool);
    if (err == NULL) {
        err = warn_cards(signer, now, pool);
    }
    if (err == NULL) {
        err = remind_of_ends(&left, signer, now, pool);
    }
    if (err == NULL && left > 0) {
        signer->reminded = now;
    }
    return err;
}
