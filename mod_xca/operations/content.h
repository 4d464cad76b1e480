/* What officers do with content: save, import, export. Nothing here has to do with certificates. */
#ifndef XCA_OPERATIONS_CONTENT_H
#define XCA_OPERATIONS_CONTENT_H

#include "directory/content_store.h"
#include "operations/office.h"

#define XCA_CONTENT_FILE_MAX (1024 * 1024)

/* "2026-11-02" as noon in Taiwan, so that the date is the same in every form; 0 if it is none. */
apr_time_t xca_content_date(const char *text);

/* Fields and markup. Errors: those of xca_content_check() and xca_markup_check(). */
xca_error_t *xca_content_allowed(const xca_content_t *content, apr_pool_t *pool) XCA_MUST_USE;

/* Checks fields and markup, and stores: revision 0 adds, others replace that revision. `author` and `now` are kept with it; `actor`
 * is whose change the audit log tells ("officer UID", "admin USER"). Errors: those of xca_content_check(), xca_markup_check() and
 * xca_content_put(). */
xca_error_t *xca_content_save(xca_office_t *office, xca_content_t *content, const char *author, const char *actor,
                              apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

typedef struct xca_content_counts {
    int added, changed, unchanged, kept; /* kept: someone has changed it since the last import */
} xca_content_counts_t;

/* Reads a file of content and stores what is new or other than at the last import; what officers have changed since stays,
 * unless `replace`. Again = no change.
 *   <contents><faq id="pin-locked" category="pin" order="20" state="published">
 *     <title><zh>…</zh><en>…</en></title><body><zh>…</zh><en>…</en></body></faq> … </contents>
 * and likewise <news date="2026-11-02">, <use order="…">, <fee order="…">. Nothing is stored if one of them is wrong.
 * `author`, `actor`: as of xca_content_save().
 * Errors: "xml.malformed", "content.element" (arg: line), those of xca_content_save() with the id in `detail`. */
xca_error_t *xca_content_import(xca_content_counts_t *counts, xca_office_t *office, const char *data, apr_size_t length,
                                const char *author, const char *actor, int replace, apr_time_t now,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Such a file of these, xca_content_t * with bodies. */
xca_error_t *xca_content_export(xca_bytes_t *xml, const apr_array_header_t *contents, apr_pool_t *pool) XCA_MUST_USE;

/* Published questions and answers that have every word in either language; with bodies. */
xca_error_t *xca_content_search(apr_array_header_t **found, xca_office_t *office, const apr_array_header_t *words,
                                apr_pool_t *pool) XCA_MUST_USE;

#endif
