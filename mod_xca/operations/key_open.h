/* The authority's keys as the settings name them: in a file, or in a token by URI. */
#ifndef XCA_OPERATIONS_KEY_OPEN_H
#define XCA_OPERATIONS_KEY_OPEN_H

#include "base/settings.h"
#include "outside/crypto_pkcs11.h"

/* How the settings say to come to a token: pkcs11-module-file, pkcs11-pin-file. */
xca_token_access_t *xca_token_access_of(const xca_settings_t *settings, apr_pool_t *pool);

/* Opens the key that `place` names: a path, or a URI. `password_file`: of a file's password, or NULL. Errors: those of
 * xca_key_read() and xca_pkcs11_key_open(); "file.unreadable" of the password's. */
xca_error_t *xca_key_open(xca_key_t **key, const xca_settings_t *settings, const char *place, const char *password_file,
                          apr_pool_t *pool) XCA_MUST_USE;

#endif
