/* What the helper does, each as one function: no terminal, no files of its own, no exit. A command line or a bridge gives the
 * settings and the talk (card.h) and tells the fault, if there is one. A fault T_CANCELLED is the user's own wish. */
#ifndef XCA_CARD_OPERATIONS_H
#define XCA_CARD_OPERATIONS_H

#include "card.h"
#include "card_info.h"
#include "session.h"

/* Readers and what is in them. */
fault_t *operation_list(const helper_t *helper) MUST_USE;

/* Kind, number, holder, OID, dates, certificates, tries left; with a portal, whether they are the authority's and revoked. */
fault_t *operation_info(const helper_t *helper) MUST_USE;

/* 開卡 and 鎖卡解碼 (mod_xca/wire/README.md). */
fault_t *operation_activate(const helper_t *helper) MUST_USE;
fault_t *operation_unlock(const helper_t *helper) MUST_USE;

fault_t *operation_change_pin(const helper_t *helper) MUST_USE;

/* Signs, decrypts, checks chain, list and OCSP; each result is told. Fault T_TEST_FAILED if one is bad. */
fault_t *operation_test(const helper_t *helper) MUST_USE;

/* The certificate contact. Change: members that are NULL stay. */
fault_t *operation_contact_show(const helper_t *helper) MUST_USE;
fault_t *operation_contact_change(const helper_t *helper, const xca_card_contact_t *changes) MUST_USE;

/* SignedData by the card's signature key, or by `key` where one is given. `content` is attached; NULL: over `digest`. */
fault_t *operation_sign(const helper_t *helper, file_key_t *key, const view_t *content,
                        const unsigned char digest[PIV_SHA256], bytes_t *cms) MUST_USE;

/* SignedData over each of `count` texts of the first line "XCA-STATEMENT-1" (an officer's decision) or "XCA-CARD-1" (a message of the card
 * centre), into `cms` in the same order: all are shown, then confirmed at once, and a card's PIN is asked for once. If one cannot be
 * signed, the caller takes none. Fault: T_SIGN_FORM, before anything is shown. */
fault_t *operation_sign_statements(const helper_t *helper, file_key_t *key, const bytes_t *texts, int count,
                                   bytes_t *cms) MUST_USE;

/* SignedData over a portal's challenge: text of the first line "XCA-LOGIN-1", which is shown first. Fault: T_LOGIN_FORM. */
fault_t *operation_login(const helper_t *helper, file_key_t *key, view_t challenge, bytes_t *cms) MUST_USE;

/* Opens the one-time code of a user-code reset (mod_xca/wire/code_letter.h) by the card's encryption key, or by `key`, and shows it: after a
 * question on the own side, and only if it is of the case that was asked for. Faults: T_ENVELOPE_FORM, T_ENVELOPE_NOT_YOURS,
 * T_CODE_OTHER_CASE (arg: of which). */
fault_t *operation_open_code(const helper_t *helper, file_key_t *key, const char *case_number, view_t envelope) MUST_USE;

/* The card centre's operator. */
typedef struct operator {
    const char *uid;
    file_key_t *key;
} operator_t;

typedef struct production {
    const char *case_number; /* NULL: the next of the queue      */
    int count;               /* cards; 0: until the queue is empty */
    int overwrite;           /* take a card that has certificates of others */
} production_t;

fault_t *operation_queue(const helper_t *helper, const operator_t *operator) MUST_USE;
fault_t *operation_produce(const helper_t *helper, const operator_t *operator,
                           const production_t *wanted) MUST_USE;
fault_t *operation_dispatch(const helper_t *helper, const operator_t *operator, const char *case_number,
                            const char *card, const char *mail_number) MUST_USE;
fault_t *operation_discard(const helper_t *helper, const operator_t *operator, const char *case_number,
                           const char *card, const char *reason) MUST_USE;

#endif
