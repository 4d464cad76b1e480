/* CSV (RFC 4180): UTF-8 with or without BOM, LF or CRLF, quotes. Bounded: 64 columns, 16 KiB a
 * field. Tells line and column of what is wrong and goes on with the next row. */
#ifndef XCA_DOMAIN_CSV_H
#define XCA_DOMAIN_CSV_H

#include "base/error.h"

#define XCA_CSV_COLUMNS_MAX 64
#define XCA_CSV_FIELD_MAX   16384

typedef struct xca_csv xca_csv_t;

/* Starts reading `length` bytes; the text must outlive the reader. */
xca_csv_t *xca_csv_open(apr_pool_t *pool, const char *text, apr_size_t length);

/* Reads the next row into `row_pool`: *fields gets *count strings, *line the number of its first line
 * (1 is the first line of the file). *count is 0 at the end. A bad row gives an XCA_E_INVALID error
 * ("csv.quote", "csv.utf8", "csv.columns", "csv.field-long"; arg: "line:column") and is passed over: the
 * next call reads the row behind it. */
xca_error_t *xca_csv_next(xca_csv_t *csv, const char ***fields, int *count, int *line,
                          apr_pool_t *row_pool) XCA_MUST_USE;

/* One field as it stands in a line being written: quoted where RFC 4180 asks for it, with a guard
 * against formulas (a leading = + - @ tab CR gets a ' before it). */
char *xca_csv_quote(apr_pool_t *pool, const char *field);

/* The field without that guard: what xca_csv_quote() was given. Only for files of our own. */
const char *xca_csv_unguard(const char *field);

#endif
