/* ou=crl: one leaf entry a list, class cRLDistributionPoint + xcaListInfo: cn (RDN),
 * certificateRevocationList;binary, xcaCrlNumber, xcaThisUpdate, xcaNextUpdate. The CA's entry
 * (made by xca_store_prepare: organizationalUnit + pkiCA + xcaIssuer): cACertificate;binary,
 * certificateRevocationList;binary, xcaChain.
 * cn=signer-status: class xcaSignerStatus: xcaSealKey, xcaAlive. */
#include <string.h>
#include <apr_strings.h>
#include "directory/office_store.h"
#include "directory/record.h"
#include "domain/calendar.h"

#define LIST        "certificateRevocationList;binary"
#define CERTIFICATE "cACertificate;binary"

static char *list_dn(const xca_store_t *store, const char *name, apr_pool_t *pool) {
    return apr_pstrcat(pool, "cn=", xca_dn_escape(pool, name), ",",
                       xca_branch_dn(store, "crl", pool), NULL);
}

static xca_error_t *replace_list(xca_store_t *store, const char *name, const xca_crl_record_t *crl,
                                 apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, LIST, crl->der);
    xca_changes_text(changes, "xcaCrlNumber",
                     apr_psprintf(pool, "%" APR_UINT64_T_FMT, crl->number));
    xca_changes_time(pool, changes, "xcaThisUpdate", crl->this_update);
    xca_changes_time(pool, changes, "xcaNextUpdate", crl->next_update);
    return xca_ldap_modify(store->ldap, list_dn(store, name, pool), changes, NULL, NULL, NULL,
                           pool);
}

static xca_error_t *add_list(xca_store_t *store, const char *name, const xca_crl_record_t *crl,
                             apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, list_dn(store, name, pool));

    xca_entry_add(pool, entry, "objectClass", "cRLDistributionPoint");
    xca_entry_add(pool, entry, "objectClass", "xcaListInfo");
    xca_entry_add(pool, entry, "cn", name);
    xca_entry_add_bytes(pool, entry, LIST, crl->der);
    xca_entry_add(pool, entry, "xcaCrlNumber",
                  apr_psprintf(pool, "%" APR_UINT64_T_FMT, crl->number));
    xca_entry_add_time(pool, entry, "xcaThisUpdate", crl->this_update);
    xca_entry_add_time(pool, entry, "xcaNextUpdate", crl->next_update);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_error_t *xca_crl_put(xca_store_t *store, const char *name, const xca_crl_record_t *crl,
                         apr_pool_t *pool) {
    xca_changes_t *changes;
    xca_error_t *err = replace_list(store, name, crl, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        err = add_list(store, name, crl, pool);
    }
    if (err != NULL || strcmp(name, "full") != 0) {
        return err;
    }
    changes = xca_changes_make(pool);
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, LIST, crl->der);
    return xca_ldap_modify(store->ldap, store->ca_dn, changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_crl_read(xca_crl_record_t **crl, xca_store_t *store, const char *name,
                          int headers_only, apr_pool_t *pool) {
    static const char *const all[] = {LIST, "xcaCrlNumber", "xcaThisUpdate", "xcaNextUpdate", NULL};
    xca_crl_record_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, list_dn(store, name, pool),
                                     headers_only ? all + 1 : all, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "crl.not-found");
    }
    result->der = xca_entry_bytes(entry, LIST);
    result->number = (apr_uint64_t)xca_entry_number(entry, "xcaCrlNumber", 0);
    result->this_update = xca_entry_time(entry, "xcaThisUpdate");
    result->next_update = xca_entry_time(entry, "xcaNextUpdate");
    *crl = result;
    return NULL;
}

xca_error_t *xca_ca_publish(xca_store_t *store, xca_bytes_t certificate, xca_bytes_t chain_p7b,
                            apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, CERTIFICATE, certificate);
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaChain", chain_p7b);
    return xca_ldap_modify(store->ldap, store->ca_dn, changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_ca_read(xca_bytes_t *certificate, xca_bytes_t *chain_p7b, xca_store_t *store,
                         apr_pool_t *pool) {
    static const char *const wanted[] = {CERTIFICATE, "xcaChain", NULL};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, store->ca_dn, wanted, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "ca.not-found");
    }
    *certificate = xca_entry_bytes(entry, CERTIFICATE);
    *chain_p7b = xca_entry_bytes(entry, "xcaChain");
    if (certificate->length == 0) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "ca.not-found", "%s", store->ca_dn);
    }
    return NULL;
}

static char *status_dn(const xca_store_t *store, apr_pool_t *pool) {
    return apr_pstrcat(pool, "cn=signer-status,", store->base, NULL);
}

xca_error_t *xca_signer_status_put(xca_store_t *store, const xca_signer_status_t *status,
                                   apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *entry;
    xca_bytes_t key;
    xca_error_t *err;

    key.data = status->seal_key;
    key.length = sizeof(status->seal_key);
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaSealKey", key);
    xca_changes_text(changes, "xcaSealProof", status->seal_proof);
    xca_changes_time(pool, changes, "xcaAlive", status->alive);
    err = xca_ldap_modify(store->ldap, status_dn(store, pool), changes, NULL, NULL, NULL, pool);
    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    entry = xca_entry_make(pool, status_dn(store, pool));
    xca_entry_add(pool, entry, "objectClass", "xcaSignerStatus");
    xca_entry_add(pool, entry, "cn", "signer-status");
    xca_entry_add_bytes(pool, entry, "xcaSealKey", key);
    xca_entry_add(pool, entry, "xcaSealProof", status->seal_proof);
    xca_entry_add_time(pool, entry, "xcaAlive", status->alive);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_error_t *xca_signer_status_read(xca_signer_status_t *status, xca_store_t *store,
                                    apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_bytes_t key;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, status_dn(store, pool), NULL, pool);

    if (err != NULL) {
        return err;
    }
    key = xca_entry_bytes(entry, "xcaSealKey");
    if (key.length != sizeof(status->seal_key)) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "ldap.no-entry", "no sealing key");
    }
    memcpy(status->seal_key, key.data, key.length);
    status->seal_proof = xca_entry_text(entry, "xcaSealProof");
    status->alive = xca_entry_time(entry, "xcaAlive");
    return NULL;
}
