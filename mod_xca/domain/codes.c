#include "domain/codes.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static int is_letter_or_digit(char c) {
    return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

/* Non-zero if `text` is exactly `length` digits. */
static int is_digits(const char *text, apr_size_t length) {
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (!is_digit(text[i])) {
            return 0;
        }
    }
    return text[length] == '\0';
}

xca_error_t *xca_ubn_check(const char *number, const char *field, apr_pool_t *pool) {
    static const int weights[8] = {1, 2, 1, 2, 1, 2, 4, 1};
    int sum = 0;
    int i;

    if (!is_digits(number, 8)) {
        return xca_error_field(pool, field, "ubn.digits", NULL);
    }
    for (i = 0; i < 8; i++) {
        int product = (number[i] - '0') * weights[i];

        sum += product / 10 + product % 10;
    }
    /* 7 times 4 is 28: its digit sum 10 may count as 1 or as 0 (10 leaves the same rest as 0). */
    if (strcmp(number, "00000000") == 0 ||
        !(sum % 5 == 0 || (number[6] == '7' && (sum + 1) % 5 == 0))) {
        return xca_error_field(pool, field, "ubn.check", NULL);
    }
    return NULL;
}

xca_error_t *xca_school_code_check(const char *code, const char *field, apr_pool_t *pool) {
    static const char *const forms[] = {"999999999A", "A99999999A", "A999A9999A"};
    char form[11];
    int i;

    for (i = 0; i < 10 && (is_digit(code[i]) || is_upper(code[i])); i++) {
        form[i] = is_digit(code[i]) ? '9' : 'A';
    }
    form[i] = '\0';
    if (i == 10 && code[10] == '\0') {
        for (i = 0; i < 3; i++) {
            if (strcmp(form, forms[i]) == 0) {
                return NULL;
            }
        }
    }
    return xca_error_field(pool, field, "school-code.form", NULL);
}

/* Reads one arc at *at; 0 if it is not a number of X.660 below 2^31 without leading zero. */
static int read_arc(const char **at) {
    const char *start = *at;
    apr_int64_t value = 0;

    while (is_digit(**at) && *at - start <= 10) {
        value = value * 10 + (**at - '0');
        (*at)++;
    }
    if (*at == start || value > 0x7fffffff) {
        return 0;
    }
    return *start != '0' || *at == start + 1;
}

xca_error_t *xca_oid_check(const char *oid, const char *root, const char *field, apr_pool_t *pool) {
    apr_size_t root_length = strlen(root);
    const char *at = oid;
    int arcs = 0;

    if (strncmp(oid, root, root_length) != 0 || oid[root_length] != '.') {
        return xca_error_field(pool, field, "oid.form", root);
    }
    while (arcs < 20 && read_arc(&at)) {
        arcs++;
        if (*at == '\0') {
            return NULL;
        }
        if (*at != '.') {
            break;
        }
        at++;
    }
    return xca_error_field(pool, field, "oid.form", root);
}

xca_error_t *xca_case_number_check(const char *number, const char *field, apr_pool_t *pool) {
    if (!is_digits(number, XCA_CASE_NUMBER_LENGTH) ||
        (strncmp(number, "00001", 5) != 0 && strncmp(number, "04001", 5) != 0)) {
        return xca_error_field(pool, field, "case-number.form", NULL);
    }
    return NULL;
}

char *xca_case_number_make(apr_pool_t *pool, int oid_known, apr_int64_t sequence) {
    return apr_psprintf(pool, "%s1%020" APR_INT64_T_FMT, oid_known ? "0000" : "0400", sequence);
}

xca_error_t *xca_card_number_check(const char *number, const char *field, apr_pool_t *pool) {
    if (number[0] != 'X' || number[1] != 'c' ||
        !is_digits(number + 2, XCA_CARD_NUMBER_LENGTH - 2)) {
        return xca_error_field(pool, field, "card-number.form", NULL);
    }
    return NULL;
}

xca_error_t *xca_card_number_parse(const char **number, const char *typed, const char *field,
                                   apr_pool_t *pool) {
    *number = strncasecmp(typed, "Xc", 2) == 0 ? apr_pstrcat(pool, "Xc", typed + 2, NULL) : typed;
    return xca_card_number_check(*number, field, pool);
}

xca_error_t *xca_serial_parse(const char **serial, const char *typed, const char *field,
                              apr_pool_t *pool) {
    xca_bytes_t *bytes = NULL;

    while (*typed == ' ') {
        typed++;
    }
    if (typed[0] == '0' && (typed[1] == 'x' || typed[1] == 'X')) {
        typed += 2;
    }
    /* Twenty bytes with a colon and a space behind each are 80 characters. */
    if (strlen(typed) <= 80) {
        bytes = xca_text_unhex(pool, typed);
    }
    if (bytes == NULL || bytes->length > XCA_SERIAL_MAX) {
        return xca_error_field(pool, field, "serial.form", NULL);
    }
    *serial = xca_text_hex(pool, bytes->data, bytes->length);
    return NULL;
}

xca_error_t *xca_user_code_check(const xca_secret_t *code, const char *field, apr_pool_t *pool) {
    apr_size_t i;

    for (i = 0; i < code->length; i++) {
        if (code->bytes[i] <= 0x20 || code->bytes[i] >= 0x7f) {
            return xca_error_field(pool, field, "user-code.alphabet", NULL);
        }
    }
    if (code->length < XCA_USER_CODE_MIN) {
        return xca_error_field(pool, field, "user-code.short", apr_itoa(pool, XCA_USER_CODE_MIN));
    }
    if (code->length > XCA_USER_CODE_MAX) {
        return xca_error_field(pool, field, "user-code.long", apr_itoa(pool, XCA_USER_CODE_MAX));
    }
    return NULL;
}

/* Dot-atom (RFC 5321 section 4.1.2) up to '@'; returns its length, 0 if it is none. */
static apr_size_t local_part(const char *address) {
    apr_size_t i;

    for (i = 0; address[i] != '@'; i++) {
        char c = address[i];

        if (c == '.') {
            if (i == 0 || address[i - 1] == '.') {
                return 0;
            }
        } else if (!is_letter_or_digit(c) && (c == '\0' || !strchr("!#$%&'*+-/=?^_`{|}~", c))) {
            return 0;
        }
    }
    return i > 0 && address[i - 1] != '.' && i <= 64 ? i : 0;
}

/* At least two labels of letters, digits and inner hyphens, 63 bytes each, the last not all digits.
 */
static int is_domain(const char *domain) {
    int labels = 0, letters = 0;
    apr_size_t length = 0;

    for (;; domain++) {
        if (*domain == '.' || *domain == '\0') {
            if (length == 0 || length > 63 || domain[-1] == '-') {
                return 0;
            }
            labels++;
            if (*domain == '\0') {
                return labels >= 2 && letters > 0;
            }
            length = letters = 0;
            continue;
        }
        if (!is_letter_or_digit(*domain) && !(*domain == '-' && length > 0)) {
            return 0;
        }
        letters += !is_digit(*domain);
        length++;
    }
}

xca_error_t *xca_email_check(const char *address, const char *field, apr_pool_t *pool) {
    apr_size_t local = strlen(address) <= XCA_EMAIL_MAX ? local_part(address) : 0;

    if (local == 0 || !is_domain(address + local + 1)) {
        return xca_error_field(pool, field, "email.form", NULL);
    }
    return NULL;
}

xca_error_t *xca_phone_check(const char *number, const char *field, apr_pool_t *pool) {
    static const char *const words[] = {"分機", "轉", "ext.", "ext", "EXT"};
    apr_size_t length = xca_text_length(number);
    int digits = 0;

    if (length < 6 || length > 30) {
        return xca_error_field(pool, field, "phone.form", NULL);
    }
    while (*number != '\0') {
        apr_size_t step = strchr(" ()-#+", *number) != NULL || is_digit(*number);
        int i;

        digits += is_digit(*number);
        for (i = 0; step == 0 && i < 5; i++) {
            if (strncmp(number, words[i], strlen(words[i])) == 0) {
                step = strlen(words[i]);
            }
        }
        if (step == 0) {
            break;
        }
        number += step;
    }
    if (*number != '\0' || digits < 6) {
        return xca_error_field(pool, field, "phone.form", NULL);
    }
    return NULL;
}

xca_error_t *xca_line_check(const char *text, int required, apr_size_t max, const char *field,
                            apr_pool_t *pool) {
    if (text == NULL || *text == '\0') {
        return required ? xca_error_field(pool, field, "field.required", NULL) : NULL;
    }
    if (!xca_text_valid(text, strlen(text), 0)) {
        return xca_error_field(pool, field, "field.characters", NULL);
    }
    if (xca_text_length(text) > max) {
        return xca_error_field(pool, field, "field.too-long",
                               apr_psprintf(pool, "%" APR_SIZE_T_FMT, max));
    }
    return NULL;
}

xca_error_t *xca_typed_check(const char *text, int required, apr_size_t max, const char *field,
                             apr_pool_t *pool) {
    if (text != NULL && strstr(text, XCA_TEXT_REPLACED) != NULL) {
        return xca_error_field(pool, field, "field.characters", NULL);
    }
    return xca_line_check(text, required, max, field, pool);
}
