#include "operations/signer_review.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "operations/decision.h"
#include "operations/signer_watch.h"

static int by_time(const void *a, const void *b) {
    const xca_decision_t *left = *(xca_decision_t *const *)a;
    const xca_decision_t *right = *(xca_decision_t *const *)b;

    if (left->time != right->time) {
        return left->time < right->time ? -1 : 1;
    }
    return strcmp(left->id, right->id);
}

/* A decision together with whose it is, once its signature is verified. */
typedef struct {
    xca_decision_t *decision;
    xca_officer_t *officer;
} verified_t;

/* Judges at the stage's own state: whether the case has moved on meanwhile is not this rule's
 * matter, because a decision that brought the case forward stays the reason for it. */
static xca_error_t *judge(const verified_t *one, const xca_case_t *kase, const char *digest,
                          const xca_standing_t *standing, apr_time_t now, apr_pool_t *pool) {
    static const xca_case_state states[] = {XCA_STATE_FILED, XCA_STATE_REVIEWED, XCA_STATE_ISSUED};
    xca_case_t at_stage = *kase;

    at_stage.state = states[one->decision->stage];
    if (one->decision->stage != XCA_STAGE_SECOND) {
        return xca_decision_judge(one->decision, one->officer, &at_stage, digest, NULL, NULL, now,
                                  pool);
    }
    if (standing->first == NULL) {
        return xca_error_make(pool, XCA_E_CONFLICT, "decision.state", "no first review");
    }
    return xca_decision_judge(one->decision, one->officer, &at_stage, digest, standing->first,
                              standing->first_officer, now, pool);
}

/* Whose a decision is that no signature bears out nobody knows. */
static xca_error_t *log_verdict(xca_signer_t *signer, const xca_decision_t *decision, const char *verdict, int verified,
                                apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "decision";
    event.actor = verified ? apr_pstrcat(pool, "officer ", decision->officer, NULL) : "unknown";
    event.key = apr_pstrcat(pool, decision->case_number, "\n", decision->id, "\n", verdict, NULL);
    event.case_number = decision->case_number;
    event.details = verified
                        ? xca_audit_details(pool, "stage", xca_stage_id(decision->stage),
                                            "decision", decision->kind == XCA_DECISION_ACCEPT ? "accept" : "return",
                                            "verdict", verdict, "letter", decision->letter, "content",
                                            decision->content_digest, "cms", decision->id, NULL)
                        : xca_audit_details(pool, "verdict", verdict, "cms", decision->id, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

static xca_error_t *note_verdict(xca_signer_t *signer, const xca_decision_t *decision, const char *verdict, int verified,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    if (decision->verdict != NULL && strcmp(decision->verdict, verdict) == 0) {
        return NULL;
    }
    err = log_verdict(signer, decision, verdict, verified, now, pool);
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "case %s: decision %.16s of %s: %s", decision->case_number, decision->id,
            decision->officer != NULL ? decision->officer : "?", verdict);
    return xca_decision_verdict(signer->office->store, decision->case_number, decision->id, verdict,
                                pool);
}

/* A signature that did not verify once never will: who floods a case with such gets them looked at once. */
static int was_worth_nothing(const xca_decision_t *decision) {
    return decision->verdict != NULL && strncmp(decision->verdict, "cms.", 4) == 0;
}

/* Opens all decisions; those whose signature is worth nothing get their verdict here. */
static xca_error_t *verify_all(apr_array_header_t **verified, xca_signer_t *signer,
                               const xca_case_t *kase, apr_hash_t *memory, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *decisions;
    int i;
    xca_error_t *err = xca_decision_list(&decisions, signer->office->store, kase->number, pool);

    if (err != NULL) {
        return err;
    }
    *verified = apr_array_make(pool, decisions->nelts + 1, sizeof(verified_t));
    for (i = 0; i < decisions->nelts; i++) {
        verified_t one;

        one.decision = APR_ARRAY_IDX(decisions, i, xca_decision_t *);
        if (was_worth_nothing(one.decision)) {
            continue;
        }
        err = xca_decision_open(one.decision, &one.officer, signer->office, signer->officer_anchor,
                                memory, pool);
        if (err == NULL) {
            err = xca_signer_officer_seen(signer, one.officer, now, pool);
            if (err != NULL) {
                return err;
            }
            APR_ARRAY_PUSH(*verified, verified_t) = one;
            continue;
        }
        if (err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_INTERNAL) {
            return err;
        }
        err = note_verdict(signer, one.decision, err->message, 0, now, pool);
        if (err != NULL) {
            return err;
        }
    }
    qsort((*verified)->elts, (size_t)(*verified)->nelts, sizeof(verified_t), by_time);
    return NULL;
}

static xca_error_t *judge_stage(xca_standing_t *standing, xca_stage stage, xca_signer_t *signer,
                                const xca_case_t *kase, const char *digest,
                                const apr_array_header_t *verified, apr_time_t now,
                                apr_pool_t *pool) {
    xca_decision_t **stands = stage == XCA_STAGE_FIRST    ? &standing->first
                              : stage == XCA_STAGE_SECOND ? &standing->second
                                                          : &standing->third;
    xca_officer_t **whose = stage == XCA_STAGE_FIRST    ? &standing->first_officer
                            : stage == XCA_STAGE_SECOND ? &standing->second_officer
                                                        : &standing->third_officer;
    int i;

    for (i = 0; i < verified->nelts; i++) {
        const verified_t *one = &APR_ARRAY_IDX(verified, i, verified_t);
        const char *verdict = "counted";
        xca_error_t *err;

        if (one->decision->stage != stage) {
            continue;
        }
        err = judge(one, kase, digest, standing, now, pool);
        if (err != NULL) {
            verdict = err->message;
        } else if (*stands != NULL) {
            verdict = "decision.late";
        } else {
            *stands = one->decision;
            *whose = one->officer;
        }
        /* A decision that came before any of the stage before may still come to count. */
        if ((stage == XCA_STAGE_SECOND && standing->first == NULL) ||
            (stage == XCA_STAGE_THIRD && standing->second == NULL)) {
            continue;
        }
        err = note_verdict(signer, one->decision, verdict, 1, now, pool);
        if (err != NULL) {
            return err;
        }
    }
    return NULL;
}

xca_error_t *xca_standing_read(xca_standing_t *standing, xca_signer_t *signer,
                               const xca_case_t *kase, apr_hash_t *memory, apr_time_t now,
                               apr_pool_t *pool) {
    apr_array_header_t *verified;
    const char *digest = xca_case_digest(pool, kase);
    xca_error_t *err = verify_all(&verified, signer, kase, memory, now, pool);

    memset(standing, 0, sizeof(*standing));
    if (err != NULL) {
        return err;
    }
    err = judge_stage(standing, XCA_STAGE_FIRST, signer, kase, digest, verified, now, pool);
    if (err != NULL) {
        return err;
    }
    err = judge_stage(standing, XCA_STAGE_SECOND, signer, kase, digest, verified, now, pool);
    if (err != NULL || kase->kind != XCA_CASE_CODE_RESET) {
        return err;
    }
    return judge_stage(standing, XCA_STAGE_THIRD, signer, kase, digest, verified, now, pool);
}

int xca_standing_accepts(const xca_standing_t *standing) {
    return standing->first != NULL && standing->second != NULL &&
           standing->first->kind == XCA_DECISION_ACCEPT &&
           standing->second->kind == XCA_DECISION_ACCEPT;
}
