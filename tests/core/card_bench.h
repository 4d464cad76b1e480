/* A card centre for tests: a real slapd, the signer's functions on it as the signer's identity, an applicant and officers,
 * and cards whose keys are in memory. */
#ifndef XCA_TESTS_CARD_BENCH_H
#define XCA_TESTS_CARD_BENCH_H

#include "slapd_fixture.h"

#include <string.h>
#include "directory/card_store.h"
#include "operations/signer_card.h"
#include "wire/card_message.h"

#define USER_CODE "Test-code-1"
#define ORG_OID   "2.16.886.104.100008"
#define OLD_MAIL  "contact@foundation.example.tw"

typedef struct person {
    const char *uid;
    xca_key_t *key;
    xca_bytes_t certificate;
} person_t;

typedef struct bench {
    apr_pool_t *pool;
    slapd_t *slapd;
    xca_signer_t *signer;
    xca_office_t *portal; /* as the portal's identity */
    xca_store_t *admin;
    person_t ra, central, central_two, operator;
    const char *mail;     /* that certificates are for */
    const char *key_type; /* of the cards' keys */
    apr_time_t now;       /* the clock of all */
    xca_key_t *audit_key, *root_key; /* the latter above the CA, with its certificate */
    xca_bytes_t root;
    xca_profile_t *profile; /* of the signer */
} bench_t;

/* A card as it lies in a reader: three keys, and a PUK that blocks after three wrong tries. */
typedef struct soft_card {
    const char *number, *case_number;
    xca_key_t *keys[XCA_USE_COUNT];
    xca_bytes_t certs[XCA_USE_COUNT]; /* as written to it */
    char puk[9];
    int tries;
} soft_card_t;

/* What came back for a message. */
typedef struct answer {
    xca_request_state state;
    const char *id;     /* message id */
    int tries_left;
    xca_card_reply_t reply; /* opened; only of "done" */
} answer_t;

/* With faults != NONE every message is looked at again and again: the first time the signer's first write to the directory
 * fails, the second time its second, until it comes through. BEFORE: the write is not made; AFTER: it is made, and the signer does
 * not learn it. `faults_made` counts. */
typedef enum { NONE, BEFORE, AFTER } fault_kind;
extern fault_kind faults;
extern int faults_made;

bench_t *bench_make(apr_pool_t *pool);
/* With the clock at `now`, and a slapd that does not wait for the disk: for tests that write for years. */
bench_t *bench_make_at(apr_pool_t *pool, apr_time_t now);
/* The signer ends, and begins anew with what the directory and its key files have. */
void bench_restart(bench_t *b);

/* An application as the portal files it; NULL oid: a new organisation. Gives the case number. */
const char *bench_file(bench_t *b, const char *rank, const char *oid);
xca_error_t *bench_try_file(const char **number, bench_t *b, const char *rank, const char *oid);
/* The signer looks at a case; with faults like a message. */
void bench_look(bench_t *b, const char *number);
/* The same with the signer's `at`-th write failing once; 0 if it makes fewer. */
int bench_look_failing(bench_t *b, const char *number, int at);
/* One officer's decision, signed, and what the signer does then. */
void bench_decide(bench_t *b, const person_t *who, const char *number, xca_decision_kind kind);
/* Both reviews, signed. */
void bench_approve(bench_t *b, const char *number);
const char *bench_approved(bench_t *b, const char *rank); /* the two together */

/* Fills nonce and time of a message. */
void message_begin(bench_t *b, xca_card_message_t *m, const char *operation);
/* Seals a code or a contact for the message, which must be complete but for it. */
void message_seal(bench_t *b, xca_card_message_t *m, const char *text);

/* Sends a message signed by an operator, or by a key of a card, as the portal would, and lets the signer answer it. */
answer_t send_operator(bench_t *b, const person_t *who, xca_card_message_t *m);
answer_t send_card(bench_t *b, const xca_key_t *key, xca_card_message_t *m);
/* The bytes of a message and nothing more: for forging. */
xca_bytes_t envelope_of(bench_t *b, const xca_key_t *key, xca_card_message_t *m);
xca_bytes_t cms_of(bench_t *b, const person_t *who, xca_card_message_t *m);
/* Hands in bytes as request `id`; `private_key` opens the reply. */
answer_t hand_in(bench_t *b, const char *id, xca_bytes_t envelope, const xca_card_message_t *m);

/* Lets the signer look at a request until it is answered; with faults. */
void bench_answer(bench_t *b, const char *id);

/* What time brings, by b->now; with faults like a message. */
void bench_sweep(bench_t *b);
/* Lists that are due, with the signer's `at`-th write failing once; 0 if it makes fewer. */
int bench_lists_failing(bench_t *b, int at);
/* An event that was filed, with faults too. */
void bench_take_event(bench_t *b, const char *id);

/* The steps of the card centre, each asserting that it is done. */
soft_card_t *card_begin(bench_t *b, const char *case_number); /* make */
answer_t card_send_keys(bench_t *b, soft_card_t *card);       /* keys */
void card_keys_message(bench_t *b, soft_card_t *card, xca_card_message_t *m); /* the message alone, good for a quarter of an hour */
answer_t card_send_made(bench_t *b, soft_card_t *card);       /* made, with the digest of what is on the card */
answer_t card_send_dispatch(bench_t *b, soft_card_t *card);
soft_card_t *card_dispatched(bench_t *b, const char *rank);   /* all of it */

/* activate or unlock with a code; the reply has the PUKs. */
answer_t card_open(bench_t *b, soft_card_t *card, const char *operation, const char *code, const char **session);
/* The rest of the run: PUK into the card, changing, confirm. */
void card_run_on(bench_t *b, soft_card_t *card, const answer_t *puks, const char *session);
answer_t card_say(bench_t *b, soft_card_t *card, const char *operation, const char *session);
soft_card_t *card_active(bench_t *b, const char *rank);

int card_takes(soft_card_t *card, const char *puk);

/* As recorded. */
xca_card_t *recorded_card(bench_t *b, const char *number);
xca_cert_t *recorded_cert(bench_t *b, const soft_card_t *card, xca_use use);
xca_case_t *recorded_case(bench_t *b, const char *number);
/* The test organisation may apply again, whatever happened to its cards. */
void bench_lift_bar(bench_t *b);
int notices_of(bench_t *b, const char *part_of_id);
/* Asserts that the audit log is whole and has no event twice; how many entries of `kind` name `subject` (or NULL). */
int log_entries(bench_t *b, const char *kind, const char *subject);

#define assert_answer(a, wanted)                                                                   \
    do {                                                                                           \
        answer_t given_ = (a);                                                                     \
        assert_string_equal(given_.id, wanted);                                                    \
    } while (0)
#define assert_answered(a) assert_answer(a, "request.done")

#endif
