/* What every operation works with. Made once per program; read-only afterwards, shared by threads. */
#ifndef XCA_OPERATIONS_OFFICE_H
#define XCA_OPERATIONS_OFFICE_H

#include "directory/case_store.h"
#include "directory/cert_store.h"
#include "directory/office_store.h"
#include "directory/org_store.h"
#include "domain/postal.h"

typedef struct xca_office {
    xca_store_t *store;
    const xca_postal_t *postal;
} xca_office_t;

/* Rules with numbers in them (profile.md, features.md). */
#define XCA_ACCEPT_DAYS      90 /* a certificate not accepted in time is revoked    */
#define XCA_RENEW_DAYS       90 /* before expiry a new application may be made      */
#define XCA_BAN_MONTHS       3  /* after lost, damaged or not activated in time     */
#define XCA_CODE_LOCK_TIME   apr_time_from_sec(15 * 60) /* the portal's own reads   */
#define XCA_SIGNER_SILENT    apr_time_from_sec(30) /* after that it counts as down  */

#endif
