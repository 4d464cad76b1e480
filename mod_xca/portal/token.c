#include "portal/token.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "wire/lines.h"

#define NONCE_DIGITS 32
#define MAC_DIGITS   64
/* Front ends' clocks may differ by this much. */
#define CLOCK_SKEW apr_time_from_sec(5 * 60)

/* The MAC over the parts, each ended by a line break, which none of them contains. */
static char *mac_of(apr_pool_t *pool, const xca_secret_t *key, const char *use, const char *about,
                    const char *visitor, const char *time, const char *nonce) {
    const char *text =
        apr_pstrcat(pool, use, "\n", about, "\n", visitor, "\n", time, "\n", nonce, "\n", NULL);
    unsigned char mac[32];

    xca_hmac(mac, key, text, strlen(text));
    return xca_text_hex(pool, mac, sizeof(mac));
}

static int same(const char *a, const char *b) {
    xca_secret_t first = {(unsigned char *)a, strlen(a)};
    xca_secret_t second = {(unsigned char *)b, strlen(b)};

    return xca_secret_equal(&first, &second);
}

/* The time a token was made, as its first part tells; -1 if that is no time. */
static apr_time_t time_of(const char *text, apr_size_t length) {
    apr_size_t i;
    apr_time_t seconds = 0;

    if (length == 0 || length > 12) {
        return -1;
    }
    for (i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        seconds = seconds * 10 + (text[i] - '0');
    }
    return apr_time_from_sec(seconds);
}

static int in_time(apr_time_t made, apr_time_t now, apr_interval_time_t life) {
    return made >= 0 && made <= now + CLOCK_SKEW && now - made <= life;
}

char *xca_form_token(apr_pool_t *pool, const xca_secret_t *key, const char *purpose,
                     const char *visitor, apr_time_t now, const unsigned char nonce[16]) {
    char *time = apr_psprintf(pool, "%" APR_TIME_T_FMT, apr_time_sec(now));
    char *hex = xca_text_hex(pool, nonce, NONCE_DIGITS / 2);

    return apr_pstrcat(pool, time, ".", hex, ".",
                       mac_of(pool, key, "xca-form-1", purpose, visitor, time, hex), NULL);
}

static xca_error_t *check(const char **nonce, const xca_secret_t *key, const char *token, const char *purpose,
                          const char *visitor, apr_time_t now, apr_interval_time_t life, apr_pool_t *pool) {
    apr_size_t time_length;
    const char *time, *hex, *mac;

    if (token == NULL || *token == '\0') {
        return xca_error_make(pool, XCA_E_DENIED, "token.missing", NULL);
    }
    time_length = strcspn(token, ".");
    if (strlen(token) != time_length + 1 + NONCE_DIGITS + 1 + MAC_DIGITS ||
        token[time_length + 1 + NONCE_DIGITS] != '.') {
        return xca_error_make(pool, XCA_E_DENIED, "token.forged", "not of the form of a token");
    }
    time = apr_pstrmemdup(pool, token, time_length);
    hex = apr_pstrmemdup(pool, token + time_length + 1, NONCE_DIGITS);
    mac = token + time_length + 1 + NONCE_DIGITS + 1;
    if (!same(mac, mac_of(pool, key, "xca-form-1", purpose, visitor, time, hex))) {
        return xca_error_make(pool, XCA_E_DENIED, "token.forged",
                              "another purpose or visitor, or changed");
    }
    if (!in_time(time_of(time, time_length), now, life)) {
        return xca_error_make(pool, XCA_E_DENIED, "token.old", "made at %s", time);
    }
    *nonce = hex;
    return NULL;
}

xca_error_t *xca_form_token_check(const char **nonce, const xca_secret_t *key, const char *token,
                                  const char *purpose, const char *visitor, apr_time_t now,
                                  apr_pool_t *pool) {
    return check(nonce, key, token, purpose, visitor, now, XCA_FORM_LIFE, pool);
}

#define CHALLENGE_FIRST   "XCA-LOGIN-1"
#define CHALLENGE_PURPOSE "office-challenge"
#define CHALLENGE_MAX     1024

typedef struct {
    const char *portal, *time, *token;
} challenge_t;

static const xca_line_field_t challenge_fields[] = {
    {"portal", offsetof(challenge_t, portal), 1, 300, XCA_LINE_TEXT},
    {"time", offsetof(challenge_t, time), 16, 16, XCA_LINE_TIME},
    {"token", offsetof(challenge_t, token), 1, 200, XCA_LINE_TEXT},
    {NULL, 0, 0, 0, XCA_LINE_WORD},
};

char *xca_login_challenge(apr_pool_t *pool, const xca_secret_t *key, const char *portal, const char *visitor,
                          apr_time_t now, const unsigned char nonce[16]) {
    challenge_t challenge;
    char *text = apr_palloc(pool, CHALLENGE_MAX);

    challenge.portal = portal;
    challenge.time = xca_date_format(pool, now, XCA_DATE_WIRE);
    challenge.token = xca_form_token(pool, key, CHALLENGE_PURPOSE, visitor, now, nonce);
    return xca_lines_write(text, CHALLENGE_MAX, CHALLENGE_FIRST, challenge_fields, &challenge) > 0 ? text : NULL;
}

xca_error_t *xca_login_challenge_check(const char **nonce, const xca_secret_t *key, const char *portal, const char *visitor,
                                       const char *text, apr_size_t length, apr_time_t now, apr_pool_t *pool) {
    challenge_t challenge = {NULL, NULL, NULL};
    xca_error_t *err;

    if (length == 0 || length > CHALLENGE_MAX ||
        !xca_lines_read(&challenge, apr_palloc(pool, length), CHALLENGE_FIRST, challenge_fields, text, length) ||
        challenge.portal == NULL || challenge.time == NULL || challenge.token == NULL ||
        strcmp(challenge.portal, portal) != 0) {
        return xca_error_make(pool, XCA_E_DENIED, "login.malformed", NULL);
    }
    err = check(nonce, key, challenge.token, CHALLENGE_PURPOSE, visitor, now, XCA_LOGIN_LIFE, pool);
    if (err != NULL && strcmp(err->message, "token.old") == 0) {
        err->message = "login.old";
    }
    return err;
}

char *xca_case_pass(apr_pool_t *pool, const xca_secret_t *key, const char *case_number,
                    const char *visitor, apr_time_t now) {
    char *time = apr_psprintf(pool, "%" APR_TIME_T_FMT, apr_time_sec(now));

    return apr_pstrcat(pool, time, ".", mac_of(pool, key, "xca-pass-1", case_number, visitor, time, ""),
                       NULL);
}

int xca_case_pass_valid(const xca_secret_t *key, const char *pass, const char *case_number,
                        const char *visitor, apr_time_t now, apr_pool_t *pool) {
    apr_size_t time_length;
    const char *time;

    if (pass == NULL) {
        return 0;
    }
    time_length = strcspn(pass, ".");
    if (strlen(pass) != time_length + 1 + MAC_DIGITS) {
        return 0;
    }
    time = apr_pstrmemdup(pool, pass, time_length);
    return same(pass + time_length + 1,
                mac_of(pool, key, "xca-pass-1", case_number, visitor, time, "")) &&
           in_time(time_of(time, time_length), now, XCA_PASS_LIFE);
}
