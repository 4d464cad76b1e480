#include "operations/signer_code.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/code_reset.h"
#include "operations/notices.h"
#include "operations/signer_card.h"
#include "operations/signer_content.h"
#include "operations/signer_issue.h"
#include "outside/crypto_cms.h"
#include "wire/code_letter.h"
#include "wire/statement.h"

#define MADE_UP_LENGTH 10

static xca_error_t *holder_of(xca_code_holder_t *holder, xca_signer_t *signer,
                              const xca_case_t *kase, apr_pool_t *pool) {
    xca_error_t *err = xca_signer_check_target(&holder->cert, signer, kase, pool);

    holder->card = NULL;
    if (err == NULL && holder->cert->card_number != NULL) {
        err = xca_card_read(&holder->card, signer->office->store, holder->cert->card_number, pool);
    }
    return err;
}

static xca_error_t *tell(xca_signer_t *signer, const xca_code_holder_t *holder, const char *event,
                         const xca_case_t *kase, const char *reason, apr_time_t now,
                         apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = event;
    facts.id = apr_psprintf(pool, "%s-%ld-%s", kase->number, kase->revision, event);
    /* The contact on record, not one that a form names. */
    facts.to = holder->card != NULL ? holder->card->contact_email : holder->cert->contact_email;
    facts.case_number = kase->number;
    facts.name = kase->org_name;
    facts.serial = holder->card != NULL ? holder->card->number : holder->cert->serial;
    facts.reason = reason;
    facts.until = xca_code_reset_due(kase);
    return xca_notify(signer, &facts, now, pool);
}

static xca_error_t *told(xca_signer_t *signer, const xca_case_t *kase, const char *event,
                         const char *reason, apr_time_t now, apr_pool_t *pool) {
    xca_code_holder_t holder;
    xca_error_t *err = holder_of(&holder, signer, kase, pool);

    if (err != NULL && err->kind == XCA_E_INVALID) {
        return NULL; /* about nothing of ours: nobody to tell, and it goes back when it is approved
                      */
    }
    return err == NULL ? tell(signer, &holder, event, kase, reason, now, pool) : err;
}

xca_error_t *xca_signer_reset_filed(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                    apr_pool_t *pool) {
    return told(signer, kase, "reset-filed", NULL, now, pool);
}

xca_error_t *xca_signer_reset_returned(xca_signer_t *signer, const xca_case_t *kase,
                                       const char *reason, apr_time_t now, apr_pool_t *pool) {
    return told(signer, kase, "reset-returned", reason, now, pool);
}

/* Said over the telephone: no letters or digits that sound or look alike; 10 of 31 are 49 bits. */
static xca_error_t *make_up(xca_secret_t **code, apr_pool_t *pool) {
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";
    const unsigned int count = sizeof(alphabet) - 1, even = 256 - 256 % count;
    apr_size_t at = 0;

    *code = xca_secret_alloc(pool, MADE_UP_LENGTH);
    while (at < MADE_UP_LENGTH) {
        unsigned char byte;
        xca_error_t *err = xca_random(&byte, 1, pool);

        if (err != NULL) {
            return err;
        }
        if (byte < even) { /* each of them as likely as any other */
            (*code)->bytes[at++] = (unsigned char)alphabet[byte % count];
        }
        xca_wipe(&byte, 1);
    }
    return NULL;
}

/* The letter with the code, in an envelope. */
static xca_error_t *envelop(xca_bytes_t *envelope, const xca_code_holder_t *holder, const xca_case_t *kase, const xca_secret_t *code,
                            xca_bytes_t certificate, apr_pool_t *pool) {
    xca_secret_t *text = xca_secret_alloc(pool, XCA_CODE_LETTER_MAX + 1);
    xca_code_letter_t letter = {0};
    size_t length;

    letter.case_number = kase->number;
    letter.code = xca_secret_text(code);
    letter.number = holder->card != NULL ? holder->card->number : holder->cert->serial;
    letter.name = kase->org_name;
    letter.contact = kase->contact_name;
    letter.phone = kase->contact_phone;
    letter.remark = kase->remark;
    length = xca_code_letter_write(&letter, (char *)text->bytes, text->length);
    return length > 0 ? xca_cms_envelop(envelope, text->bytes, length, certificate, pool)
                      : xca_error_make(pool, XCA_E_INTERNAL, "crypto.seal", "case %s: letter", kase->number);
}

xca_error_t *xca_signer_reset_make(xca_signer_t *signer, const xca_case_t *kase, const xca_decision_t *second,
                                   const xca_officer_t *teller, apr_time_t now, apr_pool_t *pool) {
    xca_code_holder_t holder;
    xca_case_t with = {0};
    xca_secret_t *code;
    xca_error_t *err = holder_of(&holder, signer, kase, pool);

    if (err == NULL && holder.cert->state == XCA_CERT_REVOKED) {
        return xca_error_make(pool, XCA_E_INVALID, "reset.revoked", "%s", holder.cert->serial);
    }
    if (err == NULL) {
        err = make_up(&code, pool);
    }
    if (err == NULL) {
        err = xca_code_hash(&with.new_code_hash, code, pool);
    }
    if (err == NULL) {
        err = envelop(&with.envelope, &holder, kase, code,
                      xca_cms_encryption_certificate(second->cms, teller->certificate, signer->officer_anchor, now,
                                                     XCA_STATEMENT_MAX, pool),
                      pool);
    }
    if (err != NULL) {
        return err;
    }
    with.problem = "";
    return xca_case_move(signer->office->store, kase, XCA_STATE_ISSUING, &with, now, pool);
}

static xca_error_t *log_code(xca_signer_t *signer, const xca_code_holder_t *holder, int once,
                             const char *nonce, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = once ? "code-reset" : "code-change";
    event.actor = once ? "officers" : "holder";
    event.case_number = once ? nonce : NULL;
    event.serial = holder->card == NULL ? holder->cert->serial : NULL;
    event.card = holder->card != NULL ? holder->card->number : NULL;
    event.organisation = holder->cert->oid;
    event.key = apr_pstrcat(pool, holder->cert->serial, "\n", nonce, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* `nonce` tells a second try that the first has done it: of a reset its case, of a change its request. */
static xca_error_t *set(xca_signer_t *signer, const xca_code_holder_t *holder, const char *hash,
                        int once, const char *nonce, apr_time_t now, apr_pool_t *pool) {
    xca_card_t *changed;
    xca_error_t *err = log_code(signer, holder, once, nonce, now, pool);

    if (err != NULL) {
        return err;
    }
    if (holder->card == NULL) {
        return xca_cert_code_set(signer->office->store, holder->cert, hash, once, nonce, pool);
    }
    changed = apr_pmemdup(pool, holder->card, sizeof(*holder->card));
    changed->code_hash = hash;
    changed->code_tries = 0;
    changed->code_once = once;
    changed->code_nonce = nonce;
    return xca_card_update(signer->office->store, holder->card, changed, pool);
}

xca_error_t *xca_signer_reset_set(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                  apr_pool_t *pool) {
    xca_code_holder_t holder;
    xca_case_t issued = *kase;
    const char *present;
    xca_error_t *err = holder_of(&holder, signer, kase, pool);

    if (err == NULL && kase->new_code_hash == NULL) {
        err = xca_error_make(pool, XCA_E_INTERNAL, "reset.no-code", "%s", kase->number);
    }
    if (err != NULL) {
        return err;
    }
    present = holder.card != NULL ? holder.card->code_hash : holder.cert->code_hash;
    if (present == NULL || strcmp(present, kase->new_code_hash) != 0) {
        err = set(signer, &holder, kase->new_code_hash, 1, kase->number, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "case %s: new user code of %s", kase->number,
            holder.card != NULL ? holder.card->number : holder.cert->serial);
    issued.state = XCA_STATE_ISSUED; /* what it is about to become, for the day in the notice */
    issued.state_changed = now;
    err = tell(signer, &holder, "reset-set", &issued, NULL, now, pool);
    return err == NULL
               ? xca_case_move(signer->office->store, kase, XCA_STATE_ISSUED, NULL, now, pool)
               : err;
}

static xca_error_t *revoke_holder(xca_signer_t *signer, const xca_code_holder_t *holder,
                                  const xca_cause_t *cause, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = NULL;

    if (holder->card != NULL) {
        return xca_signer_card_revoke(signer, holder->card, XCA_REASON_UNSPECIFIED, "no-original",
                                      cause, now, pool);
    }
    if (holder->cert->state != XCA_CERT_REVOKED) {
        err = xca_signer_cert_state(signer, holder->cert, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED,
                                    "no-original", cause, NULL, now, pool);
    }
    return err == NULL ? xca_signer_close_case(signer, holder->cert, XCA_STATE_LAPSED, now, pool) : err;
}

xca_error_t *xca_signer_reset_end(xca_signer_t *signer, const xca_case_t *kase, int original,
                                  const char *reason, apr_time_t now, apr_pool_t *pool) {
    const xca_cause_t cause = {.actor = reason != NULL ? "officers" : "time", .case_number = kase->number};
    xca_code_holder_t holder;
    xca_case_t with = {0};
    xca_error_t *err = holder_of(&holder, signer, kase, pool);

    if (err == NULL && !original) {
        err = revoke_holder(signer, &holder, &cause, now, pool);
    }
    if (err == NULL && !original) {
        err = tell(signer, &holder, "reset-lapsed", kase, reason, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    with.new_code_hash = ""; /* and the envelope with it: nothing of the code is left */
    with.return_reason = reason;
    return xca_case_move(signer->office->store, kase,
                         original ? XCA_STATE_COMPLETED : XCA_STATE_LAPSED, &with, now, pool);
}

xca_error_t *xca_signer_reset_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_of_kind(&cases, signer->office->store, XCA_CASE_CODE_RESET,
                                        XCA_STATE_ISSUED, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (now >= xca_code_reset_due(kase)) {
            err = xca_signer_reset_end(signer, kase, 0, NULL, now, pool);
        } else if (now >= kase->state_changed + XCA_RESET_REMIND_DAYS * XCA_DAY) {
            err = told(signer, kase, "reset-reminder", NULL, now, pool);
        }
        if (err != NULL && err->kind == XCA_E_CONFLICT) {
            err = NULL; /* an officer has the original in this very moment */
        }
    }
    return err;
}

xca_error_t *xca_signer_code_changed(xca_signer_t *signer, const xca_code_holder_t *holder,
                                     const char *request, apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = "code-changed";
    facts.id = apr_pstrcat(pool, request, "-code-changed", NULL);
    facts.to = holder->card != NULL ? holder->card->contact_email : holder->cert->contact_email;
    facts.case_number = holder->cert->case_number;
    facts.name = holder->cert->org_name;
    facts.serial = holder->card != NULL ? holder->card->number : holder->cert->serial;
    return xca_notify(signer, &facts, now, pool);
}

xca_error_t *xca_signer_code_change(const char **answer, xca_signer_t *signer,
                                    const xca_code_holder_t *holder, const xca_secret_t *fresh,
                                    const char *request, apr_time_t now, apr_pool_t *pool) {
    const char *hash,
        *present = holder->card != NULL ? holder->card->code_hash : holder->cert->code_hash;
    int same;
    xca_error_t *err = xca_user_code_check(fresh, "new_code", pool);

    *answer = NULL;
    if (err != NULL) {
        *answer = "request.unreadable"; /* the portal has checked it before it was sealed */
        return NULL;
    }
    err = xca_code_verify(&same, present, fresh, pool);
    if (err == NULL && same) {
        *answer = "code.same";
        return NULL;
    }
    if (err == NULL) {
        err = xca_code_hash(&hash, fresh, pool);
    }
    if (err == NULL) {
        err = set(signer, holder, hash, 0, request, now, pool);
    }
    return err == NULL ? xca_signer_code_changed(signer, holder, request, now, pool) : err;
}
