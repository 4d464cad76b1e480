/* ou=certificates, class xcaCertificate: xcaCertHash (SHA-1 and SHA-256), xcaIssuerHash, xcaIssuerSerialHash, xcaSubjectHash,
 * xcaKeyIdHash (of the identifier, and the identifier); also mail and o.
 * cn=signer-status, class xcaSignerStatus: xcaSearchKeys, since when all certificates have them. */
#include "directory/search_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "outside/crypto_search_keys.h"

#define CERTIFICATE "userCertificate;binary"
#define SLICE       2000 /* certificates that are filled in after one search */

#define KEYS_MAX 7

typedef struct {
    const char *attribute, *value; /* value NULL: the certificate has none */
} pair_t;

static xca_error_t *read_pairs(pair_t pairs[KEYS_MAX], xca_bytes_t der, apr_pool_t *pool) {
    xca_search_keys_t keys;
    xca_error_t *err = xca_search_keys(&keys, der, pool);
    const pair_t found[KEYS_MAX] = {{"xcaCertHash", keys.cert},
                                    {"xcaCertHash", keys.cert_sha256},
                                    {"xcaIssuerHash", keys.issuer},
                                    {"xcaIssuerSerialHash", keys.issuer_serial},
                                    {"xcaSubjectHash", keys.subject},
                                    {"xcaKeyIdHash", keys.key_id},
                                    {"xcaKeyIdHash", keys.key_id_itself}};

    memcpy(pairs, found, sizeof(found));
    return err;
}

xca_error_t *xca_search_entry_add(xca_entry_t *entry, xca_bytes_t der, apr_pool_t *pool) {
    pair_t pairs[KEYS_MAX];
    int i;
    xca_error_t *err = read_pairs(pairs, der, pool);

    for (i = 0; err == NULL && i < KEYS_MAX; i++) {
        xca_entry_add(pool, entry, pairs[i].attribute, pairs[i].value);
    }
    return err;
}

xca_error_t *xca_search_published(apr_array_header_t **certs, int *more, xca_store_t *store, xca_search_key key, const char *value,
                                  int limit, apr_pool_t *pool) {
    static const char *const attributes[] = {"xcaCertHash",  "xcaIssuerHash", "xcaIssuerSerialHash", "xcaSubjectHash",
                                             "xcaKeyIdHash", "mail",          "o"};
    static const char *const wanted[] = {"xcaSerial", "xcaState", "xcaPublished", "o", "mail", "xcaNotBefore", CERTIFICATE, NULL};
    const char *filter = apr_pstrcat(pool, "(&(", attributes[key], "=", xca_filter_escape(pool, value), ")(xcaPublished=TRUE))", NULL);

    return xca_cert_find_by(certs, more, store, filter, wanted, limit, pool);
}

/* One certificate without keys: its DN, and the keys it is to have. */
typedef struct {
    const char *dn;
    xca_bytes_t der;
} bare_t;

static void *bare_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    bare_t *bare = apr_pcalloc(pool, sizeof(*bare));
    xca_bytes_t der = xca_entry_bytes(entry, CERTIFICATE);

    bare->dn = apr_pstrdup(pool, entry->dn);
    bare->der.length = der.length;
    bare->der.data = der.length > 0 ? apr_pmemdup(pool, der.data, der.length) : NULL;
    return bare;
}

/* A certificate that cannot be read has no keys; it is told of, and stands in nobody's way. */
static xca_error_t *fill_one(xca_store_t *store, const bare_t *bare, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    pair_t pairs[KEYS_MAX];
    int i;
    xca_error_t *err = read_pairs(pairs, bare->der, pool);

    if (err != NULL) {
        xca_log_error(bare->dn, err);
        return NULL;
    }
    for (i = 0; i < KEYS_MAX; i++) {
        if (pairs[i].value == NULL) {
            continue;
        }
        if (i > 0 && pairs[i - 1].value != NULL && strcmp(pairs[i].attribute, pairs[i - 1].attribute) == 0) {
            xca_changes_more(changes, pairs[i].value);
        } else {
            xca_changes_add(changes, XCA_CHANGE_ADD, pairs[i].attribute, pairs[i].value);
        }
    }
    err = xca_ldap_modify(store->ldap, bare->dn, changes, NULL, NULL, NULL, pool);
    return err != NULL && err->kind == XCA_E_CONFLICT ? NULL : err; /* it has them already */
}

static char *status_dn(const xca_store_t *store, apr_pool_t *pool) {
    return apr_pstrcat(pool, "cn=signer-status,", store->base, NULL);
}

static xca_error_t *is_filled(int *done, xca_store_t *store, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaSearchKeys", NULL};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, status_dn(store, pool), wanted, pool);

    *done = err == NULL && xca_entry_text(entry, "xcaSearchKeys") != NULL;
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *done = 1; /* no signer has run yet: there is nowhere to note it, and it is asked again */
        return NULL;
    }
    return err;
}

static xca_error_t *note_filled(xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_time(pool, changes, "xcaSearchKeys", now);
    return xca_ldap_modify(store->ldap, status_dn(store, pool), changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_search_fill(int *left, int *filled, xca_store_t *store, apr_time_t until, apr_time_t now, apr_pool_t *pool) {
    static const char *const wanted[] = {CERTIFICATE, NULL};
    apr_pool_t *scratch;
    int i, done;
    xca_error_t *err = is_filled(&done, store, pool);

    *left = !done;
    *filled = 0;
    if (err != NULL || done) {
        return err;
    }
    apr_pool_create(&scratch, pool);
    while (err == NULL && *left && apr_time_now() < until) {
        xca_collect_t into;
        int more = 0;

        apr_pool_clear(scratch);
        into.list = apr_array_make(scratch, SLICE, sizeof(void *));
        into.make = bare_of_entry;
        err = xca_ldap_search(store->ldap, xca_branch_dn(store, "certificates", pool), XCA_SCOPE_ONE,
                              "(&(objectClass=xcaCertificate)(!(xcaCertHash=*)))", wanted, SLICE, &more, xca_collect, &into, scratch);
        for (i = 0; err == NULL && i < into.list->nelts && apr_time_now() < until; i++) {
            err = fill_one(store, APR_ARRAY_IDX(into.list, i, const bare_t *), scratch);
            *filled += err == NULL;
        }
        *left = err != NULL || more || i < into.list->nelts;
    }
    apr_pool_destroy(scratch);
    return err == NULL && !*left ? note_filled(store, now, pool) : err;
}
