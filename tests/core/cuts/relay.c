#include "relay.h"

#include "domain/calendar.h"
#include "operations/card_relay.h"
#include "outside/crypto.h"

static bench_t *bench;
static long calls, countdown; /* to the call that is cut; 0: none */
static cut_kind kind;
static int is_gone, was_cut;

void relay_begin(bench_t *b) {
    bench = b;
    xca_bytes_t certificate = xca_ca_certificate(b->signer->ca);

    assert_done(xca_ca_publish(b->signer->office->store, &certificate, 1, xca_ca_chain_p7b(b->signer->ca), b->pool));
}

void relay_cut(long number, cut_kind how) {
    countdown = how == CUT_NONE ? 0 : number;
    kind = how;
    was_cut = 0;
}

int relay_was_cut(void) {
    return was_cut;
}

void relay_back(void) {
    is_gone = 0;
    countdown = 0;
}

long relay_calls(void) {
    return calls;
}

/* Whether the call is carried out; *answered: whether the caller learns of it. */
static int arrives(int *answered) {
    int cut = countdown > 0 && --countdown == 0, arrived = !is_gone && (!cut || kind == CUT_AFTER);

    calls++;
    *answered = arrived && !cut;
    was_cut |= cut;
    is_gone |= cut;
    return arrived;
}

int relay_session(relay_session_t *session) {
    const char *ldap = xca_date_format(bench->pool, bench->now, XCA_DATE_LDAP);
    unsigned char random[16];
    xca_bytes_t chain;
    int answered;

    if (!arrives(&answered)) {
        return 0;
    }
    assert_done(xca_random(random, sizeof(random), bench->pool));
    apr_cpystrn(session->nonce, xca_text_hex(bench->pool, random, sizeof(random)), sizeof(session->nonce));
    apr_snprintf(session->issued, sizeof(session->issued), "%.8sT%s", ldap, ldap + 8);
    assert_done(xca_card_relay_session(&session->proof, &chain, bench->portal, bench->pool));
    session->chain = chain.data;
    session->chain_length = chain.length;
    return answered;
}

int relay_message(const char *nonce, const unsigned char *envelope, size_t length, relay_answer_t *answer) {
    xca_bytes_t message = {envelope, length};
    xca_request_t *request;
    const char *named;
    int brings_code, answered;

    if (!arrives(&answered)) {
        return 0;
    }
    assert_done(xca_card_relay_read(&named, &brings_code, message, bench->pool));
    assert_string_equal(named, nonce);
    assert_done(xca_card_relay_hand_in(bench->portal, nonce, message, bench->now, bench->pool));
    bench_answer(bench, nonce);
    assert_done(xca_card_relay_find(&request, bench->portal, nonce, bench->pool));
    assert_int_not_equal(request->state, XCA_REQUEST_WAITING);
    answer->done = request->state == XCA_REQUEST_DONE;
    answer->answer = request->answer;
    answer->tries_left = request->tries_left;
    answer->reply = request->reply.data;
    answer->reply_length = request->reply.length;
    return answered;
}
