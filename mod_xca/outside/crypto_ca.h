/* Making certificates and lists by profile.md. The signer and xca-admin (the demo's root) use it. */
#ifndef XCA_OUTSIDE_CRYPTO_CA_H
#define XCA_OUTSIDE_CRYPTO_CA_H

#include "domain/certificate.h"
#include "domain/codes.h"
#include "domain/crl.h"
#include "outside/crypto.h"

/* The profile's settings, values marked (ours) in profile.md; read from the settings file. */
typedef struct xca_profile {
    int years;                    /* validity of subscriber certificates: 5               */
    int non_repudiation;          /* signature certificates also have nonRepudiation: 1   */
    const char *policy;           /* "2.16.886.101.0.3.3"; demo "2.16.886.101.0.3.0"      */
    const char *subject_types[XCA_CLASS_COUNT]; /* OID by class                           */
    int ubn_in_directory_attributes; /* 2.16.886.1.100.2.101: 0                           */
    const char *crl_url;          /* "http://localhost:8080/repository/xca.crl"           */
    const char *crl_ldap_url;     /* or NULL                                              */
    int generation;               /* of the CA's key, which decides where lists stand (domain/crl.h) */
    int crl_partitions;           /* what new certificates' lists are parted into; 0: one list */
    const char *ca_issuers_url;   /* ".../repository/chain.p7b"                           */
    const char *ocsp_url;         /* or NULL: left out                                    */
} xca_profile_t;

/* What goes into one subscriber certificate. */
typedef struct xca_cert_order {
    const char *serial; /* hex, 16 bytes */
    apr_time_t not_before, not_after;
    xca_use use;
    const char *county, *district, *org_name; /* subject; county and district may be NULL */
    const char *oid, *ubn;
    xca_class class;
    const char *email;       /* NULL with card-auth: that certificate names a card, no mailbox */
    const char *card_rank;   /* "primary", "secondary" or NULL */
    const char *card_number; /* with card-auth: serialNumber of the subject */
    xca_bytes_t spki;
} xca_cert_order_t;

/* The CA: key, certificate, chain above it (PKCS#7 made once). */
typedef struct xca_ca xca_ca_t;

/* Opens the CA: `key` and the CA's certificate, `chain` the certificates above it (may be empty). Checks
 * that they belong together. Errors: "ca.mismatch", "ca.not-a-ca". */
xca_error_t *xca_ca_open(xca_ca_t **ca, const xca_key_t *key, xca_bytes_t certificate,
                         const xca_bytes_t *chain, int chain_length,
                         const xca_profile_t *profile, apr_pool_t *pool) XCA_MUST_USE;

xca_bytes_t xca_ca_certificate(const xca_ca_t *ca);
/* The chain (CA certificate first, root last) as a degenerate PKCS#7, DER. */
xca_bytes_t xca_ca_chain_p7b(const xca_ca_t *ca);

/* Builds the certificate, lints the to-be-signed part against the profile (crypto_lint.h), and only then
 * signs. Same order, same bytes (with an RSA key). Errors: "lint.*" (arg: the field), "crypto.sign". */
xca_error_t *xca_ca_issue(xca_bytes_t *der, const xca_ca_t *ca, const xca_cert_order_t *order,
                          apr_pool_t *pool) XCA_MUST_USE;

/* One entry of a list. */
typedef struct xca_crl_entry {
    unsigned char serial[XCA_SERIAL_MAX];
    unsigned char serial_length;
    unsigned char reason; /* xca_crl_reason, or XCA_REASON_REMOVED in a delta */
    apr_time_t when;
} xca_crl_entry_t;

/* removeFromCRL, RFC 5280 section 5.3.1. */
#define XCA_REASON_REMOVED 8

/* Gives the next entry, in the order of the serial numbers (as numbers); 0 at the end. */
typedef int xca_crl_next(void *baton, xca_crl_entry_t *entry);

/* What a list is to say. */
typedef struct xca_list_order {
    apr_uint64_t number;         /* cRLNumber */
    apr_time_t this_update, next_update;
    int is_delta;                /* RFC 5280 section 5.2.4: the changes since the complete list `base` of the same scope */
    apr_uint64_t base;
    const char *point;           /* where the list is fetched, if its scope is not all certificates: critical
                                    issuingDistributionPoint (section 5.2.5); or NULL */
    const char *other_point;     /* with it: another name of the same place, or NULL */
    const char *freshest;        /* where its delta is fetched (section 5.2.6), or NULL */
    xca_crl_next *next;
    void *baton;
    apr_size_t count;            /* entries that `next` gives at most */
    apr_size_t bytes_max;        /* the list is not larger; 0: no limit */
    apr_interval_time_t life_max; /* nextUpdate is no later than that after thisUpdate; 0: no limit */
} xca_list_order_t;

/* A list. The bytes lie in memory of their own, which the pool gives back when it is cleared. */
typedef struct xca_list {
    xca_bytes_t der;
    apr_size_t count; /* of entries */
} xca_list_t;

/* Makes the list as DER in one pass over the entries, lints what is to be signed (crypto_lint.h), and only then signs. Memory: the
 * list once. Errors: "lint.list-*" (arg: the field), "crypto.sign". */
xca_error_t *xca_ca_list(xca_list_t *list, const xca_ca_t *ca, const xca_list_order_t *order,
                         apr_pool_t *pool) XCA_MUST_USE;

/* The same of entries at hand, which are sorted here: a complete list of all certificates. */
xca_error_t *xca_ca_crl(xca_bytes_t *der, const xca_ca_t *ca, xca_crl_entry_t *entries,
                        apr_size_t count, apr_uint64_t number, apr_time_t this_update,
                        apr_time_t next_update, apr_pool_t *pool) XCA_MUST_USE;

/* Set-up (demo and ceremony): a self-signed root, a subordinate CA, an officer's or TLS certificate, that of
 * the audit log's key (crypto_audit.h).
 * `subject` is RFC 4514 text with UTF-8 values ("OU=...,O=行政院,C=TW"). `crl_url`: where the issuer's list is
 * (RFC 5280 section 4.2.1.13), or NULL; a root, which no list can revoke, has none. */
typedef enum { XCA_SETUP_ROOT, XCA_SETUP_CA, XCA_SETUP_OFFICER, XCA_SETUP_TLS, XCA_SETUP_AUDIT } xca_setup_kind;
xca_error_t *xca_setup_certificate(xca_bytes_t *der, xca_setup_kind kind, const char *subject,
                                   const char *dns_name, const char *crl_url, const xca_key_t *key,
                                   const xca_key_t *issuer_key, xca_bytes_t issuer, apr_time_t not_before,
                                   apr_time_t not_after, apr_pool_t *pool) XCA_MUST_USE;

#endif
