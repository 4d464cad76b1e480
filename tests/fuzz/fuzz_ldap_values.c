/* Any entry as every kind of record: the directory holds what the portal's identity could write, and what other programs
 * wrote once. Lines "name: value", "name:: " and a length byte for values with line breaks; the first line is the DN. What
 * is a record goes on to the rules that work with it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "directory/audit_store.h"
#include "directory/card_store.h"
#include "directory/case_store.h"
#include "directory/mappings.h"
#include "directory/office_store.h"
#include "directory/org_store.h"
#include "directory/statistics_store.h"
#include "domain/case_changes.h"
#include "domain/content.h"
#include "domain/question.h"
#include "operations/decision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW apr_time_from_sec(1800000000)

static const char places[] = "zipcode,county,district\n100,臺北市,中正區\n106,臺北市,大安區\n";

static const uint8_t *line_end(const uint8_t *at, const uint8_t *end) {
    const uint8_t *found = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

    return found != NULL ? found : end;
}

/* One attribute value behind its name; returns where the next line begins. */
static const uint8_t *take_value(xca_entry_t *entry, const char *name, const uint8_t *at,
                                 const uint8_t *end, apr_pool_t *pool) {
    xca_bytes_t value;
    const uint8_t *stop = line_end(at, end);

    if (at < end && *at == ':') {
        stop = at + 2 < end && at[2] <= end - at - 3 ? at + 3 + at[2] : end;
        at = at + 3 < stop ? at + 3 : stop;
    }
    value.data = at;
    value.length = (apr_size_t)(stop - at);
    xca_entry_add_bytes(pool, entry, name, value);
    return stop < end ? stop + 1 : end;
}

static xca_entry_t *read_entry(const uint8_t *data, size_t size, apr_pool_t *pool) {
    const uint8_t *end = data + size, *at = line_end(data, end);
    xca_entry_t *entry = xca_entry_make(pool, apr_pstrmemdup(pool, (const char *)data, (size_t)(at - data)));

    at = at < end ? at + 1 : end;
    while (at < end) {
        const uint8_t *colon = memchr(at, ':', (size_t)(end - at));

        if (colon == NULL || colon == at || colon > line_end(at, end)) {
            at = line_end(at, end);
            at = at < end ? at + 1 : end;
            continue;
        }
        at = take_value(entry, apr_pstrmemdup(pool, (const char *)at, (size_t)(colon - at)), colon + 1, end, pool);
    }
    return entry;
}

/* As the signer and the pages take a case: its text, its digest, all checks. */
static void use_case(xca_case_t *kase, const xca_postal_t *postal, apr_pool_t *pool) {
    xca_case_t checked = *kase;
    char *digest = xca_case_digest(pool, kase);

    if (strcmp(digest, xca_case_digest(pool, &checked)) != 0 ||
        (xca_case_check(&checked, postal, pool) == NULL && xca_case_check(&checked, postal, pool) != NULL)) {
        abort();
    }
}

static void use_decision(xca_decision_t *decision, apr_pool_t *pool) {
    decision->case_number = "0400100000001000000000010";
    if (xca_decision_peek(decision, pool) == NULL &&
        (decision->officer == NULL || decision->time == 0 || decision->content_digest == NULL)) {
        abort();
    }
}

static void use_org(const xca_org_t *org, const xca_store_t *store, const char *entry_dn, apr_pool_t *pool) {
    const char *dn = xca_org_dn(store, org->oid, pool);
    const char *oid = xca_org_oid_of_dn(store, entry_dn, pool);

    if ((dn != NULL && strcmp(xca_org_oid_of_dn(store, dn, pool), org->oid) != 0) ||
        (oid != NULL && xca_org_dn(store, oid, pool) == NULL) || xca_org_differences(pool, org, org)->nelts != 0) {
        abort();
    }
}

/* What was read of a count is written as it was read. */
static void use_period(const xca_period_t *period, apr_pool_t *pool) {
    int i;

    for (i = 0; i < period->counts->nelts; i++) {
        xca_count_t again;
        char *text = xca_count_format(pool, &APR_ARRAY_IDX(period->counts, i, const xca_count_t));

        if (!xca_count_parse(&again, text, pool) || strcmp(text, xca_count_format(pool, &again)) != 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static xca_postal_t *postal;
    static xca_store_t *store;
    apr_pool_t *pool;
    xca_entry_t *entry;
    xca_case_t *kase;
    xca_cert_t *cert;
    xca_decision_t *decision;
    xca_officer_t *officer;
    xca_window_t *window;
    xca_org_t *org;
    xca_card_t *card;
    xca_period_t *period;
    xca_content_t *content;
    xca_question_t *question;
    xca_event_t *event;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        store = xca_store_make(NULL, "c=TW", "o=CA,c=TW", root);
        if (xca_postal_make(&postal, places, strlen(places), root) != NULL) {
            abort();
        }
    }
    apr_pool_create(&pool, root);
    entry = read_entry(data, size, pool);
    (void)xca_entry_ldif(pool, entry);
    kase = xca_case_of_entry(entry, pool);
    if (kase != NULL) {
        (void)xca_case_changes(pool, kase->earlier, kase);
        use_case(kase, postal, pool);
    }
    cert = xca_cert_of_entry(entry, pool);
    if (cert != NULL && xca_cert_listed(cert, NOW) && cert->state != XCA_CERT_REVOKED && cert->state != XCA_CERT_SUSPENDED) {
        abort();
    }
    decision = xca_decision_of_entry(entry, pool);
    if (decision != NULL) {
        use_decision(decision, pool);
    }
    officer = xca_officer_of_entry(entry, pool);
    if (officer != NULL && decision != NULL && kase != NULL && decision->officer != NULL &&
        xca_decision_judge(decision, officer, kase, xca_case_digest(pool, kase), NULL, NULL, NOW, pool) == NULL &&
        (!officer->active || officer->role != XCA_ROLE_RA)) {
        abort();
    }
    window = xca_window_of_entry(entry, pool);
    if (window != NULL && xca_window_takes(window, XCA_CLASS_SCHOOL) && strstr(window->classes, "school") == NULL) {
        abort();
    }
    org = xca_org_of_entry(entry, pool);
    if (org != NULL) {
        use_org(org, store, entry->dn, pool);
    }
    card = xca_card_of_entry(entry, pool);
    if (card != NULL && card->serials[1] != NULL && strstr(xca_entry_text(entry, "xcaSerials"), card->serials[1]) == NULL) {
        abort();
    }
    content = xca_content_of_entry(entry, pool);
    if (content != NULL && (content->kind >= XCA_CONTENT_KINDS || content->state >= XCA_CONTENT_STATES)) {
        abort();
    }
    question = xca_question_of_entry(entry, pool);
    if (question != NULL && (question->state >= XCA_QUESTION_STATES || question->mail == NULL)) {
        abort();
    }
    event = xca_event_of_entry(entry, pool);
    if (event != NULL && (event->kind == NULL || event->actor == NULL)) {
        abort();
    }
    (void)xca_audit_of_entry(entry, pool); /* fuzz_audit does more with it */
    (void)xca_notice_of_entry(entry, pool);
    (void)xca_session_of_entry(entry, pool);
    (void)xca_transaction_of_entry(entry, pool);
    (void)xca_order_of_entry(entry, pool);
    period = xca_period_of_entry(entry, pool);
    if (period != NULL) {
        use_period(period, pool);
    }
    (void)xca_row_of_entry(entry, pool);
    (void)xca_request_of_entry(entry, pool);
    apr_pool_destroy(pool);
    return 0;
}
