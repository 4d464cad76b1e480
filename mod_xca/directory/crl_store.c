/* ou=crl: class cRLDistributionPoint + xcaListInfo: cn (RDN), certificateRevocationList;binary, deltaRevocationList;binary,
 * xcaCrlNumber, xcaThisUpdate, xcaNextUpdate, xcaCrlEntries, xcaCrlBytes, xcaDeltaEntries, xcaDeltaBytes, xcaBaseNumber, xcaBaseUpdate,
 * xcaScheduledNumber, xcaScheduledUpdate, xcaLast. The CA's entry
 * (made by xca_store_prepare: organizationalUnit + pkiCA + xcaIssuer): cACertificate;binary,
 * certificateRevocationList;binary, xcaChain.
 * cn=signer-status: class xcaSignerStatus: xcaSealKey, xcaAlive. */
#include "directory/crl_store.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/office_store.h"
#include "directory/record.h"
#include "domain/calendar.h"

#define LIST        "certificateRevocationList;binary"
#define DELTA       "deltaRevocationList;binary"
#define CERTIFICATE "cACertificate;binary"

static char *list_dn(const xca_store_t *store, const char *name, apr_pool_t *pool) {
    return apr_pstrcat(pool, "cn=", xca_dn_escape(pool, name), ",",
                       xca_branch_dn(store, "crl", pool), NULL);
}

static const char *number_text(apr_uint64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_UINT64_T_FMT, number);
}

/* All but what names the entry and its number, as replacements. */
static void set_list(xca_changes_t *changes, const xca_crl_record_t *crl, apr_pool_t *pool) {
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, LIST, crl->der);
    xca_changes_text(changes, "xcaCrlEntries", crl->entries >= 0 ? apr_ltoa(pool, crl->entries) : NULL);
    xca_changes_text(changes, "xcaCrlBytes", apr_ltoa(pool, (long)crl->der.length));
    xca_changes_time(pool, changes, "xcaThisUpdate", crl->this_update);
    xca_changes_time(pool, changes, "xcaNextUpdate", crl->next_update);
    if (crl->delta.length == 0) {
        return;
    }
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, DELTA, crl->delta);
    xca_changes_text(changes, "xcaDeltaEntries", apr_ltoa(pool, crl->delta_entries));
    xca_changes_text(changes, "xcaDeltaBytes", apr_ltoa(pool, (long)crl->delta.length));
    xca_changes_text(changes, "xcaBaseNumber", number_text(crl->base_number, pool));
    xca_changes_time(pool, changes, "xcaBaseUpdate", crl->base_update);
    xca_changes_text(changes, "xcaScheduledNumber", number_text(crl->scheduled_number, pool));
    xca_changes_time(pool, changes, "xcaScheduledUpdate", crl->scheduled_update);
}

static xca_error_t *replace_list(xca_store_t *store, const xca_crl_record_t *crl, apr_uint64_t before, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_swap(changes, "xcaCrlNumber", number_text(before, pool), number_text(crl->number, pool));
    set_list(changes, crl, pool);
    return xca_ldap_modify(store->ldap, list_dn(store, crl->name, pool), changes, NULL, NULL, NULL, pool);
}

/* Added empty, then filled like any other: a half that is left behind has the number 0, which the next try replaces. */
static xca_error_t *add_list(xca_store_t *store, const xca_crl_record_t *crl, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, list_dn(store, crl->name, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "cRLDistributionPoint");
    xca_entry_add(pool, entry, "objectClass", "xcaListInfo");
    xca_entry_add(pool, entry, "cn", crl->name);
    xca_entry_add(pool, entry, "xcaCrlNumber", "0");
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

xca_error_t *xca_crl_put(xca_store_t *store, const xca_crl_record_t *crl, apr_uint64_t before, apr_pool_t *pool) {
    xca_error_t *err = before == 0 ? add_list(store, crl, pool) : NULL;

    if (err == NULL) {
        err = replace_list(store, crl, before, pool);
    }
    if (err != NULL && (err->kind == XCA_E_CONFLICT || err->kind == XCA_E_NOT_FOUND)) {
        err->kind = XCA_E_CONFLICT;
        err->message = "crl.changed";
    }
    return err;
}

/* As the only values there are, in this order. */
static void replace_all(xca_changes_t *changes, const char *name, const xca_bytes_t *values, int count) {
    int i;

    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, name, values[0]);
    for (i = 1; i < count; i++) {
        xca_changes_more_bytes(changes, values[i]);
    }
}

xca_error_t *xca_crl_put_of_ca(xca_store_t *store, const xca_bytes_t *lists, int count, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    replace_all(changes, LIST, lists, count);
    return xca_ldap_modify(store->ldap, store->ca_dn, changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_crl_end(xca_store_t *store, const char *name, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaLast", "TRUE");
    return xca_ldap_modify(store->ldap, list_dn(store, name, pool), changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_crl_remove(xca_store_t *store, const char *name, apr_pool_t *pool) {
    return xca_ldap_delete(store->ldap, list_dn(store, name, pool), pool);
}

void *xca_crl_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_crl_record_t *crl = apr_pcalloc(pool, sizeof(*crl));
    const char *name = xca_entry_text(entry, "cn"), *last = xca_entry_text(entry, "xcaLast");
    xca_bytes_t der = xca_entry_bytes(entry, LIST), delta = xca_entry_bytes(entry, DELTA);

    if (name == NULL) {
        return NULL;
    }
    crl->name = apr_pstrdup(pool, name);
    crl->der.length = der.length;
    crl->der.data = der.length > 0 ? apr_pmemdup(pool, der.data, der.length) : NULL;
    crl->delta.length = delta.length;
    crl->delta.data = delta.length > 0 ? apr_pmemdup(pool, delta.data, delta.length) : NULL;
    crl->number = (apr_uint64_t)xca_entry_number(entry, "xcaCrlNumber", 0);
    crl->this_update = xca_entry_time(entry, "xcaThisUpdate");
    crl->next_update = xca_entry_time(entry, "xcaNextUpdate");
    crl->entries = xca_entry_number(entry, "xcaCrlEntries", -1);
    crl->bytes = xca_entry_number(entry, "xcaCrlBytes", -1);
    crl->delta_entries = xca_entry_number(entry, "xcaDeltaEntries", -1);
    crl->delta_bytes = xca_entry_number(entry, "xcaDeltaBytes", -1);
    crl->base_number = (apr_uint64_t)xca_entry_number(entry, "xcaBaseNumber", 0);
    crl->base_update = xca_entry_time(entry, "xcaBaseUpdate");
    crl->scheduled_number = (apr_uint64_t)xca_entry_number(entry, "xcaScheduledNumber", 0);
    crl->scheduled_update = xca_entry_time(entry, "xcaScheduledUpdate");
    crl->is_last = last != NULL && strcmp(last, "TRUE") == 0;
    return crl;
}

#define HEAD_ATTRS                                                                                                        \
    "cn", "xcaCrlNumber", "xcaThisUpdate", "xcaNextUpdate", "xcaCrlEntries", "xcaCrlBytes", "xcaDeltaEntries",            \
        "xcaDeltaBytes", "xcaBaseNumber", "xcaBaseUpdate", "xcaScheduledNumber", "xcaScheduledUpdate", "xcaLast"

xca_error_t *xca_crl_read(xca_crl_record_t **crl, xca_store_t *store, const char *name, xca_crl_what what,
                          apr_pool_t *pool) {
    static const char *const head[] = {HEAD_ATTRS, NULL}, *const complete[] = {HEAD_ATTRS, LIST, NULL},
                             *const delta[] = {HEAD_ATTRS, DELTA, NULL};
    static const char *const *const wanted[] = {head, complete, delta};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, list_dn(store, name, pool), wanted[what], pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "crl.not-found");
    }
    *crl = xca_crl_of_entry(entry, pool);
    return *crl != NULL ? NULL : xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no list", entry->dn);
}

xca_error_t *xca_crl_heads(apr_array_header_t **heads, xca_store_t *store, apr_pool_t *pool) {
    static const char *const head[] = {HEAD_ATTRS, NULL};
    xca_collect_t into = {apr_array_make(pool, 40, sizeof(void *)), xca_crl_of_entry};

    *heads = into.list;
    return xca_ldap_search(store->ldap, xca_branch_dn(store, "crl", pool), XCA_SCOPE_ONE,
                           "(objectClass=cRLDistributionPoint)", head, 0, NULL, xca_collect, &into, pool);
}

xca_error_t *xca_ca_publish(xca_store_t *store, const xca_bytes_t *certificates, int count, xca_bytes_t chain_p7b,
                            apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    replace_all(changes, CERTIFICATE, certificates, count);
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaChain", chain_p7b);
    return xca_ldap_modify(store->ldap, store->ca_dn, changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_ca_read(apr_array_header_t **certificates, xca_bytes_t *chain_p7b, xca_store_t *store,
                         apr_pool_t *pool) {
    static const char *const wanted[] = {CERTIFICATE, "xcaChain", NULL};
    const xca_attr_t *found;
    xca_entry_t *entry;
    int i;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, store->ca_dn, wanted, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "ca.not-found");
    }
    found = xca_entry_attr(entry, CERTIFICATE);
    *certificates = apr_array_make(pool, 2, sizeof(xca_bytes_t));
    for (i = 0; found != NULL && i < found->count; i++) {
        APR_ARRAY_PUSH(*certificates, xca_bytes_t) = found->values[i];
    }
    *chain_p7b = xca_entry_bytes(entry, "xcaChain");
    if ((*certificates)->nelts == 0) {
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
