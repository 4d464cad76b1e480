#include "outside/crypto_crmf.h"

#include <apr_strings.h>
#include <openssl/crmf.h>
#include <openssl/err.h>
#include "outside/crypto_openssl.h"

#define NESTING_MAX 32

/* CertTemplate (section 5): fields are told by their tags, [n] IMPLICIT, names EXPLICIT. */
#define SUBJECT    (XCA_DER_CONSTRUCTED | 5)
#define PUBLIC_KEY (XCA_DER_CONSTRUCTED | 6)
#define EXTENSIONS (XCA_DER_CONSTRUCTED | 9)

/* POPOSigningKey: poposkInput [0] OPTIONAL, algorithmIdentifier, signature. */
#define SIGNATURE    (XCA_DER_CONSTRUCTED | 1)

/* A number and a CertTemplate, all of whose fields are tagged: PKCS#10 has a Name there, OCSP no number. */
int xca_crmf_is(xca_bytes_t der) {
    xca_der_at_t at = xca_der_at(der);
    xca_der_item_t outer, request, number, template, field;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer)) {
        return 0;
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &request)) {
        return 0;
    }
    at = xca_der_at(request.content);
    if (!xca_der_take(&at, XCA_DER_INTEGER, &number) || !xca_der_take(&at, XCA_DER_SEQUENCE, &template)) {
        return 0;
    }
    at = xca_der_at(template.content);
    return xca_der_next(&at, &field) && (field.tag & 0xc0) == XCA_DER_CONTEXT;
}

/* The template, and the proof behind the request (tag 0: none). */
static int open_message(xca_der_item_t *template, xca_der_item_t *proof, xca_bytes_t der) {
    xca_der_at_t at = xca_der_at(der);
    xca_der_item_t outer, request, number, rest;

    proof->tag = 0;
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &request) || (!xca_der_ended(&at) && !xca_der_next(&at, proof)) ||
        (!xca_der_ended(&at) && !xca_der_take(&at, XCA_DER_SEQUENCE, &rest)) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(request.content);
    return xca_der_take(&at, XCA_DER_INTEGER, &number) && xca_der_take(&at, XCA_DER_SEQUENCE, template) &&
           (xca_der_ended(&at) || xca_der_take(&at, XCA_DER_SEQUENCE, &rest)) && xca_der_ended(&at);
}

/* A field of the template; 0 if it is not there. */
static int find(xca_der_item_t *field, const xca_der_item_t *template, int tag) {
    xca_der_at_t at = xca_der_at(template->content);

    while (xca_der_next(&at, field)) {
        if (field->tag == tag) {
            return 1;
        }
    }
    return 0;
}

/* With subject and key in the template the signature is over the request itself: no poposkInput (section 4.1). */
static int open_proof(xca_csr_parts_t *parts, const xca_der_item_t *proof) {
    xca_der_at_t at = xca_der_at(proof->content);
    xca_der_item_t algorithm, signature;

    if (proof->tag != SIGNATURE || !xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm) ||
        !xca_der_take(&at, XCA_DER_BIT_STRING, &signature) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(algorithm.content);
    parts->signature_parameters.tag = 0;
    return xca_der_take(&at, XCA_DER_OID, &parts->signature_algorithm) &&
           (xca_der_ended(&at) || (xca_der_next(&at, &parts->signature_parameters) && xca_der_ended(&at)));
}

/* [n] IMPLICIT of a SEQUENCE as that SEQUENCE. */
static xca_bytes_t as_sequence(const xca_der_item_t *field, apr_pool_t *pool) {
    unsigned char *copy = apr_pmemdup(pool, field->whole.data, field->whole.length);

    copy[0] = XCA_DER_SEQUENCE;
    return (xca_bytes_t){copy, field->whole.length};
}

xca_error_t *xca_crmf_take_apart(xca_csr_parts_t *parts, xca_bytes_t der, apr_pool_t *pool) {
    xca_der_item_t template, proof, subject, key;

    if (!xca_der_well_formed(der, NESTING_MAX) || !open_message(&template, &proof, der)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    if (!find(&subject, &template, SUBJECT) || !find(&key, &template, PUBLIC_KEY)) {
        return xca_csr_refuse(pool, "crmf.template", NULL);
    }
    if (!open_proof(parts, &proof)) {
        return xca_csr_refuse(pool, "crmf.proof", NULL);
    }
    return xca_csr_take_key(parts, as_sequence(&key, pool), pool);
}

xca_error_t *xca_crmf_check_proof(xca_bytes_t der, apr_pool_t *pool) {
    xca_der_t *list = xca_der_make(pool);
    OSSL_CRMF_MSGS *messages;
    const unsigned char *at;
    xca_bytes_t whole;
    int verified, read;
    xca_error_t *err;

    xca_der_open(list, XCA_DER_SEQUENCE);
    xca_der_put_raw(list, der);
    xca_der_close(list);
    err = xca_der_finish(&whole, list, pool);
    if (err != NULL) {
        return err;
    }
    at = whole.data;
    messages = d2i_OSSL_CRMF_MSGS(NULL, &at, (long)whole.length);
    read = messages != NULL && at == whole.data + whole.length;
    verified = read && OSSL_CRMF_MSGS_verify_popo(messages, 0, 0, NULL, NULL) == 1;
    OSSL_CRMF_MSGS_free(messages);
    ERR_clear_error();
    if (verified) {
        return NULL;
    }
    return xca_csr_refuse(pool, read ? "csr.bad-signature" : "csr.malformed", NULL);
}

static GENERAL_NAMES *names_of(const xca_der_item_t *extensions) {
    unsigned char *copy = OPENSSL_memdup(extensions->whole.data, extensions->whole.length);
    const unsigned char *at = copy;
    X509_EXTENSIONS *read = NULL;
    GENERAL_NAMES *names = NULL;

    if (copy != NULL) {
        copy[0] = XCA_DER_SEQUENCE;
        read = d2i_X509_EXTENSIONS(NULL, &at, (long)extensions->whole.length);
    }
    if (read != NULL) {
        names = X509V3_get_d2i(read, NID_subject_alt_name, NULL, NULL);
    }
    sk_X509_EXTENSION_pop_free(read, X509_EXTENSION_free);
    OPENSSL_free(copy);
    return names;
}

int xca_crmf_names(X509_NAME **subject, GENERAL_NAMES **alternatives, xca_bytes_t der) {
    xca_der_item_t template, proof, name, extensions;
    const unsigned char *at;

    *subject = NULL;
    *alternatives = NULL;
    if (!open_message(&template, &proof, der) || !find(&name, &template, SUBJECT)) {
        return 0;
    }
    at = name.content.data;
    *subject = d2i_X509_NAME(NULL, &at, (long)name.content.length);
    if (*subject != NULL && find(&extensions, &template, EXTENSIONS)) {
        *alternatives = names_of(&extensions);
    }
    return *subject != NULL;
}
