/* Requests as applicants upload them: every file of tests/data/csr is judged as judgement.tsv says, and
 * what else people send is refused with the reason that helps. */
#include "crypto_fixture.h"

#include "outside/crypto.h"
#include "outside/crypto_csr.h"

#define DATA "tests/data/csr/"

/* The next field of a line of tab separated values, which ends at a tab or CR. */
static char *field(char **at) {
    char *start = *at;
    apr_size_t length = strcspn(start, "\t\r");
    int more = start[length] == '\t';

    start[length] = '\0';
    *at = start + length + more;
    return start;
}

static int names(const char *reasons, const char *message) {
    const char *found = strstr(reasons, message);
    apr_size_t length = strlen(message);

    return found != NULL && (found == reasons || found[-1] == '|') &&
           (found[length] == '\0' || found[length] == '|');
}

static int judged_right(const char *folder, const char *file, const char *verdict,
                        const char *reasons) {
    const char *path = apr_pstrcat(test_pool, DATA, folder, "/", file, NULL);
    const char *data;
    apr_size_t length;
    xca_csr_t *csr = NULL;
    xca_error_t *err;

    assert_null(xca_file_read(&data, &length, path, 1 << 20, test_pool));
    err = xca_csr_read(&csr, data, length, test_pool);
    if (err != NULL) {
        assert_string_equal(err->field, "csr");
    }
    if (strcmp(verdict, "accept") == 0 ? err == NULL : err != NULL && names(reasons, err->message)) {
        return 1;
    }
    print_error("%s/%s: %s, wanted %s %s\n", folder, file, err != NULL ? err->message : "accepted",
                verdict, reasons);
    return 0;
}

static void test_every_request_is_judged_as_the_profile_says(void **state) {
    const char *table;
    apr_size_t length;
    char *line, *rest = NULL;
    int wrong = 0, count = 0;

    assert_null(xca_file_read(&table, &length, DATA "judgement.tsv", 1 << 20, test_pool));
    apr_strtok((char *)(uintptr_t)table, "\n", &rest);
    while ((line = apr_strtok(NULL, "\n", &rest)) != NULL) {
        char *folder = field(&line), *file = field(&line), *verdict = field(&line);

        wrong += !judged_right(folder, file, verdict, field(&line));
        count++;
    }
    assert_true(count > 200);
    assert_int_equal(wrong, 0);
}

static xca_error_t *read_bytes(xca_csr_t **csr, const void *data, size_t length) {
    return xca_csr_read(csr, data, length, test_pool);
}

static const char *read_text(const char *text) {
    xca_csr_t *csr;

    return message_of(read_bytes(&csr, text, strlen(text)));
}

static const char *file_text(const char *name, apr_size_t *length) {
    const char *data;
    apr_size_t ignored;

    assert_null(xca_file_read(&data, length != NULL ? length : &ignored, test_path(name), 1 << 20,
                              test_pool));
    return data;
}

/* Judges a file that a command line has made in the test's folder. */
static xca_error_t *judge(const char *command, const char *name) {
    xca_csr_t *csr;
    apr_size_t length;
    const char *data;

    run_well(command);
    data = file_text(name, &length);
    return read_bytes(&csr, data, length);
}

#define NEW_KEY "openssl genpkey -algorithm "
#define REQUEST " && openssl req -new -key k.pem -subj /CN=a -out r.pem "

static const char *good_request(void) {
    run_well(NEW_KEY "ec -pkeyopt ec_paramgen_curve:P-256 -out k.pem" REQUEST);
    return file_text("r.pem", NULL);
}

static void test_a_request_gives_its_key(void **state) {
    const char *text = good_request();
    apr_size_t spki_length;
    const char *spki;
    xca_csr_t *csr;

    assert_fine(read_bytes(&csr, text, strlen(text)));
    run_well("openssl pkey -in k.pem -pubout -outform DER -out spki.der");
    spki = file_text("spki.der", &spki_length);
    assert_int_equal(csr->spki.length, spki_length);
    assert_memory_equal(csr->spki.data, spki, spki_length);
    assert_string_equal(csr->key_hash, xca_sha256_hex(test_pool, spki, spki_length));
    assert_string_equal(csr->key_text, "EC P-256");
    assert_string_equal(xca_csr_pem(test_pool, csr->der), text);
}

static void test_the_same_request_in_every_dress(void **state) {
    const char *text = good_request();
    char *body = apr_pstrdup(test_pool, strstr(text, "-----\n") + 6);
    apr_size_t length;
    const char *der;
    xca_csr_t *csr, *same;

    *strstr(body, "-----END") = '\0';
    assert_fine(read_bytes(&csr, text, strlen(text)));
    run_well("openssl req -in r.pem -outform DER -out r.der");
    der = file_text("r.der", &length);
    assert_fine(read_bytes(&same, der, length));
    assert_string_equal(same->key_hash, csr->key_hash);
    assert_string_equal(read_text(body), "");
    assert_string_equal(read_text(apr_pstrcat(test_pool, "\xef\xbb\xbf申請檔\r\n", text, "\r\n謝謝", NULL)), "");
    assert_string_equal(read_text(apr_pstrcat(test_pool, "\xef\xbb\xbf", body, NULL)), "");
    assert_string_equal(read_text(apr_pstrcat(test_pool, "0", text, NULL)), "");
    assert_string_equal(
        read_text(apr_pstrcat(test_pool, "-----BEGIN NEW CERTIFICATE REQUEST-----", body,
                              "-----END NEW CERTIFICATE REQUEST-----", NULL)), "");
    /* what "openssl ecparam -genkey" users have in front of it */
    assert_string_equal(read_text(apr_pstrcat(test_pool, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                                              "-----END EC PARAMETERS-----\n", text, NULL)), "");
    /* both ends of the armour must agree */
    assert_string_equal(
        read_text(apr_pstrcat(test_pool, "-----BEGIN NEW CERTIFICATE REQUEST-----", body,
                              "-----END CERTIFICATE REQUEST-----", NULL)), "csr.malformed");
}

static void test_a_private_key_is_refused_in_whatever_it_comes(void **state) {
    const char *text = good_request();

    assert_string_equal(message_of(judge("cat k.pem r.pem > both.pem", "both.pem")), "csr.private-key");
    assert_string_equal(message_of(judge("cat r.pem k.pem > both.pem", "both.pem")), "csr.private-key");
    assert_string_equal(message_of(judge("openssl pkey -in k.pem -outform DER -out k.der", "k.der")),
                        "csr.private-key");
    assert_string_equal(message_of(judge("openssl ec -in k.pem -outform DER -out k.der", "k.der")),
                        "csr.private-key");
    assert_string_equal(message_of(judge("openssl pkcs8 -topk8 -in k.pem -passout pass:a -out e.pem", "e.pem")),
                        "csr.private-key");
    assert_string_equal(message_of(judge("openssl pkcs8 -topk8 -in k.pem -passout pass:a -outform DER -out e.der",
                                         "e.der")), "csr.private-key");
    assert_string_equal(message_of(judge("openssl genrsa -traditional -out t.pem 2048 && openssl rsa -in t.pem "
                                         "-traditional -outform DER -out t.der", "t.der")), "csr.private-key");
    assert_string_equal(message_of(judge("openssl req -x509 -key k.pem -subj /CN=a -out c.pem && openssl pkcs12 "
                                         "-export -in c.pem -inkey k.pem -passout pass:a -out k.p12", "k.p12")),
                        "csr.private-key");
    assert_string_equal(read_text(text), "");
}

static void test_other_files_of_the_trade_are_told_apart(void **state) {
    good_request();
    assert_string_equal(message_of(judge("openssl req -x509 -key k.pem -subj /CN=a -out c.pem", "c.pem")),
                        "csr.wrong-label");
    assert_string_equal(judge("true", "c.pem")->arg, "CERTIFICATE");
    assert_string_equal(message_of(judge("openssl x509 -in c.pem -outform DER -out c.der", "c.der")),
                        "csr.not-a-request");
    assert_string_equal(message_of(judge("openssl crl2pkcs7 -nocrl -certfile c.pem -outform DER -out c.p7b",
                                         "c.p7b")), "csr.not-a-request");
    assert_string_equal(message_of(judge("openssl pkey -in k.pem -pubout -outform DER -out p.der", "p.der")),
                        "csr.not-a-request");
    assert_string_equal(message_of(judge("openssl pkey -in k.pem -pubout -out p.pem", "p.pem")),
                        "csr.wrong-label");
    assert_string_equal(message_of(judge("cat r.pem r.pem > two.pem", "two.pem")), "csr.several");
    assert_string_equal(message_of(judge("iconv -f UTF-8 -t UTF-16LE r.pem > u.pem", "u.pem")), "csr.utf16");
    assert_string_equal(message_of(judge("iconv -f UTF-8 -t UTF-16BE r.pem > u.pem", "u.pem")), "csr.utf16");
    assert_string_equal(message_of(judge("printf '%%PDF-1.7\\n\\001' > a.pdf", "a.pdf")), "csr.not-pem-or-der");
    assert_string_equal(read_text("請幫我簽憑證"), "csr.not-pem-or-der");
    assert_string_equal(read_text(" \r\n\t\n"), "csr.empty");
    assert_string_equal(read_text(""), "csr.empty");
    assert_string_equal(read_text("-----BEGIN CERTIFICATE REQUEST"), "csr.wrong-label");
    assert_string_equal(read_text("-----BEGIN CERTIFICATE REQUEST-----"), "csr.malformed");
    assert_string_equal(read_text("-----BEGIN CERTIFICATE REQUEST----------END CERTIFICATE REQUEST-----"),
                        "csr.malformed");
}

static void test_a_file_longer_than_the_limit_is_not_looked_at(void **state) {
    char *text = apr_palloc(test_pool, XCA_CSR_MAX + 1);
    xca_csr_t *csr;
    xca_error_t *err;

    memset(text, '\n', XCA_CSR_MAX + 1);
    err = read_bytes(&csr, text, XCA_CSR_MAX + 1);
    assert_string_equal(message_of(err), "csr.too-large");
    assert_int_equal(err->kind, XCA_E_TOO_LARGE);
    assert_string_equal(err->arg, "64");
    assert_string_equal(message_of(read_bytes(&csr, text, XCA_CSR_MAX)), "csr.empty");
}

static void test_kinds_and_sizes_of_keys(void **state) {
    static const struct {
        const char *key, *message, *arg;
    } kinds[] = {{"rsa -pkeyopt rsa_keygen_bits:2048", "", NULL},
                 {"rsa -pkeyopt rsa_keygen_bits:2047", "csr.rsa-too-small", "2047"},
                 {"rsa -pkeyopt rsa_keygen_bits:1024", "csr.rsa-too-small", "1024"},
                 {"rsa -pkeyopt rsa_keygen_bits:4104", "csr.rsa-too-large", "4104"},
                 {"rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3", "csr.rsa-exponent", NULL},
                 {"rsa-pss -pkeyopt rsa_keygen_bits:2048", "csr.key-type", "1.2.840.113549.1.1.10"},
                 {"ec -pkeyopt ec_paramgen_curve:P-384", "", NULL},
                 {"ec -pkeyopt ec_paramgen_curve:P-521", "csr.key-type", "1.3.132.0.35"},
                 {"ec -pkeyopt ec_paramgen_curve:secp256k1", "csr.key-type", "1.3.132.0.10"},
                 {"ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "csr.key-type", "EC"},
                 {"ed25519", "csr.key-type", "1.3.101.112"}};
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        xca_error_t *err = judge(
            apr_pstrcat(test_pool, NEW_KEY, kinds[i].key, " -out k.pem" REQUEST, NULL), "r.pem");

        assert_string_equal(message_of(err), kinds[i].message);
        if (kinds[i].arg != NULL) {
            assert_string_equal(err->arg, kinds[i].arg);
        }
    }
}

static void test_kinds_of_signatures(void **state) {
    run_well(NEW_KEY "rsa -pkeyopt rsa_keygen_bits:2048 -out k.pem");
#define SIGNED(options) message_of(judge("openssl req -new -key k.pem -subj /CN=a -out r.pem " options, "r.pem"))
    assert_string_equal(SIGNED("-sha384"), "");
    assert_string_equal(SIGNED("-sha512"), "");
    assert_string_equal(SIGNED("-sha1"), "csr.weak-signature");
    assert_string_equal(SIGNED("-md5"), "csr.weak-signature");
    assert_string_equal(SIGNED("-sha224"), "csr.weak-signature");
    assert_string_equal(SIGNED("-sha3-256"), "csr.unsupported-alg");
    assert_string_equal(SIGNED("-sha256 -sigopt rsa_padding_mode:pss"), "");
    assert_string_equal(SIGNED("-sha512 -sigopt rsa_padding_mode:pss"), "");
    assert_string_equal(SIGNED("-sha1 -sigopt rsa_padding_mode:pss"), "csr.weak-signature");
    assert_string_equal(SIGNED("-sha224 -sigopt rsa_padding_mode:pss"), "csr.weak-signature");
}

/* Whatever byte is changed, nothing crashes, and no changed request is accepted. */
static void test_no_changed_request_is_accepted(void **state) {
    apr_size_t length, i;
    unsigned char *der;
    int bit;

    good_request();
    run_well("openssl req -in r.pem -outform DER -out r.der");
    der = (unsigned char *)(uintptr_t)file_text("r.der", &length);
    for (i = 0; i < length; i++) {
        for (bit = 0; bit < 8; bit++) {
            xca_csr_t *csr;

            der[i] ^= (unsigned char)(1 << bit);
            assert_non_null(read_bytes(&csr, der, length));
            der[i] ^= (unsigned char)(1 << bit);
        }
    }
    for (i = 0; i < length; i++) {
        xca_csr_t *csr;

        assert_non_null(read_bytes(&csr, der, i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_every_request_is_judged_as_the_profile_says),
        TEST(test_a_request_gives_its_key),
        TEST(test_the_same_request_in_every_dress),
        TEST(test_a_private_key_is_refused_in_whatever_it_comes),
        TEST(test_other_files_of_the_trade_are_told_apart),
        TEST(test_a_file_longer_than_the_limit_is_not_looked_at),
        TEST(test_kinds_and_sizes_of_keys),
        TEST(test_kinds_of_signatures),
        TEST(test_no_changed_request_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
