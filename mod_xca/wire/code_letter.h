/* What the signer tells the second officer of a user-code reset, inside an envelope for that officer's key alone: the one-time code, and
 * of which case, whose it is and whom to call, so that a portal cannot pass one case's code off as another's. Plain C: the card helper
 * opens it (tools/xca-card/operation_open.c), and xca-admin. */
#ifndef XCA_WIRE_CODE_LETTER_H
#define XCA_WIRE_CODE_LETTER_H

#include <stddef.h>

#define XCA_CODE_LETTER_FIRST "XCA-CODE-1"
#define XCA_CODE_LETTER_MAX   8192

/* Members that are NULL are not there; case, code and number always are. */
typedef struct xca_code_letter {
    const char *case_number; /* 25 digits                                          */
    const char *code;        /* a-z, 0-9                                           */
    const char *number;      /* of the card, or serial number of the certificate   */
    const char *name;        /* of the organisation                                */
    const char *contact, *phone, *remark; /* as on the form that two officers signed */
} xca_code_letter_t;

/* Writes the text into `buffer` (a NUL follows). Returns its length, 0 if it does not fit or a value is not of its form. */
size_t xca_code_letter_write(const xca_code_letter_t *letter, char *buffer, size_t size);

/* Reads strictly: only what xca_code_letter_write() can have written. The members point into `storage` of `length` bytes. Returns 1 or 0. */
int xca_code_letter_read(xca_code_letter_t *letter, char *storage, const char *text, size_t length);

#endif
