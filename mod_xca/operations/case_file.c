#include "operations/case_file.h"

#include "domain/codes.h"

/* The nonce decides which of two equal forms is the case; who finds it taken goes on with the number recorded then, in case its filing
 * was cut off before the case was added. */
static xca_error_t *take_number(int *taken, xca_case_t *kase, xca_office_t *office, const char *nonce, apr_time_t now,
                                apr_pool_t *pool) {
    int is_new = kase->oid == NULL && xca_case_is_application(kase->kind);
    const char *taken_for = NULL;
    apr_int64_t sequence;
    xca_error_t *err = xca_counter_next(&sequence, office->store, "case", pool);

    if (err != NULL) {
        return err;
    }
    kase->number = xca_case_number_make(pool, !is_new, sequence);
    if (nonce != NULL) {
        err = xca_nonce_take(&taken_for, office->store, nonce, kase->number, now, pool);
    }
    *taken = taken_for != NULL;
    if (taken_for != NULL) {
        kase->number = taken_for;
    }
    return err;
}

xca_error_t *xca_case_file(xca_case_t **filed, xca_office_t *office, xca_case_t *kase, const char *nonce,
                           apr_time_t now, apr_pool_t *pool) {
    int taken;
    xca_error_t *err = take_number(&taken, kase, office, nonce, now, pool);

    if (err != NULL) {
        return err;
    }
    kase->state = XCA_STATE_FILED;
    kase->revision = 1;
    kase->filed = kase->state_changed = now;
    kase->corrected = 0;
    err = xca_case_add(office->store, kase, pool);
    if (err != NULL && !(taken && err->kind == XCA_E_CONFLICT)) {
        return err;
    }
    return xca_case_read(filed, office->store, kase->number, pool);
}

xca_error_t *xca_case_filed(xca_case_t **kase, xca_office_t *office, const char *nonce, apr_pool_t *pool) {
    const char *number;
    xca_error_t *err = xca_nonce_find(&number, office->store, nonce, pool);

    *kase = NULL;
    if (err != NULL || number == NULL) {
        return err;
    }
    err = xca_case_read(kase, office->store, number, pool);
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}
