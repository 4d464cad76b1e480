/* The signer's work: judge decisions, issue, answer requests, keep lists and ou=mail, send notices, do what time
 * brings. Every function can be repeated after a crash at any point. tools/xca-signer calls them. */
#ifndef XCA_OPERATIONS_SIGNER_H
#define XCA_OPERATIONS_SIGNER_H

#include <apr_hash.h>
#include "operations/audit.h"
#include "operations/office.h"
#include "outside/crypto_ca.h"
#include "outside/catalogue.h"
#include "outside/mail.h"

/* How many of a kind in an hour. */
typedef struct xca_certified {
    apr_time_t since;
    int count;
} xca_certified_t;

typedef struct xca_signer {
    xca_office_t *office;
    xca_ca_t *ca;                  /* the key that issues, with the name and the newest certificate of the CA */
    int generation;                /* which one that is (domain/crl.h) */
    xca_ca_t *former[XCA_GENERATIONS_MAX]; /* keys before it, which go on signing lists and responders for what they issued; NULL: none,
                                    or no longer used */
    xca_bytes_t certificates[XCA_GENERATIONS_MAX]; /* of all keys that the CA has had, by generation; of `ca` too */
    xca_bytes_t chain_p7b;         /* all of these and those above them, as it is published */
    xca_audit_t *audit;            /* nothing is done that it does not have */
    struct xca_public_log *public_log; /* operations/public_log.h: what everyone may see of it */
    apr_pool_t *pool;              /* lives as long as the signer */
    apr_hash_t *people;            /* operations/signer_watch.c: officers and windows as the log has them; NULL: not read yet */
    const xca_profile_t *profile;
    xca_bytes_t officer_anchor;    /* certificate of the officer CA */
    xca_secret_t *seal_key;        /* X25519 private key, 32 bytes */
    char seal_proof_text[2048];
    const char *seal_proof;        /* its public key, signed by the CA (wire/card_message.h); NULL: not made yet */
    apr_time_t seal_proof_due;     /* when that is made again */
    xca_secret_t *card_key;        /* secret that cards' keys are derived from, 32 bytes */
    const char *card_key_type;     /* "rsa:2048", "ec:P-256": what the card centre makes */
    const xca_mail_config_t *mail;
    const xca_catalogue_t *texts; /* subjects and bodies of notices */
    const char *central_mail;      /* of the central office, for what it is told; or NULL */
    const char *holidays;          /* days that are no working days, as in xca_working_day_end(); or NULL */
    const char *portal_url;        /* for links in notices */
    const char *question_mail;     /* address of the officers who answer questions, or NULL */
    apr_time_t answers_since;      /* an hour in which answers_mailed were sent */
    int answers_mailed;
    apr_interval_time_t responder_life; /* of the certificates of OCSP responders and signers of CMP messages */
    xca_certified_t responders, cmp_signers; /* certified in an hour */
    apr_interval_time_t crl_life;  /* nextUpdate - thisUpdate, at most 24 h */
    apr_size_t crl_bytes_max;      /* no list is larger; 0: XCA_CRL_BYTES_MAX */
    const char *root_list_file;    /* list of the CA above, which the signer publishes; or NULL */
    xca_bytes_t root_list_issuer;  /* whose it is: the last certificate of the chain */
    apr_interval_time_t sheets_life; /* of change sheets that were checked and never filed */
    apr_interval_time_t device_secret_life; /* of a device secret (signer_secret.h) */
    apr_time_t sheets_seen;        /* when those were last looked for */
    apr_time_t reminded;           /* when all notices before an end were last seen to (signer_reminder.h) */
    int case_left;                 /* set by xca_signer_case(): it has more to do, call it again soon */
    int search_keys_there;         /* all certificates have theirs (signer_search.h) */
    struct xca_lists *lists;       /* operations/signer_lists.c: what is revoked, and what is published of it; NULL: not read yet */
    int crl_due;                   /* set by a change: lists are made at the next xca_signer_lists() */
} xca_signer_t;

/* The CA with the key of a generation; NULL if it has none, or does not use it any more. */
const xca_ca_t *xca_signer_ca(const xca_signer_t *signer, int generation);

/* Brings one case forward as far as it goes: judges new decisions, moves the state, reserves serial and OID, issues, records,
 * notifies. Repeatable at every step. */
xca_error_t *xca_signer_case(xca_signer_t *signer, const char *number, apr_time_t now,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Answers one waiting request. */
xca_error_t *xca_signer_request(xca_signer_t *signer, const char *id, apr_time_t now,
                                apr_pool_t *pool) XCA_MUST_USE;

/* What time brings: changes of officers and windows for the log, certificates not accepted in 90 days, those of organisations that
 * changed two weeks ago, expiries in ou=mail, old requests, nonces and change sheets that were never filed. */
xca_error_t *xca_signer_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Tells the officers of new questions, mails answers of active central officers; at most `limit` of each, and XCA_ANSWERS_AN_HOUR
 * answers: a broken-in portal can have them mailed too. */
#define XCA_ANSWERS_AN_HOUR 60
xca_error_t *xca_signer_questions(xca_signer_t *signer, apr_time_t now, int limit, apr_pool_t *pool) XCA_MUST_USE;

/* Removes those that were closed long ago. */
xca_error_t *xca_signer_old_questions(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Makes the lists (complete and delta, of all scopes: signer_lists.h) that a change asks for, or that have used half of their life.
 * Cheap if none is due. While a large directory is read at the beginning it comes back with crl_due set: call it again. */
xca_error_t *xca_signer_lists(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;
/* Non-zero until everything that is revoked has been read once. */
int xca_signer_lists_unread(const xca_signer_t *signer);

/* Publishes the list of the CA above ("root-list-file") if it is another one than the directory has. Errors: those of
 * the file, "crl.unreadable", "crl.not-of-issuer". */
xca_error_t *xca_signer_root_list(xca_signer_t *signer, apr_pool_t *pool) XCA_MUST_USE;

/* At start: messages that a stopped signer left half sent. A folder takes the same message again without doubling it; for
 * a mail server nobody knows, so they are marked "uncertain" for officers to see. */
xca_error_t *xca_signer_post_recover(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Sends what is due in ou=outbox, at most `limit` messages. */
xca_error_t *xca_signer_post(xca_signer_t *signer, apr_time_t now, int limit, apr_pool_t *pool) XCA_MUST_USE;

#endif
