/* Orders: changes of officers and windows, signed by central officers. What an order says is what its signatures say; portal and signer
 * read it the same way, and only the signer carries it out. A new or changed officer, a new window and what a window is responsible for need
 * two people; address and telephone of a window, and making an officer inactive, one. */
#ifndef XCA_OPERATIONS_ORDER_H
#define XCA_OPERATIONS_ORDER_H

#include "directory/order_store.h"
#include "operations/office.h"

#define XCA_ORDER_LIFE apr_time_from_sec(14 * 86400) /* between signature and carrying out */

/* What an order wants. */
typedef struct xca_order {
    const char *id;
    int is_window;
    xca_officer_t officer; /* kind officer; its certificate is there if it came along */
    xca_window_t window;   /* kind window */
    const char *certificate_digest; /* hex */
} xca_order_t;

/* One signature, verified or not (err). */
typedef struct xca_order_signature {
    const char *id;        /* of the entry                        */
    const char *verdict;   /* the signer's, or NULL               */
    xca_officer_t *signer; /* NULL if it could not be verified    */
    apr_time_t time;
    xca_order_t *order;    /* what it says, NULL if it says none  */
    xca_error_t *err;      /* why it does not count, or NULL      */
} xca_order_signature_t;

/* An order with its signatures as they stand. */
typedef struct xca_order_standing {
    xca_order_entry_t *entry;
    xca_order_t *order;    /* of the earliest signature that counts, NULL: none does */
    apr_array_header_t *signatures; /* xca_order_signature_t *, by time */
    int people;            /* how many different people's signatures count */
    int needed;            /* how many it takes: 1 or 2 */
} xca_order_standing_t;

/* The text that `officer` signs for the order; errors of fields: "order.subject", "field.choose", "order.window", "field.required",
 * "field.too-long", "window.not-found", "order.county", "order.class", at the fields "subject", "title", "role", "person", "window",
 * "county", "classes", "address", "phone". */
xca_error_t *xca_order_statement(const char **text, xca_office_t *office, const xca_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Verifies one signature over an order. Errors (XCA_E_DENIED): those of xca_cms_verify(), "order.malformed", "order.role",
 * "order.inactive", "order.time", "order.own" (of oneself). *order and *officer as far as they were read. */
xca_error_t *xca_order_open(xca_order_t **order, xca_officer_t **officer, apr_time_t *signed_at, xca_office_t *office,
                            xca_bytes_t cms, xca_bytes_t anchor, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Reads an order and judges its signatures. */
xca_error_t *xca_order_stands(xca_order_standing_t *standing, xca_office_t *office, const char *id, xca_bytes_t anchor,
                              apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Whether it may be carried out as things are: the certificate is that of the signed digest, under the anchor and nobody else's; window and role go together; at
 * least two people stay who can sign orders. Errors (XCA_E_DENIED): "order.certificate", "order.certificate-taken", "order.last-central",
 * and those of the fields of xca_order_statement(). */
xca_error_t *xca_order_check(xca_office_t *office, const xca_order_t *order, xca_bytes_t anchor, apr_time_t now,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Hands in a signature: the order's entry (with the new officer's certificate, or length 0) if it is the first, then the signature. */
xca_error_t *xca_order_submit(xca_office_t *office, const xca_order_t *order, xca_bytes_t certificate, xca_bytes_t cms,
                              apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
