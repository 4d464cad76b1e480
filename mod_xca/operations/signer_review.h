/* The signer's own judgement of decisions: nothing but verified signatures over the present content counts. */
#ifndef XCA_OPERATIONS_SIGNER_REVIEW_H
#define XCA_OPERATIONS_SIGNER_REVIEW_H

#include <apr_hash.h>
#include "operations/signer.h"

/* The decisions that stand for a case as it is now: the earliest verified one of each stage, or NULL. */
typedef struct xca_standing {
    xca_decision_t *first, *second, *third;
    xca_officer_t *first_officer, *second_officer, *third_officer;
} xca_standing_t;

/* Verifies every decision under the case from scratch (signatures, roles, window, digest of the present content, two
 * people), writes verdicts that are missing, and gives what stands. What the directory says about states or earlier
 * verdicts is not trusted. `verified` as in xca_decision_open(): one for the steps of a case's run. */
xca_error_t *xca_standing_read(xca_standing_t *standing, xca_signer_t *signer, const xca_case_t *kase,
                               apr_hash_t *verified, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the first two stages stand and accept. */
int xca_standing_accepts(const xca_standing_t *standing);

#endif
