/* An entry of the audit log as text, by wire/lines.h: its bytes are what is hashed, signed and chained (tools/audit/README.md
 * has the format with an example). Plain C without APR: what others write to verify the log can use it. */
#ifndef XCA_WIRE_AUDIT_H
#define XCA_WIRE_AUDIT_H

#include "wire/lines.h"

#define XCA_AUDIT_FIRST   "XCA-AUDIT-1"
#define XCA_AUDIT_MAX     8192 /* bytes of the text of an entry */
#define XCA_AUDIT_DETAILS 6000 /* bytes of the details */
#define XCA_AUDIT_HASH    64   /* hex digits of SHA-256 */
/* What stands for the hash of the entry before the first. */
#define XCA_AUDIT_NOTHING "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct xca_audit_text {
    const char *number;       /* 1, 2, 3, ... without gap */
    const char *time;         /* UTC, YYYYMMDDTHHMMSSZ; never before that of the entry before */
    const char *kind;         /* "certificate-issue": tools/audit/README.md lists them */
    const char *actor;        /* "officer central-1", "holder", "signer", ... */
    const char *case_number;  /* the subjects; NULL where there is none */
    const char *serial;
    const char *card;
    const char *organisation; /* OID */
    const char *details;      /* "name=value" lines, or NULL */
    const char *event;        /* what makes the event one: SHA-256 of the kind and a key, hex; each once in the log */
    const char *previous;     /* SHA-256 of the text of the entry before, hex */
} xca_audit_text_t;

extern const xca_line_field_t xca_audit_fields[];

/* Reads an entry's text strictly: only what xca_lines_write() can have written, all that an entry must have, a number without
 * leading zeros below 2^53, an actor in one line, details that are "name=value" lines. `storage` has room for `length` bytes. Returns 1, or 0 if it is none. */
int xca_audit_text_read(xca_audit_text_t *record, char *storage, const char *text, size_t length);

#endif
