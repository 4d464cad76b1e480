/* A card as the directory records it, and the rules about its PUKs (mod_xca/wire/README.md "Activation and unlocking"). No
 * I/O, no cryptography: the secrets come in and go out as text. */
#ifndef XCA_DOMAIN_CARD_H
#define XCA_DOMAIN_CARD_H

#include <apr_time.h>
#include "base/text.h"
#include "domain/certificate.h"

/* 正卡: one valid one an organisation. 附卡: any number, with or without a primary one. */
typedef enum { XCA_RANK_PRIMARY, XCA_RANK_SECONDARY, XCA_RANK_COUNT } xca_card_rank;

const char *xca_card_rank_id(xca_card_rank rank); /* "primary", "secondary" */
xca_card_rank xca_card_rank_by_id(const char *id); /* XCA_RANK_COUNT if unknown */

/* making → made → dispatched → active, and the three ends. Only the signer moves it. */
typedef enum {
    XCA_CARD_STATE_MAKING,     /* number and secrets are recorded, the card centre works on it */
    XCA_CARD_STATE_MADE,       /* 等待封裝寄送                                                   */
    XCA_CARD_STATE_DISPATCHED, /* 已寄送, waiting for activation (開卡)                          */
    XCA_CARD_STATE_ACTIVE,     /* 已開卡                                                        */
    XCA_CARD_STATE_DISCARDED,  /* a blank that could not be finished                           */
    XCA_CARD_STATE_REVOKED,    /* its certificates were revoked                                */
    XCA_CARD_STATE_LAPSED,     /* not activated in time                                        */
    XCA_CARD_STATE_COUNT
} xca_card_state;

const char *xca_card_state_id(xca_card_state state); /* "making", "made", ... */
xca_card_state xca_card_state_by_id(const char *id);

/* Non-zero while the card is to be counted as one of its organisation's. */
int xca_card_lives(xca_card_state state);

typedef struct xca_card {
    const char *number; /* "Xc" and 14 digits */
    xca_card_state state;
    long revision;      /* counted up by every change: what compare-and-swap compares */
    xca_card_rank rank;
    const char *case_number;
    const char *oid, *org_name;
    /* the certificate contact 憑證連絡人; only the signer reads it */
    const char *contact_name, *contact_title, *contact_email, *contact_county, *contact_district,
        *contact_zip, *contact_street, *contact_phone, *contact_fax;
    /* the user code; only the signer reads it */
    const char *code_hash;
    int code_tries;         /* wrong codes so far                                            */
    const char *code_nonce; /* of the message whose wrong code was counted last, or that changed the code, or NULL */
    int code_once;          /* set by officers: good for nothing but choosing another one     */
    /* certificates: reserved before they are issued; by use */
    const char *serials[XCA_USE_COUNT]; /* NULL until reserved */
    const char *key_digest; /* SHA-256 over the three SubjectPublicKeyInfo, hex: another one is another issue */
    apr_time_t not_before;
    xca_bytes_t secrets;    /* the PUKs, sealed by the signer to itself */
    const char *mail_number;/* registered mail number, or NULL */
    const char *reason;     /* why it was discarded, or NULL */
    apr_time_t made, dispatched, activated; /* 0 where it has not happened */
    int unfinished;         /* what follows from the state (certificates, case, notice) is still to be done */
} xca_card_t;

/* The PUKs of a card and how far a change of them has come; kept sealed. */
#define XCA_PUK_LENGTH 8
typedef struct xca_card_puks {
    const char *puk;       /* what the card has, as far as is known                                */
    const char *next_puk;  /* what it gets next; NULL when no change is under way                   */
    const char *session;   /* nonce of the run that may go on, or NULL                              */
    const char *confirmed; /* of the last run that was confirmed, or NULL                           */
    int changing;          /* the card may have next_puk already                                    */
    int uncertain;         /* runs since the card last took a PUK for certain that could cost a try */
} xca_card_puks_t;

/* Runs that may end without a word while nobody knows which PUK the card has. Each costs one of the card's tries at most,
 * and a card has at least three (PIV cards on the market; SP 800-73-4 leaves the number to the card). */
#define XCA_PUK_UNCERTAIN_MAX 2

typedef enum {
    XCA_PUK_CURRENT,   /* the card has puk                                      */
    XCA_PUK_NEXT,      /* it most likely has next_puk: the helper tries that first */
    XCA_PUK_TO_CENTRE, /* one more wrong try could be the last: nothing is given   */
    XCA_PUK_REFUSED    /* the message belongs to no run that is open              */
} xca_puk_verdict;

/* A run begins: `session` is its nonce, `fresh` a PUK for it if none is waiting. The same session again changes
 * nothing. What is changed must be recorded before a PUK is given. */
xca_puk_verdict xca_card_puks_begin(xca_card_puks_t *puks, const char *session, const char *fresh);

/* The card has taken a PUK in this run and is now to get the next. Again changes nothing. XCA_PUK_REFUSED or another. */
xca_puk_verdict xca_card_puks_changing(xca_card_puks_t *puks, const char *session);

/* The card has the next PUK. Again changes nothing. XCA_PUK_REFUSED or another. */
xca_puk_verdict xca_card_puks_confirm(xca_card_puks_t *puks, const char *session);

#endif
