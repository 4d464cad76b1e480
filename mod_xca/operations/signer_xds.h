/* Carrying out an approved change sheet, row by row. */
#ifndef XCA_OPERATIONS_SIGNER_XDS_H
#define XCA_OPERATIONS_SIGNER_XDS_H

#include "operations/signer.h"

/* Some rows of the sheet that are left, and with the last one the end: the results by mail, the case completed. What is left is
 * done by the next call (signer->case_left). Every row is checked against the tree as it is then: one
 * that has become wrong is refused with why, the others go on. A row leaves a record when it begins and when it is done, so
 * that a stop anywhere in it, or a second signer, neither loses nor doubles anything. */
xca_error_t *xca_signer_xds(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
