/* Verifying the audit log: every entry's hash, place in the chain and signature, in one pass of bounded memory. */
#ifndef XCA_OPERATIONS_AUDIT_VERIFY_H
#define XCA_OPERATIONS_AUDIT_VERIFY_H

#include "directory/audit_store.h"

/* What an auditor noted of an entry some other day. */
typedef struct xca_audit_head {
    apr_int64_t number;
    const char *hash;
} xca_audit_head_t;

typedef struct xca_audit_report {
    apr_int64_t checked;  /* entries that were verified */
    apr_int64_t last;     /* number and hash of the last one */
    char hash[65];
    apr_time_t time;      /* its time */
    apr_int64_t bad;      /* number of the first entry that is wrong, missing or too much; 0: all is well */
    const char *wrong;    /* message id of what is wrong with it:
                             "audit.unreadable"  no entry of the format
                             "audit.hash"        its text is not what it was when it was written
                             "audit.chain"       it does not follow the entry before it
                             "audit.key"         it names a key that the CA did not certify for the log
                             "audit.signature"   the log's key has not signed it
                             "audit.time"        it is older than the one before it
                             "audit.number"      it says that it has another number
                             "audit.index"       what it is searched by is not what it says
                             "audit.cms"         what is kept with it is not what it names
                             "audit.missing"     it is not there, later ones are
                             "audit.truncated"   the log ends before it, and it was there when a head was noted
                             "audit.head"        it is another one than when a head was noted */
} xca_audit_report_t;

/* Verifies from number `from` (at least 1) to the end. `cas`: `ca_count` certificates of the CA that certifies the log's key, one of each key
 * that it has had. `heads` may have no
 * element. With `from` above 1 the entry before it is taken as it is. Errors are those of the directory; what is found
 * stands in the report. */
xca_error_t *xca_audit_verify(xca_audit_report_t *report, xca_store_t *store, const xca_bytes_t *cas, int ca_count,
                              apr_int64_t from, const xca_audit_head_t *heads, int head_count, apr_pool_t *pool) XCA_MUST_USE;

/* The same for the entries `from` to `to` alone (both at least 1), for a quick look at a few; without heads. That the log ends
 * before `to` is nothing wrong: report->last tells. */
xca_error_t *xca_audit_verify_range(xca_audit_report_t *report, xca_store_t *store, const xca_bytes_t *cas, int ca_count,
                                    apr_int64_t from, apr_int64_t to, apr_pool_t *pool) XCA_MUST_USE;

/* The certificate in an entry of kind audit-key. Error: XCA_E_DENIED "audit.key". */
xca_error_t *xca_audit_key_of(xca_bytes_t *certificate, const xca_audit_entry_t *entry, apr_pool_t *pool) XCA_MUST_USE;

#endif
