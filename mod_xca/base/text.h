/* Text: everything inside the system is valid UTF-8; this is where foreign bytes become text. */
#ifndef XCA_BASE_TEXT_H
#define XCA_BASE_TEXT_H

#include "base/error.h"

/* Bytes with their length: DER, files. */
typedef struct xca_bytes {
    const unsigned char *data;
    apr_size_t length;
} xca_bytes_t;

/* U+FFFD stands for what was no text when it came in (WHATWG Encoding section 4.1). */
#define XCA_TEXT_REPLACED "\xef\xbf\xbd"

/* Reads one code point at *at (before end), moves *at behind it. Returns -1 and moves one byte on
 * malformed input (overlong, surrogate, above U+10FFFF, cut short: RFC 3629 section 3). */
long xca_text_next(const char **at, const char *end);

/* Non-zero if `length` bytes are valid UTF-8 without NUL, C0/C1 controls (tab, CR and LF only with
 * `multiline`) or bidirectional overrides (U+202A..202E, U+2066..2069). */
int xca_text_valid(const char *text, apr_size_t length, int multiline);

/* Number of code points in valid UTF-8. */
apr_size_t xca_text_length(const char *text);

/* Copies with white space at both ends removed (ASCII and U+3000) and runs of it inside made one. */
char *xca_text_trim(apr_pool_t *pool, const char *text);

/* Appends one code point as UTF-8 at `to` (room for 4 bytes); returns the bytes written. */
int xca_text_put(char *to, long code_point);

/* Full-width forms U+FF01..FF5E to ASCII, U+3000 to space. For numbers and addresses that people
 * type on a Chinese keyboard. */
char *xca_text_halfwidth(apr_pool_t *pool, const char *text);

/* The same without spaces and hyphens: numbers that people type in groups, as they are printed. */
char *xca_text_ungrouped(apr_pool_t *pool, const char *text);

/* For qsort() over an array of const char *: by their bytes, which is the order of code points. */
int xca_text_order(const void *a, const void *b);

/* The text as a string of JSON with its quotes (RFC 8259 section 7). */
char *xca_text_json(apr_pool_t *pool, const char *text);

/* FNV-1a of 32 bits, for tables in memory; the low bits are those to take, with some of the high ones folded in. */
apr_uint32_t xca_text_hash(const void *bytes, apr_size_t length);

/* The value of a hexadecimal digit, -1 if it is none. */
int xca_text_hex_digit(char c);

/* Lower-case hexadecimal of bytes. */
char *xca_text_hex(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length);

/* Reads hexadecimal of even length; NULL if it is not. Colons and spaces between are skipped. */
xca_bytes_t *xca_text_unhex(apr_pool_t *pool, const char *hex);

#endif
