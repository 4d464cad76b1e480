/* What people do in a year, with the programs' own operations and the card protocol's real messages; and what the table says of it. */
#include "year.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include "domain/calendar.h"
#include "operations/acceptance.h"
#include "operations/application.h"
#include "operations/code_reset.h"
#include "operations/revocation.h"
#include "operations/xds.h"

#define LETTER "北市教字第1160000001號"
#define HEAD "異動形式,全稱,原組織(團體)全稱,初審(主管)機關全稱\n"

static void tell(year_t *y, const kase_t *kase, long revision, const char *event, const char *to) {
    expect_notice(y, apr_psprintf(y->pool, "%s-%ld-%s", kase->number, revision, event), to);
}

static kase_t *new_case(year_t *y, const char *number, xca_case_kind kind, holding_t *about) {
    kase_t *kase = apr_pcalloc(y->pool, sizeof(*kase));

    kase->number = number;
    kase->kind = kind;
    kase->state = XCA_STATE_FILED;
    kase->since = y->b->now;
    kase->about = about;
    APR_ARRAY_PUSH(y->cases, kase_t *) = kase;
    return kase;
}

static void decide(year_t *y, kase_t *kase, const person_t *who, xca_decision_kind kind) {
    y->b->now += MINUTE;
    bench_decide(y->b, who, kase->number, kind);
    expect_logged(y, "decision", kase->number);
    if (kind == XCA_DECISION_RETURN) {
        expect_logged(y, "case-return", kase->number);
    }
    kase->since = y->b->now;
}

static long revision_of(year_t *y, const kase_t *kase) {
    return recorded_case(y->b, kase->number)->revision;
}

/* ---- Applications ---- */

/* A request as an applicant's program makes it; a new key each time. */
static xca_bytes_t new_request(apr_pool_t *pool) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    xca_bytes_t made = {NULL, 0};
    int length;

    assert_non_null(key);
    assert_true(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC, (const unsigned char *)"r", -1,
                                           -1, 0));
    assert_true(X509_REQ_set_pubkey(request, key) && X509_REQ_sign(request, key, EVP_sha256()) > 0);
    length = i2d_X509_REQ(request, &der);
    assert_true(length > 0);
    made.data = apr_pmemdup(pool, der, (apr_size_t)length);
    made.length = (apr_size_t)length;
    OPENSSL_free(der);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return made;
}

static xca_case_t *filled_in(year_t *y, const life_t *life) {
    xca_case_t *kase = apr_pcalloc(y->pool, sizeof(*kase));
    const body_t *body = life->body;

    kase->kind = life->rank != NULL ? XCA_CASE_CARD : XCA_CASE_CERTIFICATE;
    kase->rank = life->rank;
    kase->use = life->use;
    kase->oid = body->oid;
    kase->email = body->mail;
    if (body->oid == NULL) {
        kase->class = body->class;
        kase->org_name = body->name;
        kase->ubn = "10458575";
        kase->org_county = body->county;
        kase->org_district = "信義區";
        kase->org_street = "市府路1號";
        kase->org_phone = "02-27208889";
    }
    kase->contact_name = "王小明";
    kase->contact_title = "秘書";
    kase->contact_email = body->contact;
    kase->contact_county = "臺北市";
    kase->contact_district = "信義區";
    kase->contact_street = "市府路1號";
    kase->contact_phone = "02-27208889";
    kase->window = "tpe-edu";
    return kase;
}

static xca_error_t *try_to_apply(const char **number, year_t *y, const life_t *life) {
    xca_case_t *kase = filled_in(y, life);
    xca_bytes_t request = {NULL, 0};
    unsigned char random[16];
    xca_error_t *err;

    if (life->rank == NULL) {
        request = new_request(y->pool);
    }
    err = xca_application_check(y->b->portal, kase, &request, NULL, y->b->now, y->pool);
    if (err != NULL) {
        return err;
    }
    assert_done(xca_random(random, sizeof(random), y->pool));
    return xca_application_file(number, y->b->portal, kase, xca_secret_make(y->pool, USER_CODE, strlen(USER_CODE)),
                                xca_text_hex(y->pool, random, sizeof(random)), y->b->now, y->pool);
}

void applies(year_t *y, life_t *life) {
    const char *number = NULL;

    assert_false(is_barred(life->body, y->b->now));
    assert_done(try_to_apply(&number, y, life));
    life->kase = new_case(y, number, life->rank != NULL ? XCA_CASE_CARD : XCA_CASE_CERTIFICATE, NULL);
    bench_look(y->b, number);
    tell(y, life->kase, 1, "filed", life->body->contact);
}

static void refused(year_t *y, life_t *life, const char *message) {
    const char *number = NULL;

    assert_error(try_to_apply(&number, y, life), message);
}

/* A day may have come too late while the signer slept: then there is nothing to be refused. */
void cannot_apply(year_t *y, life_t *life) {
    if (life->body->barred_from == APR_INT64_MAX) {
        refused(y, life, "org.abolished");
    } else if (strcmp(life->rank, "primary") == 0 && life->now->state == XCA_CARD_STATE_ACTIVE && life->now->not_after - 90 * XCA_DAY > y->b->now) {
        refused(y, life, "card.primary-exists");
    }
}

void is_barred_still(year_t *y, life_t *life) {
    if (is_barred(life->body, y->b->now)) {
        refused(y, life, "org.barred");
    }
}

void passes(year_t *y, life_t *life) {
    decide(y, life->kase, &y->b->ra, XCA_DECISION_ACCEPT);
    life->kase->state = XCA_STATE_REVIEWED;
}

static holding_t *new_holding(year_t *y, life_t *life, const xca_case_t *recorded) {
    holding_t *h = apr_pcalloc(y->pool, sizeof(*h));

    if (life->body->oid == NULL) { /* it has one now */
        life->body->oid = recorded->assigned_oid;
        assert_non_null(life->body->oid);
    }
    h->body = life->body;
    h->kase = life->kase;
    h->rank = life->rank;
    h->name = life->body->name;
    h->county = life->body->county;
    h->code = USER_CODE;
    life->kase->about = h;
    life->before = life->now;
    life->now = h;
    APR_ARRAY_PUSH(y->holdings, holding_t *) = h;
    return h;
}

static void issued(year_t *y, holding_t *h, int place, const char *serial, xca_use use) {
    h->papers[place].serial = serial;
    h->papers[place].use = use;
    h->papers[place].state = XCA_CERT_PENDING;
    h->count = place + 1;
    h->not_before = apr_time_from_sec(apr_time_sec(y->b->now));
    h->not_after = five_years_on(y->b->now);
    expect_logged(y, "certificate-issue", serial);
}

void approves(year_t *y, life_t *life) {
    xca_case_t *recorded;
    holding_t *h;

    decide(y, life->kase, &y->b->central, XCA_DECISION_ACCEPT);
    life->kase->state = life->rank != NULL ? XCA_STATE_APPROVED : XCA_STATE_ISSUED;
    recorded = recorded_case(y->b, life->kase->number);
    assert_string_equal(xca_case_state_id(recorded->state), xca_case_state_id(life->kase->state));
    if (life->rank != NULL) {
        return;
    }
    h = new_holding(y, life, recorded);
    issued(y, h, 0, apr_pstrdup(y->pool, recorded->serial), life->use);
    expect_notice(y, apr_pstrcat(y->pool, recorded->serial, "-issued", NULL), life->body->contact);
}

static void goes_back(year_t *y, life_t *life, const person_t *who) {
    decide(y, life->kase, who, XCA_DECISION_RETURN);
    life->kase->state = XCA_STATE_RETURNED;
    tell(y, life->kase, revision_of(y, life->kase), "returned", life->body->contact);
}

void window_returns(year_t *y, life_t *life) {
    goes_back(y, life, &y->b->ra);
}

void central_returns(year_t *y, life_t *life) {
    goes_back(y, life, &y->b->central);
}

void corrects(year_t *y, life_t *life) {
    xca_case_t *old = recorded_case(y->b, life->kase->number), *corrected = filled_in(y, life);

    corrected->contact_title = "主任";
    corrected->csr = old->csr;
    corrected->revision = old->revision;
    assert_done(xca_application_check(y->b->portal, corrected, NULL, old->number, y->b->now, y->pool));
    assert_done(xca_application_correct(y->b->portal, old, corrected, NULL, y->b->now, y->pool));
    life->kase->state = XCA_STATE_FILED;
    bench_look(y->b, life->kase->number);
    tell(y, life->kase, revision_of(y, life->kase), "filed", life->body->contact);
}

/* ---- Cards ---- */

void made_begun(year_t *y, life_t *life) {
    soft_card_t *card = card_begin(y->b, life->kase->number);
    holding_t *h = new_holding(y, life, recorded_case(y->b, life->kase->number));

    h->card = card;
    h->state = XCA_CARD_STATE_MAKING;
    life->kase->state = XCA_STATE_ISSUING;
    expect_logged(y, "card-make", card->number);
}

void made(year_t *y, life_t *life) {
    holding_t *h;
    int use;

    made_begun(y, life);
    h = life->now;
    y->b->now += MINUTE;
    assert_answered(card_send_keys(y->b, h->card));
    expect_logged(y, "card-make", h->card->number);
    for (use = 0; use < XCA_USE_COUNT; use++) {
        issued(y, h, use, apr_pstrdup(y->pool, recorded_cert(y->b, h->card, (xca_use)use)->serial), (xca_use)use);
    }
    assert_answered(card_send_made(y->b, h->card));
    expect_logged(y, "card-made", h->card->number);
    h->state = XCA_CARD_STATE_MADE;
    life->kase->state = XCA_STATE_MADE;
}

void sent(year_t *y, life_t *life) {
    const char *number = life->now->card->number;

    assert_answered(card_send_dispatch(y->b, life->now->card));
    expect_logged(y, "card-dispatch", number);
    expect_notice(y, apr_pstrcat(y->pool, number, "-card-dispatched", NULL), life->body->contact);
    life->now->state = XCA_CARD_STATE_DISPATCHED;
    life->kase->state = XCA_STATE_DISPATCHED;
}

void activated(year_t *y, life_t *life) {
    soft_card_t *card = life->now->card;
    const char *session;
    answer_t puks = card_open(y->b, card, XCA_CARD_ACTIVATE, USER_CODE, &session);

    assert_answered(puks);
    card_run_on(y->b, card, &puks, session);
    expect_logged(y, "card-activate", card->number);
    expect_logged(y, "card-confirm", card->number);
    expect_notice(y, apr_pstrcat(y->pool, card->number, "-card-activated", NULL), life->body->contact);
    papers_become(y, life->now, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL);
    life->now->state = XCA_CARD_STATE_ACTIVE;
    life->kase->state = XCA_STATE_COMPLETED;
}

/* ---- What who knows the user code may ask ---- */

static const char *ask_with(year_t *y, life_t *life, xca_request_kind kind, const char *text) {
    static int count;
    const holding_t *h = life->now;
    const char *request_id = apr_psprintf(y->pool, "%032x", 0x7000 + count++);
    xca_request_t *request;

    y->b->now += MINUTE;
    assert_done(xca_request_submit(y->b->portal, kind, h->card == NULL ? h->papers[0].serial : NULL,
                                   h->card != NULL ? h->card->number : NULL, xca_secret_make(y->pool, text, strlen(text)), request_id,
                                   y->b->now, y->pool));
    assert_done(xca_signer_request(y->b->signer, request_id, y->b->now, y->pool));
    assert_done(xca_request_read(&request, y->b->portal->store, request_id, y->pool));
    assert_string_equal(request->answer, "request.done");
    return request_id;
}

static const char *ask(year_t *y, life_t *life, xca_request_kind kind) {
    return ask_with(y, life, kind, life->now->code);
}

/* Of a card by its number and the request, of a certificate by the second. */
static void told(year_t *y, life_t *life, const char *of_card, const char *of_certificate, const char *request_id) {
    const holding_t *h = life->now;

    expect_notice(y, h->card != NULL
                         ? apr_pstrcat(y->pool, h->card->number, "-", of_card, "-", request_id, NULL)
                         : apr_psprintf(y->pool, "%s-%s-%" APR_INT64_T_FMT, h->papers[0].serial, of_certificate,
                                        apr_time_sec(y->b->now)),
                  h->body->contact);
}

void accepted(year_t *y, life_t *life) {
    told(y, life, NULL, "accepted", ask(y, life, XCA_REQUEST_ACCEPT));
    papers_become(y, life->now, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL);
    life->kase->state = XCA_STATE_COMPLETED;
}

void declined(year_t *y, life_t *life) {
    told(y, life, NULL, "refused", ask(y, life, XCA_REQUEST_REFUSE));
    papers_become(y, life->now, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "refused");
    life->kase->state = XCA_STATE_REFUSED;
}

void suspends(year_t *y, life_t *life) {
    told(y, life, "card-suspended", "suspended", ask(y, life, XCA_REQUEST_SUSPEND));
    papers_become(y, life->now, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, NULL);
}

void resumes(year_t *y, life_t *life) {
    told(y, life, "card-resumed", "resumed", ask(y, life, XCA_REQUEST_RESUME));
    papers_become(y, life->now, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL);
}

void wants_quiet(year_t *y, life_t *life) {
    ask(y, life, XCA_REQUEST_NOTICES_OFF);
    life->now->quiet = 1;
}

void wants_all(year_t *y, life_t *life) {
    ask(y, life, XCA_REQUEST_NOTICES_ON);
    life->now->quiet = 0;
}

/* ---- Revocations ---- */

static void files_revocation(year_t *y, life_t *life, const char *reason, apr_time_t letter) {
    holding_t *h = life->now;
    xca_holder_form_t form = {.number = h->card != NULL ? h->card->number : h->papers[0].serial, .reason = reason, .letter = LETTER};
    xca_case_t *filed;

    form.remark = strcmp(reason, "other") == 0 ? "不再使用" : NULL;
    form.letter_date = taiwan_date(y->pool, letter);
    assert_done(xca_revocation_file(&filed, &y->office, &form, y->ra, NULL, y->b->now, y->pool));
    life->other = new_case(y, filed->number, XCA_CASE_REVOCATION, h);
    life->other->reason = reason;
    life->other->letter = letter - (letter + 8 * 60 * MINUTE) % XCA_DAY; /* the day's beginning */
    bench_look(y->b, filed->number);
}

void loses(year_t *y, life_t *life) {
    files_revocation(y, life, "lost", y->b->now);
}

void damages(year_t *y, life_t *life) {
    files_revocation(y, life, "damaged", y->b->now - 10 * XCA_DAY);
}

void gives_up(year_t *y, life_t *life) {
    files_revocation(y, life, "abolished", y->b->now);
}

void other_reason(year_t *y, life_t *life) {
    files_revocation(y, life, "other", y->b->now);
}

void revocation_passed(year_t *y, life_t *life) {
    decide(y, life->other, &y->b->ra, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_REVIEWED;
    if (life->now->papers[0].state == XCA_CERT_VALID) {
        papers_become(y, life->now, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, "revoking");
    } else if (life->now->papers[0].state == XCA_CERT_SUSPENDED) {
        papers_become(y, life->now, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, "revoking-held");
    }
    tell(y, life->other, 1, "revocation-held", life->body->contact);
}

void revocation_approved(year_t *y, life_t *life) {
    const char *reason = life->other->reason;
    int code = strcmp(reason, "lost") == 0 ? 1 : strcmp(reason, "damaged") == 0 ? 4 : strcmp(reason, "abolished") == 0 ? 5 : 0;

    decide(y, life->other, &y->b->central, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_COMPLETED;
    holding_revoked(y, life->now, code, reason, 1);
    if (life->now->card != NULL && (code == 1 || code == 4) && life->other->letter > life->body->barred_from) {
        life->body->barred_from = life->other->letter;
    }
}

void revocation_returned(year_t *y, life_t *life) {
    int was_held = life->now->papers[0].note != NULL && strcmp(life->now->papers[0].note, "revoking-held") == 0;

    decide(y, life->other, &y->b->central, XCA_DECISION_RETURN);
    life->other->state = XCA_STATE_RETURNED;
    papers_become(y, life->now, was_held ? XCA_CERT_SUSPENDED : XCA_CERT_VALID,
                  was_held ? XCA_REASON_HOLD : XCA_REASON_UNSPECIFIED, was_held ? "" : NULL);
    tell(y, life->other, 1, "revocation-returned", life->body->contact);
}

/* Approved when it had ended by itself: what was suspended for it is as it was. */
void revocation_too_late(year_t *y, life_t *life) {
    decide(y, life->other, &y->b->central, XCA_DECISION_ACCEPT);
    expect_logged(y, "case-return", life->other->number);
    life->other->state = XCA_STATE_RETURNED;
    life->other->problem = "revoke.expired";
    papers_become(y, life->now, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL);
    tell(y, life->other, 1, "revocation-returned", life->body->contact);
}

void cannot_be_revoked(year_t *y, life_t *life) {
    xca_holder_form_t form = {.number = life->now->card->number, .reason = "lost", .letter = LETTER};
    xca_case_t *filed;

    assert_error(xca_revocation_file(&filed, &y->office, &form, y->ra, NULL, y->b->now, y->pool), "revoke.expired");
}

/* ---- User codes ---- */

static const char *subject_of(const holding_t *h) {
    return h->card != NULL ? h->card->number : h->papers[0].serial;
}

void asks_reset(year_t *y, life_t *life) {
    xca_holder_form_t form = {0};
    xca_case_t *filed;

    form.number = subject_of(life->now);
    form.contact_name = "王小明";
    form.contact_phone = "02-27208889";
    assert_done(xca_code_reset_file(&filed, &y->office, &form, y->central, NULL, y->b->now, y->pool));
    life->other = new_case(y, filed->number, XCA_CASE_CODE_RESET, life->now);
    bench_look(y->b, filed->number);
    tell(y, life->other, 1, "reset-filed", life->body->contact);
}

void reset_passed(year_t *y, life_t *life) {
    decide(y, life->other, &y->b->central, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_REVIEWED;
}

void reset_approved(year_t *y, life_t *life) {
    xca_secret_t *code;
    xca_officer_t *two;

    decide(y, life->other, &y->b->central_two, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_ISSUED;
    expect_logged(y, "code-reset", subject_of(life->now));
    tell(y, life->other, 1, "reset-set", life->body->contact);
    assert_done(xca_officer_read(&two, y->b->admin, y->b->central_two.uid, y->pool));
    assert_done(xca_code_reset_open(&code, recorded_case(y->b, life->other->number), two, y->b->central_two.key, y->pool));
    life->now->code = apr_pstrmemdup(y->pool, (const char *)code->bytes, code->length);
}

void reset_returned(year_t *y, life_t *life) {
    decide(y, life->other, &y->b->central_two, XCA_DECISION_RETURN);
    life->other->state = XCA_STATE_RETURNED;
    tell(y, life->other, 1, "reset-returned", life->body->contact);
}

void changes_code(year_t *y, life_t *life) {
    static const char fresh[] = "Chosen-code-1";
    const char *text = apr_pstrcat(y->pool, life->now->code, "\n", fresh, NULL);
    const char *request_id = ask_with(y, life, XCA_REQUEST_CODE, text);

    life->now->code = fresh;
    expect_logged(y, "code-change", subject_of(life->now));
    expect_notice(y, apr_pstrcat(y->pool, request_id, "-code-changed", NULL), life->body->contact);
}

void original_came(year_t *y, life_t *life) {
    decide(y, life->other, &y->b->central, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_COMPLETED;
}

void original_wrong(year_t *y, life_t *life) {
    y->b->now += MINUTE;
    bench_decide(y->b, &y->b->central_two, life->other->number, XCA_DECISION_RETURN);
    expect_logged(y, "decision", life->other->number);
    life->other->state = XCA_STATE_LAPSED;
    holding_revoked(y, life->now, XCA_REASON_UNSPECIFIED, "no-original", 0);
    tell(y, life->other, 1, "reset-lapsed", life->body->contact);
}

/* ---- Changes of OIDs ---- */

/* One row, filed by the window, approved, carried out. */
static void sheet(year_t *y, life_t *life, const char *row, const char *why) {
    const char *text = apr_pstrcat(y->pool, HEAD, row, "\n", NULL);
    xca_case_t contact = {0}, *filed;
    xca_xds_preview_t *preview;
    xca_window_t *window;
    int i;

    contact.contact_name = "承辦人";
    contact.contact_email = CLERK_MAIL;
    assert_done(xca_window_read(&window, y->b->admin, "tpe-edu", y->pool));
    assert_done(xca_xds_open(&preview, text, strlen(text), NULL, y->b->portal->postal, y->pool));
    assert_done(xca_xds_check(preview, y->b->portal, window, y->pool));
    assert_int_equal(preview->wrong, 0);
    assert_done(xca_xds_file(&filed, &y->office, preview, window, &contact, NULL, y->b->now, y->pool));
    life->other = new_case(y, filed->number, XCA_CASE_OID_CHANGE, NULL);
    bench_look(y->b, filed->number);
    tell(y, life->other, 1, "filed", CLERK_MAIL);
    decide(y, life->other, &y->b->ra, XCA_DECISION_ACCEPT);
    decide(y, life->other, &y->b->central, XCA_DECISION_ACCEPT);
    life->other->state = XCA_STATE_COMPLETED;
    expect_logged(y, "oid-change", filed->number);
    expect_notice(y, apr_pstrcat(y->pool, filed->number, "-done", NULL), CLERK_MAIL);
    for (i = 0; i < y->holdings->nelts; i++) {
        holding_t *h = APR_ARRAY_IDX(y->holdings, i, holding_t *);

        if (h->body == life->body && h->count > 0 && h->papers[0].state != XCA_CERT_REVOKED && h->not_after > y->b->now) {
            h->ends_on = y->b->now + 14 * XCA_DAY;
            h->ends_why = why;
            expect_notice(y, apr_psprintf(y->pool, "%s-ends-%" APR_INT64_T_FMT, subject_of(h), apr_time_sec(h->ends_on)),
                          h->body->contact);
        }
    }
}

void is_renamed(year_t *y, life_t *life) {
    const char *name = apr_pstrcat(y->pool, life->body->name, "新", NULL);

    sheet(y, life, apr_pstrcat(y->pool, "修改,", name, ",", life->body->name, ",", NULL), "renamed");
    life->body->name = name;
}

void is_moved(year_t *y, life_t *life) {
    sheet(y, life, apr_pstrcat(y->pool, "改隸,,", life->body->name, ",教育部", NULL), "moved");
}

void is_abolished(year_t *y, life_t *life) {
    sheet(y, life, apr_pstrcat(y->pool, "裁撤,,", life->body->name, ",", NULL), "abolished");
    life->body->barred_from = APR_INT64_MAX;
}

/* The keys of the card come while that happens: what was approved is over. */
void abolished_on_the_table(year_t *y, life_t *life) {
    xca_card_message_t keys;

    card_keys_message(y->b, life->now->card, &keys);
    expect_logged(y, "card-make", life->now->card->number); /* the proof of the keys asks for it again */
    is_abolished(y, life);
    assert_answer(send_operator(y->b, &y->b->operator, &keys), "org.abolished");
}

/* ---- Lives ---- */

static int is_due(year_t *y, const life_t *life, const step_t *step) {
    apr_int64_t today = taiwan_day(y->b->now);

    switch (step->base) {
    case AFTER_LAST:
        return today >= life->since + step->days;
    case BEFORE_END:
        return life->now != NULL && life->now->not_after != 0 && today >= taiwan_day(life->now->not_after) - step->days;
    case AFTER_BAN:
        return life->body->barred_from != 0 && today >= taiwan_day(ban_over(life->body->barred_from)) + step->days;
    case ON_DAY:
        return today >= taiwan_day(taiwan_time(step->days / 10000, step->days / 100 % 100, step->days % 100, 0, 0));
    }
    return 0;
}

int life_goes_on(year_t *y, life_t *life) {
    const step_t *step = &life->steps[life->step];

    if (step->act == NULL || !is_due(y, life, step)) {
        return 0;
    }
    y->b->now += MINUTE;
    step->act(y, life);
    life->since = taiwan_day(y->b->now);
    life->step++;
    return 1;
}
