/* The public log: what it tells of, that it grows and never changes, whoever writes it and wherever it was cut. */
#include "card_bench.h"

#include <stdlib.h>
#include "domain/calendar.h"
#include "operations/public_log.h"
#include "operations/public_log_read.h"
#include "outside/crypto_audit.h"
#include "outside/crypto_card.h"
#include "outside/crypto_merkle.h"

#define NOW    apr_time_from_sec(1795496700)
#define SECOND apr_time_from_sec(1)
#define SERIAL "4f00112233445566778899aabbccddee"

static apr_pool_t *pool;
static slapd_t *slapd;
static xca_store_t *store;
static xca_ldap_t *root;
static xca_ca_t *ca;
static xca_key_t *key;
static xca_profile_t profile = {.years = 5, .policy = "2.16.886.101.0.3.0", .crl_url = "http://x/", .ca_issuers_url = "http://x/"};
static xca_audit_t *audit;
static xca_public_log_t *public_log;
static int logged;

static void make_ca(void) {
    xca_bytes_t none = {NULL, 0}, certificate;
    xca_key_t *ca_key;

    assert_done(xca_key_make(&ca_key, "ec:P-256", pool));
    assert_done(xca_setup_certificate(&certificate, XCA_SETUP_ROOT, "CN=root,C=TW", NULL, NULL, ca_key, NULL, none,
                                      NOW - 30 * XCA_DAY, NOW + 9000 * XCA_DAY, pool));
    assert_done(xca_ca_open(&ca, ca_key, certificate, &certificate, 1, &profile, pool));
}

static xca_public_log_t *open_public(void) {
    return xca_public_log_make(store, audit, key, pool);
}

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    slapd = slapd_make(pool, NULL);
    root = slapd_start_with_root(slapd, pool);
    store = slapd_store(slapd, "signer", pool);
    make_ca();
    assert_done(xca_key_make(&key, "ec:P-256", pool));
    assert_done(xca_audit_make(&audit, store, ca, key, NULL, pool));
    public_log = open_public();
    logged = 0;
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static void log_one(const char *kind) {
    xca_audit_event_t event = {0};

    event.kind = kind;
    event.actor = "officer central-1";
    event.key = apr_psprintf(pool, "event %d", ++logged);
    event.case_number = "0000100000000000000000001";
    event.serial = SERIAL;
    event.details = xca_audit_details(pool, "reason", "lost", "sha256", xca_sha256_hex(pool, event.key, strlen(event.key)), NULL);
    assert_done(xca_audit_append(audit, &event, NOW + logged * SECOND, pool));
}

static void log_many(int count) {
    for (; count > 0; count--) {
        log_one("certificate-issue");
    }
}

static void grow(xca_public_log_t *log, apr_time_t now) {
    int more = 1;

    while (more) {
        assert_done(xca_public_log_grow(&more, log, now, pool));
    }
}

/* Everyone can read this: the head is signed, its root is that of all leaves, and they are `size`. */
static const char *assert_served(apr_int64_t size) {
    xca_store_t *anyone = slapd_store(slapd, NULL, pool);
    unsigned char *hashes = apr_palloc(pool, (apr_size_t)(size + 1) * XCA_MERKLE_SIZE), top[XCA_MERKLE_SIZE];
    xca_audit_signer_t *signer;
    xca_log_head_t head;
    xca_log_part_t *part;
    apr_int64_t at = 0, number, bad;
    xca_bytes_t authority = xca_ca_certificate(ca);

    assert_done(xca_log_head_get(&head, &part, anyone, pool));
    assert_int_equal(apr_atoi64(head.size), size);
    assert_done(xca_audit_signer_make(&signer, part->certificate, &authority, 1, pool));
    assert_true(xca_audit_signed(signer, part->data, part->signature, NOW + 5000 * SECOND));
    for (number = 0; number * XCA_LOG_TILE < size; number++) {
        apr_array_header_t *leaves;
        int i;

        assert_done(xca_log_leaves(&leaves, anyone, number, size, pool));
        for (i = 0; i < leaves->nelts; i++, at++) {
            char text[XCA_LOG_LEAF_MAX];
            const xca_log_leaf_t *leaf = APR_ARRAY_IDX(leaves, i, const xca_log_leaf_t *);
            size_t length = xca_lines_write(text, sizeof(text), XCA_LOG_LEAF_FIRST, xca_log_leaf_fields, leaf);

            assert_int_equal(apr_atoi64(leaf->index), at);
            xca_merkle_leaf(hashes + at * XCA_MERKLE_SIZE, text, length);
        }
    }
    assert_int_equal(at, size);
    xca_merkle_root(top, hashes, (apr_size_t)size);
    assert_string_equal(xca_text_hex(pool, top, sizeof(top)), head.root);
    assert_done(xca_log_check(&at, &bad, slapd_store(slapd, "admin", pool), pool));
    assert_int_equal(bad, -1);
    assert_int_equal(at, size);
    return head.root;
}

static void test_leaves_tell_what_is_public_and_no_more(void **state) {
    apr_array_header_t *leaves;
    const xca_log_leaf_t *issue, *revoke;
    int has;

    assert_done(xca_log_has(&has, store, SERIAL, pool));
    assert_false(has); /* there is no log */
    log_one("certificate-issue");
    log_one("officer-login");
    grow(public_log, NOW);
    assert_done(xca_log_find(&leaves, store, SERIAL, 1, pool));
    assert_int_equal(leaves->nelts, 0); /* its number is not public yet */
    assert_done(xca_log_has(&has, store, SERIAL, pool));
    assert_false(has);
    log_one("certificate-revoke");
    assert_done(xca_log_has(&has, store, SERIAL, pool));
    assert_false(has); /* not taken in yet */
    grow(public_log, NOW);
    assert_served(2);
    assert_done(xca_log_has(&has, store, SERIAL, pool));
    assert_true(has);
    assert_done(xca_log_find(&leaves, store, SERIAL, 2, pool));
    assert_int_equal(leaves->nelts, 2);
    issue = APR_ARRAY_IDX(leaves, 0, const xca_log_leaf_t *);
    revoke = APR_ARRAY_IDX(leaves, 1, const xca_log_leaf_t *);
    assert_string_equal(issue->kind, "certificate-issue");
    assert_null(issue->serial);
    assert_string_equal(issue->certificate, xca_sha256_hex(pool, "event 1", 7));
    assert_string_equal(revoke->serial, SERIAL);
    assert_string_equal(revoke->entry, "4"); /* the key, the issue and the login come before */
}

static void test_the_tree_is_right_at_every_size_around_whole_tiles(void **state) {
    static const int steps[] = {1, 1, 253, 1, 1, 254, 1, 1, 90}; /* 1, 2, 255, 256, 257, 511, 512, 513, 603 */
    int size = 0;
    size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        log_many(steps[i]);
        size += steps[i];
        grow(public_log, NOW);
        assert_served(size);
    }
}

static void test_a_signer_that_starts_anew_goes_on_where_the_other_was(void **state) {
    const char *before, *after;

    log_many(300);
    grow(public_log, NOW);
    before = assert_served(300);
    log_many(30);
    grow(open_public(), NOW);
    after = assert_served(330);
    assert_string_not_equal(before, after);
    /* without its head the same log comes again: it follows from the audit log alone */
    assert_done(xca_ldap_delete(root, "xcaLogPart=head,ou=log,ou=XCA,c=TW", pool));
    grow(open_public(), NOW);
    assert_string_equal(assert_served(330), after);
}

static void test_of_two_signers_the_slower_one_reads_anew(void **state) {
    xca_public_log_t *other = open_public();
    int more;

    log_many(5);
    grow(public_log, NOW);
    grow(other, NOW);
    log_many(5);
    grow(other, NOW);
    assert_served(10);
    log_many(1);
    assert_error(xca_public_log_grow(&more, public_log, NOW, pool), "ldap.changed");
    assert_served(10);
    grow(public_log, NOW);
    assert_served(11);
}

static void test_a_head_is_signed_anew_once_an_hour(void **state) {
    xca_log_head_t first, again;

    log_many(2);
    grow(public_log, NOW);
    assert_done(xca_log_head_get(&first, NULL, store, pool));
    log_one("officer-login");
    grow(public_log, NOW + 1800 * SECOND);
    assert_done(xca_log_head_get(&again, NULL, store, pool));
    assert_string_equal(again.time, first.time); /* a login is nobody's business */
    grow(public_log, NOW + 3700 * SECOND);
    assert_done(xca_log_head_get(&again, NULL, store, pool));
    assert_string_not_equal(again.time, first.time);
    assert_string_equal(again.root, first.root);
}

static void change(const char *dn, const char *name, const char *text, apr_size_t length) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, name, (xca_bytes_t){(const unsigned char *)text, length});
    assert_done(xca_ldap_modify(root, dn, changes, NULL, NULL, NULL, pool));
}

static void test_nothing_is_built_on_what_someone_else_put_there(void **state) {
    xca_log_part_t *head, *tile;
    int more;

    log_many(3);
    grow(public_log, NOW);
    assert_done(xca_log_get(&head, store, "head", 0, pool));
    assert_done(xca_log_get(&tile, store, "tile-0-0", 0, pool));
    change("xcaLogPart=tile-0-0,ou=log,ou=XCA,c=TW", "xcaLogData", (const char *)tile->data.data, 64);
    assert_error(xca_public_log_grow(&more, open_public(), NOW, pool), "log.broken");
    change("xcaLogPart=tile-0-0,ou=log,ou=XCA,c=TW", "xcaLogData", apr_psprintf(pool, "%96s", "x"), 96);
    assert_error(xca_public_log_grow(&more, open_public(), NOW, pool), "log.broken");
    change("xcaLogPart=tile-0-0,ou=log,ou=XCA,c=TW", "xcaLogData", (const char *)tile->data.data, 96);
    change("xcaLogPart=head,ou=log,ou=XCA,c=TW", "xcaAuditSignature", "x", 1);
    assert_error(xca_public_log_grow(&more, open_public(), NOW, pool), "log.broken");
    change("xcaLogPart=head,ou=log,ou=XCA,c=TW", "xcaAuditSignature", (const char *)head->signature.data, head->signature.length);
    grow(open_public(), NOW);
    assert_served(3);
}

static void test_an_audit_log_out_of_order_is_not_taken_in(void **state) {
    xca_audit_entry_t *entry;
    int more;

    log_many(3);
    grow(public_log, NOW);
    log_many(3);
    assert_done(xca_audit_get(&entry, store, 6, pool));
    change("xcaAuditNumber=6,ou=audit,ou=XCA,c=TW", "xcaAuditSignature", "x", 1);
    assert_error(xca_public_log_grow(&more, public_log, NOW, pool), "log.broken");
    assert_served(3);
    change("xcaAuditNumber=6,ou=audit,ou=XCA,c=TW", "xcaAuditSignature", (const char *)entry->signature.data, entry->signature.length);
    grow(public_log, NOW);
    assert_served(6);
}

static void test_a_leaf_that_is_not_the_entrys_is_found_by_comparing(void **state) {
    xca_store_t *admin = slapd_store(slapd, "admin", pool);
    xca_log_part_t *part;
    apr_int64_t checked, bad;
    char *text;

    log_many(3);
    grow(public_log, NOW);
    assert_done(xca_log_get(&part, store, "entries-0", 0, pool));
    text = apr_pstrmemdup(pool, (const char *)part->data.data, part->data.length);
    strstr(text, "index: 1\n")[7] = '2';
    change("xcaLogPart=entries-0,ou=log,ou=XCA,c=TW", "xcaLogData", text, part->data.length);
    assert_done(xca_log_check(&checked, &bad, admin, pool));
    assert_int_equal(bad, 1);
    assert_int_equal(checked, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_leaves_tell_what_is_public_and_no_more, start, stop),
        cmocka_unit_test_setup_teardown(test_the_tree_is_right_at_every_size_around_whole_tiles, start, stop),
        cmocka_unit_test_setup_teardown(test_a_signer_that_starts_anew_goes_on_where_the_other_was, start, stop),
        cmocka_unit_test_setup_teardown(test_of_two_signers_the_slower_one_reads_anew, start, stop),
        cmocka_unit_test_setup_teardown(test_a_head_is_signed_anew_once_an_hour, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_is_built_on_what_someone_else_put_there, start, stop),
        cmocka_unit_test_setup_teardown(test_an_audit_log_out_of_order_is_not_taken_in, start, stop),
        cmocka_unit_test_setup_teardown(test_a_leaf_that_is_not_the_entrys_is_found_by_comparing, start, stop),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
