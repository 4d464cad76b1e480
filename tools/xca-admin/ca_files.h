/* Files of the ceremony commands (ca ...). */
#ifndef XCA_ADMIN_CA_FILES_H
#define XCA_ADMIN_CA_FILES_H

#include "command.h"

/* Writes a file that anybody may read, in one step. Unless `replace`, it must not exist. Error: "file.unwritable" (arg: path). */
xca_error_t *ca_write_bytes(const char *path, xca_bytes_t bytes, int replace, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *ca_write_text(const char *path, const char *text, int replace, apr_pool_t *pool) XCA_MUST_USE;

/* The key at a path or a URI; the latter wants settings. Errors: those of xca_key_open(). */
xca_error_t *ca_open_key(xca_key_t **key, admin_t *admin, const char *place, const char *password_file) XCA_MUST_USE;

/* Makes a key in a new file, or in the token, which wants settings. Errors: those of xca_key_write() and xca_pkcs11_key_make(). */
xca_error_t *ca_make_key(xca_key_t **key, admin_t *admin, const char *place, const char *type) XCA_MUST_USE;

/* Tells where it is, of what type, and the SHA-256 of its public key. */
xca_error_t *ca_print_key(admin_t *admin, const char *place, const xca_key_t *key) XCA_MUST_USE;

/* Writes a request for a certificate of the key (PKCS#10, PEM), and tells of both. */
xca_error_t *ca_request(admin_t *admin, const char *place, const xca_key_t *key, const char *subject, const char *out,
                        int replace) XCA_MUST_USE;

/* ca install of a generation of the CA's key (operations/generation.h); arguments: of ca install. */
xca_error_t *ca_install(admin_t *admin, const arguments_t *arguments, int generation, const char *path) XCA_MUST_USE;

#endif
