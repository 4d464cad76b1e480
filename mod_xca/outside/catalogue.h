/* The message catalogue: every text that people read, Traditional Chinese and English side by side, in
 * htdocs/catalogue/<topic>.xml:  <catalogue><m id="apply.title"><zh>…</zh><en>…</en></m></catalogue>
 * Texts have {name} places. Read once at start, read-only afterwards. */
#ifndef XCA_OUTSIDE_CATALOGUE_H
#define XCA_OUTSIDE_CATALOGUE_H

#include "base/error.h"

typedef enum { XCA_ZH, XCA_EN } xca_language;

typedef struct xca_catalogue xca_catalogue_t;

/* Reads all .xml files of `folder`. Errors: "catalogue.double" (arg: the id), "catalogue.incomplete" (a language is
 * missing), those of the XML reader. */
xca_error_t *xca_catalogue_read(xca_catalogue_t **catalogue, const char *folder,
                                apr_pool_t *pool) XCA_MUST_USE;

/* The text, or NULL if there is none with this id. */
const char *xca_catalogue_text(const xca_catalogue_t *catalogue, const char *id, xca_language language);

/* The texts of one or several ids with a space between (xca_error_ids()), told as one; an id without a text stands for itself. */
const char *xca_catalogue_texts(const xca_catalogue_t *catalogue, const char *ids, xca_language language, apr_pool_t *pool);

/* The text with every {name} replaced by the value that follows its name in the NULL-ended list
 * (name, value, name, value, ..., NULL); a missing text gives the id in square brackets. */
char *xca_catalogue_format(const xca_catalogue_t *catalogue, const char *id, xca_language language,
                           apr_pool_t *pool, ...);

/* An error's text in the user's language, {arg} filled. */
char *xca_catalogue_error(const xca_catalogue_t *catalogue, const xca_error_t *err,
                          xca_language language, apr_pool_t *pool);

#endif
