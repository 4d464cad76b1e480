/* Signed decisions under their case (class xcaDecisionEntry: xcaDecision RDN, xcaCms, xcaVerdict)
 * and the nonces of forms (class xcaNonceEntry: xcaNonce RDN, xcaCaseNumber, xcaFiled). */
#include <string.h>
#include <apr_strings.h>
#include "directory/case_store.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"
#include "outside/crypto_cms.h"

static char *decision_dn(const xca_store_t *store, const char *case_number, const char *id,
                         apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaDecision=", xca_dn_escape(pool, id), ",",
                       xca_case_dn(store, case_number, pool), NULL);
}

void *xca_decision_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_decision_t *decision = apr_pcalloc(pool, sizeof(*decision));
    xca_bytes_t cms = xca_entry_bytes(entry, "xcaCms");
    const char *id = xca_entry_text(entry, "xcaDecision");

    if (id == NULL || cms.length == 0) {
        return NULL;
    }
    decision->id = apr_pstrdup(pool, id);
    /* One that is too long to be a decision is left empty: no SignedData either, and it costs no memory. */
    if (cms.length <= XCA_CMS_MAX) {
        decision->cms.data = apr_pmemdup(pool, cms.data, cms.length);
        decision->cms.length = cms.length;
    }
    decision->verdict = apr_pstrdup(pool, xca_entry_text(entry, "xcaVerdict"));
    return decision;
}

xca_error_t *xca_decision_list(apr_array_header_t **decisions, xca_store_t *store,
                               const char *case_number, apr_pool_t *pool) {
    xca_collect_t into;
    int i;
    xca_error_t *err;

    into.list = apr_array_make(pool, 4, sizeof(void *));
    into.make = xca_decision_of_entry;
    err =
        xca_ldap_search(store->ldap, xca_case_dn(store, case_number, pool), XCA_SCOPE_ONE,
                        "(objectClass=xcaDecisionEntry)", NULL, 0, NULL, xca_collect, &into, pool);
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    for (i = 0; i < into.list->nelts; i++) {
        APR_ARRAY_IDX(into.list, i, xca_decision_t *)->case_number = case_number;
    }
    *decisions = into.list;
    return NULL;
}

xca_error_t *xca_decision_add(xca_store_t *store, const xca_decision_t *decision,
                              apr_pool_t *pool) {
    xca_entry_t *entry =
        xca_entry_make(pool, decision_dn(store, decision->case_number, decision->id, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaDecisionEntry");
    xca_entry_add(pool, entry, "xcaDecision", decision->id);
    xca_entry_add_bytes(pool, entry, "xcaCms", decision->cms);
    err = xca_ldap_add(store->ldap, entry, pool);
    if (err != NULL && strcmp(err->message, "ldap.exists") == 0) {
        return NULL;
    }
    return xca_store_error(err, XCA_E_NOT_FOUND, "case.not-found");
}

xca_error_t *xca_decision_verdict(xca_store_t *store, const char *case_number, const char *id,
                                  const char *verdict, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaVerdict", verdict);
    return xca_ldap_modify(store->ldap, decision_dn(store, case_number, id, pool), changes, NULL,
                           NULL, NULL, pool);
}

static char *nonce_dn(const xca_store_t *store, const char *nonce, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaNonce=", xca_dn_escape(pool, nonce), ",",
                       xca_branch_dn(store, "nonces", pool), NULL);
}

xca_error_t *xca_nonce_find(const char **taken_for, xca_store_t *store, const char *nonce,
                            apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, nonce_dn(store, nonce, pool), NULL, pool);

    *taken_for = NULL;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    *taken_for = xca_entry_text(entry, "xcaCaseNumber");
    return NULL;
}

xca_error_t *xca_nonce_take(const char **taken_for, xca_store_t *store, const char *nonce,
                            const char *case_number, apr_time_t now, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, nonce_dn(store, nonce, pool));
    xca_error_t *err;

    *taken_for = NULL;
    xca_entry_add(pool, entry, "objectClass", "xcaNonceEntry");
    xca_entry_add(pool, entry, "xcaNonce", nonce);
    xca_entry_add(pool, entry, "xcaCaseNumber", case_number);
    xca_entry_add_time(pool, entry, "xcaFiled", now);
    err = xca_ldap_add(store->ldap, entry, pool);
    if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
        return err;
    }
    err = xca_ldap_read(&entry, store->ldap, nonce_dn(store, nonce, pool), NULL, pool);
    if (err == NULL) {
        *taken_for = xca_entry_text(entry, "xcaCaseNumber");
    }
    return err;
}

xca_error_t *xca_nonce_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "nonces",
                      apr_pstrcat(pool, "(&(objectClass=xcaNonceEntry)(xcaFiled<=",
                                  xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL),
                      pool);
}
