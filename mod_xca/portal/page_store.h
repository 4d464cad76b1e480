/* The certificate store of RFC 4387: certificates and revocation lists by search keys, for programs, over HTTP and HTTPS. */
#ifndef XCA_PORTAL_PAGE_STORE_H
#define XCA_PORTAL_PAGE_STORE_H

#include "portal/page.h"

xca_page xca_page_store_certificates; /* GET /certificates/search.cgi?<attribute>=<value> (section 3.3: the well-known address) */
xca_page xca_page_store_lists;        /* GET /crls/search.cgi?<attribute>=<value>[&delta=1]: the list of an issuer, or the one that a
                                         certificate is on (its partition's), or the delta to it */

#define XCA_STORE_MATCHES 32   /* certificates in one answer; with more the question is refused */
#define XCA_STORE_VALUE   1024 /* bytes of a value */

typedef struct xca_store_query {
    const char *attribute; /* as the RFC names it: "certHash" ... */
    const char *value;     /* a hash: lower-case hexadecimal; otherwise text, UTF-8 */
    int delta;             /* "&delta=1" stood behind it */
} xca_store_query_t;

/* Reads a query string (raw, may be NULL): one attribute, which is one of RFC 4387 section 2.2, and its value; "&delta=1" may follow. In hashes a '+' is
 * itself, percent-encoded or not. Errors: "store.query", "store.attribute", "store.hash" (arg: the attribute), "store.value"
 * (arg: the attribute). Fuzz target: store_query. */
xca_error_t *xca_store_query_read(xca_store_query_t *query, const char *text, apr_pool_t *pool) XCA_MUST_USE;

#endif
