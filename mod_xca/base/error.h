/* Errors: every function that can fail returns an xca_error_t *, NULL for success.
 * An error names a text of the message catalogue (what the user reads), the form field it belongs
 * to, and a detail for the log that users never see. */
#ifndef XCA_BASE_ERROR_H
#define XCA_BASE_ERROR_H

#include <apr_pools.h>

#if defined(__GNUC__)
#define XCA_MUST_USE __attribute__((warn_unused_result))
#define XCA_PRINTF(fmt_index, first) __attribute__((format(printf, fmt_index, first)))
#else
#define XCA_MUST_USE
#define XCA_PRINTF(fmt_index, first)
#endif

/* What a caller can do about it; portal/respond.c is the one place that turns it into HTTP. */
typedef enum {
    XCA_E_INVALID,     /* the input is wrong; the message tells what to do            422 */
    XCA_E_NOT_FOUND,   /* no such case, certificate, organisation, page               404 */
    XCA_E_DENIED,      /* wrong code, wrong role, wrong or used form token            403 */
    XCA_E_CONFLICT,    /* someone else was faster, or the state no longer allows it   409 */
    XCA_E_LOCKED,      /* too many wrong codes                                        429 */
    XCA_E_TOO_LARGE,   /* the input is larger than the limit                          413 */
    XCA_E_TYPE,        /* the body is of a kind that is not taken                     415 */
    XCA_E_METHOD,      /* the page does not take this method                          405 */
    XCA_E_ACCEPT,      /* what is asked for is not among what there is to give        406 */
    XCA_E_UNAVAILABLE, /* directory or signer cannot be reached or cannot write       503 */
    XCA_E_INTERNAL     /* a fault of ours                                             500 */
} xca_error_kind;

typedef struct xca_error xca_error_t;
struct xca_error {
    xca_error_kind kind;
    const char *message; /* id in the catalogue, such as "csr.rsa-too-small"; never NULL   */
    const char *arg;     /* fills {arg} of the catalogue text: a number, a name; or NULL    */
    const char *field;   /* name of the form field, or NULL                                 */
    const char *detail;  /* for the log: library messages, DNs; no secrets; or NULL         */
    xca_error_t *next;   /* further errors of the same form, or NULL                        */
};

/* Makes an error in `pool`. `message` is kept as given (a literal); the detail is formatted
 * (printf), NULL for none. */
xca_error_t *xca_error_make(apr_pool_t *pool, xca_error_kind kind, const char *message,
                            const char *detail_format, ...) XCA_PRINTF(4, 5);

/* Makes an XCA_E_INVALID error for a form field; `arg` may be NULL. */
xca_error_t *xca_error_field(apr_pool_t *pool, const char *field, const char *message,
                             const char *arg);

/* Appends `err` to the list that starts with `list` (either may be NULL); returns the head. */
xca_error_t *xca_error_append(xca_error_t *list, xca_error_t *err);

/* The messages of all errors of the list, each once and at most XCA_ERROR_IDS, with a space between: what the directory keeps of them;
 * xca_catalogue_texts() tells them again. */
#define XCA_ERROR_IDS 12
const char *xca_error_ids(const xca_error_t *err, apr_pool_t *pool);

#endif
