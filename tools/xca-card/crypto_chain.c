/* Whom the helper believes: certificates up to the configured anchor. */
#include "crypto_certificate.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include "crypto_openssl.h"

static int add_anchors(X509_STORE *store, const char *path) {
    BIO *file = BIO_new_file(path, "r");
    X509 *anchor;
    int count = 0;

    while (file != NULL && (anchor = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, anchor) == 1;
        X509_free(anchor);
    }
    BIO_free(file);
    ERR_clear_error();
    return count;
}

/* The certificates of a PKCS#7 that has nothing else (RFC 2315 section 9). */
static int add_given(chain_t *chain, view_t pkcs7) {
    const unsigned char *at = pkcs7.data;
    PKCS7 *bag = pkcs7.length <= 0xffff ? d2i_PKCS7(NULL, &at, (long)pkcs7.length) : NULL;
    STACK_OF(X509) *all = bag != NULL && PKCS7_type_is_signed(bag) ? bag->d.sign->cert : NULL;
    int i, done = all != NULL;

    for (i = 0; i < sk_X509_num(all) && i < 16; i++) {
        X509 *one = sk_X509_value(all, i);

        if (X509_up_ref(one) && !sk_X509_push(chain->given, one)) {
            X509_free(one);
        }
    }
    PKCS7_free(bag);
    ERR_clear_error();
    return done;
}

fault_t *chain_open(chain_t **result, const char *anchors_file, view_t pkcs7) {
    chain_t *chain = calloc(1, sizeof(*chain));

    *result = NULL;
    if (chain == NULL) {
        abort();
    }
    chain->anchors = X509_STORE_new();
    chain->given = sk_X509_new_null();
    if (chain->anchors == NULL || chain->given == NULL) {
        abort();
    }
    if (add_anchors(chain->anchors, anchors_file) == 0) {
        chain_free(chain);
        return fault_make(T_CA_FILE, anchors_file, "no certificate");
    }
    if (pkcs7.length > 0 && !add_given(chain, pkcs7)) {
        chain_free(chain);
        return fault_make(T_PORTAL_NONSENSE, NULL, "chain");
    }
    *result = chain;
    return NULL;
}

void chain_free(chain_t *chain) {
    if (chain != NULL) {
        X509_STORE_free(chain->anchors);
        sk_X509_pop_free(chain->given, X509_free);
        X509_free(chain->issuer);
        free(chain);
    }
}

/* Verifies up to an anchor. Gives the error of X509_verify_cert(), and whose certificate stands right above. */
static int verify(const chain_t *chain, X509 *x509, time_t now, X509 **above) {
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *path;
    int error = X509_V_ERR_UNSPECIFIED;

    if (above != NULL) {
        *above = NULL;
    }
    if (context != NULL && X509_STORE_CTX_init(context, chain->anchors, x509, chain->given) == 1) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set_time(parameters, now);
        X509_verify_cert(context);
        error = X509_STORE_CTX_get_error(context);
        path = X509_STORE_CTX_get0_chain(context);
        if (error == X509_V_OK && above != NULL) {
            *above = sk_X509_value(path, sk_X509_num(path) > 1 ? 1 : 0);
            X509_up_ref(*above);
        }
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return error;
}

static int has_signed(X509 *ca, view_t text, view_t signature) {
    EVP_PKEY *pkey = X509_get_pubkey(ca);
    public_key_t *key = public_key_wrap(pkey);
    int right = key != NULL && public_key_verifies(key, text, signature);

    public_key_free(key);
    return right;
}

static int is_ca(X509 *x509) {
    return X509_check_ca(x509) == 1 && (X509_get_key_usage(x509) & KU_KEY_CERT_SIGN) != 0;
}

fault_t *chain_vouched(chain_t *chain, view_t text, view_t signature, time_t now) {
    STACK_OF(X509_OBJECT) *anchors = X509_STORE_get0_objects(chain->anchors);
    X509 *found = NULL;
    int i;

    for (i = 0; i < sk_X509_num(chain->given) && found == NULL; i++) {
        X509 *one = sk_X509_value(chain->given, i);

        if (is_ca(one) && has_signed(one, text, signature) && verify(chain, one, now, NULL) == X509_V_OK) {
            found = one;
        }
    }
    for (i = 0; i < sk_X509_OBJECT_num(anchors) && found == NULL; i++) {
        X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(anchors, i));

        if (one != NULL && is_ca(one) && has_signed(one, text, signature) &&
            verify(chain, one, now, NULL) == X509_V_OK) {
            found = one;
        }
    }
    if (found == NULL) {
        return fault_make(T_PORTAL_NOT_TRUSTED, NULL, "no CA of the chain has signed the sealing key");
    }
    X509_free(chain->issuer);
    X509_up_ref(found);
    chain->issuer = found;
    return NULL;
}

fault_t *chain_check(const chain_t *chain, const certificate_t *certificate, time_t now) {
    X509 *above = NULL;
    int error = verify(chain, certificate_x509(certificate), now, &above);
    /* The authority that vouches for the portal may have issued it with a key that it had before: both are of one name, which whoever
     * stands above them has certified. */
    int ours = error == X509_V_OK && above != NULL &&
               (chain->issuer == NULL || X509_NAME_cmp(X509_get_subject_name(above), X509_get_subject_name(chain->issuer)) == 0);

    X509_free(above);
    if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) {
        return fault_make(T_CERTIFICATE_EXPIRED, certificate->serial, "%s",
                          X509_verify_cert_error_string(error));
    }
    if (!ours) {
        return fault_make(T_CERTIFICATE_NOT_OURS, certificate->serial, "%s",
                          X509_verify_cert_error_string(error));
    }
    return NULL;
}
