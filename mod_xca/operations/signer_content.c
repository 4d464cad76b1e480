#include "operations/signer_content.h"

#include <string.h>
#include "operations/application.h"
#include "operations/decision.h"

static int same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static xca_error_t *not_as_checked(const xca_case_t *kase, apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_INVALID, "case.not-as-checked", "case %s", kase->number);
}

xca_error_t *xca_signer_check_application(xca_signer_t *signer, const xca_case_t *kase,
                                          apr_time_t now, apr_pool_t *pool) {
    xca_case_t checked = *kase; /* the checks put in what they find right */
    xca_error_t *err =
        xca_application_check(signer->office, &checked, NULL, kase->number, now, pool);

    if (err != NULL) {
        return err;
    }
    if (!same(checked.key_hash, kase->key_hash) ||
        strcmp(xca_case_digest(pool, &checked), xca_case_digest(pool, kase)) != 0) {
        return not_as_checked(kase, pool);
    }
    return NULL;
}

xca_error_t *xca_signer_check_target(xca_cert_t **cert, xca_signer_t *signer,
                                         const xca_case_t *kase, apr_pool_t *pool) {
    xca_error_t *err;

    if (kase->target_serial == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "certificate.not-found", "case %s",
                              kase->number);
    }
    err = xca_cert_read(cert, signer->office->store, kase->target_serial, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return xca_error_make(pool, XCA_E_INVALID, "certificate.not-found", "case %s",
                              kase->number);
    }
    if (err != NULL) {
        return err;
    }
    if (!same((*cert)->oid, kase->oid) || !same((*cert)->org_name, kase->org_name)) {
        return not_as_checked(kase, pool);
    }
    return NULL;
}
