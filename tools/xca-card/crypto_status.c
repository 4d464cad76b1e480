/* Whether a certificate is revoked: revocation lists (RFC 5280 section 5) and OCSP (RFC 6960). */
#include "crypto_certificate.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include "crypto_openssl.h"

/* The issuer's certificate: of the chain, or an anchor. Not to be freed. */
static X509 *issuer_of(const chain_t *chain, X509 *x509) {
    STACK_OF(X509_OBJECT) *anchors = X509_STORE_get0_objects(chain->anchors);
    int i;

    if (chain->issuer != NULL && X509_check_issued(chain->issuer, x509) == X509_V_OK) {
        return chain->issuer;
    }
    for (i = 0; i < sk_X509_num(chain->given); i++) {
        if (X509_check_issued(sk_X509_value(chain->given, i), x509) == X509_V_OK) {
            return sk_X509_value(chain->given, i);
        }
    }
    for (i = 0; i < sk_X509_OBJECT_num(anchors); i++) {
        X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(anchors, i));

        if (one != NULL && X509_check_issued(one, x509) == X509_V_OK) {
            return one;
        }
    }
    return NULL;
}

static int is_current(const X509_CRL *crl, time_t now) {
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    time_t at = now;

    return X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &at) <= 0 &&
           (next == NULL || X509_cmp_time(next, &at) >= 0);
}

static fault_t *revocation_fault(const certificate_t *certificate, int reason) {
    return fault_make(reason == CRL_REASON_CERTIFICATE_HOLD ? T_SUSPENDED : T_REVOKED,
                      certificate->serial, "reason %d", reason);
}

/* Whether the list is complete for a scope that the certificate is in (RFC 5280 section 6.3.3): one of all certificates, or that of
 * the partition whose address the certificate names; no delta, and nothing critical that is not understood. */
static int covers(const X509_CRL *crl, const certificate_t *certificate) {
    ISSUING_DIST_POINT *point;
    int critical = -1, i, at, found = 0;

    for (at = 0; at < X509_CRL_get_ext_count(crl); at++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl, at);

        if (X509_EXTENSION_get_critical(extension) &&
            OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_issuing_distribution_point) {
            return 0;
        }
    }
    point = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, NULL);
    if (point == NULL) {
        return critical == -1; /* there is none */
    }
    if (point->distpoint != NULL && point->distpoint->type == 0 && point->onlyCA <= 0 && point->onlyattr <= 0 &&
        point->indirectCRL <= 0 && point->onlysomereasons == NULL) {
        for (i = 0; i < sk_GENERAL_NAME_num(point->distpoint->name.fullname); i++) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->distpoint->name.fullname, i);

            found |= name->type == GEN_URI &&
                     (size_t)ASN1_STRING_length(name->d.ia5) == strlen(certificate->crl_url) &&
                     memcmp(ASN1_STRING_get0_data(name->d.ia5), certificate->crl_url, strlen(certificate->crl_url)) == 0;
        }
    }
    ISSUING_DIST_POINT_free(point);
    return found;
}

static fault_t *judge(const certificate_t *certificate, X509_CRL *crl, X509 *issuer, time_t now) {
    EVP_PKEY *key = issuer != NULL ? X509_get0_pubkey(issuer) : NULL;
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;
    long number;

    if (crl == NULL || key == NULL ||
        X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0 ||
        X509_CRL_verify(crl, key) != 1) {
        return fault_make(T_CRL_BAD, certificate->crl_url, "no list of the issuer");
    }
    if (!is_current(crl, now)) {
        return fault_make(T_CRL_BAD, certificate->crl_url, "the list is not of today");
    }
    if (!covers(crl, certificate)) {
        return fault_make(T_CRL_BAD, certificate->crl_url, "the list does not cover this certificate");
    }
    if (X509_CRL_get0_by_cert(crl, &entry, certificate_x509(certificate)) != 1 || entry == NULL) {
        return NULL;
    }
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    number = reason != NULL ? ASN1_ENUMERATED_get(reason) : 0;
    ASN1_ENUMERATED_free(reason);
    return revocation_fault(certificate, (int)number);
}

fault_t *chain_check_crl(const chain_t *chain, const certificate_t *certificate, view_t der,
                         time_t now) {
    const unsigned char *at = der.data;
    X509_CRL *crl = der.length > 0 ? d2i_X509_CRL(NULL, &at, (long)der.length) : NULL;
    fault_t *fault = judge(certificate, crl, issuer_of(chain, certificate_x509(certificate)), now);

    X509_CRL_free(crl);
    ERR_clear_error();
    return fault;
}

fault_t *chain_ocsp_request(const chain_t *chain, const certificate_t *certificate, bytes_t *der) {
    X509 *x509 = certificate_x509(certificate);
    X509 *issuer = issuer_of(chain, x509);
    OCSP_CERTID *id = issuer != NULL ? OCSP_cert_to_id(NULL, x509, issuer) : NULL;
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    unsigned char *data = NULL;
    int length = -1;

    if (id != NULL && request != NULL && OCSP_request_add0_id(request, id) != NULL) {
        id = NULL; /* taken over */
        if (OCSP_request_add1_nonce(request, NULL, 32) == 1) {
            length = i2d_OCSP_REQUEST(request, &data);
        }
    }
    OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    if (length <= 0) {
        return crypto_fault("OCSP request");
    }
    bytes_set(der, data, (size_t)length);
    OPENSSL_free(data);
    return NULL;
}

/* The basic response is signed by the issuer or its delegate, and speaks of this certificate now. */
static fault_t *judge_ocsp(const chain_t *chain, const certificate_t *certificate,
                           OCSP_REQUEST *request, OCSP_BASICRESP *basic) {
    X509 *x509 = certificate_x509(certificate);
    X509 *issuer = issuer_of(chain, x509);
    OCSP_CERTID *id = issuer != NULL ? OCSP_cert_to_id(NULL, x509, issuer) : NULL;
    ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL, *revoked = NULL;
    int status = -1, reason = -1;
    int found = id != NULL && OCSP_check_nonce(request, basic) > 0 &&
                OCSP_basic_verify(basic, chain->given, chain->anchors, OCSP_PARTIAL_CHAIN) == 1 &&
                OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &this_update,
                                      &next_update) == 1 &&
                OCSP_check_validity(this_update, next_update, 300, -1) == 1;

    OCSP_CERTID_free(id);
    if (!found) {
        return fault_make(T_OCSP_BAD, certificate->ocsp_url, "no answer that can be believed");
    }
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
        return revocation_fault(certificate, reason);
    }
    return status == V_OCSP_CERTSTATUS_GOOD
               ? NULL
               : fault_make(T_OCSP_UNKNOWN, certificate->serial, "unknown");
}

fault_t *chain_check_ocsp(const chain_t *chain, const certificate_t *certificate, view_t request,
                          view_t answer) {
    const unsigned char *asked_at = request.data, *at = answer.data;
    OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &asked_at, (long)request.length);
    OCSP_RESPONSE *response = answer.length > 0 ? d2i_OCSP_RESPONSE(NULL, &at, (long)answer.length) : NULL;
    OCSP_BASICRESP *basic = response != NULL ? OCSP_response_get1_basic(response) : NULL;
    fault_t *fault;

    if (asked == NULL || basic == NULL) {
        fault = fault_make(T_OCSP_BAD, certificate->ocsp_url, "no OCSP answer");
    } else {
        fault = judge_ocsp(chain, certificate, asked, basic);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    OCSP_REQUEST_free(asked);
    ERR_clear_error();
    return fault;
}
