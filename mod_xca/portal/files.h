/* Static files, read into memory at start: style sheet, pictures, scripts; forms to download. */
#ifndef XCA_PORTAL_FILES_H
#define XCA_PORTAL_FILES_H

#include "base/text.h"

typedef struct xca_static_file {
    const char *name; /* "style.css" */
    const char *type; /* "text/css; charset=utf-8" */
    const char *etag; /* quoted, strong: of the content */
    xca_bytes_t content;
} xca_static_file_t;

typedef struct xca_files xca_files_t;

/* Reads the files of `folder` (no folders below) whose kind is known: css, js, svg, png, ico, txt, json, c, sh, py, md, pdf, odt, gz. Errors:
 * "file.unreadable", "file.too-large". */
xca_error_t *xca_files_read(xca_files_t **files, const char *folder, apr_pool_t *pool) XCA_MUST_USE;

/* NULL if there is none of this name. */
const xca_static_file_t *xca_files_get(const xca_files_t *files, const char *name);

/* A strong entity tag, quoted, of content (RFC 9110 section 8.8.3). */
const char *xca_etag(xca_bytes_t content, apr_pool_t *pool);

/* Changes with any file: pages put it into addresses, so that browsers may keep what they have. */
const char *xca_files_version(const xca_files_t *files);

#endif
