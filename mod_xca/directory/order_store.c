/* Class xcaOfficeOrderEntry: xcaOfficeOrder (RDN), xcaState, xcaFiled, xcaStateChanged, xcaProblem, userCertificate;binary; below it xcaDecisionEntry:
 * xcaDecision (RDN), xcaCms, xcaVerdict. */
#include "directory/order_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"

static const char *const states[] = {"waiting", "done", "refused"};

const char *xca_order_state_id(xca_order_state state) {
    return states[state];
}

static char *order_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaOfficeOrder=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "orders", pool), NULL);
}

static char *signature_dn(const xca_store_t *store, const char *id, const char *signature_id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaDecision=", xca_dn_escape(pool, signature_id), ",", order_dn(store, id, pool), NULL);
}

static xca_error_t *exists_already(xca_error_t *err) {
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

xca_error_t *xca_order_add(xca_store_t *store, const xca_order_entry_t *order, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, order_dn(store, order->id, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaOfficeOrderEntry");
    xca_entry_add(pool, entry, "xcaOfficeOrder", order->id);
    xca_entry_add(pool, entry, "xcaState", states[XCA_ORDER_WAITING]);
    xca_entry_add_time(pool, entry, "xcaFiled", order->filed);
    if (order->certificate.length > 0) {
        xca_entry_add_bytes(pool, entry, "userCertificate;binary", order->certificate);
    }
    return exists_already(xca_ldap_add(store->ldap, entry, pool));
}

void *xca_order_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_order_entry_t *order = apr_pcalloc(pool, sizeof(*order));
    const char *id = xca_entry_text(entry, "xcaOfficeOrder"), *state = xca_entry_text(entry, "xcaState");
    xca_bytes_t certificate = xca_entry_bytes(entry, "userCertificate;binary");

    if (id == NULL || state == NULL) {
        return NULL;
    }
    while (order->state < XCA_ORDER_STATE_COUNT && strcmp(states[order->state], state) != 0) {
        order->state++;
    }
    if (order->state == XCA_ORDER_STATE_COUNT) {
        return NULL;
    }
    order->id = apr_pstrdup(pool, id);
    order->filed = xca_entry_time(entry, "xcaFiled");
    order->state_changed = xca_entry_time(entry, "xcaStateChanged");
    order->problem = apr_pstrdup(pool, xca_entry_text(entry, "xcaProblem"));
    if (certificate.length > 0) {
        order->certificate.data = apr_pmemdup(pool, certificate.data, certificate.length);
        order->certificate.length = certificate.length;
    }
    return order;
}

xca_error_t *xca_order_read_entry(xca_order_entry_t **order, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, order_dn(store, id, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "order.not-found");
    }
    *order = xca_order_of_entry(entry, pool);
    return *order != NULL ? NULL : xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no order", entry->dn);
}

static int newest_first(const void *a, const void *b) {
    const xca_order_entry_t *left = *(xca_order_entry_t *const *)a, *right = *(xca_order_entry_t *const *)b;

    return left->filed != right->filed ? (left->filed > right->filed ? -1 : 1) : strcmp(left->id, right->id);
}

xca_error_t *xca_order_list(apr_array_header_t **orders, int *more, xca_store_t *store, xca_order_state state, int limit,
                            apr_pool_t *pool) {
    const char *filter = "(objectClass=xcaOfficeOrderEntry)";
    xca_collect_t into;
    xca_error_t *err;

    if (state != XCA_ORDER_STATE_COUNT) {
        filter = apr_pstrcat(pool, "(&", filter, "(xcaState=", states[state], "))", NULL);
    }
    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_order_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "orders", pool), XCA_SCOPE_ONE, filter, NULL, limit, more,
                          xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), newest_first);
        *orders = into.list;
    }
    return err;
}

xca_error_t *xca_order_move(xca_store_t *store, const char *id, xca_order_state to, const char *problem, apr_time_t now,
                            apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_swap(changes, "xcaState", states[XCA_ORDER_WAITING], states[to]);
    xca_changes_time(pool, changes, "xcaStateChanged", now);
    xca_changes_text(changes, "xcaProblem", problem);
    return xca_store_error(xca_ldap_modify(store->ldap, order_dn(store, id, pool), changes, NULL, NULL, NULL, pool), XCA_E_CONFLICT,
                           "order.changed");
}

xca_error_t *xca_order_signatures(apr_array_header_t **signatures, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 4, sizeof(void *));
    into.make = xca_decision_of_entry;
    err = xca_ldap_search(store->ldap, order_dn(store, id, pool), XCA_SCOPE_ONE, "(objectClass=xcaDecisionEntry)", NULL, 0, NULL,
                          xca_collect, &into, pool);
    *signatures = into.list;
    return err != NULL && err->kind != XCA_E_NOT_FOUND ? err : NULL;
}

xca_error_t *xca_order_sign(xca_store_t *store, const char *id, const char *signature_id, xca_bytes_t cms, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, signature_dn(store, id, signature_id, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaDecisionEntry");
    xca_entry_add(pool, entry, "xcaDecision", signature_id);
    xca_entry_add_bytes(pool, entry, "xcaCms", cms);
    return exists_already(xca_ldap_add(store->ldap, entry, pool));
}

xca_error_t *xca_order_verdict(xca_store_t *store, const char *id, const char *signature_id, const char *verdict, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaVerdict", verdict);
    return xca_ldap_modify(store->ldap, signature_dn(store, id, signature_id, pool), changes, NULL, NULL, NULL, pool);
}
