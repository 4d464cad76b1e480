#include "outside/crypto_ceremony.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "domain/calendar.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"
#include "outside/crypto_view.h"

#define ENTRIES_MAX 10000

static xca_error_t *refuse(apr_pool_t *pool, const char *message, const char *arg) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, message, "%s", arg);

    ERR_clear_error();
    err->arg = apr_pstrdup(pool, arg);
    return err;
}

/* As names are compared, RFC 5280 section 7.1; the directory finds the CA's entry by the settings' text. */
static xca_error_t *check_name(X509 *certificate, xca_bytes_t der, const char *dn, apr_pool_t *pool) {
    xca_bytes_t wanted;
    const unsigned char *at;
    X509_NAME *name;
    xca_cert_view_t *view;
    int same;
    xca_error_t *err = xca_tbs_name(&wanted, dn, pool);

    if (err != NULL) {
        return err;
    }
    at = wanted.data;
    name = d2i_X509_NAME(NULL, &at, (long)wanted.length);
    same = name != NULL && X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0;
    X509_NAME_free(name);
    if (same) {
        return NULL;
    }
    err = xca_cert_view(&view, der, pool);
    return err != NULL ? err : refuse(pool, "ca.install.name", view->subject);
}

/* The path, strictly, at `now`; revocation is the authority's above to tell. Gives OpenSSL's reason, or NULL. */
static const char *verify_path(X509 *certificate, X509 **chain, int chain_length, apr_time_t now, apr_pool_t *pool) {
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    const char *reason = "memory";
    int i, ready = store != NULL && context != NULL && between != NULL && X509_STORE_add_cert(store, chain[chain_length - 1]);

    for (i = 0; ready && i + 1 < chain_length; i++) {
        ready = sk_X509_push(between, chain[i]) > 0;
    }
    if (ready && X509_STORE_CTX_init(context, store, certificate, between)) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
        X509_VERIFY_PARAM_set_time(parameters, (time_t)apr_time_sec(now));
        reason = X509_verify_cert(context) == 1 ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return reason != NULL ? apr_pstrdup(pool, reason) : NULL;
}

xca_error_t *xca_ca_candidate_check(xca_bytes_t certificate, const xca_bytes_t *chain, int chain_length, const char *dn,
                                    apr_time_t now, apr_time_t needed_until, apr_pool_t *pool) {
    X509 *x509 = xca_openssl_x509(pool, certificate);
    X509 **above = apr_pcalloc(pool, sizeof(*above) * (apr_size_t)(chain_length + 1));
    apr_time_t until;
    const char *reason;
    xca_error_t *err;
    int i, readable = x509 != NULL && xca_openssl_time(&until, X509_get0_notAfter(x509));

    for (i = 0; i < chain_length; i++) {
        above[i] = xca_openssl_x509(pool, chain[i]);
        readable &= above[i] != NULL;
    }
    if (!readable) {
        return refuse(pool, "certificate.unreadable", "DER");
    }
    err = check_name(x509, certificate, dn, pool);
    if (err != NULL) {
        return err;
    }
    if (chain_length < 1 || X509_self_signed(above[chain_length - 1], 1) != 1) {
        return refuse(pool, "ca.install.no-root", "");
    }
    reason = verify_path(x509, above, chain_length, now, pool);
    if (reason != NULL) {
        return refuse(pool, "ca.install.chain", reason);
    }
    ERR_clear_error();
    return until < needed_until ? refuse(pool, "ca.install.too-short", xca_date_format(pool, until, XCA_DATE_RFC3339)) : NULL;
}

int xca_cert_same_key(xca_bytes_t a, xca_bytes_t b, apr_pool_t *pool) {
    X509 *one = xca_openssl_x509(pool, a), *other = xca_openssl_x509(pool, b);
    int same = one != NULL && other != NULL && EVP_PKEY_eq(X509_get0_pubkey(one), X509_get0_pubkey(other)) == 1;

    ERR_clear_error();
    return same;
}

static int take_entry(xca_crl_entry_t *entry, X509_REVOKED *revoked) {
    const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(revoked);
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
    long code = reason != NULL ? ASN1_ENUMERATED_get(reason) : 0;
    int length = ASN1_STRING_length(serial);

    ASN1_ENUMERATED_free(reason);
    if (length < 1 || length > XCA_SERIAL_MAX || code < 0 || code > 10 ||
        !xca_openssl_time(&entry->when, X509_REVOKED_get0_revocationDate(revoked))) {
        return 0;
    }
    memcpy(entry->serial, ASN1_STRING_get0_data(serial), (size_t)length);
    entry->serial_length = (unsigned char)length;
    entry->reason = (unsigned char)code;
    return 1;
}

xca_error_t *xca_crl_entries(apr_array_header_t **entries, xca_bytes_t der, apr_pool_t *pool) {
    const unsigned char *at = der.data;
    X509_CRL *crl = der.length <= LONG_MAX ? d2i_X509_CRL(NULL, &at, (long)der.length) : NULL;
    STACK_OF(X509_REVOKED) *all = crl != NULL ? X509_CRL_get_REVOKED(crl) : NULL;
    int count = all != NULL ? sk_X509_REVOKED_num(all) : 0, i;
    int readable = crl != NULL && count <= ENTRIES_MAX;

    *entries = apr_array_make(pool, count < 1 ? 1 : count, sizeof(xca_crl_entry_t));
    for (i = 0; readable && i < count; i++) {
        xca_crl_entry_t entry = {0};

        readable = take_entry(&entry, sk_X509_REVOKED_value(all, i));
        APR_ARRAY_PUSH(*entries, xca_crl_entry_t) = entry;
    }
    X509_CRL_free(crl);
    return readable ? NULL : xca_openssl_error(pool, XCA_E_INVALID, "crl.unreadable", "entries");
}
