/* Reading the audit log: pages of it by index, for an auditor's eyes, and all of it, for export. Nothing here is checked:
 * operations/audit_verify.h does that. */
#ifndef XCA_OPERATIONS_AUDIT_READ_H
#define XCA_OPERATIONS_AUDIT_READ_H

#include "directory/audit_store.h"

/* The kinds of entries that this version writes (tools/audit/README.md), in the order of their table; ends with NULL. */
extern const char *const xca_audit_kinds[];

/* NULL and 0 leave a part out. */
typedef struct xca_audit_filter {
    const char *kind;
    const char *subject;      /* case, serial, card number, OID, "officer UID", "window ID" */
    apr_time_t since, until;  /* the first moment, and the first one that is too late */
} xca_audit_filter_t;

/* Error "admin.kind", field "kind", if `kind` (NULL: any) is none of them. */
xca_error_t *xca_audit_kind_check(const char *kind, apr_pool_t *pool) XCA_MUST_USE;

/* *subject: what a filter looks for when a person has typed this. What was typed tells which it is: numbers with capitals, full-width
 * digits, spaces and dashes, serial numbers with colons too, an officer's or a window's id alone. */
xca_error_t *xca_audit_subject_read(const char **subject, xca_store_t *store, const char *typed, apr_pool_t *pool) XCA_MUST_USE;

/* *number: of the last entry, 0 if there is none. */
xca_error_t *xca_audit_last(apr_int64_t *number, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

/* At most `count` entries that the filter fits (xca_audit_entry_t *), in the order of reading: upwards from number `from`, or with
 * `newest_first` downwards from it; `from` 0: from the end of the log where reading begins. *next: the `from` of the following call, 0 if there is
 * nothing more. The work of one call is bounded, so that a rare kind in a long log may give fewer than `count`, even
 * none, with *next set: then it goes on there. */
xca_error_t *xca_audit_read(apr_array_header_t **entries, apr_int64_t *next, xca_store_t *store,
                            const xca_audit_filter_t *filter, apr_int64_t from, int count, int newest_first,
                            apr_pool_t *pool) XCA_MUST_USE;

/* All entries that the filter fits from number `from` on, in order, each in `scratch`. An error of the callback ends it. */
typedef xca_error_t *xca_on_audit(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch);
xca_error_t *xca_audit_walk(xca_store_t *store, const xca_audit_filter_t *filter, apr_int64_t from, xca_on_audit *on_entry,
                            void *baton, apr_pool_t *pool) XCA_MUST_USE;

/* Export: JSON Lines (an object a line), CSV (RFC 4180, with a header), or the texts with their signatures as
 * tools/audit/verify.sh takes them. */
typedef enum { XCA_AUDIT_JSON, XCA_AUDIT_CSV, XCA_AUDIT_TEXT, XCA_AUDIT_FORMATS } xca_audit_format;
xca_audit_format xca_audit_format_by_id(const char *id); /* "json", "csv", "text"; XCA_AUDIT_FORMATS if none */
const char *xca_audit_export_head(xca_audit_format format); /* what stands before the first entry */
const char *xca_audit_export_entry(xca_audit_format format, const xca_audit_entry_t *entry, apr_pool_t *pool);

#endif
