/* Files of the ceremony commands (ca ...). */
#ifndef XCA_ADMIN_CA_FILES_H
#define XCA_ADMIN_CA_FILES_H

#include "command.h"

/* Writes a file that anybody may read, in one step. Unless `replace`, it must not exist. Error: "file.unwritable" (arg: path). */
xca_error_t *ca_write_bytes(const char *path, xca_bytes_t bytes, int replace, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *ca_write_text(const char *path, const char *text, int replace, apr_pool_t *pool) XCA_MUST_USE;

/* The key at a path or a URI; the latter wants settings. Errors: those of xca_key_open(). */
xca_error_t *ca_open_key(xca_key_t **key, admin_t *admin, const char *place, const char *password_file) XCA_MUST_USE;

#endif
