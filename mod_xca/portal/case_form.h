/* The application form (step 3, and corrections later): what the browser sent ↔ a case, and the case → what the page
 * shows. The rules themselves are xca_application_check()'s. */
#ifndef XCA_PORTAL_CASE_FORM_H
#define XCA_PORTAL_CASE_FORM_H

#include "portal/page.h"

#define XCA_TERMS_VERSION "2026-1" /* of htdocs/templates/terms.*.xhtml */

typedef struct xca_case_form {
    xca_case_t *kase;
    const xca_bytes_t *csr_file; /* a request that came with this form, as a file or as text, or NULL */
    xca_secret_t *code, *code_again; /* NULL if left empty */
    int agreed;                  /* to the terms of this version */
    int same_address;            /* the contact's address is the organisation's */
} xca_case_form_t;

/* Takes the form of a certificate or a card as it was sent; nothing is checked but that ids are ids. A request accepted earlier comes back in
 * the field csr_kept and becomes kase->csr. */
xca_case_form_t *xca_case_form_read(xca_visit_t *visit, xca_case_kind kind);

/* An empty form for the known organisation `oid`, or for a new one of `class`. Errors: "org.not-found", "org.abolished",
 * "org.unit", "case.class-not-card-less", and those of the directory. */
xca_error_t *xca_case_form_start(xca_case_form_t **form, xca_visit_t *visit, xca_case_kind kind,
                                 const char *oid, xca_class class) XCA_MUST_USE;

/* Whether an organisation may have a card, or a certificate without one; NULL if so, else the error that says why not. */
xca_error_t *xca_case_form_may_apply(xca_case_kind kind, const xca_org_t *org, apr_time_t now,
                                     apr_pool_t *pool) XCA_MUST_USE;

/* Checks the request that came with the form alone, so that it is kept when the page is shown again for another reason. */
xca_error_t *xca_case_form_take_request(xca_visit_t *visit, xca_case_form_t *form) XCA_MUST_USE;

/* Checks the two user codes; with `required` 0 both may be empty. */
xca_error_t *xca_case_form_check_code(const xca_case_form_t *form, int required,
                                      apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if every error of the list is the applicant's to put right. */
int xca_case_form_is_input(const xca_error_t *err);

/* Puts the form into the visit's model, with `wrong` (may be NULL) at its fields, in the order of the page. The form
 * is shown even when the directory cannot be reached: what was typed is worth more than the list of windows. */
void xca_case_form_show(xca_visit_t *visit, xca_case_form_t *form, xca_error_t *wrong);

/* The draft as a file to download (what: raw answer of the visit). */
void xca_case_form_save(xca_visit_t *visit, const xca_case_form_t *form);

/* Reads the uploaded draft in place of what was typed. Errors: "draft.missing", "draft.unreadable". */
xca_error_t *xca_case_form_load(xca_visit_t *visit, xca_case_form_t *form) XCA_MUST_USE;

/* Non-zero if two cases say the same in all that an applicant fills in. */
int xca_case_same_content(const xca_case_t *a, const xca_case_t *b);

/* One field of a page, whose name is one of a case (xca_case_fields); a table of them ends with a NULL name. */
typedef struct xca_case_form_row {
    const char *name;
    const char *type;
    const char *autocomplete;
    const char *input_mode;
    int required;
    const char *hint; /* id of a text, or NULL */
    const char *size; /* width class */
} xca_case_form_row_t;

/* The rows as field.xhtml shows them, with the case's values and the errors of xca_visit_errors(), into the model under `key`. */
void xca_case_form_put_rows(xca_visit_t *visit, const char *key, const xca_case_form_row_t *row, const xca_case_t *kase);

#endif
