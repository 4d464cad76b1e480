/* Tables of organisations into the OID tree and the tree out again. operations/import.h reads the rows; here they
 * are found, numbered, added and updated. */
#ifndef XCA_OPERATIONS_OID_IMPORT_H
#define XCA_OPERATIONS_OID_IMPORT_H

#include "operations/import.h"
#include "operations/office.h"

typedef struct xca_import_report {
    xca_table table;
    int added, changed, unchanged, wrong; /* rows */
} xca_import_report_t;

/* Told of a row that does not go in: the line it starts on; err->field is its column. */
typedef void xca_on_wrong_row(void *baton, int line, const xca_error_t *err);

/* Puts a table into the directory. A row is an organisation that is there already by its OID, by the key of its row, or
 * by class, name and place (xca_import_same); otherwise it gets its OID or the next number under its parent. Numbers are
 * taken in the order of the rows, so the same tables give the same tree; the same table again changes nothing.
 * Errors: "import.unknown-table", "import.too-many-rows", those of the directory when it is down, full, read-only. */
xca_error_t *xca_oid_import(xca_import_report_t *report, const xca_office_t *office, const char *text,
                            apr_size_t length, xca_on_wrong_row *on_wrong, void *baton,
                            apr_pool_t *pool) XCA_MUST_USE;

typedef enum { XCA_EXPORT_CSV, XCA_EXPORT_LDIF, XCA_EXPORT_JSON, XCA_EXPORT_COUNT } xca_export_format;

/* "csv", "ldif", "json"; XCA_EXPORT_COUNT if unknown. */
xca_export_format xca_export_format_by_id(const char *id);

/* Takes a piece of the export; an error stops it. */
typedef xca_error_t *xca_export_sink(void *baton, const char *text, apr_size_t length);

/* Writes the whole tree, parents first: CSV that xca_oid_import() reads, LDIF that slapadd -c takes, or one JSON
 * array (RFC 8259) of objects with the CSV's columns as names. E-mail addresses are not in CSV and JSON: they are
 * private. */
xca_error_t *xca_oid_export(const xca_office_t *office, xca_export_format format, xca_export_sink *sink,
                            void *baton, apr_pool_t *pool) XCA_MUST_USE;

/* The entries of a table that has OIDs (our own export) as LDIF, without asking the directory: for slapadd into a tree
 * that has only ou=oid and the first arcs. Rows without an OID are wrong here ("import.no-oid"). */
xca_error_t *xca_oid_ldif(xca_import_report_t *report, const xca_office_t *office, const char *text,
                          apr_size_t length, xca_on_wrong_row *on_wrong, void *wrong_baton,
                          xca_export_sink *sink, void *sink_baton, apr_pool_t *pool) XCA_MUST_USE;

#endif
