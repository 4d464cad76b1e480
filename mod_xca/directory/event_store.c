/* ou=events: class xcaEventEntry: xcaEvent (RDN), xcaAuditKind, xcaAuditActor, xcaFiled, xcaCaseNumber, xcaSerial,
 * xcaCardNumber, xcaOid, xcaBody (the details), xcaCms. Who added it says slapd's creatorsName. */
#include <string.h>
#include <apr_strings.h>
#include "directory/audit_store.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "outside/crypto_cms.h"
#include "wire/audit.h"

static char *event_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaEvent=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "events", pool), NULL);
}

xca_error_t *xca_event_add(xca_store_t *store, const xca_event_t *event, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, event_dn(store, event->id, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaEventEntry");
    xca_entry_add(pool, entry, "xcaEvent", event->id);
    xca_entry_add(pool, entry, "xcaAuditKind", event->kind);
    xca_entry_add(pool, entry, "xcaAuditActor", event->actor);
    xca_entry_add_time(pool, entry, "xcaFiled", event->filed);
    xca_entry_add(pool, entry, "xcaCaseNumber", event->case_number);
    xca_entry_add(pool, entry, "xcaSerial", event->serial);
    xca_entry_add(pool, entry, "xcaCardNumber", event->card);
    xca_entry_add(pool, entry, "xcaOid", event->organisation);
    xca_entry_add(pool, entry, "xcaBody", event->details);
    xca_entry_add_bytes(pool, entry, "xcaCms", event->cms);
    return xca_ldap_add(store->ldap, entry, pool);
}

/* The first RDN's value of "cn=portal,ou=services,...". */
static const char *source_of(const xca_entry_t *entry, apr_pool_t *pool) {
    const char *dn = xca_entry_text(entry, "creatorsName");

    return dn != NULL && strncmp(dn, "cn=", 3) == 0 ? apr_pstrmemdup(pool, dn + 3, strcspn(dn + 3, ",")) : NULL;
}

void *xca_event_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_event_t *event = apr_pcalloc(pool, sizeof(*event));
    xca_bytes_t cms = xca_entry_bytes(entry, "xcaCms");
    const char *details = xca_entry_text(entry, "xcaBody");

    event->id = apr_pstrdup(pool, xca_entry_text(entry, "xcaEvent"));
    event->kind = apr_pstrdup(pool, xca_entry_text(entry, "xcaAuditKind"));
    event->actor = apr_pstrdup(pool, xca_entry_text(entry, "xcaAuditActor"));
    if (event->id == NULL || event->kind == NULL || event->actor == NULL ||
        (details != NULL && strlen(details) > XCA_AUDIT_DETAILS)) {
        return NULL;
    }
    event->filed = xca_entry_time(entry, "xcaFiled");
    event->case_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCaseNumber"));
    event->serial = apr_pstrdup(pool, xca_entry_text(entry, "xcaSerial"));
    event->card = apr_pstrdup(pool, xca_entry_text(entry, "xcaCardNumber"));
    event->organisation = apr_pstrdup(pool, xca_entry_text(entry, "xcaOid"));
    event->details = apr_pstrdup(pool, details);
    event->source = source_of(entry, pool);
    if (cms.length > 0 && cms.length <= XCA_CMS_MAX) {
        event->cms.data = apr_pmemdup(pool, cms.data, cms.length);
        event->cms.length = cms.length;
    }
    return event;
}

xca_error_t *xca_event_read(xca_event_t **event, xca_store_t *store, const char *id, apr_pool_t *pool) {
    static const char *const wanted[] = {"*", "creatorsName", NULL};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, event_dn(store, id, pool), wanted, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "event.not-found");
    }
    *event = xca_event_of_entry(entry, pool);
    return *event != NULL ? NULL : xca_error_make(pool, XCA_E_NOT_FOUND, "event.not-found", "%s is no event", entry->dn);
}

xca_error_t *xca_event_remove(xca_store_t *store, const char *id, apr_pool_t *pool) {
    return xca_ldap_delete(store->ldap, event_dn(store, id, pool), pool);
}
