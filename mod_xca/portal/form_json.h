/* A body in JSON (RFC 8259) as the fields of a form: one object whose members are texts. Read here and not by a library, because a
 * member may be a user code, which is to be nowhere but in the form that wipes it. Fuzz target: json. */
#ifndef XCA_PORTAL_FORM_JSON_H
#define XCA_PORTAL_FORM_JSON_H

#include "portal/form.h"

/* Adds a field for each member. Errors: "json.malformed" (arg: the byte), "json.not-text" (field: the member), "json.double" (field: the member), those of xca_form_put(). */
xca_error_t *xca_form_json(xca_form_t *form, const char *body, apr_size_t length) XCA_MUST_USE;

#endif
