/* CMS for one recipient: what the signer has to tell an officer, and nobody between them. */
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "outside/crypto_cms.h"
#include "outside/crypto_openssl.h"

static apr_status_t free_cms(void *cms) {
    CMS_ContentInfo_free(cms);
    return APR_SUCCESS;
}

static CMS_ContentInfo *keep(apr_pool_t *pool, CMS_ContentInfo *cms) {
    if (cms != NULL) {
        apr_pool_cleanup_register(pool, cms, free_cms, apr_pool_cleanup_null);
    }
    return cms;
}

/* PKCS#1 v1.5 encryption is OpenSSL's default for RSA; this is OAEP. */
static int add_recipient(CMS_ContentInfo *cms, X509 *certificate) {
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
    EVP_PKEY_CTX *context;

    if (recipient == NULL) {
        return 0;
    }
    context = recipient != NULL ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;
    if (EVP_PKEY_is_a(X509_get0_pubkey(certificate), "RSA") != 1) { /* SHA-1 is OpenSSL's default for the key derivation */
        return context != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
    }
    return context != NULL && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

xca_error_t *xca_cms_envelop(xca_bytes_t *cms, const void *content, apr_size_t length, xca_bytes_t certificate,
                             apr_pool_t *pool) {
    unsigned int flags = CMS_BINARY | CMS_PARTIAL;
    X509 *x509 = xca_openssl_x509(pool, certificate);
    BIO *out = xca_openssl_keep_bio(pool, BIO_new(BIO_s_mem()));
    BIO *data = NULL;
    CMS_ContentInfo *envelope = NULL;

    ERR_clear_error();
    if (length <= XCA_CMS_MAX / 2) {
        data = xca_openssl_keep_bio(pool, BIO_new_mem_buf(content, (int)length));
        envelope = keep(pool, CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags));
    }
    if (x509 == NULL || out == NULL || data == NULL || envelope == NULL || !add_recipient(envelope, x509) ||
        CMS_final(envelope, data, NULL, flags) != 1 || i2d_CMS_bio(out, envelope) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.seal", "AuthEnvelopedData");
    }
    *cms = xca_openssl_bio_bytes(pool, out);
    return NULL;
}

xca_error_t *xca_cms_envelope_open(xca_secret_t **content, xca_bytes_t cms, const xca_key_t *key,
                                   xca_bytes_t certificate, apr_pool_t *pool) {
    const unsigned char *at = cms.data;
    X509 *x509 = xca_openssl_x509(pool, certificate);
    BIO *out = xca_openssl_keep_bio(pool, BIO_new(BIO_s_secmem()));
    CMS_ContentInfo *envelope = NULL;
    char *text;
    long length;

    ERR_clear_error();
    if (cms.length > 0 && cms.length <= XCA_CMS_MAX) {
        envelope = keep(pool, d2i_CMS_ContentInfo(NULL, &at, (long)cms.length));
    }
    if (envelope == NULL || at != cms.data + cms.length || x509 == NULL || out == NULL ||
        OBJ_obj2nid(CMS_get0_type(envelope)) != NID_id_smime_ct_authEnvelopedData) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.malformed", "not AuthEnvelopedData");
    }
    if (CMS_decrypt(envelope, key->pkey, x509, NULL, out, CMS_BINARY) != 1) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.not-for-key", NULL);
    }
    length = BIO_get_mem_data(out, &text);
    *content = xca_secret_make(pool, text, (apr_size_t)length);
    return NULL;
}
