/* Answers: RFC 6960 section 4.2. */
#include "outside/crypto_ocsp.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/x509v3.h>
#include "outside/crypto_der.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

#define FORMS       4   /* SHA-1 and SHA-256, each with NULL or without parameters */

struct xca_ocsp_responder {
    const xca_key_t *key;
    EVP_MD_CTX *signer; /* ready to sign with the key; copied for each signature */
    xca_bytes_t forms[FORMS]; /* in which a CertID may name the CA */
    /* What all its answers have in common, DER: */
    xca_bytes_t id;        /* ResponderID, by key (RFC 6960 section 4.2.2.3) */
    xca_bytes_t type;      /* OBJECT IDENTIFIER of BasicOCSPResponse */
    xca_bytes_t algorithm; /* AlgorithmIdentifier of the signature */
};

/* The CA in the words of a CertID: issuerNameHash of its name, issuerKeyHash of its key without tag, length and unused bits. */
static xca_error_t *make_form(xca_bytes_t *form, const EVP_MD *hash, const char *oid, int with_null, const X509 *ca,
                              apr_pool_t *pool) {
    unsigned char name[EVP_MAX_MD_SIZE], key[EVP_MAX_MD_SIZE];
    unsigned int name_length = 0, key_length = 0;
    xca_der_t *der = xca_der_make(pool);

    if (!X509_NAME_digest(X509_get_subject_name(ca), hash, name, &name_length) || !X509_pubkey_digest(ca, hash, key, &key_length)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "digest of the CA");
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, oid);
    if (with_null) {
        xca_der_put(der, XCA_DER_NULL, NULL, 0);
    }
    xca_der_close(der);
    xca_der_put(der, XCA_DER_OCTET_STRING, name, name_length);
    xca_der_put(der, XCA_DER_OCTET_STRING, key, key_length);
    return xca_der_finish(form, der, pool);
}

static xca_error_t *make_parts(xca_ocsp_responder_t *responder, apr_pool_t *pool) {
    unsigned char key_id[XCA_KEY_ID];
    xca_der_t *id = xca_der_make(pool), *type = xca_der_make(pool), *algorithm = xca_der_make(pool);
    xca_bytes_t spki;
    xca_error_t *err = xca_key_spki(&spki, responder->key, pool);

    if (err == NULL) {
        err = xca_tbs_key_id(key_id, spki, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_der_open(id, XCA_DER_CONSTRUCTED | 2);
    xca_der_put(id, XCA_DER_OCTET_STRING, key_id, sizeof(key_id));
    xca_der_close(id);
    xca_der_put_oid(type, "1.3.6.1.5.5.7.48.1.1");
    xca_tbs_put_algorithm(algorithm, responder->key);
    err = xca_der_finish(&responder->id, id, pool);
    if (err == NULL) {
        err = xca_der_finish(&responder->type, type, pool);
    }
    return err == NULL ? xca_der_finish(&responder->algorithm, algorithm, pool) : err;
}

static apr_status_t free_signer(void *data) {
    EVP_MD_CTX_free(data);
    return APR_SUCCESS;
}

int xca_ocsp_takes_key(const char *key_text) {
    return strcmp(key_text, "EC P-256") == 0 || strcmp(key_text, "RSA 2048") == 0;
}

xca_error_t *xca_ocsp_responder_make(xca_ocsp_responder_t **result, const xca_key_t *key, xca_bytes_t ca, apr_pool_t *pool) {
    xca_ocsp_responder_t *responder = apr_pcalloc(pool, sizeof(*responder));
    X509 *x509 = xca_openssl_x509(pool, ca);
    int i;
    xca_error_t *err;

    if (x509 == NULL || X509_check_ca(x509) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.not-a-ca", "CA certificate");
    }
    responder->key = key;
    err = make_parts(responder, pool);
    for (i = 0; err == NULL && i < FORMS; i++) {
        err = make_form(&responder->forms[i], i < 2 ? EVP_sha1() : EVP_sha256(), i < 2 ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1",
                        i % 2 == 0, x509, pool);
    }
    if (err != NULL) {
        return err;
    }
    responder->signer = EVP_MD_CTX_new();
    apr_pool_cleanup_register(pool, responder->signer, free_signer, apr_pool_cleanup_null);
    if (!xca_ocsp_takes_key(xca_openssl_key_text(pool, key->pkey)) || responder->signer == NULL ||
        EVP_DigestSignInit(responder->signer, NULL, EVP_sha256(), NULL, key->pkey) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "neither P-256 nor RSA-2048");
    }
    *result = responder;
    return NULL;
}

int xca_ocsp_names_ca(const xca_ocsp_responder_t *responder, const xca_ocsp_id_t *id) {
    int i;

    for (i = 0; i < FORMS; i++) {
        if (id->issuer.length == responder->forms[i].length &&
            memcmp(id->issuer.data, responder->forms[i].data, id->issuer.length) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void put_status(xca_der_t *der, const xca_status_t *status) {
    unsigned char reason = (unsigned char)status->reason;

    if (status->kind != XCA_STATUS_REVOKED) {
        xca_der_put(der, XCA_DER_CONTEXT | (status->kind == XCA_STATUS_GOOD ? 0 : 2), NULL, 0);
        return;
    }
    xca_der_open(der, XCA_DER_CONSTRUCTED | 1);
    xca_der_put_generalized_time(der, status->when);
    if (status->reason != XCA_REASON_UNSPECIFIED) { /* left out, as in lists (RFC 5280 section 5.3.1) */
        xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
        xca_der_put(der, XCA_DER_ENUMERATED, &reason, 1);
        xca_der_close(der);
    }
    xca_der_close(der);
}

static void put_nonce(xca_der_t *der, xca_bytes_t nonce) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_extension_open(der, "1.3.6.1.5.5.7.48.1.2", 0);
    xca_der_put(der, XCA_DER_OCTET_STRING, nonce.data, nonce.length);
    xca_tbs_extension_close(der);
    xca_der_close(der);
    xca_der_close(der);
}

/* ResponseData, version 1 left out. */
static xca_error_t *write_data(xca_bytes_t *data, const xca_ocsp_responder_t *responder, const xca_ocsp_answer_t *answer,
                               apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    int i;

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, responder->id);
    xca_der_put_generalized_time(der, answer->produced);
    xca_der_open(der, XCA_DER_SEQUENCE);
    for (i = 0; i < answer->request->count; i++) {
        xca_der_open(der, XCA_DER_SEQUENCE);
        xca_der_put_raw(der, answer->request->ids[i].whole);
        put_status(der, &answer->statuses[i]);
        xca_der_put_generalized_time(der, answer->this_update);
        xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
        xca_der_put_generalized_time(der, answer->next_update);
        xca_der_close(der);
        xca_der_close(der);
    }
    xca_der_close(der);
    if (answer->request->nonce.length > 0) {
        put_nonce(der, answer->request->nonce);
    }
    xca_der_close(der);
    return xca_der_finish(data, der, pool);
}

static xca_error_t *sign(xca_ocsp_signature_t *signature, const xca_ocsp_responder_t *responder, xca_bytes_t data,
                         apr_pool_t *pool) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = sizeof(signature->der);
    int done = context != NULL && EVP_MD_CTX_copy_ex(context, responder->signer) == 1 &&
               EVP_DigestSign(context, signature->der, &length, data.data, data.length) == 1;

    EVP_MD_CTX_free(context);
    if (!done) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "EVP_DigestSign");
    }
    signature->length = length;
    return NULL;
}

xca_error_t *xca_ocsp_write(xca_bytes_t *response, const xca_ocsp_responder_t *responder, const xca_ocsp_answer_t *answer,
                            xca_bytes_t certificate, xca_ocsp_signature_t *signature, apr_pool_t *pool) {
    static const unsigned char successful = XCA_OCSP_SUCCESSFUL;
    xca_der_t *der = xca_der_make(pool);
    xca_bytes_t data;
    xca_error_t *err = write_data(&data, responder, answer, pool);

    if (err == NULL && signature->length == 0) {
        err = sign(signature, responder, data, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put(der, XCA_DER_ENUMERATED, &successful, 1);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, responder->type);
    xca_der_open(der, XCA_DER_OCTET_STRING);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, data);
    xca_der_put_raw(der, responder->algorithm);
    xca_der_put_bits(der, (xca_bytes_t){signature->der, signature->length});
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, certificate);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    return xca_der_finish(response, der, pool);
}

xca_bytes_t xca_ocsp_refusal(xca_ocsp_verdict verdict) {
    static const unsigned char all[][5] = {{0x30, 3, XCA_DER_ENUMERATED, 1, XCA_OCSP_MALFORMED},
                                           {0x30, 3, XCA_DER_ENUMERATED, 1, XCA_OCSP_INTERNAL},
                                           {0x30, 3, XCA_DER_ENUMERATED, 1, XCA_OCSP_TRY_LATER},
                                           {0x30, 3, XCA_DER_ENUMERATED, 1, XCA_OCSP_UNAUTHORIZED}};
    int i = verdict == XCA_OCSP_MALFORMED ? 0 : verdict == XCA_OCSP_TRY_LATER ? 2 : verdict == XCA_OCSP_UNAUTHORIZED ? 3 : 1;

    return (xca_bytes_t){all[i], sizeof(all[i])};
}
