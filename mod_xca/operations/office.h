/* What every operation works with. Made once per program; read-only afterwards, shared by threads. */
#ifndef XCA_OPERATIONS_OFFICE_H
#define XCA_OPERATIONS_OFFICE_H

#include "base/settings.h"
#include "directory/case_store.h"
#include "directory/cert_store.h"
#include "directory/office_store.h"
#include "directory/org_store.h"
#include "domain/postal.h"

typedef struct xca_office {
    xca_store_t *store;
    const xca_postal_t *postal;
} xca_office_t;

/* Opens the directory as one of the identities of the settings ("signer", "admin", "portal": "<identity>-dn",
 * "<identity>-password-file") and reads the postal table. Nothing connects yet. Error: "settings.missing" (arg: the
 * name), those of files. */
xca_error_t *xca_office_open(xca_office_t **office, const xca_settings_t *settings, const char *identity,
                             apr_pool_t *pool) XCA_MUST_USE;

/* The pieces of it, for programs that fork between them. */
xca_error_t *xca_ldap_config_of(xca_ldap_config_t *config, const xca_settings_t *settings, const char *identity,
                                apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_store_of(xca_store_t **store, const xca_settings_t *settings,
                          const xca_ldap_config_t *config, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_postal_read(xca_postal_t **postal, const xca_settings_t *settings,
                             apr_pool_t *pool) XCA_MUST_USE;

/* A password or key file: its content without the line break at the end. */
xca_error_t *xca_secret_read(xca_secret_t **secret, const char *path, apr_pool_t *pool) XCA_MUST_USE;

/* Rules with numbers in them (profile.md, features.md). */
#define XCA_ACCEPT_DAYS      90 /* a certificate not accepted in time is revoked    */
#define XCA_RENEW_DAYS       90 /* before expiry a new application may be made      */
#define XCA_BAN_MONTHS       3  /* after lost, damaged or not activated in time     */
#define XCA_CODE_LOCK_TIME   apr_time_from_sec(15 * 60) /* the portal's own reads   */
#define XCA_SIGNER_SILENT    apr_time_from_sec(30) /* after that it counts as down  */

#endif
