/* The fixed part of the tree: classes country, organization, organizationalUnit for what stands above and between,
 * pkiCA + xcaIssuer (auxiliary) at the CA's own entry, xcaCounterEntry (cn RDN, xcaCounter) for the counters,
 * xcaArcEntry for the first arcs. */
#include "directory/store.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "directory/org_store.h"

#define DEPTH_MAX 16 /* RDNs between the suffix and the CA */

static const char *const branches[] = {"oid",    "certificates", "mail",    "crl",
                                       "cases",  "requests",     "nonces",  "windows",
                                       "officers", "outbox",     "counters", "sources", "cards",
                                       "sessions", "orders", "statistics", "content", "questions",
                                       "sheets", "audit",      "events", "log", "transactions"};

static const char *const counters[] = {"case", "crl", "card"};

/* Names of the class arcs as the registry's tree shows them; 101 is no class but where agencies stand. */
static const struct {
    xca_class class;
    const char *name;
} first_arcs[] = {
    {XCA_CLASS_NONE, "政府機關"},           {XCA_CLASS_SCHOOL, "學校"},
    {XCA_CLASS_FOUNDATION, "財團法人"},     {XCA_CLASS_ASSOCIATION, "社團法人"},
    {XCA_CLASS_ADMINISTRATIVE, "行政法人"}, {XCA_CLASS_PROFESSIONAL, "自由職業事務所"},
    {XCA_CLASS_OTHER, "其他組織或團體"},
};

xca_store_t *xca_store_make(xca_ldap_t *ldap, const char *suffix, const char *ca_dn,
                            apr_pool_t *pool) {
    xca_store_t *store = apr_pcalloc(pool, sizeof(*store));

    store->ldap = ldap;
    store->suffix = apr_pstrdup(pool, suffix);
    store->base = apr_pstrcat(pool, "ou=XCA,", suffix, NULL);
    store->ca_dn = apr_pstrdup(pool, ca_dn);
    return store;
}

char *xca_branch_dn(const xca_store_t *store, const char *branch, apr_pool_t *pool) {
    return apr_pstrcat(pool, "ou=", branch, ",", store->base, NULL);
}

static xca_error_t *add_if_missing(xca_store_t *store, const xca_entry_t *entry, apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};
    xca_entry_t *found;
    xca_error_t *err = xca_ldap_read(&found, store->ldap, entry->dn, nothing, pool);

    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

static xca_error_t *add_unit(xca_store_t *store, const char *dn, const char *unit,
                             apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, dn);

    xca_entry_add(pool, entry, "objectClass", "organizationalUnit");
    xca_entry_add(pool, entry, "ou", unit);
    return add_if_missing(store, entry, pool);
}

/* Where the first RDN of `dn` ends: at its comma or at the end. */
static const char *rdn_end(const char *dn) {
    for (; *dn != '\0' && *dn != ','; dn++) {
        if (*dn == '\\' && dn[1] != '\0') {
            dn++;
        }
    }
    return dn;
}

/* The value of an RDN whose characters are escaped with a backslash each (RFC 4514 section 2.4). */
static char *rdn_value(apr_pool_t *pool, const char *at, const char *end) {
    char *value = apr_palloc(pool, (apr_size_t)(end - at) + 1);
    char *to = value;

    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end) {
            at++;
        }
        *to++ = *at;
    }
    *to = '\0';
    return value;
}

/* The entry of a DN by the attribute that names it; with `issuer` it is the CA's own. */
static xca_error_t *add_named(xca_store_t *store, const char *dn, int issuer, apr_pool_t *pool) {
    static const struct {
        const char *attribute, *class;
    } namings[] = {{"c", "country"},
                   {"o", "organization"},
                   {"ou", "organizationalUnit"},
                   {"l", "locality"},
                   {"cn", "organizationalRole"}};
    xca_entry_t *entry = xca_entry_make(pool, dn);
    const char *equals = strchr(dn, '=');
    apr_size_t i;

    for (i = 0; equals != NULL && i < sizeof(namings) / sizeof(namings[0]); i++) {
        const char *attribute = namings[i].attribute;

        if (strncasecmp(dn, attribute, (apr_size_t)(equals - dn)) != 0 ||
            strlen(attribute) != (apr_size_t)(equals - dn)) {
            continue;
        }
        xca_entry_add(pool, entry, "objectClass", namings[i].class);
        if (issuer) {
            xca_entry_add(pool, entry, "objectClass", "pkiCA");
            xca_entry_add(pool, entry, "objectClass", "xcaIssuer");
        }
        xca_entry_add(pool, entry, attribute, rdn_value(pool, equals + 1, rdn_end(dn)));
        return add_if_missing(store, entry, pool);
    }
    return xca_error_make(pool, XCA_E_INVALID, "ldap.dn", "no entry can be made for %s", dn);
}

/* The suffix, what stands between it and the CA, and the CA's entry. */
static xca_error_t *add_above(xca_store_t *store, apr_pool_t *pool) {
    const char *dns[DEPTH_MAX];
    const char *dn = store->ca_dn;
    int count = 0;
    xca_error_t *err = NULL;

    while (strcasecmp(dn, store->suffix) != 0) {
        const char *end = rdn_end(dn);

        if (*end == '\0' || count == DEPTH_MAX) {
            return xca_error_make(pool, XCA_E_INVALID, "ldap.dn", "%s is not under %s",
                                  store->ca_dn, store->suffix);
        }
        dns[count++] = dn;
        dn = end + 1;
    }
    err = add_named(store, store->suffix, 0, pool);
    while (err == NULL && count > 0) {
        count--;
        err = add_named(store, dns[count], count == 0, pool);
    }
    return err;
}

static xca_error_t *add_counter(xca_store_t *store, const char *name, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(
        pool, apr_pstrcat(pool, "cn=", name, ",", xca_branch_dn(store, "counters", pool), NULL));

    xca_entry_add(pool, entry, "objectClass", "xcaCounterEntry");
    xca_entry_add(pool, entry, "cn", name);
    xca_entry_add(pool, entry, "xcaCounter", "0");
    return add_if_missing(store, entry, pool);
}

static xca_error_t *add_first_arc(xca_store_t *store, xca_class class, const char *name,
                                  apr_pool_t *pool) {
    xca_org_t arc;
    xca_error_t *err;

    memset(&arc, 0, sizeof(arc));
    arc.oid = apr_pstrcat(pool, XCA_OID_ROOT ".", xca_class_get(class)->arc, NULL);
    arc.name = name;
    err = xca_org_add_path(store, arc.oid, pool);
    return err != NULL ? err : add_if_missing(store, xca_org_entry(store, &arc, pool), pool);
}

xca_error_t *xca_store_prepare(xca_store_t *store, apr_pool_t *pool) {
    xca_error_t *err = add_above(store, pool);
    apr_size_t i;

    if (err == NULL) {
        err = add_unit(store, store->base, "XCA", pool);
    }
    for (i = 0; err == NULL && i < sizeof(branches) / sizeof(branches[0]); i++) {
        err = add_unit(store, xca_branch_dn(store, branches[i], pool), branches[i], pool);
    }
    for (i = 0; err == NULL && i < sizeof(counters) / sizeof(counters[0]); i++) {
        err = add_counter(store, counters[i], pool);
    }
    for (i = 0; err == NULL && i < sizeof(first_arcs) / sizeof(first_arcs[0]); i++) {
        err = add_first_arc(store, first_arcs[i].class, first_arcs[i].name, pool);
    }
    return err;
}

xca_error_t *xca_counter_next(apr_int64_t *value, xca_store_t *store, const char *name,
                              apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaCounter", NULL};
    const char *dn = apr_pstrcat(pool, "cn=", xca_dn_escape(pool, name), ",",
                                 xca_branch_dn(store, "counters", pool), NULL);
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *after;
    xca_error_t *err;

    xca_changes_add(changes, XCA_CHANGE_INCREMENT, "xcaCounter", "1");
    err = xca_ldap_modify(store->ldap, dn, changes, NULL, wanted, &after, pool);
    if (err != NULL) {
        return err;
    }
    *value = xca_entry_number(after, "xcaCounter", 0);
    if (*value <= 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "counter %s is no number", name);
    }
    return NULL;
}
