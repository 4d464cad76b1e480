#include "card_bench.h"

#include <stdio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/settings.h"
#include "directory/record.h"
#include "domain/calendar.h"
#include "operations/application.h"
#include "operations/audit_read.h"
#include "operations/audit_verify.h"
#include "operations/decision.h"
#include "operations/signer_open.h"
#include "operations/signer_watch.h"
#include "outside/crypto_card.h"
#include "outside/crypto_cms.h"
#include "wire/seal.h"

#define DAY apr_time_from_sec(86400)

static xca_profile_t profile = {
    .years = 5,
    .non_repudiation = 1,
    .policy = "2.16.886.101.0.3.0",
    .subject_types = {NULL, "2.16.886.1.100.3.2.11", "2.16.886.1.100.3.2.12", "2.16.886.1.100.3.2.13",
                      "2.16.886.1.100.3.2.14", "2.16.886.1.100.3.2.15", "2.16.886.1.100.3.2.16"},
    .crl_url = "http://localhost:8080/repository/xca.crl",
    .crl_partitions = 4,
    .ca_issuers_url = "http://localhost:8080/repository/chain.p7b"};

/* Injected faults --------------------------------------------------------------------------------------------- */

fault_kind faults;
int faults_made;
static int countdown; /* to the write that fails; 0: none */

xca_error_t *__real_xca_ldap_modify(xca_ldap_t *ldap, const char *dn, const xca_changes_t *changes,
                                    const char *assertion, const char *const *post_attrs, xca_entry_t **post,
                                    apr_pool_t *pool);
xca_error_t *__wrap_xca_ldap_modify(xca_ldap_t *ldap, const char *dn, const xca_changes_t *changes,
                                    const char *assertion, const char *const *post_attrs, xca_entry_t **post,
                                    apr_pool_t *pool);
xca_error_t *__real_xca_ldap_add(xca_ldap_t *ldap, const xca_entry_t *entry, apr_pool_t *pool);
xca_error_t *__wrap_xca_ldap_add(xca_ldap_t *ldap, const xca_entry_t *entry, apr_pool_t *pool);

static int fails_now(void) {
    return countdown > 0 && --countdown == 0;
}

static xca_error_t *fault(apr_pool_t *pool) {
    faults_made++;
    return xca_error_make(pool, XCA_E_UNAVAILABLE, "ldap.down", "injected");
}

xca_error_t *__wrap_xca_ldap_modify(xca_ldap_t *ldap, const char *dn, const xca_changes_t *changes,
                                    const char *assertion, const char *const *post_attrs, xca_entry_t **post,
                                    apr_pool_t *pool) {
    int fails = fails_now();
    xca_error_t *err = NULL;

    if (!fails || faults == AFTER) {
        err = __real_xca_ldap_modify(ldap, dn, changes, assertion, post_attrs, post, pool);
    }
    return fails && err == NULL ? fault(pool) : err;
}

xca_error_t *__wrap_xca_ldap_add(xca_ldap_t *ldap, const xca_entry_t *entry, apr_pool_t *pool) {
    int fails = fails_now();
    xca_error_t *err = NULL;

    if (!fails || faults == AFTER) {
        err = __real_xca_ldap_add(ldap, entry, pool);
    }
    return fails && err == NULL ? fault(pool) : err;
}

/* Authority and people ---------------------------------------------------------------------------------------- */

static void make_signer(bench_t *b) {
    xca_signer_t *signer = apr_pcalloc(b->pool, sizeof(*signer));
    xca_mail_config_t *mail = apr_pcalloc(b->pool, sizeof(*mail));
    xca_bytes_t none = {NULL, 0}, root, certificate;
    xca_key_t *root_key, *key;
    xca_catalogue_t *texts;

    assert_done(xca_key_make(&root_key, "ec:P-256", b->pool));
    assert_done(xca_key_make(&key, "ec:P-256", b->pool));
    assert_done(xca_setup_certificate(&root, XCA_SETUP_ROOT, "CN=root,O=行政院,C=TW", NULL, NULL, root_key, NULL, none,
                                      b->now - 30 * DAY, b->now + 9000 * DAY, b->pool));
    assert_done(xca_setup_certificate(&certificate, XCA_SETUP_CA, "OU=組織及團體憑證管理中心,O=行政院,C=TW", NULL, NULL, key,
                                      root_key, root, b->now - 30 * DAY, b->now + 7000 * DAY, b->pool));
    assert_done(xca_ca_open(&signer->ca, key, certificate, &root, 1, &profile, b->pool));
    signer->certificates[0] = certificate;
    signer->chain_p7b = xca_ca_chain_p7b(signer->ca);
    b->root = root;
    b->root_key = root_key;
    assert_done(xca_catalogue_read(&texts, "htdocs/catalogue", b->pool));
    mail->url = "folder:/nonexistent";
    mail->from = "xca@example.org";
    signer->office = apr_pcalloc(b->pool, sizeof(*signer->office));
    signer->sheets_life = 2 * XCA_DAY;
    signer->office->store = slapd_store(b->slapd, "signer", b->pool);
    signer->office->postal = b->portal->postal;
    signer->profile = &profile;
    signer->pool = b->pool;
    assert_done(xca_key_make(&b->audit_key, "ec:P-256", b->pool));
    assert_done(xca_audit_make(&signer->audit, signer->office->store, signer->ca, b->audit_key, NULL, b->pool));
    signer->seal_key = xca_secret_alloc(b->pool, 32);
    signer->card_key = xca_secret_alloc(b->pool, 32);
    assert_done(xca_random(signer->seal_key->bytes, 32, b->pool));
    assert_done(xca_random(signer->card_key->bytes, 32, b->pool));
    signer->card_key_type = b->key_type;
    signer->mail = mail;
    signer->texts = texts;
    signer->portal_url = "https://localhost/";
    signer->crl_life = DAY;
    b->signer = signer;
    b->profile = &profile;
}

static person_t make_person(bench_t *b, const char *uid, xca_role role, const char *number, const xca_key_t *ca_key,
                            xca_bytes_t ca) {
    person_t person = {uid, NULL, {NULL, 0}};
    xca_officer_t officer = {0};

    assert_done(xca_key_make(&person.key, "ec:P-256", b->pool));
    assert_done(xca_setup_certificate(&person.certificate, XCA_SETUP_OFFICER, apr_pstrcat(b->pool, "CN=", uid, ",C=TW", NULL),
                                      NULL, NULL, person.key, ca_key, ca, b->now - DAY, b->now + 3000 * DAY, b->pool));
    officer.uid = uid;
    officer.role = role;
    officer.title = uid;
    officer.person = number;
    officer.window = role == XCA_ROLE_RA ? "tpe-edu" : NULL;
    officer.certificate = person.certificate;
    officer.active = 1;
    assert_done(xca_officer_put(b->admin, &officer, b->pool));
    return person;
}

static void make_people(bench_t *b) {
    xca_bytes_t none = {NULL, 0};
    xca_key_t *key;

    assert_done(xca_key_make(&key, "ec:P-256", b->pool));
    assert_done(xca_setup_certificate(&b->signer->officer_anchor, XCA_SETUP_ROOT, "CN=officers,C=TW", NULL, NULL, key, NULL,
                                      none, b->now - 30 * DAY, b->now + 5000 * DAY, b->pool));
    b->ra = make_person(b, "ra-tpe-edu", XCA_ROLE_RA, "1", key, b->signer->officer_anchor);
    b->central = make_person(b, "central-1", XCA_ROLE_CENTRAL, "2", key, b->signer->officer_anchor);
    b->central_two = make_person(b, "central-2", XCA_ROLE_CENTRAL, "4", key, b->signer->officer_anchor);
    b->operator = make_person(b, "card-1", XCA_ROLE_CARD_CENTRE, "3", key, b->signer->officer_anchor);
}

static void make_places(bench_t *b) {
    xca_window_t window = {"tpe-edu", "臺北市政府教育局", "臺北市", "foundation|school|association|professional|other",
                           NULL, NULL, 0};
    xca_org_t org = {0};

    assert_done(xca_window_put(b->admin, &window, b->pool));
    org.oid = ORG_OID;
    org.name = "財團法人測試基金會";
    org.class = XCA_CLASS_FOUNDATION;
    org.ubn = "04190875";
    org.county = "臺北市";
    assert_done(xca_org_add_path(b->admin, org.oid, b->pool));
    assert_done(xca_org_add(b->admin, &org, b->pool));
}

static bench_t *make_bench(slapd_t *slapd, apr_time_t now, apr_pool_t *pool) {
    bench_t *b = apr_pcalloc(pool, sizeof(*b));
    const char *csv;
    apr_size_t length;
    xca_postal_t *postal;

    b->pool = pool;
    b->mail = "office@foundation.example.tw";
    b->key_type = "ec:P-256";
    b->now = now;
    b->slapd = slapd;
    b->admin = slapd_store(b->slapd, "admin", pool);
    b->portal = apr_pcalloc(pool, sizeof(*b->portal));
    b->portal->store = slapd_store(b->slapd, "portal", pool);
    assert_done(xca_file_read(&csv, &length, "htdocs/data/postal3.csv", 1 << 20, pool));
    assert_done(xca_postal_make(&postal, csv, length, pool));
    b->portal->postal = postal;
    make_signer(b);
    make_people(b);
    make_places(b);
    assert_done(xca_signer_alive(b->signer, b->now, pool));
    return b;
}

bench_t *bench_make(apr_pool_t *pool) {
    return make_bench(slapd_with_tree(pool), apr_time_now(), pool);
}

bench_t *bench_make_at(apr_pool_t *pool, apr_time_t now) {
    static const char *const unsafe[] = {"maxsize   17179869184", "maxsize 17179869184\ndbnosync", "maxsize   34359738368",
                                         "maxsize 34359738368\ndbnosync", NULL};
    slapd_t *slapd = slapd_make(pool, unsafe);

    slapd->patience = apr_time_from_sec(60);
    slapd_start(slapd);
    assert_done(xca_store_prepare(slapd_store(slapd, "admin", pool), pool));
    return make_bench(slapd, now, pool);
}

void bench_restart(bench_t *b) {
    xca_signer_t *signer = apr_pmemdup(b->pool, b->signer, sizeof(*signer));

    signer->people = NULL;
    signer->seal_proof = NULL;
    signer->reminded = 0;
    assert_done(xca_audit_make(&signer->audit, signer->office->store, signer->ca, b->audit_key, NULL, b->pool));
    b->signer = signer;
    assert_done(xca_signer_begin(signer, b->now, b->pool));
}

/* The applicant and the officers ------------------------------------------------------------------------------ */

xca_error_t *bench_try_file(const char **number, bench_t *b, const char *rank, const char *oid) {
    xca_case_t *kase = apr_pcalloc(b->pool, sizeof(*kase));
    unsigned char random[16];
    xca_error_t *err;

    assert_done(xca_random(random, sizeof(random), b->pool));
    kase->kind = XCA_CASE_CARD;
    kase->rank = rank;
    kase->oid = oid;
    kase->email = b->mail;
    if (oid == NULL) {
        kase->class = XCA_CLASS_FOUNDATION;
        kase->org_name = "財團法人新設基金會";
        kase->ubn = "10458575";
        kase->org_county = "臺北市";
        kase->org_district = "信義區";
        kase->org_street = "市府路1號";
        kase->org_phone = "02-27208889";
    }
    kase->contact_name = "王小明";
    kase->contact_title = "秘書";
    kase->contact_email = OLD_MAIL;
    kase->contact_county = "臺北市";
    kase->contact_district = "信義區";
    kase->contact_street = "市府路1號";
    kase->contact_phone = "02-27208889";
    kase->window = "tpe-edu";
    err = xca_application_check(b->portal, kase, NULL, NULL, b->now, b->pool);
    if (err != NULL) {
        return err;
    }
    return xca_application_file(number, b->portal, kase, xca_secret_make(b->pool, USER_CODE, strlen(USER_CODE)),
                                xca_text_hex(b->pool, random, sizeof(random)), b->now, b->pool);
}

const char *bench_file(bench_t *b, const char *rank, const char *oid) {
    const char *number = NULL;

    assert_done(bench_try_file(&number, b, rank, oid));
    return number;
}

void bench_look(bench_t *b, const char *number) {
    int look;

    for (look = 1; look < 500; look++) {
        xca_error_t *err;

        countdown = faults != NONE ? look : 0;
        err = xca_signer_case(b->signer, number, b->now, b->pool);
        countdown = 0;
        if (err == NULL) {
            return;
        }
        assert_string_equal(err->message, "ldap.down");
    }
    fail_msg("case %s is never done", number);
}

int bench_look_failing(bench_t *b, const char *number, int at) {
    int before = faults_made;
    xca_error_t *err;

    countdown = at;
    err = xca_signer_case(b->signer, number, b->now, b->pool);
    countdown = 0;
    if (err != NULL) {
        assert_string_equal(err->message, "ldap.down");
    }
    return faults_made > before;
}

void bench_decide(bench_t *b, const person_t *who, const char *number, xca_decision_kind kind) {
    xca_case_t *kase;
    xca_officer_t *officer;
    xca_bytes_t cms;
    const char *text;

    assert_done(xca_case_read(&kase, b->admin, number, b->pool));
    assert_done(xca_officer_read(&officer, b->admin, who->uid, b->pool));
    assert_done(xca_decision_statement(&text, kase, officer, kind, "北市教字第1號",
                                       kind == XCA_DECISION_RETURN ? "印鑑不符" : NULL, b->now, b->pool));
    assert_done(xca_cms_sign(&cms, text, strlen(text), who->key, who->certificate, b->pool));
    assert_done(xca_decision_submit(b->portal, number, cms, b->pool));
    bench_look(b, number);
}

void bench_approve(bench_t *b, const char *number) {
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
}

const char *bench_approved(bench_t *b, const char *rank) {
    const char *number = bench_file(b, rank, ORG_OID);

    bench_approve(b, number);
    return number;
}

/* Messages ---------------------------------------------------------------------------------------------------- */

static unsigned char helper_private[32]; /* of the last message */

void message_begin(bench_t *b, xca_card_message_t *m, const char *operation) {
    unsigned char random[16], public_key[32];
    const char *ldap = xca_date_format(b->pool, b->now, XCA_DATE_LDAP);

    memset(m, 0, sizeof(*m));
    assert_done(xca_random(random, sizeof(random), b->pool));
    assert_int_equal(xca_seal_keypair(public_key, helper_private), 1);
    m->operation = operation;
    m->nonce = xca_text_hex(b->pool, random, sizeof(random));
    m->issued = apr_psprintf(b->pool, "%.8sT%s", ldap, ldap + 8);
    m->helper_key = xca_base64(b->pool, public_key, sizeof(public_key));
}

void message_seal(bench_t *b, xca_card_message_t *m, const char *text) {
    char binding[XCA_CARD_BINDING_MAX];
    size_t length = xca_card_binding(binding, m), size = strlen(text);
    unsigned char *sealed = apr_palloc(b->pool, size + XCA_SEAL_OVERHEAD);
    unsigned char public_key[32];

    assert_int_equal(xca_seal_public(public_key, b->signer->seal_key->bytes), 1);
    assert_int_equal(xca_seal(sealed, (const unsigned char *)text, size, public_key, XCA_CARD_CODE_INFO,
                              (const unsigned char *)binding, length), 1);
    m->sealed = xca_base64(b->pool, sealed, size + XCA_SEAL_OVERHEAD);
}

static size_t text_of(bench_t *b, char **text, xca_card_message_t *m) {
    size_t length;

    *text = apr_palloc(b->pool, XCA_CARD_ENVELOPE_MAX);
    length = xca_lines_write(*text, XCA_CARD_ENVELOPE_MAX, XCA_CARD_FIRST, xca_card_message_fields, m);
    assert_true(length > 0);
    return length;
}

xca_bytes_t envelope_of(bench_t *b, const xca_key_t *key, xca_card_message_t *m) {
    xca_bytes_t signature, envelope;
    char *text;
    size_t length = text_of(b, &text, m);

    assert_done(xca_key_sign(&signature, key, text, length, b->pool));
    envelope.data = (unsigned char *)text;
    envelope.length = xca_card_envelope_join(text, XCA_CARD_ENVELOPE_MAX, length, signature.data, signature.length);
    assert_true(envelope.length > length);
    return envelope;
}

xca_bytes_t cms_of(bench_t *b, const person_t *who, xca_card_message_t *m) {
    xca_bytes_t cms;
    char *text;
    size_t length;

    m->officer = m->officer != NULL ? m->officer : who->uid;
    length = text_of(b, &text, m);
    assert_done(xca_cms_sign(&cms, text, length, who->key, who->certificate, b->pool));
    return cms;
}

void bench_answer(bench_t *b, const char *id) {
    int look;

    for (look = 1; look < 40; look++) {
        xca_error_t *err;

        countdown = faults != NONE ? look : 0;
        err = xca_signer_request(b->signer, id, b->now, b->pool);
        countdown = 0;
        if (err == NULL) {
            return;
        }
        if (strcmp(err->message, "ldap.down") != 0) {
            assert_done(err);
        }
    }
    fail_msg("request %s is never answered", id);
}

int bench_lists_failing(bench_t *b, int at) {
    int made = faults_made;
    xca_error_t *err;

    countdown = at;
    err = xca_signer_lists(b->signer, b->now, b->pool);
    countdown = 0;
    if (faults_made == made) {
        assert_done(err);
        return 0;
    }
    assert_error(err, "ldap.down");
    return 1;
}

void bench_sweep(bench_t *b) {
    int look;

    for (look = 1; look < 60; look++) {
        xca_error_t *err;

        countdown = faults != NONE ? look : 0;
        err = xca_signer_sweep(b->signer, b->now, b->pool);
        countdown = 0;
        if (err == NULL) {
            return;
        }
        if (strcmp(err->message, "ldap.down") != 0) {
            assert_done(err);
        }
    }
    fail_msg("the sweep never comes to its end");
}

void bench_take_event(bench_t *b, const char *id) {
    int look;

    for (look = 1; look < 20; look++) {
        xca_error_t *err;

        countdown = faults != NONE ? look : 0;
        err = xca_signer_event(b->signer, id, b->now, b->pool);
        countdown = 0;
        if (err == NULL) {
            return;
        }
        assert_string_equal(err->message, "ldap.down");
    }
    fail_msg("the event is never taken over");
}

static xca_card_reply_t open_reply(bench_t *b, xca_bytes_t sealed, const xca_card_message_t *m) {
    char binding[XCA_CARD_BINDING_MAX];
    size_t length = xca_card_binding(binding, m);
    unsigned char public_key[32];
    unsigned char *text = apr_palloc(b->pool, sealed.length);
    xca_card_reply_t reply;

    assert_int_equal(xca_seal_public(public_key, b->signer->seal_key->bytes), 1);
    assert_int_equal(xca_unseal_auth(text, sealed.data, sealed.length, helper_private, public_key, XCA_CARD_REPLY_INFO,
                                     (const unsigned char *)binding, length), 1);
    assert_int_equal(xca_lines_read(&reply, apr_palloc(b->pool, sealed.length), XCA_REPLY_FIRST, xca_card_reply_fields,
                                    (const char *)text, sealed.length - XCA_SEAL_OVERHEAD), 1);
    return reply;
}

answer_t hand_in(bench_t *b, const char *id, xca_bytes_t envelope, const xca_card_message_t *m) {
    xca_request_t request = {0}, *answered;
    answer_t answer = {0};

    request.id = id;
    request.kind = XCA_REQUEST_CARD;
    request.message = envelope;
    request.created = b->now;
    assert_done(xca_request_add(b->portal->store, &request, b->pool));
    bench_answer(b, id);
    assert_done(xca_request_read(&answered, b->portal->store, id, b->pool));
    assert_int_not_equal(answered->state, XCA_REQUEST_WAITING);
    assert_int_equal(answered->message.length, 0);
    answer.state = answered->state;
    answer.id = answered->answer;
    answer.tries_left = answered->tries_left;
    assert_int_equal(answered->reply.length > 0, answered->state == XCA_REQUEST_DONE);
    if (answered->reply.length > 0) {
        answer.reply = open_reply(b, answered->reply, m);
    }
    return answer;
}

answer_t send_operator(bench_t *b, const person_t *who, xca_card_message_t *m) {
    return hand_in(b, m->nonce, cms_of(b, who, m), m);
}

answer_t send_card(bench_t *b, const xca_key_t *key, xca_card_message_t *m) {
    return hand_in(b, m->nonce, envelope_of(b, key, m), m);
}

/* The card centre --------------------------------------------------------------------------------------------- */

int card_takes(soft_card_t *card, const char *puk) {
    if (card->tries == 0) {
        return 0;
    }
    if (strcmp(card->puk, puk) != 0) {
        card->tries--;
        return 0;
    }
    card->tries = 3;
    return 1;
}

soft_card_t *card_begin(bench_t *b, const char *case_number) {
    soft_card_t *card = apr_pcalloc(b->pool, sizeof(*card));
    xca_card_message_t m;
    answer_t answer;
    int use;

    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = case_number;
    answer = send_operator(b, &b->operator, &m);
    assert_answered(answer);
    assert_string_equal(answer.reply.key_type, b->key_type);
    assert_int_equal(strlen(answer.reply.management_key), 48);
    card->number = answer.reply.card;
    card->case_number = case_number;
    for (use = 0; use < XCA_USE_COUNT; use++) {
        assert_done(xca_key_make(&card->keys[use], b->key_type, b->pool));
    }
    apr_cpystrn(card->puk, answer.reply.puk, sizeof(card->puk));
    card->tries = 3;
    return card;
}

/* A request as the card would sign it: made by the openssl command, outside of all that is tested. */
static const char *request_for(bench_t *b, const xca_key_t *key) {
    const char *path = apr_psprintf(b->pool, "%s/key-%p-%" APR_TIME_T_FMT, b->slapd->home, (const void *)key, apr_time_now());
    const char *command = apr_psprintf(b->pool, "openssl req -new -key '%s' -subj /CN=card -outform DER -out '%s.csr' 2>/dev/null",
                                       path, path);
    const char *data;
    apr_size_t length;

    assert_done(xca_key_write(key, path, b->pool));
    assert_int_equal(system(command), 0);
    assert_done(xca_file_read(&data, &length, apr_pstrcat(b->pool, path, ".csr", NULL), 8192, b->pool));
    return xca_base64(b->pool, data, length);
}

/* The proof of a key that agrees and does not sign, word for word as mod_xca/wire/README.md has it. */
static void prove_by_agreement(bench_t *b, soft_card_t *card, xca_card_message_t *m) {
    const char *path = apr_psprintf(b->pool, "%s/pop-%" APR_TIME_T_FMT, b->slapd->home, apr_time_now());
    xca_card_message_t make;
    answer_t again;
    xca_bytes_t spki, *point;
    unsigned char head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                            0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    unsigned char peer[sizeof(head) + 65], secret[9 + 32], key[32], mac[32], *message;
    const unsigned char *at = peer;
    size_t length = 32;
    EVP_PKEY *own, *theirs;
    EVP_PKEY_CTX *context;
    FILE *file;

    message_begin(b, &make, XCA_CARD_MAKE);
    make.case_number = card->case_number;
    again = send_operator(b, &b->operator, &make);
    assert_answered(again);
    assert_string_equal(again.reply.card, card->number);
    point = xca_unbase64(b->pool, again.reply.pop_key, strlen(again.reply.pop_key));
    assert_int_equal(point->length, 65);
    memcpy(peer, head, sizeof(head));
    memcpy(peer + sizeof(head), point->data, 65);
    theirs = d2i_PUBKEY(NULL, &at, sizeof(peer));
    assert_done(xca_key_write(card->keys[XCA_USE_ENCRYPTION], path, b->pool));
    file = fopen(path, "r");
    own = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(own);
    assert_non_null(theirs);
    context = EVP_PKEY_CTX_new(own, NULL);
    assert_true(EVP_PKEY_derive_init(context) > 0 && EVP_PKEY_derive_set_peer(context, theirs) > 0 &&
                EVP_PKEY_derive(context, secret + 9, &length) > 0);
    memcpy(secret, "XCA-POP-1", 9);
    assert_true(EVP_Digest(secret, sizeof(secret), key, NULL, EVP_sha256(), NULL));
    assert_done(xca_key_spki(&spki, card->keys[XCA_USE_ENCRYPTION], b->pool));
    message = apr_palloc(b->pool, 17 + spki.length);
    memcpy(message, apr_pstrcat(b->pool, card->number, "\n", NULL), 17);
    memcpy(message + 17, spki.data, spki.length);
    assert_non_null(HMAC(EVP_sha256(), key, sizeof(key), message, 17 + spki.length, mac, NULL));
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(own);
    EVP_PKEY_free(theirs);
    message_begin(b, m, XCA_CARD_KEYS);
    m->encryption_request = xca_base64(b->pool, spki.data, spki.length);
    m->pop = xca_base64(b->pool, mac, sizeof(mac));
}

static void take_certificate(bench_t *b, soft_card_t *card, xca_use use, const char *text) {
    xca_bytes_t *der = text != NULL ? xca_unbase64(b->pool, text, strlen(text)) : NULL;

    assert_non_null(der);
    card->certs[use] = *der;
}

void card_keys_message(bench_t *b, soft_card_t *card, xca_card_message_t *m) {
    if (strncmp(b->key_type, "ec:", 3) == 0) {
        prove_by_agreement(b, card, m);
    } else {
        message_begin(b, m, XCA_CARD_KEYS);
        m->encryption_request = request_for(b, card->keys[XCA_USE_ENCRYPTION]);
    }
    m->case_number = card->case_number;
    m->card = card->number;
    m->signature_request = request_for(b, card->keys[XCA_USE_SIGNATURE]);
    m->card_auth_request = request_for(b, card->keys[XCA_USE_CARD_AUTH]);
}

answer_t card_send_keys(bench_t *b, soft_card_t *card) {
    xca_card_message_t m;
    answer_t answer;

    card_keys_message(b, card, &m);
    answer = send_operator(b, &b->operator, &m);
    if (answer.state == XCA_REQUEST_DONE) {
        take_certificate(b, card, XCA_USE_SIGNATURE, answer.reply.signature_certificate);
        take_certificate(b, card, XCA_USE_ENCRYPTION, answer.reply.encryption_certificate);
        take_certificate(b, card, XCA_USE_CARD_AUTH, answer.reply.card_auth_certificate);
    }
    return answer;
}

answer_t card_send_made(bench_t *b, soft_card_t *card) {
    apr_size_t length = card->certs[0].length + card->certs[1].length + card->certs[2].length;
    unsigned char *all = apr_palloc(b->pool, length + 1), *to = all;
    xca_card_message_t m;
    int use;

    for (use = 0; use < XCA_USE_COUNT; use++) {
        memcpy(to, card->certs[use].data, card->certs[use].length);
        to += card->certs[use].length;
    }
    message_begin(b, &m, XCA_CARD_MADE);
    m.case_number = card->case_number;
    m.card = card->number;
    m.digest = xca_sha256_hex(b->pool, all, length);
    return send_operator(b, &b->operator, &m);
}

answer_t card_send_dispatch(bench_t *b, soft_card_t *card) {
    xca_card_message_t m;

    message_begin(b, &m, XCA_CARD_DISPATCH);
    m.case_number = card->case_number;
    m.card = card->number;
    m.mail_number = "12345678901234";
    return send_operator(b, &b->operator, &m);
}

soft_card_t *card_dispatched(bench_t *b, const char *rank) {
    soft_card_t *card = card_begin(b, bench_approved(b, rank));

    assert_answered(card_send_keys(b, card));
    assert_answered(card_send_made(b, card));
    assert_answered(card_send_dispatch(b, card));
    return card;
}

/* The holder -------------------------------------------------------------------------------------------------- */

answer_t card_open(bench_t *b, soft_card_t *card, const char *operation, const char *code, const char **session) {
    xca_card_message_t m;

    message_begin(b, &m, operation);
    m.card = card->number;
    message_seal(b, &m, code);
    if (session != NULL) {
        *session = m.nonce;
    }
    return send_card(b, card->keys[XCA_USE_CARD_AUTH], &m);
}

answer_t card_say(bench_t *b, soft_card_t *card, const char *operation, const char *session) {
    xca_card_message_t m;

    message_begin(b, &m, operation);
    m.card = card->number;
    m.session = session;
    return send_card(b, card->keys[XCA_USE_CARD_AUTH], &m);
}

void card_run_on(bench_t *b, soft_card_t *card, const answer_t *puks, const char *session) {
    const xca_card_reply_t *reply = &puks->reply;
    int has_next = strcmp(reply->puk_order, "next") == 0 && card_takes(card, reply->next_puk);

    assert_true(has_next || card_takes(card, reply->puk));
    assert_answered(card_say(b, card, XCA_CARD_CHANGING, session));
    apr_cpystrn(card->puk, reply->next_puk, sizeof(card->puk));
    assert_answered(card_say(b, card, XCA_CARD_CONFIRM, session));
}

soft_card_t *card_active(bench_t *b, const char *rank) {
    soft_card_t *card = card_dispatched(b, rank);
    const char *session;
    answer_t puks = card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, &session);

    assert_answered(puks);
    card_run_on(b, card, &puks, session);
    return card;
}

/* What is recorded -------------------------------------------------------------------------------------------- */

xca_card_t *recorded_card(bench_t *b, const char *number) {
    xca_card_t *card;

    assert_done(xca_card_read(&card, b->signer->office->store, number, b->pool));
    return card;
}

xca_cert_t *recorded_cert(bench_t *b, const soft_card_t *card, xca_use use) {
    xca_cert_t *cert;
    const char *serial = recorded_card(b, card->number)->serials[use];

    assert_non_null(serial);
    assert_done(xca_cert_read(&cert, b->signer->office->store, serial, b->pool));
    return cert;
}

xca_case_t *recorded_case(bench_t *b, const char *number) {
    xca_case_t *kase;

    assert_done(xca_case_read(&kase, b->signer->office->store, number, b->pool));
    return kase;
}

int notices_of(bench_t *b, const char *part_of_id) {
    apr_array_header_t *notices;
    int count = 0, i;

    assert_done(xca_notice_list(&notices, b->signer->office->store, "waiting", 0, b->pool));
    for (i = 0; i < notices->nelts; i++) {
        count += strstr(APR_ARRAY_IDX(notices, i, xca_notice_t *)->id, part_of_id) != NULL;
    }
    return count;
}

void bench_lift_bar(bench_t *b) {
    xca_changes_t *changes = xca_changes_make(b->pool);

    xca_changes_text(changes, "xcaBannedFrom", NULL);
    assert_done(xca_ldap_modify(b->signer->office->store->ldap, xca_org_dn(b->admin, ORG_OID, b->pool), changes, NULL, NULL,
                                NULL, b->pool));
}

static xca_error_t *see_event(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    apr_hash_t *seen = baton;

    assert_null(entry->wrong);
    assert_null(apr_hash_get(seen, entry->event, APR_HASH_KEY_STRING));
    apr_hash_set(seen, apr_pstrdup(apr_hash_pool_get(seen), entry->event), APR_HASH_KEY_STRING, "");
    return NULL;
}

int log_entries(bench_t *b, const char *kind, const char *subject) {
    xca_audit_query_t query = {-1, kind, subject};
    xca_audit_filter_t all = {0};
    xca_audit_report_t report;
    apr_array_header_t *entries;

    assert_done(xca_audit_verify(&report, b->admin, b->signer->certificates, b->signer->generation + 1, 1, NULL, 0, b->pool));
    if (report.bad != 0) {
        fail_msg("the log's entry %d: %s", (int)report.bad, report.wrong);
    }
    assert_done(xca_audit_walk(b->admin, &all, 1, see_event, apr_hash_make(b->pool), b->pool));
    assert_done(xca_audit_find(&entries, NULL, b->admin, &query, 0, b->pool));
    return entries->nelts;
}
