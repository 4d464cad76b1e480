/* Set-up certificates: the demo's root, its subordinate CA, officers, the TLS server. */
#include <string.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <openssl/x509v3.h>
#include "outside/crypto_audit.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

/* What a kind of set-up certificate says. */
static const struct setup_rule {
    int is_ca;
    int path_length; /* -1: none */
    int key_usage;
    const char *ext_key_usage[3];
    int for_the_audit_log;
} rules[] = {
    {1, -1, XCA_KU_KEY_CERT_SIGN | XCA_KU_CRL_SIGN, {NULL}, 0},                         /* root */
    {1, 0, XCA_KU_KEY_CERT_SIGN | XCA_KU_CRL_SIGN, {NULL}, 0},                          /* CA */
    {0, -1, XCA_KU_DIGITAL_SIGNATURE, {"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"}, 0}, /* officer */
    {0, -1, XCA_KU_DIGITAL_SIGNATURE, {"1.3.6.1.5.5.7.3.1"}, 0},                       /* TLS */
    {0, -1, XCA_KU_DIGITAL_SIGNATURE | XCA_KU_NON_REPUDIATION, {NULL}, 1}};            /* audit */

typedef struct setup_issuer {
    xca_bytes_t name, key_id;
} setup_issuer_t;

/* Four bytes of an IPv4 address, 0 if `name` is none. */
static int read_ipv4(unsigned char address[4], const char *name) {
    int part;

    for (part = 0; part < 4; part++) {
        char *end;
        long value = strtol(name, &end, 10);

        if (*name < '0' || *name > '9' || value > 255 || *end != (part < 3 ? '.' : '\0')) {
            return 0;
        }
        address[part] = (unsigned char)value;
        name = end + 1;
    }
    return 1;
}

static void put_host_names(xca_der_t *der, const char *names, apr_pool_t *pool) {
    char *rest = apr_pstrdup(pool, names);
    char *name, *state = NULL;

    xca_tbs_extension_open(der, "2.5.29.17", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    for (name = apr_strtok(rest, ", ", &state); name != NULL;
         name = apr_strtok(NULL, ", ", &state)) {
        unsigned char address[4];

        if (read_ipv4(address, name)) {
            xca_der_put(der, XCA_DER_CONTEXT | 7, address, sizeof(address));
        } else {
            xca_der_put_text(der, XCA_DER_CONTEXT | 2, name);
        }
    }
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

/* Critical, so that nobody else takes the key for anything. The arc is too large for xca_der_put_oid(). */
static void put_audit_usage(xca_der_t *der, apr_pool_t *pool) {
    ASN1_OBJECT *usage = OBJ_txt2obj(XCA_AUDIT_USAGE, 1);
    unsigned char *encoded = NULL;
    int length = usage != NULL ? i2d_ASN1_OBJECT(usage, &encoded) : 0;
    xca_bytes_t bytes = {NULL, 0};

    if (length > 0) {
        bytes.data = apr_pmemdup(pool, encoded, (apr_size_t)length);
        bytes.length = (apr_size_t)length;
    }
    OPENSSL_free(encoded);
    ASN1_OBJECT_free(usage);
    xca_tbs_extension_open(der, "2.5.29.37", 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, bytes);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

static void put_serial(xca_der_t *der, unsigned char serial[XCA_SERIAL_BYTES]) {
    /* Positive and of full length whatever was drawn. */
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
    xca_der_put_integer(der, serial, XCA_SERIAL_BYTES);
}

static xca_error_t *read_issuer(setup_issuer_t *result, xca_bytes_t issuer, const xca_key_t *key,
                                apr_pool_t *pool) {
    X509 *certificate = xca_openssl_x509(pool, issuer);
    const ASN1_OCTET_STRING *key_id =
        certificate != NULL ? X509_get0_subject_key_id(certificate) : NULL;
    size_t length;

    if (key_id == NULL || X509_check_ca(certificate) != 1 ||
        !X509_NAME_get0_der(X509_get_subject_name(certificate), &result->name.data, &length)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.not-a-ca", "issuer");
    }
    if (X509_check_private_key(certificate, key->pkey) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.mismatch", "issuer's key");
    }
    result->name.length = length;
    result->key_id.data = ASN1_STRING_get0_data(key_id);
    result->key_id.length = (apr_size_t)ASN1_STRING_length(key_id);
    return NULL;
}

static void put_extensions(xca_der_t *der, const struct setup_rule *rule, const char *dns_name,
                           const char *crl_url, const unsigned char *key_id,
                           xca_bytes_t issuer_key_id, apr_pool_t *pool) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 3);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_basic_constraints(der, rule->is_ca, rule->path_length);
    xca_tbs_put_key_usage(der, rule->key_usage);
    if (rule->ext_key_usage[0] != NULL) {
        xca_tbs_put_ext_key_usage(der, rule->ext_key_usage);
    }
    if (rule->for_the_audit_log) {
        put_audit_usage(der, pool);
    }
    if (dns_name != NULL) {
        put_host_names(der, dns_name, pool);
    }
    if (crl_url != NULL) {
        xca_tbs_put_crl_points(der, XCA_OID_CRL_POINTS, NULL, crl_url, NULL);
    }
    xca_tbs_put_key_ids(der, key_id, issuer_key_id);
    xca_der_close(der);
    xca_der_close(der);
}

xca_error_t *xca_setup_certificate(xca_bytes_t *result, xca_setup_kind kind, const char *subject,
                                   const char *dns_name, const char *crl_url,
                                   const xca_key_t *key, const xca_key_t *issuer_key,
                                   xca_bytes_t issuer, apr_time_t not_before, apr_time_t not_after,
                                   apr_pool_t *pool) {
    int is_root = kind == XCA_SETUP_ROOT;
    unsigned char serial[XCA_SERIAL_BYTES], key_id[XCA_KEY_ID];
    xca_bytes_t name, spki, tbs;
    setup_issuer_t above;
    xca_der_t *der = xca_der_make(pool);
    xca_error_t *err = xca_random(serial, sizeof(serial), pool);

    if (err == NULL) {
        err = xca_tbs_name(&name, subject, pool);
    }
    if (err == NULL) {
        err = xca_key_spki(&spki, key, pool);
    }
    if (err == NULL) {
        err = xca_tbs_key_id(key_id, spki, pool);
    }
    if (err == NULL && !is_root) {
        err = read_issuer(&above, issuer, issuer_key, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (is_root) {
        crl_url = NULL;
        issuer_key = key;
        above.name = name;
        above.key_id = (xca_bytes_t){key_id, XCA_KEY_ID};
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_number(der, 2);
    xca_der_close(der);
    put_serial(der, serial);
    xca_tbs_put_algorithm(der, issuer_key);
    xca_der_put_raw(der, above.name);
    xca_tbs_put_validity(der, not_before, not_after);
    xca_der_put_raw(der, name);
    xca_der_put_raw(der, spki);
    put_extensions(der, &rules[kind], dns_name, crl_url, key_id, above.key_id, pool);
    xca_der_close(der);
    err = xca_der_finish(&tbs, der, pool);
    return err != NULL ? err : xca_tbs_sign(result, tbs, issuer_key, pool);
}
