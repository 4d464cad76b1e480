/* libzip's owner: archives in memory, read with bounds and made. */
#ifndef XCA_OUTSIDE_ZIP_H
#define XCA_OUTSIDE_ZIP_H

#include "base/text.h"

#define XCA_ZIP_ENTRIES_MAX 1000
#define XCA_ZIP_UNPACK_MAX  (64 * 1024 * 1024) /* bytes that all reads of an archive give together */

typedef struct xca_zip xca_zip_t;
typedef struct xca_zip_entry xca_zip_entry_t;

/* Opens an archive; the bytes must stay. Closed with the pool. Errors: "sheet.damaged", XCA_E_TOO_LARGE "sheet.unpacks". */
xca_error_t *xca_zip_open(xca_zip_t **zip, const void *data, apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

int xca_zip_count(const xca_zip_t *zip);
const char *xca_zip_name(const xca_zip_t *zip, int index); /* never NULL */
int xca_zip_has(const xca_zip_t *zip, const char *name);

/* An entry for reading from its start. Errors: "sheet.damaged" (none of this name, a method that is not known),
 * "sheet.encrypted". */
xca_error_t *xca_zip_entry_open(xca_zip_entry_t **entry, xca_zip_t *zip, const char *name,
                                apr_pool_t *pool) XCA_MUST_USE;

/* The next bytes; *got 0 at the end. Errors: "sheet.damaged", "sheet.unpacks". */
xca_error_t *xca_zip_entry_read(apr_size_t *got, xca_zip_entry_t *entry, char *buffer,
                                apr_size_t size) XCA_MUST_USE;

typedef struct xca_zip_part {
    const char *name;
    const char *text;
    int stored; /* not compressed: ODF wants its "mimetype" so, and first */
} xca_zip_part_t;

/* Makes an archive of texts, in their order, all dated 1980: the same parts give the same bytes. Error: XCA_E_INTERNAL
 * "sheet.unwritable". */
xca_error_t *xca_zip_make(xca_bytes_t *archive, const xca_zip_part_t *parts, int count,
                          apr_pool_t *pool) XCA_MUST_USE;

#endif
