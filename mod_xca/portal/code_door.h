/* Where a visitor types a user code: it has the form of one before it costs a try, and an address from which many wrong
 * ones came waits (features.md 8.5). Wrong codes of a case or certificate are counted there as well. */
#ifndef XCA_PORTAL_CODE_DOOR_H
#define XCA_PORTAL_CODE_DOOR_H

#include "portal/page.h"

#define XCA_SOURCE_TRIES     20 /* wrong codes from one address within ... */
#define XCA_SOURCE_WINDOW    apr_time_from_sec(60 * 60)
#define XCA_SOURCE_LOCK_TIME apr_time_from_sec(15 * 60)

/* Whether the visitor's address may bring a code now: XCA_E_LOCKED "code.source-locked" (arg: minutes left), or those of the
 * directory. */
xca_error_t *xca_code_door_open(xca_visit_t *visit) XCA_MUST_USE;

/* What stands for the visitor's address: a keyed hash, hex. */
const char *xca_code_door_source(const xca_visit_t *visit);

/* Takes the code of the form field. Errors at the field: "field.required", those of xca_user_code_check();
 * XCA_E_LOCKED "code.source-locked" (arg: minutes left); those of the directory. */
xca_error_t *xca_code_door_take(xca_secret_t **code, xca_visit_t *visit,
                                const char *field) XCA_MUST_USE;

/* Tells the door what came of the code: `err` as the operation gave it (NULL: it was right). Gives back what the
 * visitor is told: `err`, or that the address is locked from now on. */
xca_error_t *xca_code_door_close(xca_visit_t *visit, xca_error_t *err) XCA_MUST_USE;

#endif
