/* A subscriber certificate as the directory records it. */
#ifndef XCA_DOMAIN_CERTIFICATE_H
#define XCA_DOMAIN_CERTIFICATE_H

#include <apr_time.h>
#include "base/text.h"
#include "domain/organisation.h"

/* Certificate use 憑證用途; a card has one of each. */
typedef enum { XCA_USE_SIGNATURE, XCA_USE_ENCRYPTION, XCA_USE_CARD_AUTH, XCA_USE_COUNT } xca_use;

const char *xca_use_id(xca_use use); /* "signature", "encryption", "card-auth" */
/* XCA_USE_COUNT if there is no such use. */
xca_use xca_use_by_id(const char *id);

/* State as recorded. What is shown also depends on the time: see xca_cert_shown(). */
typedef enum {
    XCA_CERT_PENDING,   /* issued, not accepted or activated yet  未接受／未開卡 */
    XCA_CERT_VALID,     /* 有效 */
    XCA_CERT_SUSPENDED, /* 停用 */
    XCA_CERT_REVOKED,   /* 廢止 */
    XCA_CERT_STATE_COUNT
} xca_cert_state;

const char *xca_cert_state_id(xca_cert_state state); /* "pending", "valid", "suspended", "revoked" */
xca_cert_state xca_cert_state_by_id(const char *id);

/* CRLReason of RFC 5280 section 5.3.1, as recorded. */
typedef enum {
    XCA_REASON_UNSPECIFIED = 0,
    XCA_REASON_KEY_COMPROMISE = 1,
    XCA_REASON_AFFILIATION_CHANGED = 3,
    XCA_REASON_SUPERSEDED = 4,
    XCA_REASON_CESSATION = 5,
    XCA_REASON_HOLD = 6
} xca_crl_reason;

typedef struct xca_cert {
    const char *serial;      /* lower-case hex, two digits a byte                          */
    xca_cert_state state;
    xca_use use;
    const char *case_number; /* the case it was issued for                                 */
    const char *oid;         /* the organisation's                                         */
    const char *org_name;
    xca_class class;
    const char *county;      /* or NULL                                                    */
    const char *email;       /* rfc822Name                                                 */
    const char *contact_email; /* for notices (private)                                    */
    const char *card_number; /* or NULL                                                    */
    const char *key_hash;    /* SHA-256 of the SubjectPublicKeyInfo, hex                   */
    xca_bytes_t der;         /* the certificate                                            */
    apr_time_t not_before, not_after;
    apr_time_t accepted, suspended, revoked; /* 0 where it has not happened                */
    apr_time_t resumed;      /* when the last suspension ended; 0: it did not, or there was none */
    int crl_partitions;      /* how many partitions its list was one of when it was issued (domain/crl.h); 0: it names none */
    int generation;          /* which of the CA's keys has issued it (domain/crl.h); 0: the first */
    xca_crl_reason reason;   /* while suspended or revoked                                 */
    const char *reason_note; /* reason in the guide's words, id of the catalogue, or NULL  */
    apr_time_t ends_on;      /* will be revoked then, because its organisation has changed; 0: not known of */
    const char *ends_why;    /* "abolished", "moved", "renamed", or NULL */
    const char *code_hash;   /* scrypt of the user code; only the signer reads it          */
    int code_tries;          /* wrong codes so far                                         */
    const char *expires;     /* last day of validity in Taiwan, "2031-11-24"; made of not_after when it is recorded */
    int noticed;             /* days before the end that the last notice of it was for; 0: none yet */
    int notices_off;         /* the contact wants the last of these notices only */
    int code_once;           /* set by officers: good for nothing but choosing another one */
    const char *code_nonce;  /* of the request that changed the code last, or NULL         */
    int published;           /* anonymous clients may read it                              */
} xca_cert_t;

/* What pages show: "pending", "valid", "suspended", "revoked", "expired" (逾期 wins over valid and
 * suspended, revoked stays revoked). */
const char *xca_cert_shown(const xca_cert_t *cert, apr_time_t now);

/* Non-zero if it belongs on a revocation list: suspended or revoked, not expired before `since`, and it was published or revoked
 * while pending (profile.md "Lists and status"). `since` is some time ago: what is on a list may leave it only when it was on one
 * that was made on schedule behind the end of its validity (RFC 5280 section 3.3). */
int xca_cert_listed(const xca_cert_t *cert, apr_time_t since);

#endif
