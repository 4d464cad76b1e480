/* ou=mail: what mail clients find. class inetOrgPerson + xcaMailEntry:
 *   uid=<use>:<address> (RDN), mail, cn, sn, givenName (the organisation's name: what people type
 * into an address book), o, userCertificate;binary (one value), xcaOid, xcaSerial, xcaUse,
 * xcaNotAfter */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "directory/cert_store.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *lower(apr_pool_t *pool, const char *address) {
    char *copy = apr_pstrdup(pool, address);
    char *at;

    for (at = copy; *at != '\0'; at++) {
        *at = (char)apr_tolower(*at);
    }
    return copy;
}

static char *mail_dn(const xca_store_t *store, const char *email, xca_use use, apr_pool_t *pool) {
    const char *uid = apr_pstrcat(pool, xca_use_id(use), ":", lower(pool, email), NULL);

    return apr_pstrcat(pool, "uid=", xca_dn_escape(pool, uid), ",",
                       xca_branch_dn(store, "mail", pool), NULL);
}

static const xca_cert_t *newest_valid(const apr_array_header_t *certs, xca_use use,
                                      apr_time_t now) {
    int i;

    for (i = 0; i < certs->nelts; i++) { /* newest first */
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (cert->use == use && cert->state == XCA_CERT_VALID && cert->published &&
            cert->not_before <= now && now <= cert->not_after) {
            return cert;
        }
    }
    return NULL;
}

static xca_entry_t *mail_entry(const xca_store_t *store, const xca_cert_t *cert, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, mail_dn(store, cert->email, cert->use, pool));
    const char *name = cert->org_name != NULL ? cert->org_name : cert->email;

    xca_entry_add(pool, entry, "objectClass", "inetOrgPerson");
    xca_entry_add(pool, entry, "objectClass", "xcaMailEntry");
    xca_entry_add(pool, entry, "uid",
                  apr_pstrcat(pool, xca_use_id(cert->use), ":", lower(pool, cert->email), NULL));
    xca_entry_add(pool, entry, "mail", cert->email);
    xca_entry_add(pool, entry, "cn", name);
    xca_entry_add(pool, entry, "sn", name);
    xca_entry_add(pool, entry, "givenName", name);
    xca_entry_add(pool, entry, "o", name);
    xca_entry_add_bytes(pool, entry, "userCertificate;binary", cert->der);
    xca_entry_add(pool, entry, "xcaOid", cert->oid);
    xca_entry_add(pool, entry, "xcaSerial", cert->serial);
    xca_entry_add(pool, entry, "xcaUse", xca_use_id(cert->use));
    xca_entry_add_time(pool, entry, "xcaNotAfter", cert->not_after);
    return entry;
}

/* Replaces everything but the RDN and the class in one Modify. */
static xca_error_t *replace(xca_store_t *store, const xca_entry_t *entry, const xca_cert_t *cert,
                            apr_pool_t *pool) {
    static const char *const texts[] = {"mail",   "cn",        "sn",     "givenName",   "o",
                                        "xcaOid", "xcaSerial", "xcaUse", "xcaNotAfter", NULL};
    xca_changes_t *changes = xca_changes_make(pool);
    int i;

    for (i = 0; texts[i] != NULL; i++) {
        xca_changes_text(changes, texts[i], xca_entry_text(entry, texts[i]));
    }
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "userCertificate;binary", cert->der);
    return xca_ldap_modify(store->ldap, entry->dn, changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_mail_entry_refresh(xca_store_t *store, const char *email, xca_use use,
                                    apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    const xca_cert_t *newest;
    xca_entry_t *entry;
    xca_error_t *err = xca_cert_search(&certs, NULL, store, XCA_CERT_BY_EMAIL, email, 0, pool);

    if (err != NULL) {
        return err;
    }
    newest = newest_valid(certs, use, now);
    if (newest == NULL) {
        return xca_ldap_delete(store->ldap, mail_dn(store, email, use, pool), pool);
    }
    entry = mail_entry(store, newest, pool);
    err = xca_ldap_add(store->ldap, entry, pool);
    if (err != NULL && strcmp(err->message, "ldap.exists") == 0) {
        return replace(store, entry, newest, pool);
    }
    return err;
}

typedef struct {
    const char *email;
    xca_use use;
} expired_t;

static void *make_expired(const xca_entry_t *entry, apr_pool_t *pool) {
    expired_t *expired = apr_palloc(pool, sizeof(*expired));
    const char *email = xca_entry_text(entry, "mail");
    const char *use = xca_entry_text(entry, "xcaUse");

    if (email == NULL || use == NULL || xca_use_by_id(use) == XCA_USE_COUNT) {
        return NULL;
    }
    expired->email = apr_pstrdup(pool, email);
    expired->use = xca_use_by_id(use);
    return expired;
}

xca_error_t *xca_mail_expire(xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    static const char *const wanted[] = {"mail", "xcaUse", NULL};
    const char *filter = apr_pstrcat(pool, "(&(objectClass=xcaMailEntry)(xcaNotAfter<=",
                                     xca_date_format(pool, now, XCA_DATE_LDAP), "))", NULL);
    xca_collect_t into;
    int i;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = make_expired;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "mail", pool), XCA_SCOPE_ONE, filter,
                          wanted, 0, NULL, xca_collect, &into, pool);
    for (i = 0; err == NULL && i < into.list->nelts; i++) {
        const expired_t *expired = APR_ARRAY_IDX(into.list, i, const expired_t *);

        err = xca_mail_entry_refresh(store, expired->email, expired->use, now, pool);
    }
    return err;
}
