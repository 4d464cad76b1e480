/* The states of all certificates in memory that processes share: one writer (who follows the directory), any number of readers, no
 * lock. An open-addressed table of 24 bytes a slot, at most half full, so that a certificate takes 48 to 96 bytes. A place's serial
 * number is written once, before its word; from then on only the word changes, in one atomic store: a reader sees the old state or
 * the new one, never a mixture, and a writer that is killed at any moment leaves nothing half done. When the table grows it is
 * written anew beside the old one, and one atomic store leads readers over. Beside the table stand how fresh it is, where in
 * the stream of changes it stands, and the certificates of who signs answers: one of each key of the CA (domain/crl.h). */
#ifndef XCA_DOMAIN_STATUS_TABLE_H
#define XCA_DOMAIN_STATUS_TABLE_H

#include <apr_time.h>
#include "domain/certificate.h"
#include "domain/crl.h"

#define XCA_STATUS_COOKIE_MAX      512  /* bytes */
#define XCA_STATUS_CERTIFICATE_MAX 4096 /* bytes */

typedef struct xca_status_table xca_status_table_t;

/* What relying parties are told (RFC 6960 section 2.2, profile.md "Lists and status"). */
typedef enum {
    XCA_STATUS_UNKNOWN, /* none of ours, or not yet accepted or activated */
    XCA_STATUS_GOOD,
    XCA_STATUS_REVOKED  /* also suspended: reason XCA_REASON_HOLD */
} xca_status_kind;

typedef struct xca_status {
    xca_status_kind kind;
    xca_crl_reason reason; /* of XCA_STATUS_REVOKED */
    apr_time_t when;       /* likewise; whole seconds */
    int generation;        /* which of the CA's keys has issued it */
} xca_status_t;

/* The status of a certificate as the directory records it; what is on the revocation list is revoked. Only state, published,
 * reason, dates and generation are looked at. */
xca_status_t xca_status_of_cert(const xca_cert_t *cert);

/* Bytes of address space that a table needs which may grow to 2^`power` slots (power from 10 to 30). Memory is used as the table
 * grows: what is not written yet may be unbacked, but must read as zeros. */
apr_size_t xca_status_table_size(int power);

/* Makes an empty table in `memory`, zeroed and of that size, aligned to a page; takes up the one that was made in it before, with the same power. `shrink` (or NULL) is called with memory that is not needed any
 * more: it may give it back to the system, and it must read as zeros afterwards or be left alone. */
typedef void xca_status_shrink(void *memory, apr_size_t length);
xca_status_table_t *xca_status_table_make(void *memory, int power);

/* The writer. ---------------------------------------------------------------------------------------------------------- */

/* A writer begins (also after one that was killed): counts what is there. */
void xca_status_writer(xca_status_table_t *table, xca_status_shrink *shrink);

/* All certificates are about to be told (a refresh): what is not told until xca_status_told() is forgotten then. */
void xca_status_tell_all(xca_status_table_t *table);
void xca_status_told(xca_status_table_t *table);

/* One certificate; `serial` is its number big end first, 1 to 16 bytes without the sign's leading zero. Returns 0 if the serial is
 * not of that kind (nobody can ask for it) or the table is full. */
int xca_status_put(xca_status_table_t *table, const unsigned char *serial, apr_size_t length, const xca_status_t *status);
/* The certificate is gone. */
void xca_status_forget(xca_status_table_t *table, const unsigned char *serial, apr_size_t length);

/* At `when` (the real clock) the table was what the directory was; 0: it is not complete. */
void xca_status_in_step(xca_status_table_t *table, apr_time_t when);

/* Certificates that are known (the writer's count). */
apr_size_t xca_status_count(const xca_status_table_t *table);

/* Where the stream of changes goes on (cookie of RFC 4533); length 0: nowhere. Read and written by writers alone. */
void xca_status_cookie_put(xca_status_table_t *table, xca_bytes_t cookie);
xca_bytes_t xca_status_cookie(const xca_status_table_t *table);

/* The certificate of who signs answers about what a key of the CA has issued, DER, at most XCA_STATUS_CERTIFICATE_MAX bytes. */
void xca_status_certificate_put(xca_status_table_t *table, int generation, xca_bytes_t certificate, apr_time_t not_before,
                                apr_time_t not_after);

/* Readers. ---------------------------------------------------------------------------------------------------------------- */

/* When the table was last what the directory was, by the real clock; 0: never yet. */
apr_time_t xca_status_fresh(const xca_status_table_t *table);

xca_status_t xca_status_get(const xca_status_table_t *table, const unsigned char *serial, apr_size_t length);

/* Copies the certificate to `to` (room for XCA_STATUS_CERTIFICATE_MAX); *version counts certificates of the generation. Returns its length, 0 if there is none. */
apr_size_t xca_status_certificate(unsigned char *to, apr_time_t *not_before, apr_time_t *not_after, apr_uint64_t *version,
                                  const xca_status_table_t *table, int generation);

#endif
