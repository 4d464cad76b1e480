#include "crypto_sign.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include "crypto_openssl.h"
#include "tlv.h"

#define SEQUENCE  0x30
#define SET       0x31
#define INTEGER   0x02
#define OCTETS    0x04
#define NULLTAG   0x05
#define OID       0x06
#define CONTEXT_0 0xa0

fault_t *signer_sign(const signer_t *signer, const unsigned char digest[PIV_SHA256],
                     bytes_t *signature) {
    fault_t *fault = signer->sign(signer->baton, digest, signature);

    if (fault == NULL && !public_key_verifies_digest(signer->key, digest, bytes_view(signature))) {
        fault = fault_make(T_CARD_NOT_ITS_KEY, NULL, "the signature does not verify");
    }
    return fault;
}

static int is_rsa(const signer_t *signer) {
    return public_key_algorithm(signer->key) == PIV_RSA_2048 || EVP_PKEY_is_a(signer->key->pkey, "RSA");
}

/* The request without its signature: subject serialNumber = card number. */
static X509_REQ *unsigned_request(const char *card_number, const signer_t *signer) {
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    int done = request != NULL && name != NULL && algorithm != NULL &&
               X509_NAME_add_entry_by_NID(name, NID_serialNumber, V_ASN1_PRINTABLESTRING,
                                          (const unsigned char *)card_number, -1, -1, 0) == 1 &&
               X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
               X509_REQ_set_subject_name(request, name) == 1 &&
               X509_REQ_set_pubkey(request, signer->key->pkey) == 1;

    if (done) {
        if (is_rsa(signer)) {
            X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256WithRSAEncryption), V_ASN1_NULL, NULL);
        } else {
            X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL);
        }
        done = X509_REQ_set1_signature_algo(request, algorithm) == 1;
    }
    X509_ALGOR_free(algorithm);
    X509_NAME_free(name);
    if (!done) {
        X509_REQ_free(request);
        return NULL;
    }
    return request;
}

static int put_signature(X509_REQ *request, view_t signature) {
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    if (bits == NULL || ASN1_STRING_set(bits, signature.data, (int)signature.length) != 1) {
        ASN1_BIT_STRING_free(bits);
        return 0;
    }
    bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
    bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    X509_REQ_set0_signature(request, bits);
    return 1;
}

static fault_t *sign_request(bytes_t *der, X509_REQ *request, const signer_t *signer) {
    unsigned char digest[PIV_SHA256];
    unsigned char *data = NULL;
    bytes_t signature = {NULL, 0, 0};
    int length = i2d_re_X509_REQ_tbs(request, &data);
    view_t tbs = {data, length > 0 ? (size_t)length : 0};
    fault_t *fault = length > 0 ? crypto_sha256(digest, tbs) : crypto_fault("PKCS#10");

    OPENSSL_free(data);
    data = NULL;
    if (fault == NULL) {
        fault = signer_sign(signer, digest, &signature);
    }
    if (fault == NULL) {
        length = put_signature(request, bytes_view(&signature)) ? i2d_X509_REQ(request, &data) : -1;
        if (length > 0) {
            bytes_set(der, data, (size_t)length);
        } else {
            fault = crypto_fault("PKCS#10");
        }
        OPENSSL_free(data);
    }
    bytes_free(&signature);
    return fault;
}

fault_t *request_make(bytes_t *der, const char *card_number, const signer_t *signer) {
    X509_REQ *request = unsigned_request(card_number, signer);
    fault_t *fault =
        request != NULL ? sign_request(der, request, signer) : crypto_fault("PKCS#10");

    X509_REQ_free(request);
    return fault;
}

fault_t *request_pop(unsigned char mac[PIV_SHA256], const char *card_number,
                     const public_key_t *key, view_t shared) {
    view_t to_hash[2] = {{(const unsigned char *)"XCA-POP-1", 9}, {NULL, 0}};
    view_t pieces[3] = {{(const unsigned char *)card_number, strlen(card_number)},
                        {(const unsigned char *)"\n", 1},
                        {NULL, 0}};
    unsigned char hashed[PIV_SHA256];
    view_t mac_key = {hashed, sizeof(hashed)};
    bytes_t spki = {NULL, 0, 0};
    fault_t *fault;

    to_hash[1] = shared;
    fault = crypto_sha256_of(hashed, to_hash, 2);
    if (fault == NULL) {
        fault = public_key_spki(key, &spki);
    }
    if (fault == NULL) {
        pieces[2] = bytes_view(&spki);
        fault = crypto_hmac_sha256(mac, mac_key, pieces, 3);
    }
    wipe(hashed, sizeof(hashed));
    bytes_free(&spki);
    return fault;
}

/* DER of object identifiers. */
static const unsigned char oid_signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const unsigned char oid_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const unsigned char oid_content_type[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
static const unsigned char oid_message_digest[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04};
static const unsigned char oid_signing_time[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05};
static const unsigned char oid_encryption_key[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0b};
static const unsigned char oid_sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const unsigned char oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const unsigned char oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

static void put_algorithm(bytes_t *to, const unsigned char *oid, size_t length, int with_null) {
    size_t mark = tlv_open(to, SEQUENCE);

    tlv_put(to, OID, oid, length);
    if (with_null) {
        tlv_put(to, NULLTAG, NULL, 0);
    }
    tlv_close(to, mark);
}

static void put_attribute(bytes_t *to, const unsigned char *oid, size_t length, unsigned long tag,
                          const void *value, size_t value_length) {
    size_t mark = tlv_open(to, SEQUENCE), set;

    tlv_put(to, OID, oid, length);
    set = tlv_open(to, SET);
    tlv_put(to, tag, value, value_length);
    tlv_close(to, set);
    tlv_close(to, mark);
}

/* IssuerAndSerialNumber under a tag of its own or another. */
static fault_t *put_issuer_and_serial(bytes_t *to, unsigned long tag, X509 *x509) {
    unsigned char *name = NULL, *serial = NULL;
    int name_length = i2d_X509_NAME(X509_get_issuer_name(x509), &name);
    int serial_length = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
    size_t mark = tlv_open(to, tag);

    if (name_length > 0 && serial_length > 0) {
        bytes_add(to, name, (size_t)name_length);
        bytes_add(to, serial, (size_t)serial_length);
    }
    tlv_close(to, mark);
    OPENSSL_free(name);
    OPENSSL_free(serial);
    return name_length > 0 && serial_length > 0 ? NULL : crypto_fault("SignerIdentifier");
}

/* By which key the signer wants to be written to: [0] of the choice. */
static fault_t *put_encryption_key(bytes_t *to, const certificate_t *certificate) {
    bytes_t whole = {NULL, 0, 0};
    tlv_t tlv;
    view_t rest;
    fault_t *fault = put_issuer_and_serial(&whole, CONTEXT_0, certificate_x509(certificate));

    rest = bytes_view(&whole);
    if (fault == NULL && tlv_next(&tlv, &rest) == 1) {
        put_attribute(to, oid_encryption_key, sizeof(oid_encryption_key), CONTEXT_0, tlv.value.data, tlv.value.length);
    }
    bytes_free(&whole);
    return fault;
}

/* The signed attributes' contents in DER's order of a SET: shorter encodings first. UTCTime serves until 2049 (RFC 5652
 * section 11.3), GeneralizedTime from then on. */
static fault_t *signed_attributes(bytes_t *to, const unsigned char digest[PIV_SHA256], const signer_t *signer, time_t now) {
    ASN1_TIME *time = ASN1_TIME_set(NULL, now);

    if (time == NULL) {
        return crypto_fault("ASN1_TIME_set");
    }
    put_attribute(to, oid_content_type, sizeof(oid_content_type), OID, oid_data, sizeof(oid_data));
    put_attribute(to, oid_signing_time, sizeof(oid_signing_time),
                  (unsigned long)ASN1_STRING_type(time), ASN1_STRING_get0_data(time),
                  (size_t)ASN1_STRING_length(time));
    put_attribute(to, oid_message_digest, sizeof(oid_message_digest), OCTETS, digest, PIV_SHA256);
    ASN1_TIME_free(time);
    return signer->encryption != NULL ? put_encryption_key(to, signer->encryption) : NULL;
}

static fault_t *sign_attributes(bytes_t *signature, const bytes_t *attributes,
                                const signer_t *signer) {
    unsigned char digest[PIV_SHA256];
    bytes_t set = {NULL, 0, 0};
    fault_t *fault;

    tlv_put(&set, SET, attributes->data, attributes->length);
    fault = crypto_sha256(digest, bytes_view(&set));
    bytes_free(&set);
    return fault != NULL ? fault : signer_sign(signer, digest, signature);
}

static fault_t *put_signer_info(bytes_t *to, const unsigned char digest[PIV_SHA256],
                                const signer_t *signer, time_t now) {
    static const unsigned char version_1 = 1;
    bytes_t attributes = {NULL, 0, 0}, signature = {NULL, 0, 0};
    size_t mark = tlv_open(to, SEQUENCE);
    fault_t *fault = signed_attributes(&attributes, digest, signer, now);

    if (fault == NULL) {
        fault = sign_attributes(&signature, &attributes, signer);
    }
    tlv_put(to, INTEGER, &version_1, 1);
    if (fault == NULL) {
        fault = put_issuer_and_serial(to, SEQUENCE, certificate_x509(signer->certificate));
    }
    put_algorithm(to, oid_sha256, sizeof(oid_sha256), 0);
    tlv_put(to, CONTEXT_0, attributes.data, attributes.length);
    if (is_rsa(signer)) {
        put_algorithm(to, oid_rsa, sizeof(oid_rsa), 1);
    } else {
        put_algorithm(to, oid_ecdsa_sha256, sizeof(oid_ecdsa_sha256), 0);
    }
    tlv_put(to, OCTETS, signature.data, signature.length);
    tlv_close(to, mark);
    bytes_free(&attributes);
    bytes_free(&signature);
    return fault;
}

static void put_content(bytes_t *to, const view_t *content) {
    size_t mark = tlv_open(to, SEQUENCE), inner;

    tlv_put(to, OID, oid_data, sizeof(oid_data));
    if (content != NULL) {
        inner = tlv_open(to, CONTEXT_0);
        tlv_put(to, OCTETS, content->data, content->length);
        tlv_close(to, inner);
    }
    tlv_close(to, mark);
}

static fault_t *put_certificates(bytes_t *to, const signer_t *signer) {
    bytes_t more = {NULL, 0, 0};
    fault_t *fault = certificate_der(signer->certificate, to);

    if (fault == NULL && signer->encryption != NULL) {
        fault = certificate_der(signer->encryption, &more);
        bytes_add(to, more.data, more.length);
    }
    bytes_free(&more);
    return fault;
}

fault_t *cms_sign(bytes_t *der, const view_t *content, const unsigned char digest[PIV_SHA256],
                  const signer_t *signer, time_t now) {
    static const unsigned char version_1 = 1;
    bytes_t certificates = {NULL, 0, 0};
    size_t outer, wrapped, inner, set;
    fault_t *fault = put_certificates(&certificates, signer);

    der->length = 0;
    outer = tlv_open(der, SEQUENCE);
    tlv_put(der, OID, oid_signed_data, sizeof(oid_signed_data));
    wrapped = tlv_open(der, CONTEXT_0);
    inner = tlv_open(der, SEQUENCE);
    tlv_put(der, INTEGER, &version_1, 1);
    set = tlv_open(der, SET);
    put_algorithm(der, oid_sha256, sizeof(oid_sha256), 0);
    tlv_close(der, set);
    put_content(der, content);
    tlv_put(der, CONTEXT_0, certificates.data, certificates.length);
    set = tlv_open(der, SET);
    if (fault == NULL) {
        fault = put_signer_info(der, digest, signer, now);
    }
    tlv_close(der, set);
    tlv_close(der, inner);
    tlv_close(der, wrapped);
    tlv_close(der, outer);
    bytes_free(&certificates);
    return fault;
}
