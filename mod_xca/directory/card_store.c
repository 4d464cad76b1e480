/* ou=cards: class xcaCard.
 *   xcaCardNumber (RDN), xcaState, xcaRevision, xcaRank, xcaCaseNumber, xcaOid, o, xcaMailNumber, xcaReasonNote,
 *   xcaMade, xcaDispatched, xcaActivated, xcaUnfinished, xcaSerials, xcaKeyHash, xcaNotBefore
 *   the contact (texts below), xcaCodeHash, xcaTries, xcaCodeNonce, xcaSecrets     the signer's alone */
#include "directory/card_store.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

/* The texts of a card that can change. */
static const struct {
    const char *attribute;
    apr_size_t offset;
} texts[] = {
    {"xcaContactName", offsetof(xca_card_t, contact_name)},
    {"xcaContactTitle", offsetof(xca_card_t, contact_title)},
    {"xcaContactMail", offsetof(xca_card_t, contact_email)},
    {"xcaContactCounty", offsetof(xca_card_t, contact_county)},
    {"xcaContactDistrict", offsetof(xca_card_t, contact_district)},
    {"xcaContactZip", offsetof(xca_card_t, contact_zip)},
    {"xcaContactStreet", offsetof(xca_card_t, contact_street)},
    {"xcaContactPhone", offsetof(xca_card_t, contact_phone)},
    {"xcaContactFax", offsetof(xca_card_t, contact_fax)},
    {"xcaCodeHash", offsetof(xca_card_t, code_hash)},
    {"xcaCodeNonce", offsetof(xca_card_t, code_nonce)},
    {"xcaKeyHash", offsetof(xca_card_t, key_digest)},
    {"xcaMailNumber", offsetof(xca_card_t, mail_number)},
    {"xcaReasonNote", offsetof(xca_card_t, reason)},
};

static const struct {
    const char *attribute;
    apr_size_t offset;
} times[] = {
    {"xcaNotBefore", offsetof(xca_card_t, not_before)},
    {"xcaMade", offsetof(xca_card_t, made)},
    {"xcaDispatched", offsetof(xca_card_t, dispatched)},
    {"xcaActivated", offsetof(xca_card_t, activated)},
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))
#define TIMES (sizeof(times) / sizeof(times[0]))

static const char *text_at(const xca_card_t *card, apr_size_t i) {
    const char *text;

    memcpy(&text, (const char *)card + texts[i].offset, sizeof(text));
    return text;
}

static apr_time_t time_at(const xca_card_t *card, apr_size_t i) {
    apr_time_t when;

    memcpy(&when, (const char *)card + times[i].offset, sizeof(when));
    return when;
}

static char *card_dn(const xca_store_t *store, const char *number, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaCardNumber=", xca_dn_escape(pool, number), ",",
                       xca_branch_dn(store, "cards", pool), NULL);
}

/* The serial numbers by use with spaces between; NULL while they are not reserved. */
static const char *serials_of(const xca_card_t *card, apr_pool_t *pool) {
    const char *joined = card->serials[0];
    int use;

    for (use = 1; joined != NULL && use < XCA_USE_COUNT; use++) {
        joined = apr_pstrcat(pool, joined, " ", card->serials[use], NULL);
    }
    return joined;
}

static void take_serials(xca_card_t *card, const char *joined, apr_pool_t *pool) {
    char *state = NULL;
    char *serial = joined != NULL ? apr_strtok(apr_pstrdup(pool, joined), " ", &state) : NULL;
    int use;

    /* Behind the last one the state cannot be used any more. */
    for (use = 0; serial != NULL && use < XCA_USE_COUNT; use++) {
        card->serials[use] = serial;
        serial = apr_strtok(NULL, " ", &state);
    }
}

xca_error_t *xca_card_add(xca_store_t *store, const xca_card_t *card, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, card_dn(store, card->number, pool));
    apr_size_t i;

    xca_entry_add(pool, entry, "objectClass", "xcaCard");
    xca_entry_add(pool, entry, "xcaCardNumber", card->number);
    xca_entry_add(pool, entry, "xcaState", xca_card_state_id(card->state));
    xca_entry_add_number(pool, entry, "xcaRevision", 1);
    xca_entry_add(pool, entry, "xcaRank", xca_card_rank_id(card->rank));
    xca_entry_add(pool, entry, "xcaCaseNumber", card->case_number);
    xca_entry_add(pool, entry, "xcaOid", card->oid);
    xca_entry_add(pool, entry, "o", card->org_name);
    xca_entry_add_number(pool, entry, "xcaTries", card->code_tries);
    for (i = 0; i < TEXTS; i++) {
        xca_entry_add(pool, entry, texts[i].attribute, text_at(card, i));
    }
    for (i = 0; i < TIMES; i++) {
        xca_entry_add_time(pool, entry, times[i].attribute, time_at(card, i));
    }
    xca_entry_add(pool, entry, "xcaSerials", serials_of(card, pool));
    xca_entry_add_bytes(pool, entry, "xcaSecrets", card->secrets);
    xca_entry_add(pool, entry, "xcaUnfinished", card->unfinished ? "TRUE" : NULL);
    xca_entry_add(pool, entry, "xcaCodeOnce", card->code_once ? "TRUE" : NULL);
    return xca_ldap_add(store->ldap, entry, pool);
}

void *xca_card_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_card_t *card = apr_pcalloc(pool, sizeof(*card));
    const char *number = xca_entry_text(entry, "xcaCardNumber");
    xca_bytes_t secrets = xca_entry_bytes(entry, "xcaSecrets");
    const char *unfinished = xca_entry_text(entry, "xcaUnfinished");
    const char *once = xca_entry_text(entry, "xcaCodeOnce");
    apr_size_t i;

    card->state = xca_card_state_by_id(xca_entry_text(entry, "xcaState"));
    card->rank = xca_card_rank_by_id(xca_entry_text(entry, "xcaRank"));
    if (number == NULL || card->state == XCA_CARD_STATE_COUNT || card->rank == XCA_RANK_COUNT) {
        return NULL;
    }
    card->number = apr_pstrdup(pool, number);
    card->revision = xca_entry_number(entry, "xcaRevision", 0);
    card->case_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCaseNumber"));
    card->oid = apr_pstrdup(pool, xca_entry_text(entry, "xcaOid"));
    card->org_name = apr_pstrdup(pool, xca_entry_text(entry, "o"));
    card->code_tries = (int)xca_entry_number(entry, "xcaTries", 0);
    for (i = 0; i < TEXTS; i++) {
        const char *text = apr_pstrdup(pool, xca_entry_text(entry, texts[i].attribute));

        memcpy((char *)card + texts[i].offset, &text, sizeof(text));
    }
    for (i = 0; i < TIMES; i++) {
        apr_time_t when = xca_entry_time(entry, times[i].attribute);

        memcpy((char *)card + times[i].offset, &when, sizeof(when));
    }
    take_serials(card, xca_entry_text(entry, "xcaSerials"), pool);
    card->secrets.length = secrets.length;
    card->secrets.data =
        secrets.length > 0 ? apr_pmemdup(pool, secrets.data, secrets.length) : NULL;
    card->unfinished = unfinished != NULL && strcmp(unfinished, "TRUE") == 0;
    card->code_once = once != NULL && strcmp(once, "TRUE") == 0;
    return card;
}

xca_error_t *xca_card_read(xca_card_t **card, xca_store_t *store, const char *number,
                           apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, card_dn(store, number, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "card.not-found");
    }
    *card = xca_card_of_entry(entry, pool);
    if (*card == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no card", entry->dn);
    }
    return NULL;
}

xca_error_t *xca_card_update(xca_store_t *store, const xca_card_t *old, xca_card_t *changed,
                             apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    apr_size_t i;
    xca_error_t *err;

    changed->revision = old->revision + 1;
    xca_changes_swap(changes, "xcaRevision", apr_ltoa(pool, old->revision),
                     apr_ltoa(pool, changed->revision));
    if (changed->state != old->state) {
        xca_changes_swap(changes, "xcaState", xca_card_state_id(old->state),
                         xca_card_state_id(changed->state));
    }
    for (i = 0; i < TEXTS; i++) {
        xca_changes_text(changes, texts[i].attribute, text_at(changed, i));
    }
    for (i = 0; i < TIMES; i++) {
        xca_changes_time(pool, changes, times[i].attribute, time_at(changed, i));
    }
    xca_changes_text(changes, "xcaTries", apr_itoa(pool, changed->code_tries));
    xca_changes_text(changes, "xcaSerials", serials_of(changed, pool));
    xca_changes_text(changes, "xcaUnfinished", changed->unfinished ? "TRUE" : NULL);
    xca_changes_text(changes, "xcaCodeOnce", changed->code_once ? "TRUE" : NULL);
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaSecrets", changed->secrets);
    err = xca_ldap_modify(store->ldap, card_dn(store, old->number, pool), changes, NULL, NULL, NULL,
                          pool);
    return xca_store_error(err, XCA_E_CONFLICT, "card.changed");
}

static int by_number(const void *a, const void *b) {
    return strcmp((*(xca_card_t *const *)a)->number, (*(xca_card_t *const *)b)->number);
}

static xca_error_t *find_cards(apr_array_header_t **cards, int *more, xca_store_t *store,
                               const char *filter, int limit, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 8, sizeof(void *));
    into.make = xca_card_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "cards", pool), XCA_SCOPE_ONE, filter,
                          NULL, limit, more, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_number);
        *cards = into.list;
    }
    return err;
}

xca_error_t *xca_card_search(apr_array_header_t **cards, int *more, xca_store_t *store,
                             xca_card_key key, const char *value, int limit, apr_pool_t *pool) {
    static const char *const attribute[] = {"xcaCaseNumber", "xcaOid", "xcaState"};

    return find_cards(cards, more, store,
                      apr_pstrcat(pool, "(&(objectClass=xcaCard)(", attribute[key], "=",
                                  xca_filter_escape(pool, value), "))", NULL),
                      limit, pool);
}

xca_error_t *xca_card_list(apr_array_header_t **cards, int *more, xca_store_t *store, int limit,
                           apr_pool_t *pool) {
    return find_cards(cards, more, store, "(objectClass=xcaCard)", limit, pool);
}

xca_error_t *xca_card_unfinished(apr_array_header_t **cards, xca_store_t *store, apr_pool_t *pool) {
    return find_cards(cards, NULL, store, "(&(objectClass=xcaCard)(xcaUnfinished=TRUE))", 0, pool);
}

xca_error_t *xca_card_waiting_since(apr_array_header_t **cards, xca_store_t *store,
                                    apr_time_t before, apr_pool_t *pool) {
    return find_cards(
        cards, NULL, store,
        apr_pstrcat(pool,
                    "(&(objectClass=xcaCard)(|(xcaState=making)(xcaState=made)(xcaState=dispatched))"
                    "(xcaNotBefore<=",
                    xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL),
        0, pool);
}
