/* What the tests of keys, certificates and lists share: a pool for each test, a folder for files that the
 * openssl command reads, and a small authority. Included once by each test program. */
#ifndef TESTS_UNIT_CRYPTO_FIXTURE_H
#define TESTS_UNIT_CRYPTO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "base/settings.h"
#include "outside/crypto_ca.h"
#include "outside/crypto_view.h"

static apr_pool_t *test_pool;
static char test_folder[64];

/* 2026-11-24 05:05:00 UTC */
#define TEST_NOW apr_time_from_sec(1795496700)
#define TEST_DAY apr_time_from_sec(86400)

static int open_pool(void **state) {
    apr_initialize();
    strcpy(test_folder, "/tmp/xca-unit-XXXXXX");
    return apr_pool_create(&test_pool, NULL) != APR_SUCCESS || mkdtemp(test_folder) == NULL;
}

static int close_pool(void **state) {
    char command[128];

    apr_pool_destroy(test_pool);
    apr_terminate();
    snprintf(command, sizeof(command), "rm -rf '%s'", test_folder);
    return system(command);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_pool, close_pool)

static inline const char *message_of(const xca_error_t *err) {
    return err != NULL ? err->message : "";
}

/* Shows what the error says if there is one. */
static inline void assert_fine(const xca_error_t *err) {
    if (err != NULL) {
        print_error("%s: %s\n", err->message, err->detail != NULL ? err->detail : "");
    }
    assert_null(err);
}

/* Whether the lint's findings have this one; each has its clause. */
static inline int has_finding(const xca_error_t *err, const char *message) {
    for (; err != NULL; err = err->next) {
        if (strcmp(err->message, message) == 0) {
            assert_int_equal(err->kind, XCA_E_INTERNAL);
            assert_non_null(err->detail);
            return 1;
        }
    }
    return 0;
}

static inline const char *test_path(const char *name) {
    return apr_pstrcat(test_pool, test_folder, "/", name, NULL);
}

static inline const char *write_file(const char *name, const void *data, size_t length) {
    const char *path = test_path(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Runs a command line in the test's folder; its exit code, its output in *output if wanted. */
static inline int run(const char **output, const char *command) {
    const char *line = apr_pstrcat(test_pool, "cd ", test_folder, " && { ", command, "; } 2>&1", NULL);
    char *text = apr_pcalloc(test_pool, 65536);
    FILE *pipe = popen(line, "r");

    assert_non_null(pipe);
    text[fread(text, 1, 65535, pipe)] = '\0';
    if (output != NULL) {
        *output = text;
    }
    return pclose(pipe);
}

/* Runs a command that must succeed. */
static inline const char *run_well(const char *command) {
    const char *output;
    int code = run(&output, command);

    if (code != 0) {
        print_error("%s\n%s\n", command, output);
    }
    assert_int_equal(code, 0);
    return output;
}

static const xca_profile_t test_profile = {
    .years = 5,
    .non_repudiation = 1,
    .policy = "2.16.886.101.0.3.0",
    .subject_types = {NULL, "2.16.886.1.100.3.2.11", "2.16.886.1.100.3.2.12",
                      "2.16.886.1.100.3.2.13", "2.16.886.1.100.3.2.14", "2.16.886.1.100.3.2.15",
                      "2.16.886.1.100.3.2.16"},
    .crl_url = "http://localhost:8080/repository/xca.crl",
    .ca_issuers_url = "http://localhost:8080/repository/chain.p7b"};

typedef struct test_authority {
    xca_key_t *root_key, *key;
    xca_bytes_t root, certificate;
    xca_ca_t *ca;
} test_authority_t;

/* A root and an authority below it, with keys of this type; root.pem and ca.pem in the folder. */
static inline test_authority_t make_authority(const char *key_type, const xca_profile_t *profile) {
    test_authority_t a;
    xca_bytes_t none = {NULL, 0};

    assert_fine(xca_key_make(&a.root_key, key_type, test_pool));
    assert_fine(xca_key_make(&a.key, key_type, test_pool));
    assert_fine(xca_setup_certificate(&a.root, XCA_SETUP_ROOT, "CN=測試總憑證管理中心,O=行政院,C=TW", NULL, NULL,
                                      a.root_key, NULL, none, TEST_NOW - 30 * TEST_DAY,
                                      TEST_NOW + 9000 * TEST_DAY, test_pool));
    assert_fine(xca_setup_certificate(&a.certificate, XCA_SETUP_CA,
                                      "OU=組織及團體憑證管理中心,O=行政院,C=TW", NULL, NULL, a.key, a.root_key,
                                      a.root, TEST_NOW - 30 * TEST_DAY, TEST_NOW + 7000 * TEST_DAY,
                                      test_pool));
    assert_fine(xca_ca_open(&a.ca, a.key, a.certificate, &a.root, 1, profile, test_pool));
    write_file("root.pem", xca_cert_pem(test_pool, a.root),
               strlen(xca_cert_pem(test_pool, a.root)));
    write_file("ca.pem", xca_cert_pem(test_pool, a.certificate),
               strlen(xca_cert_pem(test_pool, a.certificate)));
    return a;
}

/* A foundation's order for its signature certificate, with a key of its own. */
static inline xca_cert_order_t make_order(const char *key_type) {
    xca_cert_order_t order = {.serial = "4f00112233445566778899aabbccddee",
                              .not_before = TEST_NOW,
                              .not_after = TEST_NOW + 1826 * TEST_DAY - apr_time_from_sec(1),
                              .use = XCA_USE_SIGNATURE,
                              .county = "臺北市",
                              .district = "中正區",
                              .org_name = "財團法人測試基金會",
                              .oid = "2.16.886.104.100008",
                              .ubn = "04190875",
                              .class = XCA_CLASS_FOUNDATION,
                              .email = "office@foundation.example.tw"};
    xca_key_t *key;

    assert_fine(xca_key_make(&key, key_type, test_pool));
    assert_fine(xca_key_spki(&order.spki, key, test_pool));
    return order;
}

#endif
