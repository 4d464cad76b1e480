/* Whether a request is for the same as a certificate: what a renewal must be (RFC 7030 section 4.2.2). */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_crmf.h"
#include "outside/crypto_csr_parts.h"
#include "outside/crypto_openssl.h"

/* The subject alternative names of a request (RFC 2985 section 5.4.2), NULL if there are none. Freed by the caller. */
static GENERAL_NAMES *names_of_request(X509_REQ *request) {
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = extensions != NULL ? X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL) : NULL;

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return names;
}

static int holds(const GENERAL_NAMES *names, GENERAL_NAME *wanted) {
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A request without such names leaves them to the CA. */
static int alternatives_fit(const GENERAL_NAMES *asked, X509 *certificate) {
    GENERAL_NAMES *there = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int i, fit = 1;

    for (i = 0; fit && asked != NULL && i < sk_GENERAL_NAME_num(asked); i++) {
        fit = there != NULL && holds(there, sk_GENERAL_NAME_value(asked, i));
    }
    GENERAL_NAMES_free(there);
    return fit;
}

/* What a request names, in either form. Freed by the caller. */
static int names_of(X509_NAME **subject, GENERAL_NAMES **alternatives, xca_bytes_t request) {
    const unsigned char *at = request.data;
    X509_REQ *read;

    if (xca_crmf_is(request)) {
        return xca_crmf_names(subject, alternatives, request);
    }
    read = d2i_X509_REQ(NULL, &at, (long)request.length);
    *subject = read != NULL ? X509_NAME_dup(X509_REQ_get_subject_name(read)) : NULL;
    *alternatives = read != NULL ? names_of_request(read) : NULL;
    X509_REQ_free(read);
    return *subject != NULL;
}

xca_error_t *xca_csr_names(xca_bytes_t request, xca_bytes_t certificate, apr_pool_t *pool) {
    X509 *there = xca_openssl_x509(pool, certificate);
    X509_NAME *subject;
    GENERAL_NAMES *alternatives;
    int fit = names_of(&subject, &alternatives, request) && there != NULL &&
              X509_NAME_cmp(subject, X509_get_subject_name(there)) == 0 && alternatives_fit(alternatives, there);

    X509_NAME_free(subject);
    GENERAL_NAMES_free(alternatives);
    ERR_clear_error();
    return fit ? NULL : xca_csr_refuse(pool, "csr.other-names", NULL);
}
