#include "crypto_open.h"

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include "crypto_openssl.h"
#include "tlv.h"

#define SEQUENCE  0x30
#define SET       0x31
#define INTEGER   0x02
#define BITS      0x03
#define OCTETS    0x04
#define OID       0x06
#define CONTEXT_0 0xa0
#define CONTEXT_1 0xa1
#define CONTENT   0x80 /* [0] IMPLICIT OCTET STRING */

#define KEY       32   /* AES-256 */
#define GCM_TAG   16
#define GCM_NONCE 12
#define RSA_MOST  512
#define WRAPPED   (KEY + 8)

static const unsigned char oid_auth_enveloped[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
static const unsigned char oid_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const unsigned char oid_gcm[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e};
static const unsigned char oid_wrap[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d};
static const unsigned char oid_oaep[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07};
static const unsigned char oid_sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const unsigned char oid_ecdh_sha1[] = {0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x3f, 0x00, 0x02};
static const unsigned char oid_ecdh_sha256[] = {0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01};

/* ---- Reading ---- */

static fault_t *bad_form(const char *what) {
    return fault_make(T_ENVELOPE_FORM, NULL, "%s", what);
}

/* The next element, which has this tag. */
static int take(view_t *value, unsigned long tag, view_t *rest) {
    tlv_t tlv;

    if (tlv_next(&tlv, rest) != 1 || tlv.tag != tag) {
        return 0;
    }
    *value = tlv.value;
    return 1;
}

static int is(view_t value, const unsigned char *bytes, size_t length) {
    return value.length == length && memcmp(value.data, bytes, length) == 0;
}

#define IS(value, bytes) is(value, bytes, sizeof(bytes))

/* An AlgorithmIdentifier that stands next: its OID, and what follows it. */
static int take_algorithm(view_t *oid, view_t *parameters, view_t *rest) {
    return take(parameters, SEQUENCE, rest) && take(oid, OID, parameters);
}

static int is_version(view_t *rest, unsigned char version) {
    view_t value;

    return take(&value, INTEGER, rest) && value.length == 1 && value.data[0] == version;
}

static int take_issuer_and_serial(envelope_t *envelope, view_t *rest) {
    view_t both;
    tlv_t issuer;

    if (!take(&both, SEQUENCE, rest) || tlv_next(&issuer, &both) != 1 || issuer.tag != SEQUENCE) {
        return 0;
    }
    envelope->issuer = issuer.whole;
    return take(&envelope->serial, INTEGER, &both) && both.length == 0;
}

/* RSAES-OAEP-params (RFC 8017 appendix A.2.1) with SHA-256 in both places and no label. */
static int is_oaep_sha256(view_t parameters) {
    view_t fields, field, oid, rest, mgf;

    if (!tlv_only(&fields, SEQUENCE, parameters) || !take(&field, CONTEXT_0, &fields) || !take_algorithm(&oid, &rest, &field) ||
        !IS(oid, oid_sha256) || !take(&mgf, CONTEXT_1, &fields) || fields.length != 0) {
        return 0;
    }
    return take_algorithm(&oid, &rest, &mgf) && take_algorithm(&oid, &field, &rest) && IS(oid, oid_sha256);
}

/* KeyTransRecipientInfo (RFC 5652 section 6.2.1). */
static int read_transport(envelope_t *envelope, view_t info) {
    view_t oid, parameters;

    envelope->is_rsa = 1;
    return is_version(&info, 0) && take_issuer_and_serial(envelope, &info) && take_algorithm(&oid, &parameters, &info) &&
           IS(oid, oid_oaep) && is_oaep_sha256(parameters) && take(&envelope->encrypted_key, OCTETS, &info) &&
           info.length == 0 && envelope->encrypted_key.length <= RSA_MOST;
}

/* OriginatorPublicKey: the point behind a byte that counts unused bits. */
static int take_originator(envelope_t *envelope, view_t *rest) {
    view_t outer, key, oid, parameters, bits;

    if (!take(&outer, CONTEXT_0, rest) || !tlv_only(&key, CONTEXT_1, outer) || !take_algorithm(&oid, &parameters, &key) ||
        !take(&bits, BITS, &key) || key.length != 0 || bits.length < 2 || bits.data[0] != 0) {
        return 0;
    }
    envelope->point.data = bits.data + 1;
    envelope->point.length = bits.length - 1;
    return 1;
}

static int take_agreement(envelope_t *envelope, view_t *rest) {
    view_t oid, parameters;
    tlv_t wrap;

    if (!take_algorithm(&oid, &parameters, rest)) {
        return 0;
    }
    envelope->is_sha1 = IS(oid, oid_ecdh_sha1);
    if ((!envelope->is_sha1 && !IS(oid, oid_ecdh_sha256)) || tlv_next(&wrap, &parameters) != 1 || wrap.tag != SEQUENCE) {
        return 0;
    }
    envelope->wrap = wrap.whole;
    return take(&oid, OID, &wrap.value) && IS(oid, oid_wrap);
}

/* KeyAgreeRecipientInfo (section 6.2.2) for one recipient. */
static int read_agreement(envelope_t *envelope, view_t info) {
    view_t keys, key, look;
    tlv_t ukm;

    if (!is_version(&info, 3) || !take_originator(envelope, &info)) {
        return 0;
    }
    look = info;
    if (tlv_next(&ukm, &look) == 1 && ukm.tag == CONTEXT_1) {
        envelope->ukm = ukm.value;
        info = look;
    }
    return take_agreement(envelope, &info) && take(&keys, SEQUENCE, &info) && info.length == 0 && take(&key, SEQUENCE, &keys) &&
           keys.length == 0 && take_issuer_and_serial(envelope, &key) && take(&envelope->encrypted_key, OCTETS, &key) &&
           key.length == 0 && envelope->encrypted_key.length == WRAPPED;
}

static int read_recipient(envelope_t *envelope, view_t *rest) {
    view_t recipients;
    tlv_t info;

    if (!take(&recipients, SET, rest) || tlv_next(&info, &recipients) != 1 || recipients.length != 0) {
        return 0;
    }
    return info.tag == SEQUENCE    ? read_transport(envelope, info.value)
           : info.tag == CONTEXT_1 ? read_agreement(envelope, info.value)
                                   : 0;
}

/* GCMParameters (RFC 5084 section 3.2): the tag's length is said, since the default is another one. */
static int read_content(envelope_t *envelope, view_t *rest) {
    view_t info, oid, parameters, fields, length;

    if (!take(&info, SEQUENCE, rest) || !take(&oid, OID, &info) || !IS(oid, oid_data) || !take_algorithm(&oid, &parameters, &info) ||
        !IS(oid, oid_gcm) || !tlv_only(&fields, SEQUENCE, parameters) || !take(&envelope->nonce, OCTETS, &fields) ||
        !take(&length, INTEGER, &fields) || fields.length != 0) {
        return 0;
    }
    return length.length == 1 && length.data[0] == GCM_TAG && envelope->nonce.length == GCM_NONCE &&
           take(&envelope->content, CONTENT, &info) && info.length == 0 && take(&envelope->tag, OCTETS, rest) &&
           rest->length == 0 && envelope->tag.length == GCM_TAG;
}

fault_t *envelope_read(envelope_t *envelope, view_t der) {
    view_t info, oid, wrapped, data;

    memset(envelope, 0, sizeof(*envelope));
    if (der.length > ENVELOPE_MAX || !tlv_only(&info, SEQUENCE, der) || !take(&oid, OID, &info) || !IS(oid, oid_auth_enveloped) ||
        !tlv_only(&wrapped, CONTEXT_0, info) || !tlv_only(&data, SEQUENCE, wrapped) || !is_version(&data, 0)) {
        return bad_form("not AuthEnvelopedData");
    }
    if (!read_recipient(envelope, &data)) {
        return bad_form("recipient");
    }
    return read_content(envelope, &data) ? NULL : bad_form("content");
}

int envelope_is_for(const envelope_t *envelope, const certificate_t *certificate) {
    X509 *x509 = certificate_x509(certificate);
    unsigned char *name = NULL, *serial = NULL;
    int name_length = i2d_X509_NAME(X509_get_issuer_name(x509), &name);
    int serial_length = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
    view_t der = {serial, serial_length > 0 ? (size_t)serial_length : 0}, own;
    int same = name_length > 0 && tlv_only(&own, INTEGER, der) && is(envelope->issuer, name, (size_t)name_length) &&
               view_equal(envelope->serial, own) && envelope->is_rsa == EVP_PKEY_is_a(certificate->key->pkey, "RSA");

    OPENSSL_free(name);
    OPENSSL_free(serial);
    return same;
}

/* ---- Opening ---- */

/* MGF1 with SHA-256 (RFC 8017 appendix B.2.1), laid over `data`. */
static fault_t *mask(unsigned char *data, size_t length, view_t seed) {
    unsigned char digest[PIV_SHA256], counter[4] = {0, 0, 0, 0};
    view_t pieces[2] = {{NULL, 0}, {counter, sizeof(counter)}};
    fault_t *fault = NULL;
    size_t at, i;

    pieces[0] = seed;
    for (at = 0; fault == NULL && at < length; at += PIV_SHA256) {
        fault = crypto_sha256_of(digest, pieces, 2);
        for (i = 0; fault == NULL && i < PIV_SHA256 && at + i < length; i++) {
            data[at + i] ^= digest[i];
        }
        counter[3]++;
    }
    wipe(digest, sizeof(digest));
    return fault;
}

/* EME-OAEP decoding (RFC 8017 section 7.1.2 step 3), in place. Whoever sent the envelope learns nothing of where it failed: all that
 * goes wrong is one fault, behind a question that a person has answered. */
static fault_t *unpad(bytes_t *block, bytes_t *key) {
    unsigned char empty[PIV_SHA256];
    unsigned char *seed = block->data + 1, *db = block->data + 1 + PIV_SHA256;
    size_t length = block->length - 1 - PIV_SHA256, at = PIV_SHA256;
    view_t nothing = {NULL, 0}, masked = {db, length}, plain_seed = {seed, PIV_SHA256};
    fault_t *fault = crypto_sha256(empty, nothing);

    if (fault == NULL) {
        fault = mask(seed, PIV_SHA256, masked);
    }
    if (fault == NULL) {
        fault = mask(db, length, plain_seed);
    }
    if (fault != NULL) {
        return fault;
    }
    while (at < length && db[at] == 0) {
        at++;
    }
    if (block->data[0] != 0 || memcmp(db, empty, PIV_SHA256) != 0 || at == length || db[at] != 1 || length - at - 1 != KEY) {
        return bad_form("OAEP");
    }
    bytes_set(key, db + at + 1, KEY);
    return NULL;
}

static fault_t *key_by_rsa(const envelope_t *envelope, const opener_t *opener, bytes_t *key) {
    bytes_t block = {NULL, 0, 0};
    fault_t *fault = opener->decipher(opener->baton, envelope->encrypted_key, &block);

    if (fault == NULL && (block.length != envelope->encrypted_key.length || block.length < 2 * PIV_SHA256 + 2 + KEY)) {
        fault = bad_form("length of the RSA block");
    }
    if (fault == NULL) {
        fault = unpad(&block, key);
    }
    bytes_free(&block);
    return fault;
}

/* ECC-CMS-SharedInfo (RFC 5753 section 7.2): wrapping algorithm, user keying material, length of its key in bits. */
static void shared_info(bytes_t *info, const envelope_t *envelope) {
    static const unsigned char bits[4] = {0, 0, 1, 0};
    size_t outer = tlv_open(info, SEQUENCE), mark;

    bytes_add(info, envelope->wrap.data, envelope->wrap.length);
    if (envelope->ukm.length > 0) {
        mark = tlv_open(info, CONTEXT_0);
        bytes_add(info, envelope->ukm.data, envelope->ukm.length);
        tlv_close(info, mark);
    }
    mark = tlv_open(info, 0xa2);
    tlv_put(info, OCTETS, bits, sizeof(bits));
    tlv_close(info, mark);
    tlv_close(info, outer);
}

/* The ANSI X9.63 derivation that RFC 5753 names. */
static int derive(unsigned char kek[KEY], const bytes_t *shared, const bytes_t *info, int is_sha1) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_X963KDF, NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM parameters[4];
    int done;

    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(is_sha1 ? "SHA1" : "SHA256"), 0);
    parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, shared->data, shared->length);
    parameters[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->data, info->length);
    parameters[3] = OSSL_PARAM_construct_end();
    done = context != NULL && EVP_KDF_derive(context, kek, KEY, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

/* RFC 3394. */
static int unwrap(bytes_t *key, const unsigned char kek[KEY], view_t wrapped) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char out[WRAPPED + 8];
    int length = 0, done;

    if (context != NULL) {
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    }
    done = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_wrap(), NULL, kek, NULL) == 1 &&
           EVP_DecryptUpdate(context, out, &length, wrapped.data, (int)wrapped.length) == 1 && length == KEY;
    if (done) {
        bytes_set(key, out, KEY);
    }
    wipe(out, sizeof(out));
    EVP_CIPHER_CTX_free(context);
    return done;
}

static fault_t *key_by_ecdh(const envelope_t *envelope, const opener_t *opener, bytes_t *key) {
    unsigned char kek[KEY];
    bytes_t shared = {NULL, 0, 0}, info = {NULL, 0, 0};
    fault_t *fault = opener->agree(opener->baton, envelope->point, &shared);

    shared_info(&info, envelope);
    if (fault == NULL && (!derive(kek, &shared, &info, envelope->is_sha1) || !unwrap(key, kek, envelope->encrypted_key))) {
        fault = bad_form("key wrap");
    }
    wipe(kek, sizeof(kek));
    bytes_free(&shared);
    bytes_free(&info);
    return fault;
}

static int decrypt(bytes_t *content, const envelope_t *envelope, const bytes_t *key) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char out[ENVELOPE_MAX], last[16];
    int length = 0, more = 0;
    int done = context != NULL && key->length == KEY && envelope->content.length <= sizeof(out) &&
               EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->data, envelope->nonce.data) == 1 &&
               EVP_DecryptUpdate(context, out, &length, envelope->content.data, (int)envelope->content.length) == 1 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, (void *)envelope->tag.data) == 1 &&
               EVP_DecryptFinal_ex(context, last, &more) == 1;

    if (done) {
        bytes_set(content, out, (size_t)length);
    }
    wipe(out, sizeof(out));
    EVP_CIPHER_CTX_free(context);
    return done;
}

fault_t *envelope_open(const envelope_t *envelope, const opener_t *opener, bytes_t *content) {
    bytes_t key = {NULL, 0, 0};
    fault_t *fault = envelope->is_rsa ? key_by_rsa(envelope, opener, &key) : key_by_ecdh(envelope, opener, &key);

    if (fault == NULL && !decrypt(content, envelope, &key)) {
        fault = bad_form("AES-GCM");
    }
    bytes_free(&key);
    ERR_clear_error();
    return fault;
}

/* ---- A key in a file ---- */

static fault_t *decipher_with_file(void *baton, view_t block, bytes_t *plain) {
    file_key_t *key = baton;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    unsigned char out[RSA_MOST];
    size_t length = sizeof(out);
    int done = context != NULL && EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
               EVP_PKEY_decrypt(context, out, &length, block.data, block.length) == 1;

    if (done) {
        bytes_set(plain, out, length);
    }
    wipe(out, sizeof(out));
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return done ? NULL : bad_form("RSA");
}

static fault_t *agree_with_file(void *baton, view_t point, bytes_t *shared) {
    file_key_t *key = baton;
    EVP_PKEY *other = EVP_PKEY_new();
    int done = other != NULL && EVP_PKEY_copy_parameters(other, key->pkey) == 1 &&
               EVP_PKEY_set1_encoded_public_key(other, point.data, point.length) == 1 && public_key_derive(key->pkey, other, shared);

    EVP_PKEY_free(other);
    ERR_clear_error();
    return done ? NULL : bad_form("ECDH");
}

opener_t file_key_opener(file_key_t *key) {
    opener_t opener = {decipher_with_file, agree_with_file, key};

    return opener;
}

const certificate_t *file_key_certificate(const file_key_t *key) {
    return key->certificate;
}
