/* Class xcaTransactionEntry: xcaTransaction (RDN), xcaSerial (of the sender's certificate, or the number of the case whose secret it has), xcaMessage (the first one), xcaNonce (of our last
 * message), xcaFiled, xcaSeen. */
#include "directory/transaction_store.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *transaction_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaTransaction=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "transactions", pool), NULL);
}

void *xca_transaction_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_transaction_t *transaction = apr_pcalloc(pool, sizeof(*transaction));
    const char *id = xca_entry_text(entry, "xcaTransaction"), *serial = xca_entry_text(entry, "xcaSerial");
    const char *nonce = xca_entry_text(entry, "xcaNonce");
    xca_bytes_t first = xca_entry_bytes(entry, "xcaMessage");

    if (id == NULL || serial == NULL || nonce == NULL || first.length == 0) {
        return NULL;
    }
    transaction->id = apr_pstrdup(pool, id);
    transaction->serial = apr_pstrdup(pool, serial);
    transaction->nonce = apr_pstrdup(pool, nonce);
    transaction->first.data = apr_pmemdup(pool, first.data, first.length);
    transaction->first.length = first.length;
    transaction->began = xca_entry_time(entry, "xcaFiled");
    transaction->seen = xca_entry_time(entry, "xcaSeen");
    return transaction;
}

static xca_error_t *end_oldest(xca_store_t *store, const char *serial, apr_pool_t *pool) {
    const xca_transaction_t *oldest = NULL;
    xca_collect_t into;
    int i;
    xca_error_t *err;

    into.list = apr_array_make(pool, XCA_TRANSACTIONS_EACH, sizeof(void *));
    into.make = xca_transaction_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "transactions", pool), XCA_SCOPE_ONE,
                          apr_pstrcat(pool, "(&(objectClass=xcaTransactionEntry)(xcaSerial=", xca_filter_escape(pool, serial), "))", NULL),
                          NULL, 0, NULL, xca_collect, &into, pool);
    if (err != NULL || into.list->nelts < XCA_TRANSACTIONS_EACH) {
        return err;
    }
    for (i = 0; i < into.list->nelts; i++) {
        const xca_transaction_t *one = APR_ARRAY_IDX(into.list, i, const xca_transaction_t *);

        oldest = oldest == NULL || one->seen < oldest->seen ? one : oldest;
    }
    return xca_transaction_end(store, oldest->id, pool);
}

xca_error_t *xca_transaction_add(xca_store_t *store, const xca_transaction_t *transaction, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, transaction_dn(store, transaction->id, pool));
    xca_error_t *err = end_oldest(store, transaction->serial, pool);

    if (err != NULL) {
        return err;
    }
    xca_entry_add(pool, entry, "objectClass", "xcaTransactionEntry");
    xca_entry_add(pool, entry, "xcaTransaction", transaction->id);
    xca_entry_add(pool, entry, "xcaSerial", transaction->serial);
    xca_entry_add_bytes(pool, entry, "xcaMessage", transaction->first);
    xca_entry_add(pool, entry, "xcaNonce", transaction->nonce);
    xca_entry_add_time(pool, entry, "xcaFiled", transaction->began);
    xca_entry_add_time(pool, entry, "xcaSeen", transaction->seen);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_error_t *xca_transaction_read(xca_transaction_t **transaction, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, transaction_dn(store, id, pool), NULL, pool);

    *transaction = NULL;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    *transaction = xca_transaction_of_entry(entry, pool);
    return NULL;
}

xca_error_t *xca_transaction_move(xca_store_t *store, const xca_transaction_t *transaction, const char *nonce, apr_time_t now,
                                  apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaNonce", transaction->nonce, nonce);
    xca_changes_time(pool, changes, "xcaSeen", now);
    err = xca_ldap_modify(store->ldap, transaction_dn(store, transaction->id, pool), changes, NULL, NULL, NULL, pool);
    return err != NULL && (err->kind == XCA_E_CONFLICT || err->kind == XCA_E_NOT_FOUND)
               ? xca_store_error(err, XCA_E_CONFLICT, "transaction.changed")
               : err;
}

xca_error_t *xca_transaction_end(xca_store_t *store, const char *id, apr_pool_t *pool) {
    return xca_ldap_delete(store->ldap, transaction_dn(store, id, pool), pool);
}

xca_error_t *xca_transaction_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "transactions",
                      apr_pstrcat(pool, "(&(objectClass=xcaTransactionEntry)(xcaSeen<=",
                                  xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL),
                      pool);
}
