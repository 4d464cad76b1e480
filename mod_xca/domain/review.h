/* Officers, windows and their signed decisions. */
#ifndef XCA_DOMAIN_REVIEW_H
#define XCA_DOMAIN_REVIEW_H

#include "domain/case.h"

typedef enum {
    XCA_ROLE_NONE,
    XCA_ROLE_RA,         /* 初審註冊窗口  */
    XCA_ROLE_CENTRAL,    /* 複審          */
    XCA_ROLE_CARD_CENTRE,/* 發卡中心: makes cards, decides nothing */
    XCA_ROLE_AUDITOR     /* 稽核: reads all, decides nothing */
} xca_role;

const char *xca_role_id(xca_role role); /* "ra", "central", "card-centre", "auditor" */
xca_role xca_role_by_id(const char *id);

typedef struct xca_officer {
    const char *uid;    /* "central-1" */
    const char *title;  /* function, shown to colleagues */
    const char *person; /* number of the person (staff number): two officers are two people only
                           if these differ */
    xca_role role;
    const char *window; /* RA officers: id of their window */
    xca_bytes_t certificate; /* DER */
    int active;
    apr_time_t changed; /* 0: not known */
} xca_officer_t;

typedef struct xca_window {
    const char *id;      /* "tpe-edu" */
    const char *name;    /* 主管機關 */
    const char *county;  /* county, or "中央機關" */
    const char *classes; /* class ids with '|' between */
    const char *address, *phone;
    apr_time_t changed; /* 0: not known */
} xca_window_t;

int xca_window_takes(const xca_window_t *window, xca_class class);

typedef enum {
    XCA_STAGE_FIRST,
    XCA_STAGE_SECOND,
    XCA_STAGE_THIRD /* of a code reset: the sealed original of the form has come */
} xca_stage;

const char *xca_stage_id(xca_stage stage); /* "first", "second", "third" */

/* The role that decides a kind of case at a stage: XCA_ROLE_NONE if there is no such stage. A code reset goes to the central
 * office alone, and is decided by two of its people. */
xca_role xca_stage_role(xca_case_kind kind, xca_stage stage);

/* The stage at which a case in this state is decided; 0 if nothing is to be decided. */
int xca_stage_of_state(xca_stage *stage, xca_case_kind kind, xca_case_state state);
typedef enum { XCA_DECISION_ACCEPT, XCA_DECISION_RETURN } xca_decision_kind;

/* What an officer says of a case; its canonical text is signed (wire/statement.h). */
typedef struct xca_decision {
    const char *id;           /* RDN of the entry under the case: SHA-256 of `cms`, hex  */
    const char *case_number;
    const char *content_digest; /* SHA-256 of xca_case_canonical(), hex                   */
    xca_stage stage;
    xca_decision_kind kind;
    const char *letter;       /* 公文 number (first stage accept: required), or NULL       */
    const char *reason;       /* return: required                                         */
    const char *officer;      /* uid                                                      */
    apr_time_t time;
    xca_bytes_t cms;          /* SignedData over the statement, DER                        */
    /* written by the signer */
    const char *verdict;      /* "counted", or why it was not: "decision.stale" ...; NULL: not judged */
} xca_decision_t;

/* The rules that need no cryptography, for a decision whose signature is already verified as `officer`'s:
 * role and stage match, the officer is active, an RA officer's window is the case's, the case is in the
 * stage's state, the digest is the case's present one, the time is not before the (corrected) filing nor
 * more than five minutes ahead of `now`, and a second-stage officer is not the person of the `first`
 * (NULL at the other stages). NULL if the decision counts.
 * Errors: "decision.role", "decision.inactive", "decision.window", "decision.state", "decision.stale",
 * "decision.time", "decision.same-person", "decision.letter", "decision.reason". */
xca_error_t *xca_decision_judge(const xca_decision_t *decision, const xca_officer_t *officer,
                                const xca_case_t *kase, const char *present_digest,
                                const xca_decision_t *first, const xca_officer_t *first_officer,
                                apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
