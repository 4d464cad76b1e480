/* ou=certificates: class xcaCertificate.
 *   xcaSerial (RDN), xcaState, xcaUse, userCertificate;binary, xcaCaseNumber, xcaOid, o,
 * xcaNameKey, xcaNameGram (the folded name, its singles and pairs: domain/names.h), xcaOrgClass, xcaCounty, mail, xcaContactMail, xcaCardNumber, xcaKeyHash,
 * xcaNotBefore, xcaNotAfter, xcaAccepted, xcaSuspended, xcaRevoked, xcaCrlReason, xcaReasonNote,
 * xcaCodeHash, xcaTries, xcaPublished, xcaEndsOn, xcaEndsWhy
 *   search keys: search_store.c
 *   xcaExpires (the day of xcaNotAfter: an index by day), xcaNoticed, xcaNoticesOff: expiry_store.c
 *   xcaResumed, xcaCrlPartitions, xcaGeneration (without it: the first): for lists and their deltas (domain/crl.h) */
#include "directory/cert_store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "directory/search_store.h"
#include "domain/calendar.h"
#include "domain/crl.h"
#include "domain/names.h"

#define CERTIFICATE "userCertificate;binary"

char *xca_cert_dn(const xca_store_t *store, const char *serial, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaSerial=", xca_dn_escape(pool, serial), ",",
                       xca_branch_dn(store, "certificates", pool), NULL);
}

const char *xca_cert_serial_in(const char *dn, apr_pool_t *pool) {
    static const char rdn[] = "xcaSerial=";

    if (strncasecmp(dn, rdn, sizeof(rdn) - 1) != 0) {
        return NULL;
    }
    dn += sizeof(rdn) - 1;
    return apr_pstrmemdup(pool, dn, strcspn(dn, ","));
}

static void add_name(apr_pool_t *pool, xca_entry_t *entry, const char *name) {
    apr_array_header_t *grams;
    const char *folded;
    int i;

    if (name == NULL) {
        return;
    }
    folded = xca_name_fold(pool, name);
    xca_entry_add(pool, entry, "o", name);
    xca_entry_add(pool, entry, "xcaNameKey", folded);
    grams = xca_name_grams(pool, folded);
    for (i = 0; i < grams->nelts; i++) {
        xca_entry_add(pool, entry, "xcaNameGram", APR_ARRAY_IDX(grams, i, const char *));
    }
}

xca_error_t *xca_cert_add(xca_store_t *store, const xca_cert_t *cert, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, xca_cert_dn(store, cert->serial, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaCertificate");
    xca_entry_add(pool, entry, "xcaSerial", cert->serial);
    xca_entry_add(pool, entry, "xcaState", xca_cert_state_id(cert->state));
    xca_entry_add(pool, entry, "xcaUse", xca_use_id(cert->use));
    xca_entry_add_bytes(pool, entry, CERTIFICATE, cert->der);
    xca_entry_add(pool, entry, "xcaCaseNumber", cert->case_number);
    xca_entry_add(pool, entry, "xcaOid", cert->oid);
    add_name(pool, entry, cert->org_name);
    if (cert->class != XCA_CLASS_NONE) {
        xca_entry_add(pool, entry, "xcaOrgClass", xca_class_get(cert->class)->id);
    }
    xca_entry_add(pool, entry, "xcaCounty", cert->county);
    xca_entry_add(pool, entry, "mail", cert->email);
    xca_entry_add(pool, entry, "xcaContactMail", cert->contact_email);
    xca_entry_add(pool, entry, "xcaCardNumber", cert->card_number);
    xca_entry_add(pool, entry, "xcaKeyHash", cert->key_hash);
    xca_entry_add_time(pool, entry, "xcaNotBefore", cert->not_before);
    xca_entry_add_time(pool, entry, "xcaNotAfter", cert->not_after);
    xca_entry_add(pool, entry, "xcaExpires", xca_date_format(pool, cert->not_after, XCA_DATE_ISO));
    if (cert->crl_partitions > 0) {
        xca_entry_add_number(pool, entry, "xcaCrlPartitions", cert->crl_partitions);
    }
    if (cert->generation > 0) {
        xca_entry_add_number(pool, entry, "xcaGeneration", cert->generation);
    }
    xca_entry_add(pool, entry, "xcaCodeHash", cert->code_hash);
    xca_entry_add(pool, entry, "xcaTries", "0");
    err = xca_search_entry_add(entry, cert->der, pool);
    return err != NULL ? err : xca_ldap_add(store->ldap, entry, pool);
}

void *xca_cert_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_cert_t *cert = apr_pcalloc(pool, sizeof(*cert));
    const char *serial = xca_entry_text(entry, "xcaSerial");
    const char *state = xca_entry_text(entry, "xcaState");
    const char *use = xca_entry_text(entry, "xcaUse");
    const char *class = xca_entry_text(entry, "xcaOrgClass");
    const char *published = xca_entry_text(entry, "xcaPublished");
    const char *notices_off = xca_entry_text(entry, "xcaNoticesOff");
    const char *once = xca_entry_text(entry, "xcaCodeOnce");
    xca_bytes_t der = xca_entry_bytes(entry, CERTIFICATE);
    long generation = xca_entry_number(entry, "xcaGeneration", 0);

    cert->state = state != NULL ? xca_cert_state_by_id(state) : XCA_CERT_STATE_COUNT;
    if (serial == NULL || cert->state == XCA_CERT_STATE_COUNT) {
        return NULL;
    }
    cert->serial = apr_pstrdup(pool, serial);
    cert->use = use != NULL ? xca_use_by_id(use) : XCA_USE_COUNT;
    cert->class = class != NULL ? xca_class_by_id(class) : XCA_CLASS_NONE;
    cert->case_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCaseNumber"));
    cert->oid = apr_pstrdup(pool, xca_entry_text(entry, "xcaOid"));
    cert->org_name = apr_pstrdup(pool, xca_entry_text(entry, "o"));
    cert->county = apr_pstrdup(pool, xca_entry_text(entry, "xcaCounty"));
    cert->email = apr_pstrdup(pool, xca_entry_text(entry, "mail"));
    cert->contact_email = apr_pstrdup(pool, xca_entry_text(entry, "xcaContactMail"));
    cert->card_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCardNumber"));
    cert->key_hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaKeyHash"));
    cert->der.length = der.length;
    cert->der.data = der.length > 0 ? apr_pmemdup(pool, der.data, der.length) : NULL;
    cert->not_before = xca_entry_time(entry, "xcaNotBefore");
    cert->not_after = xca_entry_time(entry, "xcaNotAfter");
    cert->accepted = xca_entry_time(entry, "xcaAccepted");
    cert->suspended = xca_entry_time(entry, "xcaSuspended");
    cert->revoked = xca_entry_time(entry, "xcaRevoked");
    cert->resumed = xca_entry_time(entry, "xcaResumed");
    cert->crl_partitions = (int)xca_entry_number(entry, "xcaCrlPartitions", 0);
    cert->generation = generation > 0 && generation < XCA_GENERATIONS_MAX ? (int)generation : 0;
    cert->reason = (xca_crl_reason)xca_entry_number(entry, "xcaCrlReason", 0);
    cert->reason_note = apr_pstrdup(pool, xca_entry_text(entry, "xcaReasonNote"));
    cert->ends_on = xca_entry_time(entry, "xcaEndsOn");
    cert->ends_why = apr_pstrdup(pool, xca_entry_text(entry, "xcaEndsWhy"));
    cert->code_hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaCodeHash"));
    cert->code_tries = (int)xca_entry_number(entry, "xcaTries", 0);
    cert->expires = apr_pstrdup(pool, xca_entry_text(entry, "xcaExpires"));
    cert->noticed = (int)xca_entry_number(entry, "xcaNoticed", 0);
    cert->notices_off = notices_off != NULL && strcmp(notices_off, "TRUE") == 0;
    cert->code_nonce = apr_pstrdup(pool, xca_entry_text(entry, "xcaCodeNonce"));
    cert->code_once = once != NULL && strcmp(once, "TRUE") == 0;
    cert->published = published != NULL && strcmp(published, "TRUE") == 0;
    return cert;
}

xca_error_t *xca_cert_read(xca_cert_t **cert, xca_store_t *store, const char *serial,
                           apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err =
        xca_ldap_read(&entry, store->ldap, xca_cert_dn(store, serial, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "certificate.not-found");
    }
    *cert = xca_cert_of_entry(entry, pool);
    if (*cert == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no certificate",
                              entry->dn);
    }
    return NULL;
}

static int newest_first(const void *a, const void *b) {
    const xca_cert_t *left = *(xca_cert_t *const *)a;
    const xca_cert_t *right = *(xca_cert_t *const *)b;

    if (left->not_before != right->not_before) {
        return left->not_before > right->not_before ? -1 : 1;
    }
    return strcmp(left->serial, right->serial);
}

xca_error_t *xca_cert_find_by(apr_array_header_t **certs, int *more, xca_store_t *store, const char *filter,
                              const char *const *attrs, int limit, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_cert_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "certificates", pool), XCA_SCOPE_ONE,
                          filter, attrs, limit, more, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), newest_first);
        *certs = into.list;
    }
    return err;
}

static const char *equals(const char *attribute, const char *value, apr_pool_t *pool) {
    return apr_pstrcat(pool, "(", attribute, "=", xca_filter_escape(pool, value), ")", NULL);
}

/* The grams find candidates by the index; pairs that are all there need not stand together, so the server compares
 * the whole keyword too, and a limit counts right ones only. NULL: a keyword without letters, which nothing has. */
static const char *name_filter(const char *keyword, apr_pool_t *pool) {
    const char *folded = xca_name_fold(pool, keyword);
    apr_array_header_t *grams = xca_keyword_grams(pool, folded);
    const char *filter = "";
    int i;

    if (*folded == '\0') {
        return NULL;
    }
    for (i = 0; i < grams->nelts; i++) {
        filter = apr_pstrcat(pool, filter,
                             equals("xcaNameGram", APR_ARRAY_IDX(grams, i, const char *), pool),
                             NULL);
    }
    return apr_pstrcat(pool, filter, "(xcaNameKey=*", xca_filter_escape(pool, folded), "*)", NULL);
}

static xca_error_t *find_none(apr_array_header_t **certs, int *more, apr_pool_t *pool) {
    *certs = apr_array_make(pool, 1, sizeof(void *));
    if (more != NULL) {
        *more = 0;
    }
    return NULL;
}

xca_error_t *xca_cert_search(apr_array_header_t **certs, int *more, xca_store_t *store,
                             xca_cert_key key, const char *value, int limit, apr_pool_t *pool) {
    static const char *const attribute[] = {
        NULL,        "xcaOid",        "mail",       "xcaCardNumber",
        "xcaSerial", "xcaCaseNumber", "xcaKeyHash", "xcaState"};

    if (key == XCA_CERT_BY_NAME) {
        xca_cert_query_t query = {.name = value};

        return xca_cert_find(certs, more, store, &query, limit, pool);
    }
    return xca_cert_find_by(certs, more, store, equals(attribute[key], value, pool), NULL, limit, pool);
}

xca_error_t *xca_cert_find(apr_array_header_t **certs, int *more, xca_store_t *store,
                           const xca_cert_query_t *query, int limit, apr_pool_t *pool) {
    const struct {
        const char *attribute, *value;
    } keys[] = {{"xcaSerial", query->serial},
                {"xcaCardNumber", query->card_number},
                {"mail", query->email},
                {"xcaOid", query->oid},
                {"xcaCertHash", query->hash}};
    const char *filter = "";
    apr_size_t i;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].value != NULL) {
            filter = apr_pstrcat(pool, filter, equals(keys[i].attribute, keys[i].value, pool), NULL);
        }
    }
    if (query->name != NULL) {
        const char *name = name_filter(query->name, pool);

        if (name == NULL) {
            return find_none(certs, more, pool);
        }
        filter = apr_pstrcat(pool, filter, name, NULL);
    }
    if (*filter == '\0') {
        return find_none(certs, more, pool);
    }
    return xca_cert_find_by(certs, more, store, apr_pstrcat(pool, "(&", filter, ")", NULL), NULL, limit, pool);
}

xca_error_t *xca_cert_update(xca_store_t *store, const xca_cert_t *old, const xca_cert_t *changed,
                             apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaState", xca_cert_state_id(old->state),
                     xca_cert_state_id(changed->state));
    xca_changes_time(pool, changes, "xcaAccepted", changed->accepted);
    xca_changes_time(pool, changes, "xcaSuspended", changed->suspended);
    xca_changes_time(pool, changes, "xcaRevoked", changed->revoked);
    xca_changes_time(pool, changes, "xcaResumed", changed->resumed);
    xca_changes_text(changes, "xcaCrlReason",
                     changed->reason != 0 ? apr_itoa(pool, (int)changed->reason) : NULL);
    xca_changes_text(changes, "xcaReasonNote", changed->reason_note);
    xca_changes_text(changes, "xcaPublished", changed->published ? "TRUE" : NULL);
    err = xca_ldap_modify(store->ldap, xca_cert_dn(store, old->serial, pool), changes, NULL, NULL,
                          NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "certificate.changed");
}

xca_error_t *xca_cert_code_wrong(int *tries, xca_store_t *store, const char *serial,
                                 apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaTries", NULL};
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *after;
    xca_error_t *err;

    xca_changes_add(changes, XCA_CHANGE_INCREMENT, "xcaTries", "1");
    err = xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, wanted,
                          &after, pool);
    if (err == NULL) {
        *tries = (int)xca_entry_number(after, "xcaTries", 1);
    }
    return err;
}

xca_error_t *xca_cert_code_right(xca_store_t *store, const char *serial, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaTries", "0");
    return xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, NULL, NULL,
                           pool);
}

xca_error_t *xca_cert_code_set(xca_store_t *store, const xca_cert_t *cert, const char *hash, int once,
                               const char *nonce, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaCodeHash", cert->code_hash, hash);
    xca_changes_text(changes, "xcaTries", "0");
    xca_changes_text(changes, "xcaCodeOnce", once ? "TRUE" : NULL);
    xca_changes_text(changes, "xcaCodeNonce", nonce);
    err = xca_ldap_modify(store->ldap, xca_cert_dn(store, cert->serial, pool), changes, NULL, NULL, NULL,
                          pool);
    return xca_store_error(err, XCA_E_CONFLICT, "certificate.changed");
}

xca_error_t *xca_cert_contact(xca_store_t *store, const char *serial, const char *contact_email,
                              apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaContactMail", contact_email);
    return xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, NULL, NULL,
                           pool);
}

xca_error_t *xca_cert_pending_since(apr_array_header_t **certs, xca_store_t *store,
                                    apr_time_t before, apr_pool_t *pool) {
    const char *filter =
        apr_pstrcat(pool, "(&(objectClass=xcaCertificate)(xcaState=pending)(!(xcaCardNumber=*))"
                          "(xcaNotBefore<=",
                    xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL);

    return xca_cert_find_by(certs, NULL, store, filter, NULL, 0, pool);
}

xca_error_t *xca_cert_ends(xca_store_t *store, const char *serial, apr_time_t on, const char *why,
                           apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_time(pool, changes, "xcaEndsOn", on);
    xca_changes_text(changes, "xcaEndsWhy", why);
    err = xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes,
                          "(&(!(xcaEndsOn=*))(!(xcaState=revoked)))", NULL, NULL, pool);
    return err != NULL && err->kind == XCA_E_CONFLICT ? NULL : err;
}

xca_error_t *xca_cert_ended(xca_store_t *store, const char *serial, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_time(pool, changes, "xcaEndsOn", 0);
    xca_changes_text(changes, "xcaEndsWhy", NULL);
    return xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_cert_ending(apr_array_header_t **certs, xca_store_t *store, apr_time_t by, int limit,
                             apr_pool_t *pool) {
    const char *filter = apr_pstrcat(pool, "(&(xcaEndsOn<=", xca_date_format(pool, by, XCA_DATE_LDAP),
                                     ")(objectClass=xcaCertificate))", NULL);

    return xca_cert_find_by(certs, NULL, store, filter, NULL, limit, pool);
}

xca_error_t *xca_cert_good_of(xca_cert_t **cert, xca_store_t *store, int generation, apr_time_t since, apr_pool_t *pool) {
    static const char *const attrs[] = {"xcaSerial", "xcaState", "xcaNotAfter", NULL};
    const char *of = generation > 0 ? apr_psprintf(pool, "(xcaGeneration=%d)", generation) : "(!(xcaGeneration=*))";
    apr_array_header_t *certs;
    int more;
    xca_error_t *err = xca_cert_find_by(&certs, &more, store,
                                        apr_pstrcat(pool, "(&(objectClass=xcaCertificate)(xcaNotAfter>=",
                                                    xca_date_format(pool, since, XCA_DATE_LDAP), ")", of, ")", NULL),
                                        attrs, 1, pool);

    *cert = err == NULL && certs->nelts > 0 ? APR_ARRAY_IDX(certs, 0, xca_cert_t *) : NULL;
    return err;
}

typedef struct {
    xca_on_cert *on_cert;
    void *baton;
} walk_t;

static xca_error_t *walk(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    walk_t *to = baton;
    xca_cert_t *cert = xca_cert_of_entry(entry, scratch);

    return cert != NULL ? to->on_cert(to->baton, cert, scratch) : NULL;
}

const char *const xca_cert_listed_attrs[] = {"xcaSerial",    "xcaState",     "xcaNotAfter", "xcaSuspended",     "xcaRevoked",
                                             "xcaCrlReason", "xcaPublished", "xcaResumed",  "xcaCrlPartitions", "xcaGeneration", NULL};

const char *xca_cert_listed_filter(apr_time_t since, apr_pool_t *pool) {
    const char *day = xca_date_format(pool, since, XCA_DATE_LDAP);

    return apr_pstrcat(pool, "(&(objectClass=xcaCertificate)(|(xcaState=suspended)(xcaState=revoked)(xcaResumed>=", day,
                       "))(xcaNotAfter>=", day, "))", NULL);
}

const char *const xca_cert_counted_attrs[] = {"xcaSerial",    "xcaState",    "xcaOrgClass", "xcaCounty",
                                              "xcaNotBefore", "xcaNotAfter", "xcaRevoked",  "xcaExpires", NULL};

const char *const xca_cert_status_attrs[] = {"xcaSerial",    "xcaState",     "xcaSuspended",  "xcaRevoked",
                                             "xcaCrlReason", "xcaPublished", "xcaGeneration", NULL};

xca_error_t *xca_cert_walk(xca_store_t *store, xca_on_cert *on_cert, void *baton, apr_pool_t *pool) {
    walk_t to = {on_cert, baton};

    return xca_ldap_search(store->ldap, xca_branch_dn(store, "certificates", pool), XCA_SCOPE_ONE, XCA_CERT_FILTER,
                           xca_cert_counted_attrs, 0, NULL, walk, &to, pool);
}
