/* Verification for relying parties: a certificate, or a signature and who made it, in findings that each have a name. */
#ifndef XCA_OPERATIONS_VERIFY_H
#define XCA_OPERATIONS_VERIFY_H

#include "operations/office.h"
#include "outside/crypto_ca.h"
#include "outside/crypto_verify.h"
#include "outside/crypto_view.h"

typedef enum {
    XCA_FINDING_PASS,
    XCA_FINDING_NOTE, /* worth knowing; decides nothing */
    XCA_FINDING_FAIL
} xca_finding_result;

const char *xca_finding_result_id(xca_finding_result result); /* "pass", "note", "fail" */

typedef struct xca_finding {
    const char *check;   /* "digest", "signature", "chain", "validity", "status", "policy", "key-usage", "organisation", "class" */
    xca_finding_result result;
    const char *message; /* id of the catalogue: "verify.chain.good" ... */
    const char *arg;     /* or NULL */
} xca_finding_t;

/* What was found of one certificate, which may be that of a signer. */
typedef struct xca_verified {
    int valid;                    /* nothing failed */
    apr_array_header_t *findings; /* xca_finding_t */
    xca_bytes_t der;              /* length 0: the signer's certificate is not to be had, and so neither is what follows */
    xca_cert_view_t *view;        /* what it says */
    const xca_cert_t *record;     /* what the directory says of it, if it was published; or NULL */
    const xca_org_t *org;         /* the organisation of its OID as it is today, or NULL */
    xca_class class;              /* by its subject type; XCA_CLASS_NONE: none that is known */
    apr_time_t signing_time;      /* of a signature, as the signer claims it; 0: not told, or no signature */
    const char *digest_name;      /* of a signature */
} xca_verified_t;

/* Verifies a certificate (DER or PEM, as it was sent): chain, validity, status now, policy, key usage, organisation and class. Errors:
 * "verify.certificate", "ca.not-found", those of the directory. */
xca_error_t *xca_verify_certificate(xca_verified_t **verified, xca_office_t *office, const xca_profile_t *profile,
                                    xca_bytes_t sent, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Verifies a SignedData: for each signer (array of xca_verified_t *) the digest, the signature and the certificate; a certificate that
 * did not come along is looked for in the directory. A detached one wants `content` or its `digest` (the other, or both, NULL); of an
 * attached one the content is in it. Errors: as above, "verify.cms", "verify.signers", "verify.content" (field "digest": the signature is
 * detached, and there is neither), "verify.digest-length" (field "digest"; arg: digits that it has to have). */
xca_error_t *xca_verify_signature(apr_array_header_t **signers, xca_office_t *office, const xca_profile_t *profile, xca_bytes_t sent,
                                  const xca_bytes_t *content, const xca_bytes_t *digest, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

#endif
