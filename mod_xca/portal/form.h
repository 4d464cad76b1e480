/* Forms: application/x-www-form-urlencoded and multipart/form-data (RFC 7578), bounded: 100 fields, names of
 * 64 bytes, values of 64 KiB. Values are valid UTF-8 text: each byte or character of one that is
 * not (xca_text_valid) is U+FFFD, which xca_typed_check() refuses at its field. Fuzz target: form. */
#ifndef XCA_PORTAL_FORM_H
#define XCA_PORTAL_FORM_H

#include <apr_tables.h>
#include "base/secret.h"
#include "base/text.h"

typedef struct xca_form xca_form_t;

/* Reads query string and body. Errors: "form.malformed", "form.too-large", "form.type". */
xca_error_t *xca_form_read(xca_form_t **form, const char *query, const char *content_type, const char *body,
                           apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

/* The same for programs of others, whose body may be JSON too (portal/form_json.h). */
xca_error_t *xca_form_read_api(xca_form_t **form, const char *query, const char *content_type, const char *body, apr_size_t length,
                               apr_pool_t *pool) XCA_MUST_USE;

/* For readers of other kinds of bodies: one more field, with a text (taken over; it is wiped with the form) or a file. Errors as
 * above. */
xca_error_t *xca_form_put(xca_form_t *form, const char *name, apr_size_t name_length, char *text, apr_size_t length) XCA_MUST_USE;
xca_error_t *xca_form_put_file(xca_form_t *form, const char *name, const void *data, apr_size_t length) XCA_MUST_USE;
apr_pool_t *xca_form_pool(const xca_form_t *form);

/* First value of a field, NULL if it is not there. */
const char *xca_form_text(const xca_form_t *form, const char *name);
/* The name of a field that is there more than once, NULL if there is none. */
const char *xca_form_double(const xca_form_t *form);
/* All values of a field that may come several times, in their order: array of const char *. */
apr_array_header_t *xca_form_texts(const xca_form_t *form, const char *name, apr_pool_t *pool);
/* A field that is secret: copied, and wiped in the form. NULL if empty or not there. */
xca_secret_t *xca_form_secret(xca_form_t *form, const char *name, apr_pool_t *pool);
/* An uploaded file, NULL if there is none or it has neither name nor content. */
const xca_bytes_t *xca_form_file(const xca_form_t *form, const char *name);

#endif
