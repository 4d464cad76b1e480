/* What a card's state means for its certificates, its case and the people concerned, and what time brings to it. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/application.h"
#include "operations/notices.h"
#include "operations/signer_card_parts.h"
#include "operations/signer_content.h"
#include "operations/signer_issue.h"

xca_error_t *xca_signer_card_certs(xca_cert_t *certs[XCA_USE_COUNT], xca_signer_t *signer,
                                   const xca_card_t *card, apr_pool_t *pool) {
    int use;

    for (use = 0; use < XCA_USE_COUNT; use++) {
        xca_error_t *err;

        certs[use] = NULL;
        if (card->serials[use] == NULL) {
            continue;
        }
        err = xca_cert_read(&certs[use], signer->office->store, card->serials[use], pool);
        if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
            return err;
        }
        if (err != NULL) {
            certs[use] = NULL;
        }
    }
    return NULL;
}

xca_error_t *xca_signer_card_log(xca_signer_t *signer, const xca_card_t *card, const char *kind, const char *actor,
                                 const char *key, const char *details, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = kind;
    event.actor = actor;
    event.key = apr_pstrcat(pool, card->number, "\n", key, NULL);
    event.case_number = card->case_number;
    event.card = card->number;
    event.organisation = card->oid;
    event.details = details;
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* One card, one event, one notice. */
static xca_error_t *tell(xca_signer_t *signer, const xca_card_t *card, const char *event,
                         apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = event;
    facts.id = apr_pstrcat(pool, card->number, "-", event, NULL);
    facts.to = card->contact_email;
    facts.case_number = card->case_number;
    facts.name = card->org_name;
    facts.card = card->number;
    facts.mail_number = card->mail_number;
    facts.until = card->not_before + XCA_ACCEPT_DAYS * XCA_DAY;
    return xca_notify(signer, &facts, now, pool);
}

static xca_error_t *publish(xca_signer_t *signer, const xca_card_t *card, apr_time_t now,
                            apr_pool_t *pool) {
    static const xca_cause_t cause = {.actor = "card"};
    xca_cert_t *certs[XCA_USE_COUNT];
    int use;
    xca_error_t *err = xca_signer_card_certs(certs, signer, card, pool);

    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        /* Suspended or revoked meanwhile, it stays so. A valid one only has done again what follows. */
        if (certs[use] != NULL &&
            (certs[use]->state == XCA_CERT_PENDING || certs[use]->state == XCA_CERT_VALID)) {
            err = xca_signer_cert_state(signer, certs[use], XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL,
                                        &cause, NULL, now, pool);
        }
    }
    return err;
}

/* Every certificate of this card, also those of keys that were made again. */
static xca_error_t *revoke_all(xca_signer_t *signer, const xca_card_t *card, xca_crl_reason reason,
                               const char *reason_note, const xca_cause_t *cause, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_search(&certs, NULL, signer->office->store, XCA_CERT_BY_CARD,
                                       card->number, 0, pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (cert->state != XCA_CERT_REVOKED) {
            err = xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, reason, reason_note, cause, NULL, now,
                                        pool);
        }
    }
    return err;
}

/* The case follows its card up to the activation, unless it is another card's by now. */
static xca_error_t *move_case(xca_signer_t *signer, const xca_card_t *card, xca_case_state to,
                              apr_time_t now, apr_pool_t *pool) {
    xca_case_t with = {0};
    xca_case_t *kase;
    xca_error_t *err = xca_case_read(&kase, signer->office->store, card->case_number, pool);

    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (kase->state == to || kase->state == XCA_STATE_COMPLETED || kase->card_number == NULL ||
        strcmp(kase->card_number, card->number) != 0) {
        return NULL;
    }
    with.problem = "";
    if (to == XCA_STATE_APPROVED) {
        with.card_number = ""; /* the next card gets a number of its own */
    }
    return xca_case_move(signer->office->store, kase, to, &with, now, pool);
}

static xca_error_t *follow(xca_signer_t *signer, const xca_card_t *card, apr_time_t now,
                           apr_pool_t *pool) {
    static const xca_cause_t centre = {.actor = "card-centre"}, time = {.actor = "time"};
    xca_error_t *err = NULL;

    switch (card->state) {
    case XCA_CARD_STATE_MAKING:
        return move_case(signer, card, XCA_STATE_ISSUING, now, pool);
    case XCA_CARD_STATE_MADE:
        return move_case(signer, card, XCA_STATE_MADE, now, pool);
    case XCA_CARD_STATE_DISPATCHED:
        err = move_case(signer, card, XCA_STATE_DISPATCHED, now, pool);
        return err == NULL ? tell(signer, card, "card-dispatched", now, pool) : err;
    case XCA_CARD_STATE_ACTIVE:
        err = publish(signer, card, now, pool);
        err = err == NULL ? move_case(signer, card, XCA_STATE_COMPLETED, now, pool) : err;
        return err == NULL ? tell(signer, card, "card-activated", now, pool) : err;
    case XCA_CARD_STATE_DISCARDED:
        err = revoke_all(signer, card, XCA_REASON_SUPERSEDED, "discarded", &centre, now, pool);
        return err == NULL ? move_case(signer, card, XCA_STATE_APPROVED, now, pool) : err;
    case XCA_CARD_STATE_LAPSED:
        err = revoke_all(signer, card, XCA_REASON_UNSPECIFIED, "lapsed", &time, now, pool);
        err = err == NULL ? move_case(signer, card, XCA_STATE_LAPSED, now, pool) : err;
        if (err == NULL && card->oid != NULL) {
            err = xca_org_ban(signer->office->store, card->oid,
                              card->not_before + XCA_ACCEPT_DAYS * XCA_DAY, pool);
        }
        return err == NULL ? tell(signer, card, "card-lapsed", now, pool) : err;
    case XCA_CARD_STATE_REVOKED: /* the certificates went first, with their reason */
        err = move_case(signer, card, XCA_STATE_LAPSED, now, pool);
        return err == NULL ? tell(signer, card, "card-revoked", now, pool) : err;
    case XCA_CARD_STATE_COUNT:
        break;
    }
    return NULL;
}

xca_error_t *xca_signer_card_finish(xca_signer_t *signer, xca_card_t *card, apr_time_t now,
                                    apr_pool_t *pool) {
    xca_card_t *changed;
    xca_error_t *err;

    if (!card->unfinished) {
        return NULL;
    }
    err = follow(signer, card, now, pool);
    if (err != NULL) {
        return err;
    }
    changed = apr_pmemdup(pool, card, sizeof(*card));
    changed->unfinished = 0;
    err = xca_card_update(signer->office->store, card, changed, pool);
    if (err == NULL) {
        *card = *changed;
    }
    return err;
}

xca_error_t *xca_signer_card_revoke(xca_signer_t *signer, xca_card_t *card, xca_crl_reason reason,
                                    const char *reason_note, const xca_cause_t *cause, apr_time_t now,
                                    apr_pool_t *pool) {
    xca_card_t *changed = apr_pmemdup(pool, card, sizeof(*card));
    xca_error_t *err;

    if (!xca_card_lives(card->state)) {
        return xca_signer_card_finish(signer, card, now, pool);
    }
    err = xca_signer_card_log(signer, card, "card-revoke", cause->actor, "",
                              xca_audit_details(pool, "reason", reason_note, NULL), now, pool);
    if (err == NULL) {
        err = revoke_all(signer, card, reason, reason_note, cause, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    changed->state = XCA_CARD_STATE_REVOKED;
    changed->unfinished = 1;
    err = xca_card_update(signer->office->store, card, changed, pool);
    if (err == NULL) {
        *card = *changed;
        err = xca_signer_card_finish(signer, card, now, pool);
    }
    return err;
}

/* The recorded state comes first: whatever is cut afterwards, the card does not come to life again. A card that never left
 * the card centre is given up, and its case waits for another: nobody could activate it. */
static xca_error_t *lapse(xca_signer_t *signer, xca_card_t *card, apr_time_t now, apr_pool_t *pool) {
    xca_card_t *changed = apr_pmemdup(pool, card, sizeof(*card));
    xca_error_t *err;

    changed->state = card->state == XCA_CARD_STATE_DISPATCHED ? XCA_CARD_STATE_LAPSED : XCA_CARD_STATE_DISCARDED;
    changed->reason = card->state == XCA_CARD_STATE_DISPATCHED ? NULL : "lapsed";
    changed->unfinished = 1;
    err = xca_signer_card_log(signer, card, "card-lapse", "time", "",
                              xca_audit_details(pool, "from", xca_card_state_id(card->state), NULL), now, pool);
    if (err == NULL) {
        err = xca_card_update(signer->office->store, card, changed, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "card %s: not activated in %d days, %s", card->number, XCA_ACCEPT_DAYS,
            xca_card_state_id(changed->state));
    return xca_signer_card_finish(signer, changed, now, pool);
}

xca_error_t *xca_signer_card_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *cards;
    int i;
    xca_error_t *err = xca_card_unfinished(&cards, signer->office->store, pool);

    for (i = 0; err == NULL && i < cards->nelts; i++) {
        err = xca_signer_card_finish(signer, APR_ARRAY_IDX(cards, i, xca_card_t *), now, pool);
        if (err != NULL && err->kind == XCA_E_CONFLICT) {
            err = NULL; /* taken up by another try */
        }
    }
    if (err == NULL) {
        err = xca_card_waiting_since(&cards, signer->office->store, now - XCA_ACCEPT_DAYS * XCA_DAY, pool);
    }
    for (i = 0; err == NULL && i < cards->nelts; i++) {
        err = lapse(signer, APR_ARRAY_IDX(cards, i, xca_card_t *), now, pool);
        if (err != NULL && err->kind == XCA_E_CONFLICT) {
            err = NULL; /* activated in this very moment */
        }
    }
    return err;
}

xca_error_t *xca_signer_card_approved(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                      apr_pool_t *pool) {
    /* Before an OID is assigned: what is given back leaves nothing in the tree. */
    xca_error_t *err = xca_signer_check_application(signer, kase, now, pool);

    if (err != NULL) {
        return err;
    }
    if (kase->oid == NULL) {
        err = xca_signer_assign_oid(signer, kase, pool);
        if (err != NULL) {
            return err;
        }
    }
    return xca_card_check_free(signer->office, xca_card_rank_by_id(kase->rank),
                               kase->oid != NULL ? kase->oid : kase->assigned_oid, kase->number, 1, now,
                               pool);
}

xca_error_t *xca_signer_card_code(const char **answer, int *tries_left, xca_signer_t *signer,
                                  xca_card_t *card, const xca_secret_t *code, const char *nonce,
                                  apr_time_t now, apr_pool_t *pool) {
    int counted = card->code_nonce != NULL && strcmp(card->code_nonce, nonce) == 0;
    xca_card_t *changed = apr_pmemdup(pool, card, sizeof(*card));
    int matches;
    xca_error_t *err;

    *answer = NULL;
    *tries_left = 0;
    if (card->code_tries >= XCA_CODE_TRIES) {
        *answer = "code.locked-for-good";
        return xca_signer_log_lock(signer, NULL, card->number, card->code_hash, now, pool);
    }
    if (card->code_hash == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "code.no-hash", "%s", card->number);
    }
    err = xca_code_verify(&matches, card->code_hash, code, pool);
    if (err != NULL) {
        return err;
    }
    if (!matches && counted) { /* counted before a stop, not answered */
        *tries_left = XCA_CODE_TRIES - card->code_tries;
        *answer = "code.wrong";
        return NULL;
    }
    changed->code_tries = matches ? 0 : card->code_tries + 1;
    changed->code_nonce = matches ? NULL : nonce;
    if (!matches || card->code_tries > 0) {
        err = xca_card_update(signer->office->store, card, changed, pool);
        if (err != NULL) {
            return err;
        }
        *card = *changed;
    }
    if (!matches) {
        *tries_left = XCA_CODE_TRIES - card->code_tries;
        *answer = *tries_left > 0 ? "code.wrong" : "code.locked-for-good";
        if (*tries_left <= 0) {
            return xca_signer_log_lock(signer, NULL, card->number, card->code_hash, now, pool);
        }
    }
    return NULL;
}
