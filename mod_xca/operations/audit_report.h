/* What the portal and xca-admin have the signer log: they file it in ou=events, and the signer takes it over. Filed before
 * it is done. */
#ifndef XCA_OPERATIONS_AUDIT_REPORT_H
#define XCA_OPERATIONS_AUDIT_REPORT_H

#include "operations/audit.h"

/* Files the event; `key` is not used. Kinds that are taken over: by the portal "officer-login", "officer-login-refused", "officer-logout",
 * "content-change", "export"; by xca-admin "officer-put", "window-import", "oid-import", "content-change", "export". With a `cms` the
 * signer verifies that the officer of the actor "officer UID" made it, and keeps it. */
xca_error_t *xca_audit_report(xca_store_t *store, const xca_audit_event_t *event, apr_time_t now,
                              apr_pool_t *pool) XCA_MUST_USE;

#endif
