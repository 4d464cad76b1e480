/* Challenges of officers' logins, and who signed them. */
#include "crypto_fixture.h"

#include <apr_strings.h>
#include "outside/crypto_cms.h"
#include "portal/office_door.h"
#include "portal/token.h"

#define NOW    apr_time_from_sec(1795496700)
#define MINUTE apr_time_from_sec(60)
#define PORTAL "https://xca.example"
#define ME     "00112233445566778899aabbccddeeff"

static const unsigned char nonce[16] = "0123456789abcdef";

static xca_secret_t *key(void) {
    return xca_secret_make(test_pool, "a key of thirty-two bytes or more", 33);
}

static xca_error_t *check(const char *text, const char *visitor, apr_time_t now, const char **found) {
    return xca_login_challenge_check(found, key(), PORTAL, visitor, text, strlen(text), now, test_pool);
}

static void test_a_challenge_is_read_back_within_five_minutes(void **state) {
    const char *text = xca_login_challenge(test_pool, key(), PORTAL, ME, NOW, nonce);
    const char *found = NULL;

    assert_int_equal(strncmp(text, "XCA-LOGIN-1\nportal: https://xca.example\ntime: 20261124T", 55), 0);
    assert_null(check(text, ME, NOW + 5 * MINUTE, &found));
    assert_string_equal(found, "30313233343536373839616263646566");
    assert_string_equal(check(text, ME, NOW + 5 * MINUTE + apr_time_from_sec(1), &found)->message, "login.old");
}

static void test_a_challenge_of_another_visitor_portal_or_key_is_none(void **state) {
    const char *text = xca_login_challenge(test_pool, key(), PORTAL, ME, NOW, nonce);
    const char *other = xca_login_challenge(test_pool, key(), "https://evil.example", ME, NOW, nonce);
    xca_secret_t *other_key = xca_secret_make(test_pool, "another key of thirty-two bytes....", 33);
    const char *found;

    assert_string_equal(check(text, "ffeeddccbbaa99887766554433221100", NOW, &found)->message, "token.forged");
    assert_string_equal(check(other, ME, NOW, &found)->message, "login.malformed");
    assert_string_equal(check(xca_login_challenge(test_pool, other_key, PORTAL, ME, NOW, nonce), ME, NOW, &found)->message,
                        "token.forged");
}

/* A form's token in its place is none: it was made for something else. */
static void test_a_token_of_a_form_is_no_challenge(void **state) {
    const char *text = xca_login_challenge(test_pool, key(), PORTAL, ME, NOW, nonce);
    const char *form = xca_form_token(test_pool, key(), "office-login", ME, NOW, nonce);
    const char *head = apr_pstrmemdup(test_pool, text, (apr_size_t)(strstr(text, "token: ") + 7 - text));
    const char *found;

    assert_string_equal(check(apr_pstrcat(test_pool, head, form, "\n", NULL), ME, NOW, &found)->message, "token.forged");
}

static void test_every_changed_byte_is_noticed(void **state) {
    const char *text = xca_login_challenge(test_pool, key(), PORTAL, ME, NOW, nonce);
    const char *found;
    apr_size_t i, length = strlen(text), time_line = (apr_size_t)(strstr(text, "time: ") - text);

    for (i = 0; i < length; i++) {
        char *changed = apr_pstrdup(test_pool, text);

        if (i >= time_line && i < time_line + 23) {
            continue; /* for people; the token has the time that counts */
        }
        changed[i] ^= 1;
        assert_non_null(check(changed, ME, NOW, &found));
    }
    assert_non_null(xca_login_challenge_check(&found, key(), PORTAL, ME, text, 0, NOW, test_pool));
    assert_non_null(check(apr_pstrcat(test_pool, text, text, NULL), ME, NOW, &found));
}

static void test_only_pages_of_the_officers_are_gone_to(void **state) {
    static const char *const foreign[] = {NULL, "", "/", "//x", "/officer", "/office\\x", "/office/login", "/office x", "/office\n",
                                          "https://x/office", "/offic", "/office/\xe4\xb8\xad"};
    size_t i;

    for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_string_equal(xca_office_target(foreign[i]), "/office");
    }
    assert_string_equal(xca_office_target("/office/cases?state=filed"), "/office/cases?state=filed");
    assert_string_equal(xca_office_target("/office?x"), "/office?x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_challenge_is_read_back_within_five_minutes),
        TEST(test_a_challenge_of_another_visitor_portal_or_key_is_none),
        TEST(test_a_token_of_a_form_is_no_challenge),
        TEST(test_every_changed_byte_is_noticed),
        TEST(test_only_pages_of_the_officers_are_gone_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
