/* Settings of the tools and of the profile: a file of "name = value" lines (UTF-8, # starts a
 * comment line), bounded at 256 KiB. xca-admin, xca-signer and mod_xca read the same file. */
#ifndef XCA_BASE_SETTINGS_H
#define XCA_BASE_SETTINGS_H

#include "base/error.h"

typedef struct xca_settings xca_settings_t;

/* Reads `path`. Errors: "settings.unreadable", "settings.line" (arg: the line number). */
xca_error_t *xca_settings_read(xca_settings_t **settings, const char *path,
                               apr_pool_t *pool) XCA_MUST_USE;

/* The value of `name`, or `fallback`. A relative path in "*-file" and "*-folder" values is taken
 * relative to the settings file's folder; "credential:NAME" is the file that systemd gives the service by that
 * name ($CREDENTIALS_DIRECTORY/NAME), and a URI of a key ("pkcs11:...") is left as it is. */
const char *xca_settings_get(const xca_settings_t *settings, const char *name,
                             const char *fallback);

/* The value as a number between lowest and highest, or `fallback` when it is not set.
 * Error: "settings.number" (arg: the name). */
xca_error_t *xca_settings_number(const xca_settings_t *settings, const char *name, long *value,
                                 long fallback, long lowest, long highest,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Reads a whole file of at most `limit` bytes into `pool` (NUL follows the content).
 * Errors: "file.unreadable" (arg: path), "file.too-large". */
xca_error_t *xca_file_read(const char **data, apr_size_t *length, const char *path,
                           apr_size_t limit, apr_pool_t *pool) XCA_MUST_USE;

/* Writes a new file, to the disk, which its owner alone or anybody may read; half a file is taken away again.
 * Error: "file.unwritable" (arg: path), also if it exists. */
xca_error_t *xca_file_write_new(const char *path, const void *data, apr_size_t length, int for_all,
                                apr_pool_t *pool) XCA_MUST_USE;

#endif
