/* Error messages of CMP (RFC 4210 section 5.3.21): OpenSSL 3.0 lets a server say no more in them than "badRequest". */
#include <apr_strings.h>
#include <openssl/cmp.h>
#include <openssl/crmf.h>
#include <openssl/err.h>
#include "outside/crypto_cmp.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

#define MAC_ROUNDS 10000 /* of ours */
#define MAC_SALT   16

/* How a message of ours is protected: by the secret, by our key, or not at all. */
typedef struct {
    const xca_cmp_exchange_t *ours;
    OSSL_CRMF_PBMPARAMETER *mac; /* NULL: no secret */
} protection_t;

static apr_status_t free_parameters(void *parameters) {
    OSSL_CRMF_PBMPARAMETER_free(parameters);
    return APR_SUCCESS;
}

static xca_error_t *choose_protection(protection_t *protection, const xca_cmp_exchange_t *ours, apr_pool_t *pool) {
    protection->ours = ours;
    protection->mac = NULL;
    if (ours->secret == NULL) {
        return NULL;
    }
    protection->mac = OSSL_CRMF_pbmp_new(NULL, MAC_SALT, NID_sha256, MAC_ROUNDS, NID_hmacWithSHA256);
    if (protection->mac == NULL) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.der", "parameters of a MAC");
    }
    apr_pool_cleanup_register(pool, protection->mac, free_parameters, apr_pool_cleanup_null);
    return NULL;
}

static void put_tagged_octets(xca_der_t *der, int number, xca_bytes_t bytes) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | number);
    xca_der_put(der, XCA_DER_OCTET_STRING, bytes.data, bytes.length);
    xca_der_close(der);
}

static void put_directory_name(xca_der_t *der, xca_bytes_t name) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 4);
    xca_der_put_raw(der, name);
    xca_der_close(der);
}

/* The subject of a certificate, an empty name if there is none. */
static xca_bytes_t subject_of(xca_bytes_t certificate, apr_pool_t *pool) {
    static const unsigned char nobody[] = {XCA_DER_SEQUENCE, 0};
    X509 *read = certificate.length > 0 ? xca_openssl_x509(pool, certificate) : NULL;
    const unsigned char *data;
    size_t length;

    if (read != NULL && X509_NAME_get0_der(X509_get_subject_name(read), &data, &length)) {
        return (xca_bytes_t){data, length};
    }
    return (xca_bytes_t){nobody, sizeof(nobody)};
}

static void put_time(xca_der_t *der, apr_time_t now) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_generalized_time(der, now);
    xca_der_close(der);
}

/* protectionAlg and senderKID. */
static void put_own_key(xca_der_t *der, const xca_cmp_exchange_t *ours, apr_pool_t *pool) {
    X509 *own = xca_openssl_x509(pool, ours->certificate);
    const ASN1_OCTET_STRING *key_id = own != NULL ? X509_get0_subject_key_id(own) : NULL;

    xca_der_open(der, XCA_DER_CONSTRUCTED | 1);
    xca_tbs_put_algorithm(der, ours->key);
    xca_der_close(der);
    if (key_id != NULL) {
        put_tagged_octets(der, 2, (xca_bytes_t){ASN1_STRING_get0_data(key_id), (apr_size_t)ASN1_STRING_length(key_id)});
    }
}

static void put_mac(xca_der_t *der, const OSSL_CRMF_PBMPARAMETER *mac, xca_bytes_t reference) {
    unsigned char *parameters = NULL;
    int length = i2d_OSSL_CRMF_PBMPARAMETER(mac, &parameters);

    xca_der_open(der, XCA_DER_CONSTRUCTED | 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.113533.7.66.13");
    xca_der_put_raw(der, (xca_bytes_t){parameters, length > 0 ? (apr_size_t)length : 0});
    xca_der_close(der);
    xca_der_close(der);
    put_tagged_octets(der, 2, reference);
    OPENSSL_free(parameters);
}

static xca_error_t *put_header(xca_der_t *der, const xca_cmp_message_t *message, const protection_t *protection, apr_time_t now,
                               apr_pool_t *pool) {
    const xca_cmp_exchange_t *ours = protection->ours;
    unsigned char nonce[16];
    xca_error_t *err = xca_random(nonce, sizeof(nonce), pool);

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, 2);
    put_directory_name(der, subject_of(ours->certificate, pool));
    put_directory_name(der, message->sender);
    put_time(der, now);
    if (protection->mac != NULL) {
        put_mac(der, protection->mac, message->reference);
    } else if (ours->certificate.length > 0) {
        put_own_key(der, ours, pool);
    }
    put_tagged_octets(der, 4, message->transaction);
    put_tagged_octets(der, 5, (xca_bytes_t){nonce, sizeof(nonce)});
    put_tagged_octets(der, 6, message->sender_nonce);
    xca_der_close(der);
    return err;
}

/* ErrorMsgContent [23]: PKIStatusInfo { rejection, statusString, failInfo }. The BIT STRING ends with its last bit that is set. */
static void put_error(xca_der_t *der, xca_cmp_failure failure, const char *text) {
    unsigned char bits[5] = {0};
    int last = (int)failure / 8;

    bits[0] = (unsigned char)(7 - (int)failure % 8);
    bits[1 + last] = (unsigned char)(0x80 >> ((int)failure % 8));
    xca_der_open(der, XCA_DER_CONSTRUCTED | XCA_CMP_ERROR);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, OSSL_CMP_PKISTATUS_rejection);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_text(der, XCA_DER_UTF8, text);
    xca_der_close(der);
    xca_der_put(der, XCA_DER_BIT_STRING, bits, (apr_size_t)last + 2);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
}

static xca_error_t *mac_of(xca_bytes_t *result, xca_bytes_t part, const protection_t *protection, apr_pool_t *pool) {
    const xca_secret_t *secret = protection->ours->secret;
    unsigned char *mac = NULL;
    size_t length;

    if (!OSSL_CRMF_pbm_new(NULL, NULL, protection->mac, part.data, part.length, secret->bytes, secret->length, &mac, &length)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.der", "MAC of a message");
    }
    *result = (xca_bytes_t){apr_pmemdup(pool, mac, length), length};
    OPENSSL_free(mac);
    return NULL;
}

static void put_chain(xca_der_t *der, const xca_cmp_exchange_t *ours) {
    int i;

    xca_der_open(der, XCA_DER_CONSTRUCTED | 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, ours->certificate);
    for (i = 0; i < ours->chain->nelts; i++) {
        xca_der_put_raw(der, APR_ARRAY_IDX(ours->chain, i, xca_bytes_t));
    }
    xca_der_close(der);
    xca_der_close(der);
}

static xca_error_t *put_protection(xca_der_t *der, xca_bytes_t header_and_body, const protection_t *protection, apr_pool_t *pool) {
    xca_der_t *part = xca_der_make(pool);
    xca_bytes_t protected_part, value;
    xca_error_t *err;

    if (protection->mac == NULL && protection->ours->certificate.length == 0) {
        return NULL;
    }
    xca_der_open(part, XCA_DER_SEQUENCE);
    xca_der_put_raw(part, header_and_body);
    xca_der_close(part);
    err = xca_der_finish(&protected_part, part, pool);
    if (err == NULL) {
        err = protection->mac != NULL ? mac_of(&value, protected_part, protection, pool)
                                      : xca_tbs_signature(&value, protected_part, protection->ours->key, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_bits(der, value);
    xca_der_close(der);
    if (protection->mac == NULL) {
        put_chain(der, protection->ours);
    }
    return NULL;
}

xca_error_t *xca_cmp_refuse(xca_bytes_t *answer, const xca_cmp_message_t *message, const xca_cmp_exchange_t *ours, xca_cmp_failure failure,
                            const char *text, apr_time_t now, apr_pool_t *pool) {
    xca_der_t *parts = xca_der_make(pool), *der = xca_der_make(pool);
    protection_t protection;
    xca_bytes_t header_and_body;
    xca_error_t *err = choose_protection(&protection, ours, pool);

    if (err == NULL) {
        err = put_header(parts, message, &protection, now, pool);
    }
    put_error(parts, failure, text);
    if (err == NULL) {
        err = xca_der_finish(&header_and_body, parts, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, header_and_body);
    err = put_protection(der, header_and_body, &protection, pool);
    xca_der_close(der);
    return err != NULL ? err : xca_der_finish(answer, der, pool);
}
