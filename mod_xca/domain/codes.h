/* Codes that people type: unified business number, OID, case number, card number, user code, e-mail
 * and so on. profile.md section "Codes". No I/O; each checker returns NULL or an XCA_E_INVALID
 * error whose message id tells the user what to do. */
#ifndef XCA_DOMAIN_CODES_H
#define XCA_DOMAIN_CODES_H

#include "base/error.h"
#include "base/secret.h"

#define XCA_CASE_NUMBER_LENGTH   25
#define XCA_CARD_NUMBER_LENGTH   16
#define XCA_USER_CODE_MIN        6  /* characters */
#define XCA_USER_CODE_MAX        64 /* characters */
#define XCA_CODE_TRIES           3  /* wrong user codes before the lock */
#define XCA_SERIAL_BYTES         16 /* 128 random bits, what we issue */
#define XCA_SERIAL_MAX           20 /* bytes, RFC 5280 section 4.1.2.2 */
#define XCA_TEXT_MAX             200 /* code points of a name, address or remark line */
#define XCA_EMAIL_MAX            254 /* bytes, RFC 5321 section 4.5.3.1.3 */

/* 統一編號: 8 digits; weights 1,2,1,2,1,2,4,1, digit sums added, divisible by 5; where the seventh
 * digit is 7 the sum plus 1 may count instead; 00000000 is refused.
 * Errors: "ubn.digits", "ubn.check". */
xca_error_t *xca_ubn_check(const char *number, const char *field, apr_pool_t *pool) XCA_MUST_USE;

/* 機關代碼 of a school: 9 digits and a letter, a letter, 8 digits and a letter, or (universities, such as
 * A095C0000Q) a letter, 3 digits, a letter, 4 digits and a letter. Capitals.
 * Error: "school-code.form". */
xca_error_t *xca_school_code_check(const char *code, const char *field,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* A dotted OID under `root` ("2.16.886"), each arc without leading zero and below 2^31, at most 20
 * arcs (X.660 clause 6). Error: "oid.form". */
xca_error_t *xca_oid_check(const char *oid, const char *root, const char *field,
                           apr_pool_t *pool) XCA_MUST_USE;

/* 25 digits; `0000` or `0400`, `1`, 20 digits. Error: "case-number.form". */
xca_error_t *xca_case_number_check(const char *number, const char *field,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* Writes a case number: known OID -> "0000" else "0400"; then '1' and `sequence` in 20 digits. */
char *xca_case_number_make(apr_pool_t *pool, int oid_known, apr_int64_t sequence);

/* `Xc` and 14 digits. Error: "card-number.form". */
xca_error_t *xca_card_number_check(const char *number, const char *field,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* The same as people type it, `Xc` in upper or lower case: *number is the card's own form. Error: "card-number.form". */
xca_error_t *xca_card_number_parse(const char **number, const char *typed, const char *field,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* Reads a certificate serial number as people type it (hex, upper or lower case, colons and spaces
 * allowed, "0x" allowed, 1..20 bytes) and gives the form used in the directory: lower-case hex,
 * two digits a byte. Error: "serial.form". */
xca_error_t *xca_serial_parse(const char **serial, const char *typed, const char *field,
                              apr_pool_t *pool) XCA_MUST_USE;

/* User code 用戶代碼: 6 to 64 printable ASCII characters without space.
 * Errors: "user-code.short", "user-code.long", "user-code.alphabet". */
xca_error_t *xca_user_code_check(const xca_secret_t *code, const char *field,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* E-mail address, ASCII, addr-spec with dot-atom only (RFC 5321 section 4.1.2), a domain of at
 * least two labels. Error: "email.form". */
xca_error_t *xca_email_check(const char *address, const char *field,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Telephone or fax: 6 to 30 of digits, spaces, ( ) - # + and "轉", "分機", "ext".
 * Error: "phone.form". */
xca_error_t *xca_phone_check(const char *number, const char *field,
                             apr_pool_t *pool) XCA_MUST_USE;

/* A line of free text: valid, not longer than `max` code points. Required ones not empty.
 * Errors: "field.required", "field.too-long" (arg: max), "field.characters". */
xca_error_t *xca_line_check(const char *text, int required, apr_size_t max, const char *field,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The same for what came through a form, where U+FFFD stands for what was no text: "field.characters". */
xca_error_t *xca_typed_check(const char *text, int required, apr_size_t max, const char *field,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
