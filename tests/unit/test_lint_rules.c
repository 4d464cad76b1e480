/* Every rule of the lint is broken by a certificate of tests/data/certs/lint_rules.tsv: one of ours with one thing changed. A line
 * has the rule, the certificate that is changed, and what is done to it, parts separated by ";":
 *   V N G I T S K U g = HEX   version, serial, algorithm, issuer, validity, subject, key, unique identifier, outer algorithm
 *   XOID=HEX COID=HEX -OID=   an extension's value; its critical flag; the extension is taken out
 *   +=HEX Z=HEX               one more extension; bytes behind the certificate */
#include "crypto_fixture.h"

#include "outside/catalogue.h"
#include "outside/crypto.h"
#include "outside/crypto_der.h"
#include "outside/crypto_lint_rules.h"
#include "outside/crypto_tbs.h"

#define EXTENSIONS_MAX 24

typedef struct extension {
    const char *oid;
    xca_bytes_t whole_oid, critical, value;
    int gone;
} extension_t;

typedef struct parts {
    xca_bytes_t fields[8]; /* V N G I T S K U */
    xca_bytes_t outer, behind;
    extension_t extensions[EXTENSIONS_MAX];
    xca_bytes_t added[4];
    int extension_count, added_count;
} parts_t;

static const char letters[] = "VNGITSKU";

typedef struct bases {
    xca_bytes_t smime, card, ca, root;
    const xca_key_t *key; /* of the issuer of smime */
} bases_t;

static bases_t make_bases(void) {
    test_authority_t a = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    bases_t bases = {.root = a.root, .key = a.key};

    assert_fine(xca_ca_issue(&bases.smime, a.ca, &order, test_pool));
    order.use = XCA_USE_CARD_AUTH;
    order.email = NULL;
    order.card_number = "Xc00000000000001";
    order.card_rank = "primary";
    assert_fine(xca_ca_issue(&bases.card, a.ca, &order, test_pool));
    assert_fine(xca_setup_certificate(&bases.ca, XCA_SETUP_CA, "OU=CA,O=行政院,C=TW", NULL, "http://localhost/root.crl", a.key,
                                      a.root_key, a.root, TEST_NOW, TEST_NOW + 5000 * TEST_DAY, test_pool));
    return bases;
}

static xca_bytes_t take(xca_der_at_t *at, int tag) {
    xca_der_item_t item;

    if (xca_der_peek(at) != tag) {
        return (xca_bytes_t){NULL, 0};
    }
    assert_true(xca_der_next(at, &item));
    return item.whole;
}

static xca_der_at_t enter(xca_bytes_t whole) {
    xca_der_at_t at = xca_der_at(whole);
    xca_der_item_t item;

    assert_true(xca_der_next(&at, &item));
    return xca_der_at(item.content);
}

static parts_t take_apart(xca_bytes_t der) {
    static const int tags[] = {0xa0, XCA_DER_INTEGER, 0x30, 0x30, 0x30, 0x30, 0x30, 0x81};
    parts_t parts = {0};
    xca_der_at_t outer = enter(der), at = enter(take(&outer, XCA_DER_SEQUENCE));
    int i;

    for (i = 0; i < 8; i++) {
        parts.fields[i] = take(&at, tags[i]);
    }
    parts.outer = take(&outer, XCA_DER_SEQUENCE);
    at = enter(take(&at, 0xa3));
    at = enter(take(&at, XCA_DER_SEQUENCE));
    while (!xca_der_ended(&at)) {
        extension_t *one = &parts.extensions[parts.extension_count++];
        xca_der_at_t inner = enter(take(&at, XCA_DER_SEQUENCE));
        xca_der_item_t value;

        one->whole_oid = take(&inner, XCA_DER_OID);
        one->oid = xca_der_oid_text(test_pool, (xca_bytes_t){one->whole_oid.data + 2, one->whole_oid.length - 2});
        one->critical = take(&inner, XCA_DER_BOOLEAN);
        assert_true(xca_der_next(&inner, &value));
        one->value = value.content;
    }
    return parts;
}

static xca_bytes_t assemble_tbs(const parts_t *parts) {
    xca_der_t *der = xca_der_make(test_pool);
    xca_bytes_t result;
    int i;

    xca_der_open(der, XCA_DER_SEQUENCE);
    for (i = 0; i < 8; i++) {
        xca_der_put_raw(der, parts->fields[i]);
    }
    xca_der_open(der, 0xa3);
    xca_der_open(der, XCA_DER_SEQUENCE);
    for (i = 0; i < parts->extension_count; i++) {
        const extension_t *one = &parts->extensions[i];

        if (!one->gone) {
            xca_der_open(der, XCA_DER_SEQUENCE);
            xca_der_put_raw(der, one->whole_oid);
            xca_der_put_raw(der, one->critical);
            xca_der_put(der, XCA_DER_OCTET_STRING, one->value.data, one->value.length);
            xca_der_close(der);
        }
    }
    for (i = 0; i < parts->added_count; i++) {
        xca_der_put_raw(der, parts->added[i]);
    }
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    assert_fine(xca_der_finish(&result, der, test_pool));
    return result;
}

/* Without a signature, which the lint does not look at. */
static xca_bytes_t assemble(const parts_t *parts) {
    xca_der_t *der = xca_der_make(test_pool);
    xca_bytes_t result;

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, assemble_tbs(parts));
    xca_der_put_raw(der, parts->outer);
    xca_der_put_bits(der, (xca_bytes_t){NULL, 0});
    xca_der_close(der);
    xca_der_put_raw(der, parts->behind);
    assert_fine(xca_der_finish(&result, der, test_pool));
    return result;
}

static void change(parts_t *parts, char *step) {
    char *equals = strchr(step, '='), *where;
    xca_bytes_t *bytes, none = {NULL, 0};
    int i;

    assert_non_null(equals);
    *equals = '\0';
    bytes = equals[1] != '\0' ? xca_text_unhex(test_pool, equals + 1) : &none;
    assert_non_null(bytes);
    where = step[1] == '\0' ? strchr(letters, *step) : NULL;
    if (where != NULL) {
        parts->fields[where - letters] = *bytes;
        return;
    }
    if (*step == 'g' || *step == 'Z') {
        *(*step == 'g' ? &parts->outer : &parts->behind) = *bytes;
        return;
    }
    if (*step == '+') {
        parts->added[parts->added_count++] = *bytes;
        return;
    }
    for (i = 0; i < parts->extension_count && strcmp(parts->extensions[i].oid, step + 1) != 0; i++) {
    }
    assert_true(i < parts->extension_count);
    if (*step == '-') {
        parts->extensions[i].gone = 1;
    } else {
        *(*step == 'X' ? &parts->extensions[i].value : &parts->extensions[i].critical) = *bytes;
    }
}

static int breaks(const char *rule, xca_bytes_t der, xca_lint_kind kind) {
    apr_array_header_t *findings;
    int i;

    xca_lint_check(&findings, der, kind, test_pool);
    for (i = 0; i < findings->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(findings, i, xca_lint_finding_t).rule->id, rule) == 0) {
            return 1;
        }
    }
    return 0;
}

static xca_lint_severity severity_of(const char *rule) {
    apr_array_header_t *rules = xca_lint_rules(test_pool);
    int i;

    for (i = 0; i < rules->nelts; i++) {
        const xca_lint_rule_t *one = APR_ARRAY_IDX(rules, i, const xca_lint_rule_t *);

        if (strcmp(one->id, rule) == 0) {
            return one->severity;
        }
    }
    fail_msg("%s is no rule", rule);
    return XCA_LINT_ERROR;
}

/* One line: the unchanged certificate keeps the rule (a notice is what ours are known for), the changed one breaks it. */
static void check_line(const char *line, const bases_t *bases) {
    char *copy = apr_pstrdup(test_pool, line), *state, *step;
    char *rule = apr_strtok(copy, "\t", &state), *base = apr_strtok(NULL, "\t", &state), *steps = apr_strtok(NULL, "\t", &state);
    xca_bytes_t der = strcmp(base, "SMIME") == 0  ? bases->smime
                      : strcmp(base, "CARD") == 0 ? bases->card
                      : strcmp(base, "CA") == 0   ? bases->ca
                                                  : bases->root;
    xca_lint_kind kind = xca_lint_kind_of(der, test_pool);
    parts_t parts = take_apart(der);

    assert_int_equal(breaks(rule, der, kind), steps == NULL);
    for (step = apr_strtok(steps != NULL ? steps : apr_pstrdup(test_pool, ""), ";", &state); step != NULL;
         step = apr_strtok(NULL, ";", &state)) {
        change(&parts, step);
    }
    if (!breaks(rule, assemble(&parts), kind)) {
        fail_msg("not found: %s", line);
    }
}

static void test_each_rule_is_broken_by_a_certificate(void **state) {
    bases_t bases = make_bases();
    apr_array_header_t *rules = xca_lint_rules(test_pool);
    const char *data, *at;
    char *all = apr_pstrdup(test_pool, "\n");
    apr_size_t length;
    int lines = 0, i;

    assert_fine(xca_file_read(&data, &length, "tests/data/certs/lint_rules.tsv", 1 << 20, test_pool));
    for (at = data; *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (*at != '#') {
            const char *line = apr_pstrmemdup(test_pool, at, strcspn(at, "\n"));

            check_line(line, &bases);
            all = apr_pstrcat(test_pool, all, apr_pstrmemdup(test_pool, line, strcspn(line, "\t")), "\n", NULL);
            lines++;
        }
    }
    for (i = 0; i < rules->nelts; i++) {
        const xca_lint_rule_t *rule = APR_ARRAY_IDX(rules, i, const xca_lint_rule_t *);

        if (strstr(all, apr_pstrcat(test_pool, "\n", rule->id, "\n", NULL)) == NULL) {
            fail_msg("no certificate breaks %s", rule->id);
        }
    }
    assert_true(lines >= rules->nelts && rules->nelts > 80);
}

static void test_what_we_make_breaks_no_rule(void **state) {
    static const char *const types[] = {"rsa:4096", "ec:P-384"};
    int i, j, k;

    for (i = 0; i < 2; i++) {
        test_authority_t a = make_authority(types[i], &test_profile);
        xca_cert_order_t order = make_order("ec:P-256");
        xca_bytes_t all[6] = {a.root};
        static const xca_lint_kind kinds[] = {XCA_LINT_ROOT, XCA_LINT_CA, XCA_LINT_SMIME, XCA_LINT_SMIME, XCA_LINT_OTHER, XCA_LINT_OTHER};

        assert_fine(xca_setup_certificate(&all[1], XCA_SETUP_CA, "OU=CA,O=行政院,C=TW", NULL, "http://localhost/root.crl", a.key,
                                          a.root_key, a.root, TEST_NOW, TEST_NOW + 5000 * TEST_DAY, test_pool));
        assert_fine(xca_ca_issue(&all[2], a.ca, &order, test_pool));
        order.use = XCA_USE_ENCRYPTION;
        assert_fine(xca_ca_issue(&all[3], a.ca, &order, test_pool));
        assert_fine(xca_setup_certificate(&all[4], XCA_SETUP_OFFICER, "CN=a,C=TW", NULL, NULL, a.key, a.root_key, a.root, TEST_NOW,
                                          TEST_NOW + TEST_DAY, test_pool));
        assert_fine(xca_setup_certificate(&all[5], XCA_SETUP_TLS, "CN=a.tw", "a.tw, 127.0.0.1", NULL, a.key, a.root_key, a.root,
                                          TEST_NOW, TEST_NOW + TEST_DAY, test_pool));
        for (j = 0; j < 6; j++) {
            apr_array_header_t *findings;

            assert_int_equal(xca_lint_kind_of(all[j], test_pool), kinds[j]);
            xca_lint_check(&findings, all[j], kinds[j], test_pool);
            for (k = 0; k < findings->nelts; k++) {
                const xca_lint_finding_t *finding = &APR_ARRAY_IDX(findings, k, xca_lint_finding_t);

                if (finding->rule->severity != XCA_LINT_NOTICE) {
                    fail_msg("%s of certificate %d: %s", finding->rule->id, j, finding->detail);
                }
            }
        }
    }
}

/* What OpenSSL refuses when it is strict, the lint calls an error as well: of each certificate that is changed here. */
static void test_openssl_finds_nothing_wrong_that_the_lint_passes(void **state) {
    static const char *const steps[] = {"-2.5.29.35=", "+=30120603551d130101ff040830060101ff020100", "C2.5.29.35=0101ff", "S=3000",
                                        "V=a003020101"};
    static const char verify[] = "openssl verify -x509_strict -CAfile root.pem -untrusted ca.pem -attime 1795496800 leaf.pem";
    bases_t bases = make_bases(); /* with root.pem and ca.pem */
    size_t i;

    write_file("leaf.pem", xca_cert_pem(test_pool, bases.smime), strlen(xca_cert_pem(test_pool, bases.smime)));
    run_well(verify);
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        parts_t parts = take_apart(bases.smime);
        apr_array_header_t *findings;
        xca_bytes_t der;
        int errors = 0, k;

        change(&parts, apr_pstrdup(test_pool, steps[i]));
        assert_fine(xca_tbs_sign(&der, assemble_tbs(&parts), bases.key, test_pool));
        xca_lint_check(&findings, der, XCA_LINT_SMIME, test_pool);
        for (k = 0; k < findings->nelts; k++) {
            errors += APR_ARRAY_IDX(findings, k, xca_lint_finding_t).rule->severity == XCA_LINT_ERROR;
        }
        assert_true(errors > 0);
        write_file("leaf.pem", xca_cert_pem(test_pool, der), strlen(xca_cert_pem(test_pool, der)));
        assert_int_not_equal(run(NULL, verify), 0);
    }
}

static void test_every_rule_has_a_text_in_both_languages_and_is_documented(void **state) {
    apr_array_header_t *rules = xca_lint_rules(test_pool);
    xca_catalogue_t *texts;
    const char *readme;
    apr_size_t length;
    int i;

    assert_fine(xca_file_read(&readme, &length, "tools/lint/README.md", 1 << 20, test_pool));

    assert_fine(xca_catalogue_read(&texts, "htdocs/catalogue", test_pool));
    for (i = 0; i < rules->nelts; i++) {
        const xca_lint_rule_t *rule = APR_ARRAY_IDX(rules, i, const xca_lint_rule_t *);
        const char *id = apr_pstrcat(test_pool, "lint.rule.", rule->id, NULL);

        assert_non_null(xca_catalogue_text(texts, id, XCA_ZH));
        assert_string_not_equal(xca_catalogue_text(texts, id, XCA_ZH), id);
        assert_string_not_equal(xca_catalogue_text(texts, id, XCA_EN), id);
        if (strstr(readme, apr_psprintf(test_pool, "\n| `%s` | ", rule->id)) == NULL || strstr(readme, rule->clause) == NULL) {
            fail_msg("%s is not in tools/lint/README.md", rule->id);
        }
        assert_true(severity_of(rule->id) == rule->severity && rule->clause[0] != '\0' && rule->scope != 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_rule_is_broken_by_a_certificate),
        TEST(test_what_we_make_breaks_no_rule),
        TEST(test_openssl_finds_nothing_wrong_that_the_lint_passes),
        TEST(test_every_rule_has_a_text_in_both_languages_and_is_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
