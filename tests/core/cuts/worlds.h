/* Signer, helper and card in one program, so that a card's life can be cut at every command and every message in seconds
 * (tests/core/test_card_cuts.c). Each is the real code; what carries the bytes between them is here in place of pcscd, httpd
 * and their sockets. Helper and card have names of their own (both a card_t): of their objects only what stands here is seen
 * outside, and no header of theirs is included here. */
#ifndef XCA_TESTS_CUTS_WORLDS_H
#define XCA_TESTS_CUTS_WORLDS_H

#include <stddef.h>

/* Where the program before the card ends, or the card is pulled. */
typedef enum {
    CUT_NONE,
    CUT_BEFORE, /* pulled when the command or message arrives, which is not carried out              */
    CUT_AFTER,  /* carried out; the answer does not come                                             */
    CUT_KILLED  /* of commands alone: as after, and the card keeps its power, as when a helper is killed */
} cut_kind;

/* --- the card (sim.c): tests/cardsim in a reader that has one slot --- */

/* A new blank card is in the reader. `settings`: "name=value" texts, NULL at the end. */
void sim_blank(const char *const *settings);
void sim_cut(long number, cut_kind kind); /* at the number-th command from now */
int sim_was_cut(void);                    /* since sim_cut()                   */
void sim_insert(void);                    /* in again after a cut; no cut is set any more */
long sim_commands(void);                  /* so far */
void sim_reset(void);
size_t sim_atr(unsigned char atr[33]);
/* A command as a program sends it: length of the answer, 0 when there is none any more. */
size_t sim_send(const unsigned char *command, size_t length, unsigned char *answer, size_t room);
int sim_is_out(void);    /* no card in the reader */
int sim_is_killed(void); /* the program before it has ended */
/* What it keeps, read past its contacts. */
void sim_puk(char puk[9]);
int sim_puk_tries(void), sim_pin_tries(void);
/* Of an object (5FC10A ...); length 0: none. */
size_t sim_object(unsigned long tag, unsigned char *content, size_t room);

/* --- the helper (helper.c, reader.c): tools/xca-card but its main and its HTTP client --- */

typedef struct helper_result {
    int exit_code;
    char fault[40];   /* "T_CARD_REMOVED"; "" */
    char words[500];  /* what it said of that */
    char pin[9];      /* that was shown       */
} helper_result_t;

/* Its settings: the root of the authority's certificates, the operator's key with certificate (PEM files). */
void helper_setup(const char *ca_file, const char *operator_file);
/* A run of produce (of a case), activate (with a code) or unlock (code, new PIN). */
helper_result_t helper_produce(const char *case_number);
helper_result_t helper_activate(const char *code);
helper_result_t helper_unlock(const char *code, const char *pin);
/* The card proves all three keys of its certificates, with this PIN. */
helper_result_t helper_check(const char *pin);

/* --- the way between (relay.c): the portal's part, and the signer's --- */

typedef struct relay_session {
    char nonce[33], issued[17];
    const char *proof;
    const unsigned char *chain;
    size_t chain_length;
} relay_session_t;

typedef struct relay_answer {
    int done; /* otherwise denied */
    const char *answer;
    int tries_left;
    const unsigned char *reply;
    size_t reply_length;
} relay_answer_t;

/* 0: the portal is gone. What is pointed to is there until the next call. */
int relay_session(relay_session_t *session);
int relay_message(const char *nonce, const unsigned char *envelope, size_t length, relay_answer_t *answer);
/* At the number-th call from now, sessions and messages alike; and the portal stays away until relay_back(). */
void relay_cut(long number, cut_kind kind);
int relay_was_cut(void);
void relay_back(void);
long relay_calls(void);

#endif
