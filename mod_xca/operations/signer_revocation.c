#include "operations/signer_revocation.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/notices.h"
#include "operations/revocation.h"
#include "operations/signer_card.h"
#include "operations/signer_content.h"
#include "operations/signer_issue.h"
#include "operations/window.h"

static int is(const char *word, const char *id) {
    return word != NULL && strcmp(word, id) == 0;
}

int xca_cert_is_revoking(const xca_cert_t *cert) {
    return is(cert->reason_note, XCA_NOTE_REVOKING) || is(cert->reason_note, XCA_NOTE_REVOKING_HELD);
}

/* The certificates that the case is about: those of a card all. */
static xca_error_t *targets(apr_array_header_t **certs, xca_signer_t *signer, const xca_case_t *kase,
                            apr_pool_t *pool) {
    xca_cert_t *cert;
    xca_error_t *err = xca_signer_check_target(&cert, signer, kase, pool);

    if (err == NULL && cert->card_number != NULL) {
        return xca_cert_search(certs, NULL, signer->office->store, XCA_CERT_BY_CARD, cert->card_number, 0,
                               pool);
    }
    if (err == NULL) {
        *certs = apr_array_make(pool, 1, sizeof(xca_cert_t *));
        APR_ARRAY_PUSH(*certs, xca_cert_t *) = cert;
    }
    return err;
}

/* What has ended by itself is not revoked: it stays what it was. */
static xca_error_t *check_not_ended(const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    return cert->not_after <= now ? xca_error_make(pool, XCA_E_INVALID, "revoke.expired", "%s", cert->serial) : NULL;
}

/* The contact is the certificate's: who files the case need not be allowed to read it. */
static const char *contact_of(const xca_case_t *kase, const apr_array_header_t *certs) {
    return certs->nelts > 0 && APR_ARRAY_IDX(certs, 0, const xca_cert_t *)->contact_email != NULL
               ? APR_ARRAY_IDX(certs, 0, const xca_cert_t *)->contact_email
               : kase->contact_email;
}

static xca_error_t *tell(xca_signer_t *signer, const xca_case_t *kase, const char *event, const char *to,
                         const char *reason, apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = event;
    facts.id = apr_psprintf(pool, "%s-%ld-%s", kase->number, kase->revision, event);
    facts.to = to;
    facts.case_number = kase->number;
    facts.name = kase->org_name;
    facts.serial = kase->target_serial;
    facts.reason = reason;
    facts.until = xca_revocation_due(kase, signer->holidays, pool);
    return xca_notify(signer, &facts, now, pool);
}

/* One certificate is suspended by the case, or what it was before is noted. */
static xca_error_t *hold(xca_signer_t *signer, const xca_cert_t *cert, const xca_cause_t *cause, apr_time_t now,
                         apr_pool_t *pool) {
    const char *note = cert->state == XCA_CERT_SUSPENDED ? XCA_NOTE_REVOKING_HELD : XCA_NOTE_REVOKING;

    if (xca_cert_is_revoking(cert)) {
        note = cert->reason_note; /* again */
    }
    if (cert->state != XCA_CERT_VALID && cert->state != XCA_CERT_SUSPENDED) {
        return NULL;
    }
    return xca_signer_cert_state(signer, cert, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, note, cause, NULL, now, pool);
}

static xca_error_t *release(xca_signer_t *signer, const xca_cert_t *cert, const xca_cause_t *cause, apr_time_t now,
                            apr_pool_t *pool) {
    if (cert->state != XCA_CERT_SUSPENDED || !xca_cert_is_revoking(cert)) {
        return NULL;
    }
    return xca_signer_cert_state(signer, cert,
                                 is(cert->reason_note, XCA_NOTE_REVOKING) ? XCA_CERT_VALID : XCA_CERT_SUSPENDED,
                                 XCA_REASON_UNSPECIFIED, "", cause, NULL, now, pool);
}

/* `step` names it for the audit log: it is done once for a revision of the case. */
static xca_error_t *for_each(xca_signer_t *signer, const xca_case_t *kase, const char *step,
                             const apr_array_header_t *certs, apr_time_t now, apr_pool_t *pool,
                             xca_error_t *(*change)(xca_signer_t *, const xca_cert_t *, const xca_cause_t *,
                                                    apr_time_t, apr_pool_t *)) {
    const xca_cause_t cause = {.actor = "officers",
                               .key = apr_psprintf(pool, "%s\n%ld\n%s", kase->number, kase->revision, step),
                               .case_number = kase->number};
    int i;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        err = change(signer, APR_ARRAY_IDX(certs, i, const xca_cert_t *), &cause, now, pool);
    }
    return err;
}

/* No window suspends what is another's, whatever a portal has let it file. */
static xca_error_t *check_window(xca_signer_t *signer, const xca_case_t *kase, const apr_array_header_t *certs,
                                 apr_pool_t *pool) {
    xca_error_t *err =
        certs->nelts > 0 ? xca_window_check(signer->office, APR_ARRAY_IDX(certs, 0, const xca_cert_t *), kase->window, pool)
                         : NULL;

    return err != NULL && err->kind == XCA_E_INVALID
               ? xca_error_make(pool, XCA_E_INVALID, "revoke.not-this-window", "%s", kase->number)
               : err;
}

xca_error_t *xca_signer_revocation_hold(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                        apr_pool_t *pool) {
    xca_case_t reviewed = *kase;
    apr_array_header_t *certs;
    xca_error_t *err = targets(&certs, signer, kase, pool);

    if (err == NULL && certs->nelts > 0) {
        err = check_not_ended(APR_ARRAY_IDX(certs, 0, const xca_cert_t *), now, pool);
    }
    if (err == NULL) {
        err = check_window(signer, kase, certs, pool);
    }
    if (err == NULL) {
        err = for_each(signer, kase, "hold", certs, now, pool, hold);
    }
    if (err != NULL) {
        return err;
    }
    reviewed.state = XCA_STATE_REVIEWED; /* what the case is about to become, and since when */
    reviewed.state_changed = now;
    return tell(signer, &reviewed, "revocation-held", contact_of(kase, certs), NULL, now, pool);
}

xca_error_t *xca_signer_revocation_release(xca_signer_t *signer, const xca_case_t *kase, const char *reason,
                                           apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    xca_error_t *err = targets(&certs, signer, kase, pool);

    if (err != NULL && err->kind == XCA_E_INVALID) {
        certs = apr_array_make(pool, 0, sizeof(xca_cert_t *)); /* it is about no certificate of ours */
        err = NULL;
    }
    if (err == NULL) {
        err = for_each(signer, kase, "release", certs, now, pool, release);
    }
    return err == NULL ? tell(signer, kase, "revocation-returned", contact_of(kase, certs), reason, now, pool)
                       : err;
}

static xca_crl_reason reason_of(const char *word) {
    return is(word, "abolished") ? XCA_REASON_CESSATION
           : is(word, "lost")    ? XCA_REASON_KEY_COMPROMISE
           : is(word, "damaged") ? XCA_REASON_SUPERSEDED
                                 : XCA_REASON_UNSPECIFIED;
}

/* A card is revoked as a whole. */
static xca_error_t *revoke_card(xca_signer_t *signer, const xca_case_t *kase, const char *number,
                                apr_time_t now, apr_pool_t *pool) {
    const xca_cause_t cause = {.actor = "officers", .case_number = kase->number};
    apr_time_t letter = kase->letter_date != NULL ? xca_date_parse_iso(kase->letter_date) : 0;
    xca_card_t *card;
    xca_error_t *err = xca_card_read(&card, signer->office->store, number, pool);

    if (err == NULL) {
        err = xca_signer_card_revoke(signer, card, reason_of(kase->revoke_reason), kase->revoke_reason, &cause,
                                     now, pool);
    }
    if (err == NULL && card->oid != NULL && (is(kase->revoke_reason, "lost") || is(kase->revoke_reason, "damaged"))) {
        err = xca_org_ban(signer->office->store, card->oid, letter != 0 ? letter : kase->filed, pool);
    }
    return err;
}

xca_error_t *xca_signer_revoke_case(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                    apr_pool_t *pool) {
    const xca_cause_t cause = {.actor = "officers", .case_number = kase->number};
    xca_cert_t *cert;
    xca_error_t *err = xca_signer_check_target(&cert, signer, kase, pool);

    if (err == NULL) {
        err = check_not_ended(cert, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (cert->card_number != NULL) {
        err = revoke_card(signer, kase, cert->card_number, now, pool);
    } else {
        err = xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, reason_of(kase->revoke_reason), kase->revoke_reason, &cause,
                                    "revoked", now, pool);
        err = err == NULL ? xca_signer_close_case(signer, cert, XCA_STATE_LAPSED, now, pool) : err;
    }
    if (err != NULL) {
        return err;
    }
    return xca_case_move(signer->office->store, kase, XCA_STATE_COMPLETED, NULL, now, pool);
}

xca_error_t *xca_signer_revocation_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_of_kind(&cases, signer->office->store, XCA_CASE_REVOCATION,
                                        XCA_STATE_REVIEWED, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (now >= xca_revocation_due(kase, signer->holidays, pool)) {
            err = tell(signer, kase, "revocation-overdue", signer->central_mail, NULL, now, pool);
        }
    }
    return err;
}
