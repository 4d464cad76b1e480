/* Class xcaSessionEntry: xcaSession (RDN), uid (officer), xcaFiled (when it began), xcaSeen. */
#include "directory/session_store.h"

#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *session_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaSession=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "sessions", pool), NULL);
}

xca_error_t *xca_session_add(xca_store_t *store, const xca_session_t *session, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, session_dn(store, session->id, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaSessionEntry");
    xca_entry_add(pool, entry, "xcaSession", session->id);
    xca_entry_add(pool, entry, "uid", session->officer);
    xca_entry_add_time(pool, entry, "xcaFiled", session->began);
    xca_entry_add_time(pool, entry, "xcaSeen", session->seen);
    return xca_ldap_add(store->ldap, entry, pool);
}

void *xca_session_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_session_t *session = apr_pcalloc(pool, sizeof(*session));
    const char *id = xca_entry_text(entry, "xcaSession");
    const char *officer = xca_entry_text(entry, "uid");

    if (id == NULL || officer == NULL) {
        return NULL;
    }
    session->id = apr_pstrdup(pool, id);
    session->officer = apr_pstrdup(pool, officer);
    session->began = xca_entry_time(entry, "xcaFiled");
    session->seen = xca_entry_time(entry, "xcaSeen");
    return session;
}

xca_error_t *xca_session_read(xca_session_t **session, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, session_dn(store, id, pool), NULL, pool);

    *session = NULL;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    *session = xca_session_of_entry(entry, pool);
    return NULL;
}

xca_error_t *xca_session_touch(xca_store_t *store, const char *id, apr_time_t now, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_time(pool, changes, "xcaSeen", now);
    return xca_ldap_modify(store->ldap, session_dn(store, id, pool), changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_session_end(xca_store_t *store, const char *id, apr_pool_t *pool) {
    return xca_ldap_delete(store->ldap, session_dn(store, id, pool), pool);
}

xca_error_t *xca_session_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "sessions",
                      apr_pstrcat(pool, "(&(objectClass=xcaSessionEntry)(xcaFiled<=",
                                  xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL),
                      pool);
}
