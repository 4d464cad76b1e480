/* A year of the authority for test_year.c: the table that the test keeps of everything that should be, by rules of its own (year_rules.c:
 * dates of the C library, not of domain/calendar.h), what people do (year_acts.c), and the comparison with all that the
 * directory says (year_compare.c). */
#ifndef XCA_TESTS_YEAR_H
#define XCA_TESTS_YEAR_H

#include "card_bench.h"

#include <apr_hash.h>
#include "operations/signer_statistics.h"

#define CENTRAL_MAIL "central@xca.example.tw"
#define CLERK_MAIL   "clerk@example.gov.tw"
#define MINUTE       apr_time_from_sec(60)

typedef struct body {
    const char *oid, *name, *county, *contact, *mail;
    xca_class class;
    apr_time_t barred_from; /* 0: never */
    int is_new;             /* comes into the tree with its first application */
} body_t;                   /* an organisation of any class */

typedef struct paper {
    const char *serial;
    xca_use use;
    xca_cert_state state;
    apr_time_t accepted, suspended, revoked;
    int reason;
    const char *note;
} paper_t; /* a certificate */

typedef struct kase {
    const char *number;
    xca_case_state state;
    xca_case_kind kind;
    apr_time_t since;       /* of the state */
    struct holding *about;  /* what it brought about, or is about */
    const char *reason;     /* of a revocation */
    const char *problem;
    apr_time_t letter;
} kase_t;

typedef struct holding { /* a card with its three certificates, or one without a card */
    body_t *body;
    kase_t *kase;
    soft_card_t *card;   /* NULL: without a card */
    const char *rank, *name, *county, *code;
    xca_card_state state; /* of the card */
    apr_time_t not_before, not_after; /* 0: nothing is issued yet */
    paper_t papers[XCA_USE_COUNT];
    int count;
    int noticed, quiet;  /* days of the last notice before the end; the last one only, please */
    apr_time_t ends_on;
    const char *ends_why;
} holding_t;

typedef struct year {
    bench_t *b;
    apr_pool_t *pool;
    xca_office_t office; /* as xca-admin's identity */
    xca_officer_t *ra, *central;
    apr_array_header_t *bodies, *holdings, *cases; /* pointers */
    apr_hash_t *notices; /* id -> address */
    apr_hash_t *log;     /* "kind subject" -> int *, how often */
    xca_follower_t *follower;
    xca_ldap_config_t ldap;
    const char *outbox;
    apr_time_t list_before; /* thisUpdate of the list before the present one */
    apr_uint64_t list_number;
    apr_time_t list_next;
    apr_int64_t verified;   /* entries of the audit log */
    int lists;
} year_t;

/* ---- Rules ---- */
apr_int64_t taiwan_day(apr_time_t when);
int taiwan_month(apr_time_t when); /* year * 12 + month - 1 */
apr_time_t taiwan_time(int year, int month, int day, int hour, int minute);
const char *taiwan_date(apr_pool_t *pool, apr_time_t when); /* 2027-03-01 */
apr_time_t five_years_on(apr_time_t when);                  /* the last second */
/* The beginning of the day on which a ban that began at `from` is over. */
apr_time_t ban_over(apr_time_t from);
/* The last second of the working day after that of `when`. */
apr_time_t next_working_day_over(apr_time_t when, const char *holidays);

void expect_notice(year_t *y, const char *id, const char *to);
void expect_logged(year_t *y, const char *kind, const char *subject);
int in_force(const holding_t *h, apr_time_t now); /* valid, by its signature certificate or the only one */
int is_barred(const body_t *body, apr_time_t now);

/* What happens to a certificate or a whole card, with its entry of the log. */
void papers_become(year_t *y, holding_t *h, xca_cert_state state, int reason, const char *note);
/* The card with all its certificates; the case of one that was never activated is over. */
void holding_revoked(year_t *y, holding_t *h, int reason, const char *note, int told);
/* All that time brings up to b->now, in the table. */
void time_passes(year_t *y);

/* ---- The world ---- */
year_t *year_make(apr_pool_t *pool, apr_time_t now);
void year_work(year_t *y);    /* the signer does what time brings, and the table too */
void year_restart(year_t *y); /* another signer, which does the same again */
void year_compare(year_t *y); /* certificates, ou=mail, cards, cases, organisations, outbox, list */
void year_count(year_t *y);   /* statistics and the audit log too */
void year_finish(year_t *y);  /* and what costs most: every certificate's own bytes, all of the log again */

/* ---- What people do ---- */
typedef struct life {
    body_t *body;
    const char *rank; /* NULL: certificates without a card */
    xca_use use;
    const struct step *steps;
    int step;
    apr_int64_t since; /* day on which the step before was done */
    int hour;          /* at which its people work */
    holding_t *now, *before;
    kase_t *kase, *other; /* the application; a revocation, reset or sheet */
} life_t;

typedef void act_t(year_t *y, life_t *life);

/* Days after the step before, before the end of what one has, after a ban; or a date, 20271130. */
typedef enum { AFTER_LAST, BEFORE_END, AFTER_BAN, ON_DAY } step_base;
typedef struct step {
    step_base base;
    int days;
    act_t *act;
} step_t;

/* 0 if the life has no step that is due at b->now. */
int life_goes_on(year_t *y, life_t *life);

act_t applies, cannot_apply, is_barred_still, passes, approves, window_returns, central_returns, corrects, made_begun, 
    made, sent, activated, accepted, declined, suspends, resumes, loses, damages, gives_up, other_reason, revocation_passed,
    revocation_approved, revocation_returned, revocation_too_late,
    cannot_be_revoked, asks_reset, reset_passed, reset_approved, reset_returned, changes_code, original_came,
    original_wrong, wants_quiet, wants_all, is_renamed, is_abolished, is_moved,
    abolished_on_the_table;

#endif
