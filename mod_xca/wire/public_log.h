/* The public log of everything issued and revoked, as text by wire/lines.h: its leaves (what is hashed into the Merkle tree of
 * RFC 9162 section 2.1) and its head (what the audit log's key signs). tools/log/README.md describes both. Plain C without APR. */
#ifndef XCA_WIRE_PUBLIC_LOG_H
#define XCA_WIRE_PUBLIC_LOG_H

#include "wire/lines.h"

#define XCA_LOG_LEAF_FIRST "XCA-LOG-1"
#define XCA_LOG_HEAD_FIRST "XCA-LOG-HEAD-1"
#define XCA_LOG_LEAF_MAX   1024 /* bytes of a leaf */
#define XCA_LOG_HEAD_MAX   512  /* bytes of a head */
#define XCA_LOG_HASH       64   /* hex digits of SHA-256 */

typedef struct xca_log_leaf {
    const char *index;       /* 0, 1, 2, ... without gap */
    const char *time;        /* of the entry of the audit log, YYYYMMDDTHHMMSSZ */
    const char *kind;        /* "certificate-issue", "-accept", "-suspend", "-resume", "-revoke" */
    const char *serial;      /* serial number, hex; not at the issue: before the acceptance it is not public */
    const char *certificate; /* SHA-256 of the certificate, hex, or NULL */
    const char *entry;       /* number of the entry of the audit log */
    const char *seal;        /* SHA-256 of that entry's text followed by its signature, hex: tells nothing, and binds */
} xca_log_leaf_t;

typedef struct xca_log_head {
    const char *size;  /* leaves */
    const char *root;  /* RFC 9162 section 2.1.1: MTH of the leaves, hex */
    const char *time;  /* when it was signed */
    const char *entry; /* up to which entry the audit log has been taken in */
} xca_log_head_t;

extern const xca_line_field_t xca_log_leaf_fields[], xca_log_head_fields[];

/* Read strictly: only what xca_lines_write() can have written, with all that must be there, numbers without leading zeros below
 * 10^15. `storage` has room for `length` bytes. Returns 1, or 0 if it is none. */
int xca_log_leaf_read(xca_log_leaf_t *leaf, char *storage, const char *text, size_t length);
int xca_log_head_read(xca_log_head_t *head, char *storage, const char *text, size_t length);

#endif
