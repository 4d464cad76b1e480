/* Certificates by their search keys (outside/crypto_search_keys.h): attributes of ou=certificates with an equality index each. */
#ifndef XCA_DIRECTORY_SEARCH_STORE_H
#define XCA_DIRECTORY_SEARCH_STORE_H

#include "directory/store.h"
#include "domain/certificate.h"

typedef enum {
    XCA_SEARCH_CERT,          /* SHA-1 or SHA-256 of the certificate          */
    XCA_SEARCH_ISSUER,        /* of its issuer's name                         */
    XCA_SEARCH_ISSUER_SERIAL, /* of issuer and serial number                  */
    XCA_SEARCH_SUBJECT,       /* of its subject's name                        */
    XCA_SEARCH_KEY_ID,        /* of its subject key identifier, or that itself */
    XCA_SEARCH_EMAIL,         /* its address, as it stands there              */
    XCA_SEARCH_NAME           /* the organisation's name, as it stands there  */
} xca_search_key;

/* Adds the search keys of `der` to an entry that is made. Error: "certificate.unreadable". */
xca_error_t *xca_search_entry_add(xca_entry_t *entry, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

/* The published certificates that have this key (hashes in lower-case hexadecimal), newest first, at most `limit`; *more tells
 * whether there are others. Array of xca_cert_t * with serial, state, published, org_name, email, not_before and der alone. */
xca_error_t *xca_search_published(apr_array_header_t **certs, int *more, xca_store_t *store, xca_search_key key, const char *value,
                                  int limit, apr_pool_t *pool) XCA_MUST_USE;

/* The signer's, for directories that were filled before there were search keys: adds them to certificates without, until `until`
 * (by apr_time_now()) or until all have theirs, and then notes in cn=signer-status, at `now`, that there is nothing left to do.
 * *left: non-zero if there is; *filled: how many were done. */
xca_error_t *xca_search_fill(int *left, int *filled, xca_store_t *store, apr_time_t until, apr_time_t now,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
