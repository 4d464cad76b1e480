/* Records as text: a first line that names the format and its version, then one "name: value" line a field in a fixed
 * order, values escaped (\\, \n, \r), a field that is NULL left out. Same record, same bytes, so that it can be signed. Plain C
 * without APR and without allocation, so that the card helper builds it too. */
#ifndef XCA_WIRE_LINES_H
#define XCA_WIRE_LINES_H

#include <stddef.h>

/* What a value may consist of. */
typedef enum {
    XCA_LINE_WORD,   /* a-z, 0-9 and '-'                                           */
    XCA_LINE_DIGITS, /* 0-9                                                        */
    XCA_LINE_HEX,    /* 0-9, a-f                                                   */
    XCA_LINE_BASE64, /* RFC 4648 section 4, canonical, without line breaks         */
    XCA_LINE_CARD,   /* Xc and 14 digits                                           */
    XCA_LINE_OID,    /* digits and '.'                                             */
    XCA_LINE_UID,    /* letters, digits and . - _ @                                */
    XCA_LINE_TIME,   /* YYYYMMDDTHHMMSSZ                                           */
    XCA_LINE_TEXT    /* UTF-8 (RFC 3629) without control characters but \n and \r  */
} xca_line_form;

typedef struct xca_line_field {
    const char *name;    /* "helper-key"                                            */
    size_t offset;       /* of the const char * in the record                       */
    size_t least, most;  /* bytes of the value, unescaped                           */
    xca_line_form form;
} xca_line_field_t;      /* a table of them ends with a NULL name                   */

/* Writes `record` into `buffer` of `size` bytes (a NUL follows the text). `first` is the first line without its end.
 * Returns the length of the text, 0 if it does not fit or a value is not of its form. */
size_t xca_lines_write(char *buffer, size_t size, const char *first, const xca_line_field_t *fields,
                       const void *record);

/* Reads `length` bytes strictly: only what xca_lines_write() can have written. The members of `record` point into
 * `storage`, which has room for `length` bytes, or are NULL. Returns 1, or 0 if it is not such a text. */
int xca_lines_read(void *record, char *storage, const char *first, const xca_line_field_t *fields,
                   const char *text, size_t length);

#endif
