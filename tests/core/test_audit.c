/* The audit log: entries once and in order, what nobody may do to it, what is found when somebody has, and how it is read. */
#include "card_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "domain/calendar.h"
#include "operations/audit_read.h"
#include "operations/audit_report.h"
#include "operations/audit_verify.h"
#include "operations/signer_open.h"
#include "operations/signer_watch.h"
#include "outside/crypto_audit.h"
#include "outside/crypto_card.h"
#include "outside/crypto_cms.h"
#include "wire/audit.h"

#define NOW    apr_time_from_sec(1795496700)
#define SECOND apr_time_from_sec(1)


static apr_pool_t *pool;
static slapd_t *slapd;
static xca_store_t *store, *admin; /* as the signer, as xca-admin */
static xca_ldap_t *root;
static xca_ca_t *ca;
static xca_key_t *ca_key, *key;
static xca_profile_t profile = {.years = 5, .policy = "2.16.886.101.0.3.0", .crl_url = "http://x/", .ca_issuers_url = "http://x/"};
static xca_audit_t *audit;

static xca_ca_t *make_ca(xca_key_t **made_key, const char *name) {
    xca_bytes_t none = {NULL, 0}, above, certificate;
    xca_key_t *above_key;
    xca_ca_t *made;

    assert_done(xca_key_make(&above_key, "ec:P-256", pool));
    assert_done(xca_key_make(made_key, "ec:P-256", pool));
    assert_done(xca_setup_certificate(&above, XCA_SETUP_ROOT, "CN=root,C=TW", NULL, NULL, above_key, NULL, none,
                                      NOW - 30 * XCA_DAY, NOW + 9000 * XCA_DAY, pool));
    assert_done(xca_setup_certificate(&certificate, XCA_SETUP_CA, name, NULL, NULL, *made_key, above_key, above,
                                      NOW - 30 * XCA_DAY, NOW + 7000 * XCA_DAY, pool));
    assert_done(xca_ca_open(&made, *made_key, certificate, &above, 1, &profile, pool));
    return made;
}

static xca_audit_t *open_log(const xca_key_t *with, const char *head_file) {
    xca_audit_t *made;

    assert_done(xca_audit_make(&made, store, ca, with, head_file, pool));
    return made;
}

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    slapd = slapd_make(pool, NULL);
    root = slapd_start_with_root(slapd, pool);
    admin = slapd_store(slapd, "admin", pool);
    store = slapd_store(slapd, "signer", pool);
    ca = make_ca(&ca_key, "OU=authority,C=TW");
    assert_done(xca_key_make(&key, "ec:P-256", pool));
    audit = open_log(key, NULL);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static xca_error_t *try_log(xca_audit_t *to, const char *kind, const char *event_key, apr_time_t now) {
    xca_audit_event_t event = {0};

    event.kind = kind;
    event.actor = "officer central-1";
    event.key = event_key;
    event.serial = "4f00112233445566778899aabbccddee";
    event.details = xca_audit_details(pool, "reason", "lost", "key", event_key, NULL);
    return xca_audit_append(to, &event, now, pool);
}

static void log_some(int from, int to) {
    int i;

    for (i = from; i <= to; i++) {
        assert_done(try_log(audit, "certificate-revoke", apr_psprintf(pool, "event %d", i), NOW + i * SECOND));
    }
}

static xca_audit_report_t verify_from(apr_int64_t from, const xca_audit_head_t *heads, int count) {
    xca_audit_report_t report;
    xca_bytes_t authority = xca_ca_certificate(ca);

    assert_done(xca_audit_verify(&report, admin, &authority, 1, from, heads, count, pool));
    return report;
}

static void assert_good(apr_int64_t last) {
    xca_audit_report_t report = verify_from(1, NULL, 0);

    if (report.bad != 0) {
        fail_msg("%s at %d", report.wrong, (int)report.bad);
    }
    assert_int_equal(report.last, last);
    assert_int_equal(report.checked, last);
}

static void assert_bad(apr_int64_t number, const char *wrong) {
    xca_audit_report_t report = verify_from(1, NULL, 0);

    if (report.bad == 0) {
        fail_msg("nothing is found where %s at %d was due", wrong, (int)number);
        return;
    }
    assert_string_equal(report.wrong, wrong);
    assert_int_equal(report.bad, number);
    assert_int_equal(report.last, number - 1);
}

static xca_audit_entry_t *entry_of(apr_int64_t number) {
    xca_audit_entry_t *entry;

    assert_done(xca_audit_get(&entry, admin, number, pool));
    return entry;
}

static const char *dn_of(apr_int64_t number) {
    return apr_psprintf(pool, "xcaAuditNumber=%d,ou=audit," BASE, (int)number);
}

/* As root of the directory. */
static void set(apr_int64_t number, const char *name, xca_bytes_t value) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, name, value);
    assert_done(xca_ldap_modify(root, dn_of(number), changes, NULL, NULL, NULL, pool));
}

static void set_text(apr_int64_t number, const char *name, const char *value) {
    set(number, name, (xca_bytes_t){(const unsigned char *)value, strlen(value)});
}

static xca_bytes_t replaced(xca_bytes_t in, const char *from, const char *to) {
    const char *text = apr_pstrmemdup(pool, (const char *)in.data, in.length), *at = strstr(text, from);
    const char *made;

    assert_non_null(at);
    made = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), to, at + strlen(from), NULL);
    return (xca_bytes_t){(const unsigned char *)made, strlen(made)};
}

static const char *sha256(xca_bytes_t bytes) {
    return xca_sha256_hex(pool, bytes.data, bytes.length);
}

/* Writing ------------------------------------------------------------------------------------------------------- */

static void test_entries_follow_each_other_and_the_first_names_the_key(void **state) {
    xca_audit_entry_t *first, *second;
    xca_bytes_t certificate;

    log_some(1, 3);
    assert_good(4);
    first = entry_of(1);
    second = entry_of(2);
    assert_string_equal(first->kind, "audit-key");
    assert_string_equal(first->previous, XCA_AUDIT_NOTHING);
    assert_done(xca_audit_key_of(&certificate, first, pool));
    assert_string_equal(second->previous, sha256(first->text));
    assert_string_equal(second->actor, "officer central-1");
    assert_string_equal(second->serial, "4f00112233445566778899aabbccddee");
    assert_string_equal(xca_audit_detail(second->details, "reason", pool), "lost");
    assert_true(second->time == NOW + SECOND);
}

static void test_the_same_event_is_logged_once_by_whomever(void **state) {
    xca_audit_t *other = open_log(key, NULL); /* a second signer, or the same one started again */

    log_some(1, 2);
    assert_done(try_log(other, "certificate-revoke", "event 1", NOW + 9 * SECOND));
    assert_done(try_log(audit, "certificate-revoke", "event 2", NOW + 9 * SECOND));
    assert_good(3);
    assert_done(try_log(other, "certificate-revoke", "event 3", NOW + 9 * SECOND));
    assert_done(try_log(audit, "certificate-revoke", "event 4", NOW + 9 * SECOND));
    assert_done(try_log(other, "certificate-revoke", "event 4", NOW + 9 * SECOND));
    assert_done(try_log(other, "certificate-suspend", "event 4", NOW + 9 * SECOND)); /* another kind is another event */
    assert_good(6);
}

static void test_time_never_goes_back(void **state) {
    log_some(1, 2);
    assert_done(try_log(audit, "certificate-revoke", "late", NOW - XCA_DAY));
    assert_true(entry_of(4)->time == entry_of(3)->time);
    assert_good(4);
}

static void test_another_key_is_named_before_it_signs(void **state) {
    xca_key_t *fresh;

    log_some(1, 2);
    assert_done(xca_key_make(&fresh, "ec:P-256", pool));
    audit = open_log(fresh, NULL);
    log_some(3, 4);
    assert_string_equal(entry_of(4)->kind, "audit-key");
    assert_good(6);
    assert_int_equal(verify_from(6, NULL, 0).bad, 0);
    audit = open_log(key, NULL); /* and back again */
    log_some(5, 5);
    assert_good(8);
    /* before its end the certificate is made anew */
    assert_done(try_log(audit, "certificate-revoke", "years later", NOW + 3640 * XCA_DAY));
    assert_string_equal(entry_of(9)->kind, "audit-key");
    assert_good(10);
}

static void test_nonsense_that_someone_filed_does_not_stop_the_log(void **state) {
    xca_audit_event_t event = {0};
    char *long_text = apr_palloc(pool, 5001);
    int i;

    memset(long_text, '\\', 5000);
    long_text[5000] = '\0';
    event.kind = "decision";
    event.key = "x";
    event.actor = apr_pstrcat(pool, "officer \n\x01\xff", long_text, NULL);
    event.case_number = "12";
    event.serial = "NO SERIAL";
    event.card = "Xc";
    event.organisation = "a.b";
    event.details = xca_audit_details(pool, "a", long_text, "b", "\x7f\t\xe4\xb8", "c", "", "d", NULL, "e", "中文", NULL);
    assert_done(xca_audit_append(audit, &event, NOW, pool));
    for (i = 0; i < 9; i++) {
        event.actor = apr_psprintf(pool, "%.*s中文字", 90 + i, long_text);
        event.key = event.actor;
        event.details = xca_audit_details(pool, "a", apr_psprintf(pool, "%.*s中文字", 592 + i, long_text), NULL);
        assert_done(xca_audit_append(audit, &event, NOW, pool));
    }
    assert_good(11);
    assert_null(entry_of(2)->serial);
    assert_string_equal(xca_audit_detail(entry_of(2)->details, "e", pool), "中文");
}

/* What may not be done --------------------------------------------------------------------------------------------- */

static xca_error_t *change(const char *identity, xca_change_op op, const char *name, const char *value) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add(changes, op, name, value);
    return xca_ldap_modify(slapd_client(slapd, identity, pool), dn_of(2), changes, NULL, NULL, NULL, pool);
}

static void test_the_signer_adds_and_nobody_changes_or_deletes(void **state) {
    static const char *const who[] = {"signer", "admin", "portal"};
    static const char *const names[] = {"xcaAuditText", "xcaAuditHash", "xcaAuditSignature", "xcaAuditKind", "xcaAuditPage",
                                        "xcaAuditEvent"};
    xca_audit_entry_t added;
    xca_entry_t *seen;
    size_t i, j;

    log_some(1, 2);
    for (i = 0; i < 3; i++) {
        for (j = 0; j < 6; j++) {
            assert_error(change(who[i], XCA_CHANGE_REPLACE, names[j], "1"), "ldap.access");
            assert_error(change(who[i], XCA_CHANGE_DELETE, names[j], NULL), "ldap.access");
        }
        assert_error(xca_ldap_delete(slapd_client(slapd, who[i], pool), dn_of(3), pool), "ldap.access");
        assert_done(xca_ldap_read(&seen, slapd_client(slapd, who[i], pool), dn_of(3), NULL, pool));
    }
    added = *entry_of(3);
    added.number = 4;
    assert_error(xca_audit_add(admin, &added, pool), "ldap.access");
    assert_error(xca_audit_add(slapd_store(slapd, "portal", pool), &added, pool), "ldap.access");
    assert_error(xca_ldap_read(&seen, slapd_client(slapd, NULL, pool), dn_of(3), NULL, pool), "ldap.no-entry");
    assert_good(3);
}

/* What is found ----------------------------------------------------------------------------------------------------- */

static void test_a_changed_text_is_found(void **state) {
    xca_bytes_t changed;

    log_some(1, 5);
    changed = replaced(entry_of(4)->text, "reason=lost", "reason=other");
    set(4, "xcaAuditText", changed);
    assert_bad(4, "audit.hash");
    set_text(4, "xcaAuditHash", sha256(changed)); /* with the hash that fits it */
    assert_bad(4, "audit.signature");
    set_text(4, "xcaAuditText", "nonsense");
    assert_bad(4, "audit.unreadable");
}

static void test_a_text_changed_by_whoever_has_no_certified_key_is_found(void **state) {
    xca_bytes_t changed, signature;
    xca_key_t *own;

    log_some(1, 5);
    assert_done(xca_key_make(&own, "ec:P-256", pool));
    changed = replaced(entry_of(4)->text, "reason=lost", "reason=other");
    assert_done(xca_key_sign(&signature, own, changed.data, changed.length, pool));
    set(4, "xcaAuditText", changed);
    set_text(4, "xcaAuditHash", sha256(changed));
    set(4, "xcaAuditSignature", signature);
    assert_bad(4, "audit.signature");
}

/* The whole log written anew with a key of one's own: certified by nobody, by another CA, or by this CA for something else. */
static void test_a_log_written_anew_is_found(void **state) {
    xca_key_t *other_key, *own;
    xca_ca_t *good = ca, *other = make_ca(&other_key, "OU=authority,C=TW");
    xca_audit_entry_t forged;
    xca_bytes_t certificate;
    const char *base64, *text;

    log_some(1, 2);
    ca = other;
    assert_done(xca_key_make(&own, "ec:P-256", pool));
    assert_done(xca_ldap_delete(root, dn_of(1), pool));
    assert_done(xca_ldap_delete(root, dn_of(2), pool));
    assert_done(xca_ldap_delete(root, dn_of(3), pool));
    audit = open_log(own, NULL);
    log_some(1, 2);
    ca = good;
    assert_bad(1, "audit.key");
    /* by this CA, as an officer's certificate */
    assert_done(xca_setup_certificate(&certificate, XCA_SETUP_OFFICER, "CN=x,C=TW", NULL, NULL, own, ca_key,
                                      xca_ca_certificate(ca), NOW - XCA_DAY, NOW + XCA_DAY, pool));
    base64 = xca_base64(pool, certificate.data, certificate.length);
    forged = *entry_of(1);
    text = apr_pstrcat(pool, "certificate=", xca_audit_detail(forged.details, "certificate", pool), NULL);
    forged.text = replaced(forged.text, text, apr_pstrcat(pool, "certificate=", base64, NULL));
    assert_done(xca_key_sign(&forged.signature, own, forged.text.data, forged.text.length, pool));
    set(1, "xcaAuditText", forged.text);
    set_text(1, "xcaAuditHash", sha256(forged.text));
    set(1, "xcaAuditSignature", forged.signature);
    assert_bad(1, "audit.key");
}

static void test_a_removed_entry_is_found(void **state) {
    log_some(1, 5);
    assert_done(xca_ldap_delete(root, dn_of(3), pool));
    assert_bad(3, "audit.missing");
    assert_done(xca_ldap_delete(root, dn_of(1), pool));
    assert_bad(1, "audit.missing");
}

static void test_a_removed_page_is_found(void **state) {
    int i;

    log_some(1, 2 * XCA_AUDIT_PAGE + 5);
    for (i = XCA_AUDIT_PAGE; i < 2 * XCA_AUDIT_PAGE; i++) {
        assert_done(xca_ldap_delete(root, dn_of(i), pool));
    }
    assert_bad(XCA_AUDIT_PAGE, "audit.missing");
}

static void test_a_log_cut_short_is_found_by_a_head_that_was_noted(void **state) {
    xca_audit_head_t heads[2] = {{2, NULL}, {5, NULL}};

    log_some(1, 4);
    heads[0].hash = entry_of(2)->hash;
    heads[1].hash = entry_of(5)->hash;
    assert_int_equal(verify_from(1, heads, 2).bad, 0);
    assert_int_equal(verify_from(4, heads, 2).bad, 0);
    assert_done(xca_ldap_delete(root, dn_of(5), pool));
    assert_int_equal(verify_from(1, NULL, 0).bad, 0); /* what is left is a log */
    assert_int_equal(verify_from(1, heads, 2).bad, 5);
    assert_string_equal(verify_from(1, heads, 2).wrong, "audit.truncated");
    audit = open_log(key, NULL);
    assert_done(try_log(audit, "certificate-revoke", "another", NOW + XCA_DAY));
    assert_int_equal(verify_from(1, NULL, 0).bad, 0);
    assert_int_equal(verify_from(1, heads, 2).bad, 5);
    assert_string_equal(verify_from(1, heads, 2).wrong, "audit.head");
    heads[0].hash = heads[1].hash;
    assert_string_equal(verify_from(4, heads, 1).wrong, "audit.head");
}

static void test_an_inserted_entry_is_found(void **state) {
    xca_audit_entry_t added;

    log_some(1, 3);
    added = *entry_of(3); /* a copy behind the end */
    added.number = 5;
    assert_done(xca_audit_add(xca_store_make(root, "c=TW", CA_DN, pool), &added, pool));
    assert_bad(5, "audit.number");
    assert_done(xca_ldap_delete(root, dn_of(5), pool));
    added.number = 9999;
    assert_done(xca_audit_add(xca_store_make(root, "c=TW", CA_DN, pool), &added, pool));
    assert_bad(5, "audit.missing");
}

static void test_entries_in_another_order_are_found(void **state) {
    xca_audit_entry_t third, fourth;

    log_some(1, 4);
    third = *entry_of(3);
    fourth = *entry_of(4);
    set(3, "xcaAuditText", fourth.text);
    set_text(3, "xcaAuditHash", fourth.hash);
    set(3, "xcaAuditSignature", fourth.signature);
    set(4, "xcaAuditText", third.text);
    set_text(4, "xcaAuditHash", third.hash);
    set(4, "xcaAuditSignature", third.signature);
    assert_bad(3, "audit.number");
}

static void test_entries_that_are_hidden_from_a_search_are_found(void **state) {
    xca_changes_t *changes = xca_changes_make(pool);

    log_some(1, 4);
    set_text(3, "xcaAuditPage", "77");
    assert_bad(3, "audit.index");
    set_text(3, "xcaAuditPage", "0");
    assert_good(5);
    set_text(5, "xcaAuditPage", "77"); /* the last one */
    assert_bad(5, "audit.index");
    set_text(5, "xcaAuditPage", "0");
    set_text(3, "xcaAuditKind", "list-sign");
    assert_bad(3, "audit.index");
    set_text(3, "xcaAuditKind", "certificate-revoke");
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaAuditSubject", NULL);
    assert_done(xca_ldap_modify(root, dn_of(4), changes, NULL, NULL, NULL, pool));
    assert_bad(4, "audit.index");
}

/* The signer does not go on with it --------------------------------------------------------------------------------- */

static void test_the_signer_does_not_go_on_with_a_log_that_was_cut_short(void **state) {
    const char *head_file = apr_pstrcat(pool, slapd->home, "/audit.head", NULL);

    audit = open_log(key, head_file);
    log_some(1, 4);
    audit = open_log(key, head_file);
    log_some(5, 5);
    assert_good(6);
    assert_done(xca_ldap_delete(root, dn_of(6), pool));
    audit = open_log(key, head_file);
    assert_error(try_log(audit, "certificate-revoke", "next", NOW), "audit.truncated");
    assert_true(xca_audit_is_stuck(audit));
    assert_int_equal(unlink(head_file), 0); /* the operator knows why */
    assert_done(try_log(audit, "certificate-revoke", "next", NOW));
    assert_false(xca_audit_is_stuck(audit));
    set_text(6, "xcaAuditText", "nonsense");
    assert_error(try_log(open_log(key, head_file), "certificate-revoke", "more", NOW), "audit.broken");
}

static void test_the_signer_does_not_go_on_behind_an_entry_that_it_has_not_signed(void **state) {
    xca_audit_entry_t added;

    log_some(1, 2);
    added = *entry_of(3);
    added.number = 4;
    assert_done(xca_audit_add(xca_store_make(root, "c=TW", CA_DN, pool), &added, pool));
    audit = open_log(key, NULL);
    assert_error(try_log(audit, "certificate-revoke", "next", NOW), "audit.broken");
}

static void test_what_cannot_be_logged_is_not_done(void **state) {
    static const char *const read_only[] = {"add_content_acl on", "add_content_acl on\nreadonly on", NULL};
    static const char *const shut[] = {"  by dn.exact=\"cn=signer,ou=services,ou=XCA,c=TW\" =arscd\n  by * none\naccess to "
                                       "dn.base=\"ou=audit,ou=XCA,c=TW\"\n",
                                       "  by * none\naccess to dn.base=\"ou=audit,ou=XCA,c=TW\"\n", NULL};
    xca_error_t *err;

    log_some(1, 1);
    slapd_stop(slapd);
    slapd_configure(slapd, read_only);
    slapd_start(slapd);
    err = try_log(audit, "certificate-revoke", "next", NOW);
    assert_error(err, "audit.unwritable");
    assert_int_equal(err->kind, XCA_E_UNAVAILABLE);
    slapd_stop(slapd);
    slapd_configure(slapd, shut);
    slapd_start(slapd);
    assert_error(try_log(audit, "certificate-revoke", "next", NOW), "audit.unwritable");
    slapd_stop(slapd);
    assert_error(try_log(audit, "certificate-revoke", "next", NOW), "ldap.down");
    slapd_configure(slapd, NULL);
    slapd_start(slapd);
    assert_done(try_log(audit, "certificate-revoke", "next", NOW));
    assert_good(3);
}

/* Reading ----------------------------------------------------------------------------------------------------------- */

static void assert_read(const xca_audit_filter_t *filter, apr_int64_t from, int count, int newest_first,
                        const apr_int64_t *wanted, apr_int64_t wanted_next) {
    apr_array_header_t *entries;
    apr_int64_t next;
    int i;

    assert_done(xca_audit_read(&entries, &next, slapd_store(slapd, "portal", pool), filter, from, count, newest_first, pool));
    for (i = 0; i < entries->nelts; i++) {
        assert_int_equal(APR_ARRAY_IDX(entries, i, xca_audit_entry_t *)->number, wanted[i]);
    }
    assert_int_equal(wanted[i], 0);
    assert_int_equal(next, wanted_next);
}

#define NUMBERS(...) ((const apr_int64_t[]){__VA_ARGS__, 0})
#define NO_NUMBERS   ((const apr_int64_t[]){0})

static void test_the_log_is_read_page_by_page_and_by_filters(void **state) {
    xca_audit_filter_t all = {0}, kind = {.kind = "list-sign"}, subject = {.subject = "officer central-1"};
    xca_audit_filter_t time = {.since = NOW + 2 * SECOND, .until = NOW + 4 * SECOND}, none = {.kind = "no-such"};
    xca_audit_filter_t serial = {.subject = "4f00112233445566778899aabbccddee", .since = NOW + 5 * SECOND};
    apr_int64_t last;

    assert_read(&all, 0, 5, 0, NO_NUMBERS, 0);
    log_some(1, 5); /* 2 to 6 */
    assert_done(try_log(audit, "list-sign", "a", NOW + 6 * SECOND));
    assert_done(try_log(audit, "list-sign", "b", NOW + 7 * SECOND));
    assert_done(xca_audit_last(&last, admin, pool));
    assert_int_equal(last, 8);
    assert_read(&all, 0, 3, 0, NUMBERS(1, 2, 3), 4);
    assert_read(&all, 4, 3, 0, NUMBERS(4, 5, 6), 7);
    assert_read(&all, 7, 3, 0, NUMBERS(7, 8), 0);
    assert_read(&all, 0, 3, 1, NUMBERS(8, 7, 6), 5);
    assert_read(&all, 5, 5, 1, NUMBERS(5, 4, 3, 2, 1), 0);
    assert_read(&all, 9, 5, 0, NO_NUMBERS, 0);
    assert_read(&kind, 0, 5, 1, NUMBERS(8, 7), 0);
    assert_read(&kind, 0, 1, 1, NUMBERS(8), 7);
    assert_read(&kind, 7, 1, 1, NUMBERS(7), 0);
    assert_read(&subject, 0, 2, 0, NUMBERS(2, 3), 4);
    assert_read(&time, 0, 9, 0, NUMBERS(3, 4), 0);
    assert_read(&time, 0, 9, 1, NUMBERS(4, 3), 0);
    assert_read(&time, 0, 1, 1, NUMBERS(4), 3);
    assert_read(&serial, 0, 9, 0, NUMBERS(6, 7, 8), 0);
    assert_read(&none, 0, 9, 0, NO_NUMBERS, 0);
}

static void assert_subject(const char *typed, const char *wanted) {
    const char *subject;

    assert_done(xca_audit_subject_read(&subject, admin, typed, pool));
    assert_string_equal(subject, wanted);
}

static void test_what_a_person_types_is_looked_for_as_entries_have_it(void **state) {
    assert_subject("00001-12345 6789012345 67890", "0000112345678901234567890");
    assert_subject("4F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE", "4f00112233445566778899aabbccddee");
    assert_subject("2.16.886.111.1", "2.16.886.111.1");
    assert_subject("Xc00000000000007", "Xc00000000000007");
    assert_subject("xC00000000000007", "Xc00000000000007");
    assert_subject("xc0000 0000 0000 07", "Xc00000000000007");
    assert_subject("\uff38\uff43\uff10\uff10000000000007", "Xc00000000000007");
    assert_subject("officer central-1", "officer central-1");
    assert_subject("central-1", "officer central-1");
}

/* A kind that is common is read by pages, and one call never looks through the whole log. */
static void test_a_long_log_is_read_in_bounded_steps(void **state) {
    xca_audit_filter_t common = {.kind = "certificate-revoke"}, key_filter = {.kind = "audit-key"};
    apr_array_header_t *entries;
    apr_int64_t next = 0;
    int seen = 0, calls = 0;

    log_some(1, 1200);
    do {
        assert_done(xca_audit_read(&entries, &next, admin, &common, next, 500, 0, pool));
        seen += entries->nelts;
        calls++;
    } while (next != 0);
    assert_int_equal(seen, 1200);
    assert_int_equal(calls, 3);
    assert_read(&common, 0, 2, 1, NUMBERS(1201, 1200), 1199);
    assert_read(&key_filter, 0, 5, 1, NUMBERS(1), 0);
    assert_good(1201);
}

static xca_error_t *count_entries(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    apr_int64_t *last = baton;

    assert_int_equal(entry->number, ++*last);
    return NULL;
}

static void test_export_has_every_entry_once_in_each_form(void **state) {
    xca_audit_filter_t all = {0};
    apr_int64_t last = 0;
    const char *json, *csv, *text;

    log_some(1, 600);
    assert_done(xca_audit_walk(admin, &all, 1, count_entries, &last, pool));
    assert_int_equal(last, 601);
    last = 300;
    assert_done(xca_audit_walk(admin, &all, 301, count_entries, &last, pool));
    assert_int_equal(last, 601);
    json = xca_audit_export_entry(XCA_AUDIT_JSON, entry_of(2), pool);
    assert_non_null(strstr(json, "{\"number\":2,\"time\":\"2026-"));
    assert_non_null(strstr(json, "\"details\":{\"reason\":\"lost\",\"key\":\"event 1\"}"));
    csv = xca_audit_export_entry(XCA_AUDIT_CSV, entry_of(2), pool);
    assert_non_null(strstr(csv, ",\"reason=lost\nkey=event 1\","));
    text = xca_audit_export_entry(XCA_AUDIT_TEXT, entry_of(2), pool);
    assert_non_null(strstr(text, "\nsignature: "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_entries_follow_each_other_and_the_first_names_the_key, start, stop),
        cmocka_unit_test_setup_teardown(test_the_same_event_is_logged_once_by_whomever, start, stop),
        cmocka_unit_test_setup_teardown(test_time_never_goes_back, start, stop),
        cmocka_unit_test_setup_teardown(test_another_key_is_named_before_it_signs, start, stop),
        cmocka_unit_test_setup_teardown(test_nonsense_that_someone_filed_does_not_stop_the_log, start, stop),
        cmocka_unit_test_setup_teardown(test_the_signer_adds_and_nobody_changes_or_deletes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_changed_text_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_text_changed_by_whoever_has_no_certified_key_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_log_written_anew_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_removed_entry_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_removed_page_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_log_cut_short_is_found_by_a_head_that_was_noted, start, stop),
        cmocka_unit_test_setup_teardown(test_an_inserted_entry_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_entries_in_another_order_are_found, start, stop),
        cmocka_unit_test_setup_teardown(test_entries_that_are_hidden_from_a_search_are_found, start, stop),
        cmocka_unit_test_setup_teardown(test_the_signer_does_not_go_on_with_a_log_that_was_cut_short, start, stop),
        cmocka_unit_test_setup_teardown(test_the_signer_does_not_go_on_behind_an_entry_that_it_has_not_signed, start, stop),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_logged_is_not_done, start, stop),
        cmocka_unit_test_setup_teardown(test_the_log_is_read_page_by_page_and_by_filters, start, stop),
        cmocka_unit_test_setup_teardown(test_what_a_person_types_is_looked_for_as_entries_have_it, start, stop),
        cmocka_unit_test_setup_teardown(test_a_long_log_is_read_in_bounded_steps, start, stop),
        cmocka_unit_test_setup_teardown(test_export_has_every_entry_once_in_each_form, start, stop),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
