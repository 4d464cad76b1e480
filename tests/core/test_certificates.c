/* ou=certificates and ou=mail: the keys of a search, what mail clients find as certificates come and go, and what nobody may
 * change. */
#include "slapd_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "directory/cert_store.h"
#include "directory/expiry_store.h"
#include "domain/calendar.h"

#define NOW apr_time_from_sec(1795496700)

static slapd_t *slapd;
static xca_store_t *store; /* as the signer */
static apr_pool_t *pool;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    store = slapd_store(slapd, "signer", pool);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static xca_bytes_t certificate_of(const char *subject, const char *serial) {
    const char *path = apr_pstrcat(pool, slapd->home, "/made.der", NULL);
    const char *command =
        apr_pstrcat(pool, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
                          "-outform DER -keyout /dev/null -utf8 -subj '", subject, "' -set_serial 0x",
                    serial, " -out ", path, " 2>/dev/null", NULL);
    unsigned char *bytes = apr_palloc(pool, 4096);
    xca_bytes_t der = {bytes, 0};
    FILE *file;

    assert_int_equal(system(command), 0);
    file = fopen(path, "rb");
    assert_non_null(file);
    der.length = fread(bytes, 1, 4096, file);
    fclose(file);
    return der;
}

/* slapd wants a certificate where one is named: a real one, whose content does not matter here. */
static xca_bytes_t some_certificate(void) {
    static xca_bytes_t der;

    if (der.length == 0) {
        der = certificate_of("/CN=some", "01");
    }
    return der;
}

static xca_cert_t cert_of(int number, const char *name, const char *email) {
    xca_cert_t cert;

    memset(&cert, 0, sizeof(cert));
    cert.serial = apr_psprintf(pool, "%032x", number);
    cert.state = XCA_CERT_PENDING;
    cert.use = XCA_USE_ENCRYPTION;
    cert.case_number = "0000100000000000000000001";
    cert.oid = apr_psprintf(pool, "2.16.886.104.%d", 100000 + number);
    cert.org_name = name;
    cert.class = XCA_CLASS_FOUNDATION;
    cert.email = email;
    cert.contact_email = "private@example.org.tw";
    cert.card_number = apr_psprintf(pool, "Xc%014d", number);
    cert.key_hash = apr_psprintf(pool, "%064x", number);
    cert.der = some_certificate();
    cert.not_before = NOW - XCA_DAY + apr_time_from_sec(number);
    cert.not_after = NOW + 1000 * XCA_DAY;
    cert.code_hash = "scrypt$";
    return cert;
}

static void add(const xca_cert_t *cert) {
    assert_done(xca_cert_add(store, cert, pool));
}

/* The signer's step: state in ou=certificates, then ou=mail. */
static void move(xca_cert_t *cert, xca_cert_state to, apr_time_t now) {
    xca_cert_t changed = *cert;

    changed.state = to;
    changed.published |= to == XCA_CERT_VALID;
    assert_done(xca_cert_update(store, cert, &changed, pool));
    assert_done(xca_mail_entry_refresh(store, cert->email, cert->use, now, pool));
    *cert = changed;
}

static apr_array_header_t *found_by(xca_cert_query_t query, int limit, int *more) {
    apr_array_header_t *certs;

    assert_done(xca_cert_find(&certs, more, slapd_store(slapd, "portal", pool), &query, limit, pool));
    return certs;
}

static const xca_cert_t *at(const apr_array_header_t *certs, int i) {
    return APR_ARRAY_IDX(certs, i, const xca_cert_t *);
}

static void test_each_of_the_five_keys_finds_what_it_names_and_nothing_else(void **state) {
    xca_cert_t wanted = cert_of(1, "財團法人臺灣書法教育基金會", "a1@example.org.tw");
    xca_cert_t other = cert_of(2, "財團法人海洋保育基金會", "a2@example.org.tw");
    xca_cert_query_t queries[] = {{.serial = wanted.serial},
                                  {.card_number = wanted.card_number},
                                  {.oid = wanted.oid},
                                  {.email = "A1@example.ORG.tw"},
                                  {.name = "台灣書法"},
                                  {.name = "書"}};
    apr_size_t i;
    int more;

    add(&wanted);
    add(&other);
    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        apr_array_header_t *certs = found_by(queries[i], 10, &more);

        assert_int_equal(certs->nelts, 1);
        assert_string_equal(at(certs, 0)->serial, wanted.serial);
        assert_null(at(certs, 0)->code_hash);
        assert_null(at(certs, 0)->contact_email);
        assert_false(more);
    }
    assert_int_equal(found_by((xca_cert_query_t){.name = "基金會"}, 10, NULL)->nelts, 2);
    assert_int_equal(found_by((xca_cert_query_t){.name = "基金會", .oid = other.oid}, 10, NULL)->nelts,
                     1);
    assert_int_equal(found_by((xca_cert_query_t){.name = "書法", .oid = other.oid}, 10, NULL)->nelts,
                     0);
    assert_int_equal(found_by((xca_cert_query_t){.name = "（）"}, 10, NULL)->nelts, 0);
    assert_int_equal(found_by((xca_cert_query_t){.name = NULL}, 10, NULL)->nelts, 0);
    assert_int_equal(found_by((xca_cert_query_t){.name = "*"}, 10, NULL)->nelts, 0);
}

/* All pairs of the keyword stand in these names, the keyword does not. */
static void test_names_with_all_pairs_of_the_keyword_but_not_the_keyword_use_up_no_limit(void **state) {
    apr_array_header_t *certs;
    int i, more;

    for (i = 0; i < 12; i++) {
        xca_cert_t decoy = cert_of(100 + i, "社團法人文化教文", "b@example.org.tw");

        add(&decoy);
    }
    for (i = 0; i < 3; i++) {
        xca_cert_t right = cert_of(120 + i, "社團法人化教文會", "c@example.org.tw");

        add(&right);
    }
    certs = found_by((xca_cert_query_t){.name = "化教文會"}, 5, &more);
    assert_int_equal(certs->nelts, 3);
    assert_false(more);
    assert_string_equal(at(certs, 0)->serial, apr_psprintf(pool, "%032x", 122)); /* newest first */
    certs = found_by((xca_cert_query_t){.name = "文化教"}, 12, &more);
    assert_int_equal(certs->nelts, 12);
    assert_false(more);
    certs = found_by((xca_cert_query_t){.name = "化教文"}, 14, &more);
    assert_int_equal(certs->nelts, 14);
    assert_true(more);
    certs = found_by((xca_cert_query_t){.name = "化教文"}, 15, &more);
    assert_int_equal(certs->nelts, 15);
    assert_false(more);
}

/* The serial in ou=mail of an address and use as anyone sees it; "" if there is none. */
static const char *mail_serial(const char *email, xca_use use) {
    static const char *const wanted[] = {"xcaSerial", "userCertificate;binary", NULL};
    xca_ldap_t *anonymous = slapd_client(slapd, NULL, pool);
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(
        &entry, anonymous,
        apr_pstrcat(pool, "uid=", xca_use_id(use), ":", email, ",ou=mail," BASE, NULL), wanted, pool);

    if (err != NULL) {
        assert_error(err, "ldap.no-entry");
        return "";
    }
    assert_int_equal(xca_entry_attr(entry, "userCertificate;binary")->count, 1);
    return xca_entry_text(entry, "xcaSerial");
}

/* Whether anyone can read the entry in ou=certificates, and its state. */
static const char *public_state(const xca_cert_t *cert) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, slapd_client(slapd, NULL, pool),
                                     xca_cert_dn(store, cert->serial, pool), NULL, pool);

    if (err != NULL) {
        assert_error(err, "ldap.no-entry");
        return "";
    }
    return xca_entry_text(entry, "xcaState");
}

static void test_mail_clients_find_the_newest_valid_certificate_whatever_becomes_of_the_others(void **state) {
    const char *address = "office@follow.example.org.tw";
    xca_cert_t old = cert_of(201, "財團法人甲基金會", "Office@Follow.example.org.tw");
    xca_cert_t middle = cert_of(202, "財團法人甲基金會", address);
    xca_cert_t newest = cert_of(203, "財團法人甲基金會", address);
    xca_cert_t signature = cert_of(204, "財團法人甲基金會", address);

    signature.use = XCA_USE_SIGNATURE;
    add(&old);
    add(&middle);
    add(&newest);
    add(&signature);
    assert_done(xca_mail_entry_refresh(store, address, XCA_USE_ENCRYPTION, NOW, pool));
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), ""); /* nothing is accepted yet */
    assert_string_equal(public_state(&old), "");

    move(&old, XCA_CERT_VALID, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), old.serial);
    assert_string_equal(public_state(&old), "valid");
    move(&newest, XCA_CERT_VALID, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), newest.serial);
    move(&middle, XCA_CERT_VALID, NOW); /* accepted later, but not newer */
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), newest.serial);
    assert_string_equal(mail_serial(address, XCA_USE_SIGNATURE), "");
    move(&signature, XCA_CERT_VALID, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_SIGNATURE), signature.serial);

    move(&newest, XCA_CERT_SUSPENDED, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), middle.serial);
    assert_string_equal(public_state(&newest), "suspended");
    move(&newest, XCA_CERT_VALID, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), newest.serial);
    move(&newest, XCA_CERT_REVOKED, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), middle.serial);
    assert_string_equal(public_state(&newest), "revoked");
    move(&middle, XCA_CERT_REVOKED, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), old.serial);
    move(&old, XCA_CERT_REVOKED, NOW);
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), "");
    assert_string_equal(mail_serial(address, XCA_USE_SIGNATURE), signature.serial);
}

static void test_expired_certificates_leave_what_mail_clients_find_and_an_older_one_comes_back(void **state) {
    const char *address = "late@example.org.tw";
    xca_cert_t longer = cert_of(301, "財團法人乙基金會", address);
    xca_cert_t shorter = cert_of(302, "財團法人乙基金會", address);

    shorter.not_after = NOW + 10 * XCA_DAY;
    add(&longer);
    add(&shorter);
    move(&longer, XCA_CERT_VALID, NOW);
    move(&shorter, XCA_CERT_VALID, NOW);
    assert_done(xca_mail_expire(store, NOW + 9 * XCA_DAY, pool));
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), shorter.serial);
    assert_done(xca_mail_expire(store, NOW + 11 * XCA_DAY, pool));
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), longer.serial);
    assert_done(xca_mail_expire(store, NOW + 1001 * XCA_DAY, pool));
    assert_string_equal(mail_serial(address, XCA_USE_ENCRYPTION), "");
    assert_string_equal(public_state(&longer), "valid"); /* the record stays; pages show it as expired */
}

static void test_what_was_issued_is_never_changed_or_deleted_by_anyone(void **state) {
    static const char *const fixed[] = {"xcaOid", "o", "mail", "xcaUse", "xcaNotAfter", "xcaKeyHash",
                                        "xcaCaseNumber"};
    static const char *const states[] = {"xcaState", "xcaPublished", "xcaCodeHash", "xcaContactMail"};
    static const char *const who[] = {"signer", "portal", "admin"};
    xca_cert_t cert = cert_of(401, "財團法人丙基金會", "d@example.org.tw");
    const char *dn;
    apr_size_t i, j;

    add(&cert);
    dn = xca_cert_dn(store, cert.serial, pool);
    for (i = 0; i < 3; i++) {
        xca_ldap_t *ldap = slapd_client(slapd, who[i], pool);

        assert_error(xca_ldap_delete(ldap, dn, pool), "ldap.access");
        for (j = 0; j < sizeof(fixed) / sizeof(fixed[0]); j++) {
            xca_changes_t *changes = xca_changes_make(pool);

            xca_changes_add(changes, XCA_CHANGE_REPLACE, fixed[j], "20270101000000Z");
            assert_error(xca_ldap_modify(ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.access");
        }
        for (j = 0; i > 0 && j < sizeof(states) / sizeof(states[0]); j++) {
            xca_changes_t *changes = xca_changes_make(pool);

            xca_changes_add(changes, XCA_CHANGE_REPLACE, states[j], "TRUE");
            assert_error(xca_ldap_modify(ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.access");
        }
    }
    assert_done(xca_cert_code_wrong(&(int){0}, store, cert.serial, pool)); /* what the signer needs it may */
}

static xca_error_t *add_entry(const char *identity, const char *dn, const char *const *attributes) {
    xca_entry_t *entry = xca_entry_make(pool, dn);

    for (; *attributes != NULL; attributes += 2) {
        xca_entry_add(pool, entry, attributes[0], attributes[1]);
    }
    return xca_ldap_add(slapd_client(slapd, identity, pool), entry, pool);
}

static void test_only_the_signer_adds_certificates_lists_and_mail_entries(void **state) {
    static const char *const list[] = {"objectClass", "cRLDistributionPoint", "cn", "x", NULL};
    static const char *const mail[] = {"objectClass", "inetOrgPerson", "uid", "x", "cn", "x",
                                       "sn",          "x",             NULL};
    static const char *const notice[] = {"objectClass", "xcaNoticeEntry", "xcaNotice",  "x",
                                         "xcaState",    "waiting",        "xcaTo",      "a@b.tw",
                                         "xcaSubject",  "x",              "xcaBody",    "x",
                                         "xcaFiled",    "20260101000000Z", NULL};
    static const char *const status[] = {"objectClass", "xcaSignerStatus", "cn", "signer-status", NULL};
    static const char *const unit[] = {"objectClass", "organizationalUnit", "ou", "x", NULL};
    static const char *const who[] = {"portal", "admin"};
    xca_cert_t cert = cert_of(402, "財團法人丁基金會", "e@example.org.tw");
    int i;

    for (i = 0; i < 2; i++) {
        assert_error(xca_cert_add(slapd_store(slapd, who[i], pool), &cert, pool), "ldap.access");
        assert_error(add_entry(who[i], "cn=x,ou=crl," BASE, list), "ldap.access");
        assert_error(add_entry(who[i], "uid=x,ou=mail," BASE, mail), "ldap.access");
        assert_error(add_entry(who[i], "xcaNotice=x,ou=outbox," BASE, notice), "ldap.access");
    }
    assert_error(add_entry("portal", "cn=signer-status," BASE, status), "ldap.access");
    assert_error(add_entry("portal", "ou=x," BASE, unit), "ldap.access");
    assert_error(add_entry("signer", "ou=x," BASE, unit), "ldap.access");
    assert_error(add_entry("signer", "ou=x,ou=content," BASE, unit), "ldap.access");
    assert_done(add_entry("signer", "cn=x,ou=crl," BASE, list));
    assert_done(add_entry("admin", "ou=x," BASE, unit));
    /* a branch that has no rules yet is nobody's to see but the programs' */
    assert_error(xca_ldap_read(&(xca_entry_t *){NULL}, slapd_client(slapd, NULL, pool), "ou=x," BASE,
                               NULL, pool),
                 "ldap.no-entry");
}

static xca_error_t *count_entry(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    ++*(int *)baton;
    return NULL;
}

static xca_error_t *exact_match(int *count, const char *form, const char *serial, const char *issuer) {
    static const char *const nothing[] = {"1.1", NULL};
    const char *filter =
        apr_psprintf(pool, "(userCertificate%s={ serialNumber '%s'H, issuer rdnSequence:\"%s\" })", form,
                     serial, issuer);

    *count = 0;
    return xca_ldap_search(slapd_client(slapd, NULL, pool), "ou=certificates," BASE,
                           XCA_SCOPE_SUBTREE, filter, nothing, 10, NULL, count_entry, count, pool);
}

static int exact_matches(const char *serial, const char *issuer) {
    int count;

    assert_done(exact_match(&count, "", serial, issuer));
    return count;
}

/* RFC 4523 section 2.5.1, by the index: there are more certificates than an anonymous search may look through. */
static void test_exact_match_finds_one_certificate_among_many_by_issuer_and_serial(void **state) {
    static const char serial[] = "4F00112233445566778899AABBCCDDEE";
    xca_cert_t exact = cert_of(700, "財團法人戊基金會", "f@example.org.tw");
    int i;

    for (i = 0; i < 250; i++) {
        xca_cert_t other = cert_of(710 + i, "財團法人己基金會", "g@example.org.tw");

        add(&other);
    }
    exact.der = certificate_of("/C=TW/O=Executive Yuan/OU=XCA", serial);
    add(&exact);
    assert_int_equal(exact_matches(serial, "OU=XCA,O=Executive Yuan,C=TW"), 0); /* not published */
    move(&exact, XCA_CERT_VALID, NOW);
    assert_int_equal(exact_matches(serial, "OU=XCA,O=Executive Yuan,C=TW"), 1);
    assert_int_equal(exact_matches(serial, "ou=xca, o=executive yuan, c=tw"), 1);
    assert_int_equal(exact_matches(serial, "OU=XCA,O=Executive,C=TW"), 0);
    assert_int_equal(exact_matches("4F00112233445566778899AABBCCDDEF", "OU=XCA,O=Executive Yuan,C=TW"),
                     0);
    /* slapd has no index for the long form of the same question, so that strangers cannot ask it of many */
    assert_error(exact_match(&i, ":certificateExactMatch:", serial, "OU=XCA,O=Executive Yuan,C=TW"),
                 "ldap.limit");
}

/* A day has what ends on it, in order, and a page reads what it shows: at its place, also when one is gone. */
static void test_what_ends_on_a_day_is_found_and_read_at_its_place(void **state) {
    apr_time_t end = xca_date_parse_iso("2036-02-01");
    apr_array_header_t *serials, *certs;
    int i;

    for (i = 0; i < 130; i++) {
        xca_cert_t cert = cert_of(70000 + i * 7 % 130, "財團法人終止基金會", "ends@example.org.tw");

        cert.card_number = NULL;
        cert.class = i % 2 == 0 ? XCA_CLASS_FOUNDATION : XCA_CLASS_SCHOOL;
        cert.not_after = end;
        add(&cert);
        if (i != 5) { /* which nobody has accepted */
            move(&cert, XCA_CERT_VALID, NOW);
        }
        if (i == 6) {
            move(&cert, XCA_CERT_REVOKED, NOW);
        }
    }
    assert_done(xca_cert_expiring(&serials, store, "2036-02-01", XCA_CLASS_NONE, pool));
    assert_int_equal(serials->nelts, 128);
    for (i = 1; i < serials->nelts; i++) {
        assert_true(strcmp(APR_ARRAY_IDX(serials, i - 1, const char *), APR_ARRAY_IDX(serials, i, const char *)) < 0);
    }
    APR_ARRAY_IDX(serials, 3, const char *) = "4f";
    APR_ARRAY_IDX(serials, 127, const char *) = "4f*";
    assert_done(xca_cert_read_these(&certs, store, serials, pool));
    assert_int_equal(certs->nelts, 128);
    for (i = 0; i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (i == 3 || i == 127) {
            assert_null(cert);
        } else {
            assert_string_equal(cert->serial, APR_ARRAY_IDX(serials, i, const char *));
            assert_string_equal(cert->org_name, "財團法人終止基金會");
        }
    }
    assert_done(xca_cert_expiring(&serials, store, "2036-02-01", XCA_CLASS_SCHOOL, pool));
    assert_int_equal(serials->nelts, 64);
    assert_done(xca_cert_expiring(&serials, store, "2036-02-02", XCA_CLASS_NONE, pool));
    assert_int_equal(serials->nelts, 0);
    assert_done(xca_cert_read_these(&certs, store, serials, pool));
    assert_int_equal(certs->nelts, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_of_the_five_keys_finds_what_it_names_and_nothing_else),
        cmocka_unit_test(test_names_with_all_pairs_of_the_keyword_but_not_the_keyword_use_up_no_limit),
        cmocka_unit_test(test_mail_clients_find_the_newest_valid_certificate_whatever_becomes_of_the_others),
        cmocka_unit_test(test_expired_certificates_leave_what_mail_clients_find_and_an_older_one_comes_back),
        cmocka_unit_test(test_what_was_issued_is_never_changed_or_deleted_by_anyone),
        cmocka_unit_test(test_only_the_signer_adds_certificates_lists_and_mail_entries),
        cmocka_unit_test(test_exact_match_finds_one_certificate_among_many_by_issuer_and_serial),
        cmocka_unit_test(test_what_ends_on_a_day_is_found_and_read_at_its_place),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
