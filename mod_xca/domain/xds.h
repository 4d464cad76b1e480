/* OID changes (OID異動): the rows of the XDS change sheet, what may stand in them, and the text of a sheet that officers sign.
 * features.md 1.3; the headings and kinds are the guide's. No I/O: which organisation a row means is operations/xds.h. */
#ifndef XCA_DOMAIN_XDS_H
#define XCA_DOMAIN_XDS_H

#include <apr_tables.h>
#include "domain/organisation.h"
#include "domain/postal.h"

#define XCA_XDS_ROWS_MAX 2000               /* changes of one sheet: more than a week's work of a window */
#define XCA_XDS_TEXT_MAX (4 * 1024 * 1024)  /* bytes of the text of a sheet */

typedef enum {
    XCA_XDS_ADD,     /* 新增組織及團體         */
    XCA_XDS_MOVE,    /* 組織及團體改隸         */
    XCA_XDS_CHANGE,  /* 修改組織及團體屬性資料 */
    XCA_XDS_ABOLISH, /* 組織及團體裁撤         */
    XCA_XDS_KIND_COUNT
} xca_xds_kind;

const char *xca_xds_kind_id(xca_xds_kind kind);   /* "add", "move", "change", "abolish" */
const char *xca_xds_kind_word(xca_xds_kind kind); /* as it stands in the sheet */
/* From what was typed: the sheet's words, shorter ones (新增, 裁撤) and the ids; XCA_XDS_KIND_COUNT if none. */
xca_xds_kind xca_xds_kind_of(const char *text, apr_pool_t *pool);

typedef enum {
    XCA_XDS_KIND,
    XCA_XDS_SCHOOL_CODE,
    XCA_XDS_UBN,
    XCA_XDS_NAME,
    XCA_XDS_ZIP,
    XCA_XDS_ADDRESS,
    XCA_XDS_PHONE,
    XCA_XDS_FAX,
    XCA_XDS_EMAIL,
    XCA_XDS_FORMER,
    XCA_XDS_CONTACT,
    XCA_XDS_CONTACT_EMAIL,
    XCA_XDS_AUTHORITY,
    XCA_XDS_COLUMN_COUNT
} xca_xds_column;

const char *xca_xds_column_id(xca_xds_column column); /* "kind", "school_code", ... : fields of errors */
xca_xds_column xca_xds_column_by_id(const char *id);  /* XCA_XDS_COLUMN_COUNT if none */
const char *xca_xds_heading(xca_xds_column column);   /* "異動形式", ... as in the guide's sheet */

/* The column that a heading names, in any of its usual forms: with or without 新組織(團體), full-width, 聯絡人, spaces, line
 * breaks, English. XCA_XDS_COLUMN_COUNT if none. */
xca_xds_column xca_xds_column_of(const char *heading, apr_pool_t *pool);

typedef struct xca_xds_row {
    int number;                               /* of the sheet, 1 is the first */
    xca_xds_kind kind;                        /* as checked */
    const char *oid;                          /* the organisation that it is about; NULL: a new one, or not known yet */
    const char *values[XCA_XDS_COLUMN_COUNT]; /* NULL: empty */
} xca_xds_row_t;

/* Trims and normalises the values in place and checks what a row of its kind may and must have. All that is wrong as a list,
 * one error a column (field: its id): "xds.kind", "field.required", "field.too-long", "field.characters", "xds.not-with-add",
 * "xds.former-needed", "xds.nothing-to-change", "xds.two-names", "xds.address-county", "xds.zip", "xds.zip-elsewhere",
 * "school-code.only-schools", "import.damaged-name" and those of domain/codes.h. */
xca_error_t *xca_xds_row_check(xca_xds_row_t *row, const xca_postal_t *postal, apr_pool_t *pool) XCA_MUST_USE;

/* The name by which the organisation of a row is registered now: the former name, else the name. */
const char *xca_xds_known_name(const xca_xds_row_t *row);

/* Non-zero if two rows ask for the same. */
int xca_xds_same(const xca_xds_row_t *a, const xca_xds_row_t *b);

/* What an organisation becomes by a row. A new one has no OID yet; XCA_XDS_ADD takes `before` NULL. Empty cells change nothing. */
xca_org_t *xca_xds_apply(const xca_xds_row_t *row, const xca_org_t *before, const xca_postal_t *postal, apr_pool_t *pool);

/* Why the certificates that the organisation has now end: "abolished", "moved" (改隸), "renamed"; NULL: they stay. The guide
 * (憑證廢止 6): a change of name or of rank ends them within two weeks. */
const char *xca_xds_ends(const xca_xds_row_t *row, const xca_org_t *before, apr_pool_t *pool);

/* The arc under which a new organisation is numbered: the class's. */
const char *xca_xds_parent(const xca_org_t *org, apr_pool_t *pool);

/* The rows as one text (CSV, RFC 4180): what is kept and signed over. Same rows, same bytes. */
char *xca_xds_write(apr_pool_t *pool, const apr_array_header_t *rows); /* xca_xds_row_t */

/* And back. Foreign bytes (the directory's); fuzz target: xds. Error: "xds.unreadable". */
xca_error_t *xca_xds_read(apr_array_header_t **rows, const char *text, apr_size_t length,
                          apr_pool_t *pool) XCA_MUST_USE;

#endif
