/* The keys that the CA has had, its generations (domain/crl.h), as the settings name them: "ca-key-file", "ca-certificate-file",
 * "ca-chain-file", "ca-password-file", "crl-ldap-url" of the first, "ca-1-key-file", ..., "ca-1-crl-ldap-url" of the next, and so on.
 * One whose certificate is not there yet does nothing; the last one that has its certificate issues. One whose key is no longer named
 * is over: its certificate stays, because what it has signed is still looked at. */
#ifndef XCA_OPERATIONS_GENERATION_H
#define XCA_OPERATIONS_GENERATION_H

#include <apr_tables.h>
#include "base/settings.h"
#include "domain/crl.h"
#include "outside/crypto.h"

typedef struct xca_generation {
    int number;
    const char *key_place; /* a path or a URI; NULL: it is over */
    const char *password_file, *certificate_path, *chain_path, *crl_ldap_url; /* NULL: not named */
    xca_bytes_t certificate;
    apr_array_header_t *chain; /* of xca_bytes_t: those above it, root last; NULL: not read */
} xca_generation_t;

/* The name of a setting of a generation from that of the first one's: 1 and "ca-key-file" give "ca-1-key-file". */
const char *xca_generation_setting(int number, const char *first, apr_pool_t *pool);

/* What the settings say of a generation; no file is read. */
void xca_generation_of(xca_generation_t *generation, const xca_settings_t *settings, int number, apr_pool_t *pool);

/* Those that have their certificate, with the certificate, oldest first (array of xca_generation_t, at least one). Errors:
 * "settings.missing", "ca.generation.gap" (arg: the number of one that is left out), those of the files. */
xca_error_t *xca_generations_read(apr_array_header_t **generations, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* Reads the certificates above it. Errors: "settings.missing", those of the file. */
xca_error_t *xca_generation_read_chain(xca_generation_t *generation, apr_pool_t *pool) XCA_MUST_USE;

/* Their certificates alone: array of xca_bytes_t, by generation. */
xca_error_t *xca_generations_certificates(apr_array_header_t **certificates, const xca_settings_t *settings,
                                          apr_pool_t *pool) XCA_MUST_USE;

#endif
