/* The statement that an officer signs, as text of wire/lines.h in which every line is there; SignedData
 * (RFC 5652 section 5) holds it as eContent.
 *
 *   XCA-STATEMENT-1
 *   case: 0000100000000000000000001
 *   content: sha256:<64 hex digits>
 *   stage: first|second|third
 *   decision: accept|return
 *   letter: ...          (empty if none)
 *   reason: ...          (empty if none)
 *   officer: <uid>
 *   time: 20261124T050500Z
 */
#ifndef XCA_WIRE_STATEMENT_H
#define XCA_WIRE_STATEMENT_H

#include <stddef.h>

#define XCA_STATEMENT_MAX 8192 /* bytes of a whole statement */

typedef struct xca_statement {
    char case_number[26];
    char content[65]; /* hex of the digest */
    char stage[8];
    char decision[8];
    char letter[512];
    char reason[4096];
    char officer[64];
    char time[17]; /* YYYYMMDDTHHMMSSZ */
} xca_statement_t;

/* Writes the text into `buffer` of `size` bytes. Returns its length, or 0 if it does not fit or a value
 * is not of the form shown above (texts are UTF-8 without other control characters). */
size_t xca_statement_write(const xca_statement_t *statement, char *buffer, size_t size);

/* Reads a statement of `length` bytes, strictly: only what xca_statement_write() can have written.
 * Returns 1, or 0 if it is not a statement. */
int xca_statement_read(xca_statement_t *statement, const char *text, size_t length);

#endif
