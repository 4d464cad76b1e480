/* Officers' signatures: read, and verified as those of an officer who has signed nothing, so that none
 * may be accepted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto_ca.h"
#include "outside/crypto_cms.h"

#define NOW   apr_time_from_sec(1795496700)
#define LIMIT 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct officer {
    xca_bytes_t anchor, certificate;
} officer_t;

/* A copy that lives as long as the program. */
static xca_bytes_t keep(xca_bytes_t der) {
    unsigned char *copy = malloc(der.length);

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, der.data, der.length);
    return (xca_bytes_t){copy, der.length};
}

static officer_t make_officer(void) {
    apr_pool_t *pool;
    xca_key_t *anchor_key, *key;
    xca_bytes_t none = {NULL, 0};
    officer_t officer;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (xca_key_make(&anchor_key, "ec:P-256", pool) != NULL ||
        xca_key_make(&key, "ec:P-256", pool) != NULL ||
        xca_setup_certificate(&officer.anchor, XCA_SETUP_ROOT, "CN=anchor,C=TW", NULL, NULL, anchor_key,
                              NULL, none, NOW, NOW + apr_time_from_sec(86400), pool) != NULL ||
        xca_setup_certificate(&officer.certificate, XCA_SETUP_OFFICER, "CN=officer,C=TW", NULL, NULL, key,
                              anchor_key, officer.anchor, NOW, NOW + apr_time_from_sec(86400),
                              pool) != NULL) {
        abort();
    }
    officer.anchor = keep(officer.anchor);
    officer.certificate = keep(officer.certificate);
    apr_pool_destroy(pool);
    return officer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static officer_t officer;
    xca_bytes_t cms = {data, size};
    const char *content;
    apr_size_t length;
    xca_bytes_t certificate;
    apr_pool_t *pool;

    if (officer.anchor.data == NULL) {
        officer = make_officer();
    }
    apr_pool_create(&pool, NULL);
    if (xca_cms_content(&content, &length, cms, LIMIT, pool) == NULL && length > LIMIT) {
        abort();
    }
    if (xca_cms_certificate(&certificate, cms, LIMIT, pool) == NULL && certificate.length == 0) {
        abort();
    }
    if (xca_cms_verify(&content, &length, cms, officer.certificate, officer.anchor, NOW, LIMIT,
                       pool) == NULL) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
