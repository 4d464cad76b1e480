/* The empty change sheet: headings, the kinds to choose from, hints and notes. Made here, so that it always is what is read. */
#ifndef XCA_OPERATIONS_XDS_TEMPLATE_H
#define XCA_OPERATIONS_XDS_TEMPLATE_H

#include "operations/xds.h"
#include "outside/catalogue.h"
#include "outside/sheet_write.h"

/* XCA_SHEET_XLSX or XCA_SHEET_ODS; headings and kinds in the language, notes in both. `rows` (xca_xds_row_t, or NULL): rows that
 * are filled in already. */
xca_error_t *xca_xds_template(xca_bytes_t *file, xca_sheet_format format, const xca_catalogue_t *texts,
                              xca_language language, const apr_array_header_t *rows, apr_pool_t *pool) XCA_MUST_USE;

/* The rows of a preview that are wrong, to be corrected in a sheet of their own. */
apr_array_header_t *xca_xds_wrong_rows(const xca_xds_preview_t *preview, apr_pool_t *pool);

#endif
