/* Certificates (DER, or PEM) as pages show them and the lint reads them. Nothing foreign may pass the lint. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto.h"
#include "outside/crypto_lint.h"
#include "outside/crypto_view.h"
#include "pem.h"

#define NOW apr_time_from_sec(1795496700)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const xca_profile_t profile = {.years = 5,
                                      .policy = "2.16.886.101.0.3.0",
                                      .subject_types = {NULL, "2.16.886.1.100.3.2.11"},
                                      .crl_url = "http://localhost/xca.crl",
                                      .ca_issuers_url = "http://localhost/chain.p7b"};

static const xca_cert_order_t order = {.serial = "4f00112233445566778899aabbccddee",
                                       .not_before = NOW,
                                       .not_after = NOW + 1000,
                                       .org_name = "x",
                                       .oid = "2.16.886.111.100000",
                                       .class = XCA_CLASS_SCHOOL,
                                       .email = "a@example.tw",
                                       .spki = {(const unsigned char *)"", 0}};

/* A copy that lives as long as the program. */
static xca_bytes_t keep(xca_bytes_t der) {
    unsigned char *copy = malloc(der.length);

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, der.data, der.length);
    return (xca_bytes_t){copy, der.length};
}

static xca_bytes_t make_issuer(void) {
    apr_pool_t *pool;
    xca_key_t *key;
    xca_bytes_t none = {NULL, 0}, issuer;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (xca_key_make(&key, "ec:P-256", pool) != NULL ||
        xca_setup_certificate(&issuer, XCA_SETUP_ROOT, "CN=a,C=TW", NULL, NULL, key, NULL, none, NOW,
                              NOW + apr_time_from_sec(86400), pool) != NULL) {
        abort();
    }
    issuer = keep(issuer);
    apr_pool_destroy(pool);
    return issuer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static xca_bytes_t issuer;
    xca_cert_view_t *view;
    xca_crl_view_t list;
    xca_bytes_t der;
    apr_pool_t *pool;

    if (issuer.data == NULL) {
        issuer = make_issuer();
    }
    apr_pool_create(&pool, NULL);
    der = read_pem(data, size, pool);
    if (xca_cert_view(&view, der, pool) == NULL &&
        (!xca_text_valid(view->subject, strlen(view->subject), 0) || view->serial == NULL)) {
        abort();
    }
    if (xca_crl_view(&list, der, issuer, pool) == NULL) {
        abort(); /* signed by a key that nobody has */
    }
    if (xca_lint_certificate(der, &order, &profile, issuer, pool) == NULL) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
