/* A case's way, as far as the signer takes it. Every step is one atomic write that can be repeated;
 * what a step needs is verified again at that step, never taken from a state in the directory. */
#include <string.h>
#include <apr_strings.h>
#include "operations/application.h"
#include "base/log.h"
#include "operations/decision.h"
#include "operations/notices.h"
#include "operations/signer_card.h"
#include "operations/signer_code.h"
#include "operations/signer_issue.h"
#include "operations/signer_review.h"
#include "operations/signer_revocation.h"
#include "operations/signer_xds.h"

static xca_error_t *tell_applicant(xca_signer_t *signer, const xca_case_t *kase, const char *event,
                                   const char *reason, apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = kase->kind == XCA_CASE_OID_CHANGE ? apr_pstrcat(pool, "xds-", event, NULL) : event;
    facts.id = apr_psprintf(pool, "%s-%ld-%s", kase->number, kase->revision, event);
    facts.to = kase->contact_email;
    facts.case_number = kase->number;
    facts.name = kase->org_name;
    facts.reason = reason;
    return xca_notify(signer, &facts, now, pool);
}

static xca_error_t *log_return(xca_signer_t *signer, const xca_case_t *kase, const char *problem, apr_time_t now,
                               apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    const char *revision = apr_psprintf(pool, "%ld", kase->revision);

    event.kind = "case-return";
    event.actor = problem != NULL ? "signer" : "officers";
    event.key = apr_pstrcat(pool, kase->number, "\n", revision, NULL);
    event.case_number = kase->number;
    event.details = xca_audit_details(pool, "revision", revision, "problem", problem, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

static xca_error_t *give_back(xca_signer_t *signer, const xca_case_t *kase, const char *reason,
                              const char *problem, apr_time_t now, apr_pool_t *pool) {
    xca_case_t with = {0};
    xca_error_t *err;
    const char *told = reason;

    if (told == NULL) {
        told = apr_pstrcat(pool, xca_catalogue_format(signer->texts, problem, XCA_ZH, pool, NULL),
                           "\n", xca_catalogue_format(signer->texts, problem, XCA_EN, pool, NULL),
                           NULL);
    }
    err = log_return(signer, kase, problem, now, pool);
    if (err != NULL) {
        return err;
    }
    if (kase->kind == XCA_CASE_REVOCATION) {
        err = xca_signer_revocation_release(signer, kase, told, now, pool);
    } else if (kase->kind == XCA_CASE_CODE_RESET) {
        err = xca_signer_reset_returned(signer, kase, told, now, pool);
    } else {
        err = tell_applicant(signer, kase, "returned", told, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    with.return_reason = told;
    with.problem = problem != NULL ? problem : "";
    return xca_case_move(signer->office->store, kase, XCA_STATE_RETURNED, &with, now, pool);
}

/* Filed or reviewed: moves on if a decision of the stage stands. *moved tells. */
static xca_error_t *review(int *moved, xca_signer_t *signer, const xca_case_t *kase,
                           const xca_decision_t *decision, xca_case_state to, apr_time_t now,
                           apr_pool_t *pool) {
    xca_case_t with = {0};

    *moved = decision != NULL;
    if (decision == NULL) {
        return NULL;
    }
    if (decision->kind == XCA_DECISION_RETURN) {
        return give_back(signer, kase, decision->reason, NULL, now, pool);
    }
    if (kase->kind == XCA_CASE_REVOCATION && to == XCA_STATE_REVIEWED) {
        xca_error_t *err = xca_signer_revocation_hold(signer, kase, now, pool);

        if (err != NULL) {
            return err->kind == XCA_E_INVALID ? give_back(signer, kase, NULL, err->message, now, pool) : err;
        }
    }
    with.problem = "";
    return xca_case_move(signer->office->store, kase, to, &with, now, pool);
}

/* The case stands in a state that its decisions do not bear out: written by someone who may not, or
 * the content was changed afterwards. Nothing happens but a note for the officers. */
static xca_error_t *not_borne_out(int *moved, xca_signer_t *signer, const xca_case_t *kase,
                                  apr_pool_t *pool) {
    *moved = 0;
    if (kase->problem != NULL && strcmp(kase->problem, "review.not-borne-out") == 0) {
        return NULL;
    }
    xca_log(XCA_LOG_WARNING, "case %s is %s, but no two valid decisions over its content stand",
            kase->number, xca_case_state_id(kase->state));
    return xca_case_problem(signer->office->store, kase->number, "review.not-borne-out", pool);
}

static xca_error_t *approved(int *moved, xca_signer_t *signer, xca_case_t *kase,
                             const xca_standing_t *standing, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    *moved = 1;
    if (kase->kind == XCA_CASE_OID_CHANGE) {
        return xca_case_move(signer->office->store, kase, XCA_STATE_ISSUING, NULL, now, pool);
    }
    if (kase->kind == XCA_CASE_REVOCATION) {
        err = xca_signer_revoke_case(signer, kase, now, pool);
    } else if (kase->kind == XCA_CASE_CODE_RESET) {
        err = xca_signer_reset_make(signer, kase, standing->second, standing->second_officer, now, pool);
    } else if (kase->kind == XCA_CASE_CERTIFICATE) {
        err = xca_signer_reserve(signer, kase, now, pool);
    } else {
        *moved = 0; /* a card waits for the card centre */
        err = xca_signer_card_approved(signer, kase, now, pool);
    }
    if (err != NULL && (err->kind == XCA_E_INVALID || err->kind == XCA_E_TOO_LARGE)) {
        return give_back(signer, kase, NULL, err->message, now, pool);
    }
    return err;
}

/* Whose certificate is to be revoked is told when the window has passed it. */
static xca_error_t *tell_filed(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                               apr_pool_t *pool) {
    if (kase->kind == XCA_CASE_REVOCATION) {
        return NULL;
    }
    return kase->kind == XCA_CASE_CODE_RESET ? xca_signer_reset_filed(signer, kase, now, pool)
                                             : tell_applicant(signer, kase, "filed", NULL, now, pool);
}

/* Behind the second review: what is approved is carried out, as far as the signer does that by itself. */
static xca_error_t *carry_out(int *moved, xca_signer_t *signer, xca_case_t *kase,
                              const xca_standing_t *standing, apr_time_t now, apr_pool_t *pool) {
    if (kase->state == XCA_STATE_APPROVED) {
        return approved(moved, signer, kase, standing, now, pool);
    }
    if (kase->kind == XCA_CASE_OID_CHANGE) {
        return xca_signer_xds(signer, kase, now, pool);
    }
    if (kase->kind == XCA_CASE_CARD) {
        return NULL; /* in the hands of the card centre */
    }
    *moved = 1;
    if (kase->kind != XCA_CASE_CODE_RESET) {
        return xca_signer_issue(signer, kase, now, pool);
    }
    if (kase->state == XCA_STATE_ISSUING) {
        return xca_signer_reset_set(signer, kase, now, pool);
    }
    *moved = standing->third != NULL;
    return standing->third == NULL
               ? NULL
               : xca_signer_reset_end(signer, kase, standing->third->kind == XCA_DECISION_ACCEPT,
                                      standing->third->reason, now, pool);
}

static int is_over(const xca_case_t *kase) {
    return kase->state > (kase->kind == XCA_CASE_CODE_RESET ? XCA_STATE_ISSUED : XCA_STATE_ISSUING);
}

static xca_error_t *step(int *moved, xca_signer_t *signer, xca_case_t *kase, apr_hash_t *verified,
                         apr_time_t now, apr_pool_t *pool) {
    xca_standing_t standing;
    xca_error_t *err;

    *moved = 0;
    if (is_over(kase)) {
        return NULL;
    }
    err = xca_standing_read(&standing, signer, kase, verified, now, pool);
    if (err != NULL) {
        return err;
    }
    if (kase->state == XCA_STATE_FILED) {
        err = tell_filed(signer, kase, now, pool);
        if (err != NULL) {
            return err;
        }
        return review(moved, signer, kase, standing.first, XCA_STATE_REVIEWED, now, pool);
    }
    if (kase->state == XCA_STATE_REVIEWED) {
        if (standing.first == NULL || standing.first->kind != XCA_DECISION_ACCEPT) {
            return not_borne_out(moved, signer, kase, pool);
        }
        return review(moved, signer, kase, standing.second, XCA_STATE_APPROVED, now, pool);
    }
    if (!xca_standing_accepts(&standing)) {
        return not_borne_out(moved, signer, kase, pool);
    }
    return carry_out(moved, signer, kase, &standing, now, pool);
}

xca_error_t *xca_signer_case(xca_signer_t *signer, const char *number, apr_time_t now,
                             apr_pool_t *pool) {
    apr_hash_t *verified = apr_hash_make(pool);
    apr_pool_t *scratch;
    int moved = 1;
    int rounds;
    xca_error_t *err = NULL;

    signer->case_left = 0;
    apr_pool_create(&scratch, pool);
    /* Read again before each step: what is decided on is always one reading of one entry. */
    for (rounds = 0; moved && err == NULL && rounds < 8; rounds++) {
        xca_case_t *kase;

        apr_pool_clear(scratch);
        err = xca_case_read(&kase, signer->office->store, number, scratch);
        if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
            return NULL;
        }
        if (err == NULL) {
            err = step(&moved, signer, kase, verified, now, scratch);
        }
        if (err != NULL && err->kind == XCA_E_CONFLICT) {
            err = NULL; /* someone was faster (a correction): look again */
            moved = 1;
        }
    }
    return err;
}
