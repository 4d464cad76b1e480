/* Organisations from tables: CSV text in, records out. No I/O; who assigns numbers and writes the
 * directory is operations/oid_import.h. A table is recognised by the columns in its header line,
 * whatever their order. A wrong row is told with line, column and reason, the others come out.
 *
 *   for (err = xca_import_open(&import, text, length, postal, pool); ...) then, with a pool that is
 *   cleared for each row, xca_import_next() until it gives neither a row nor an error. */
#ifndef XCA_OPERATIONS_IMPORT_H
#define XCA_OPERATIONS_IMPORT_H

#include "domain/organisation.h"
#include "domain/postal.h"

#define XCA_IMPORT_ROWS_MAX 500000 /* rows of one file */

/* The columns of our own export, and what xca_import_export_line() writes. */
#define XCA_IMPORT_EXPORT_HEADER                                                                   \
    "oid,name,name_en,class,state,ubn,school_code,county,district,zip,address,phone,fax,url,note," \
    "source_key,authority\r\n"

typedef enum {
    XCA_TABLE_NONE,
    XCA_TABLE_EXPORT,       /* our own export: every field of a record, with its OID         */
    XCA_TABLE_GOV_OID,      /* the government's OID directory (oid, dn, name, org_code ...)   */
    XCA_TABLE_SCHOOLS,      /* Ministry of Education: school_code, level, name ...            */
    XCA_TABLE_SCHOOL_NAMES, /* full names of schools: name, category, address, business_no    */
    XCA_TABLE_NPO,          /* love codes: name, business_no, county, kind_by_name            */
    XCA_TABLE_LEGAL_NAMES,  /* courts' register: name, registered_on, kind_by_name            */
    XCA_TABLE_NHI,          /* health insurance: nhi_code, name, kind, address                */
    XCA_TABLE_CRAM_SCHOOLS, /* 補習班: name, category, county, district, address               */
    XCA_TABLE_ORG_CODES,    /* 機關代碼: org_code, name                                        */
    XCA_TABLE_COUNT
} xca_table;

/* Which table has such a header line; XCA_TABLE_NONE if none that we know. */
xca_table xca_import_recognise(const char *const *names, int count);

typedef struct xca_import_row {
    xca_org_t org;      /* org.oid is NULL where the table has none; org.source_key finds it again */
    const char *parent; /* then: the OID under which it is to be numbered, else NULL */
} xca_import_row_t;

typedef struct xca_import xca_import_t;

/* Starts reading: recognises the table and, where one organisation may stand in several rows (schools by
 * school year), finds the newest row of each. Text and postal table must outlive the reader.
 * Errors: "import.unknown-table", "import.too-many-rows", "csv.*" of the header line. */
xca_error_t *xca_import_open(xca_import_t **import, const char *text, apr_size_t length,
                             const xca_postal_t *postal, apr_pool_t *pool) XCA_MUST_USE;

xca_table xca_import_table(const xca_import_t *import);

/* The next record, in `row_pool`; *line is the line of the file it starts on. *row is NULL at the end, and
 * with an error: that row is wrong (err->field is its column, err->arg fills the message), the next call
 * goes on behind it. Rows that a newer one of the same file replaces are passed over.
 * Errors: XCA_E_INVALID: "csv.*", "import.columns", "import.duplicate" (arg: line of the first row),
 * "import.damaged-name", "import.class", "import.state", "import.code", and those of domain/codes.h. */
xca_error_t *xca_import_next(xca_import_t *import, const xca_import_row_t **row, int *line,
                             apr_pool_t *row_pool) XCA_MUST_USE;

/* Non-zero if two records are one organisation by what their tables tell: same class, same folded name,
 * and places, unified numbers and keys that do not contradict. For tables that lack a common key; two
 * different keys of one table are two organisations, though they share name and town. */
int xca_import_same(const xca_org_t *a, const xca_org_t *b, apr_pool_t *scratch);

/* What the directory's record becomes by a row of `table`. The table that a record came from (same
 * source key, or our export by OID) replaces what it has; any other only fills what is empty. Fields
 * that a table has no value for stay, except with our own export, which is complete (an authority that older
 * exports have no column for stays, too). Applying the same
 * tables again, in any order, changes nothing. */
xca_org_t *xca_import_merge(apr_pool_t *pool, const xca_org_t *existing, const xca_org_t *row,
                            xca_table table);

/* The name of a locality arc of the tree ("2.16.886.111.90001" is the first county of the postal table,
 * "2.16.886.111.90001.90003" its third district), NULL if the OID is none. */
const char *xca_import_locality(const xca_postal_t *postal, const char *oid);

/* One line of the export, with CRLF. */
char *xca_import_export_line(apr_pool_t *pool, const xca_org_t *org);

#endif
