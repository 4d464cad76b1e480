/* What the portal asks of the signer on behalf of someone who knows a user code: an entry in
 * ou=requests with a state; the signer checks the code itself. */
#ifndef XCA_DOMAIN_REQUEST_H
#define XCA_DOMAIN_REQUEST_H

#include <apr_time.h>
#include "base/text.h"

typedef enum {
    XCA_REQUEST_SHOW,    /* 憑證內容: check the code, allow the pending certificate to be shown */
    XCA_REQUEST_ACCEPT,  /* 接受憑證 */
    XCA_REQUEST_REFUSE,  /* 不接受憑證 */
    XCA_REQUEST_SUSPEND, /* 停用 */
    XCA_REQUEST_RESUME,  /* 復用 */
    XCA_REQUEST_NOTICES_OFF, /* only the last notice before the end, please */
    XCA_REQUEST_NOTICES_ON,  /* all of them again */
    XCA_REQUEST_CODE,    /* 變更用戶代碼: the sealed code is the present one, a line feed, and the new one */
    XCA_REQUEST_SECRET,  /* a device secret for a case (signer_secret.h) */
    XCA_REQUEST_SECRET_OFF, /* it is void from now on */
    XCA_REQUEST_CARD,    /* a message of a card or of the card centre (wire/card_message.h) */
    XCA_REQUEST_RESPONDER, /* the portal's own: a certificate for its OCSP responder's key (outside/crypto_ocsp.h) */
    XCA_REQUEST_CMP_SIGNER, /* the same for the key that signs its CMP messages (outside/crypto_cmp.h) */
    XCA_REQUEST_CONFIRM, /* a device's certConf, which accepts or refuses the certificate `serial` (signer_confirm.h) */
    XCA_REQUEST_COUNT
} xca_request_kind;

const char *xca_request_kind_id(xca_request_kind kind); /* "show", "accept", ... */
/* Non-zero if it comes with a message rather than with a sealed code. */
int xca_request_has_message(xca_request_kind kind);
/* Non-zero if it is about a case, whose user code counts. */
int xca_request_is_of_case(xca_request_kind kind);
xca_request_kind xca_request_kind_by_id(const char *id);

typedef enum { XCA_REQUEST_WAITING, XCA_REQUEST_DONE, XCA_REQUEST_DENIED } xca_request_state;

const char *xca_request_state_id(xca_request_state state); /* "waiting", "done", "denied" */

typedef struct xca_request {
    const char *id;      /* 32 hex digits, chosen at random by the portal (idempotency key) */
    xca_request_kind kind;
    xca_request_state state;
    const char *serial;  /* or NULL when card_number is given */
    const char *card_number;
    const char *case_number; /* of XCA_REQUEST_SECRET and _SECRET_OFF */
    xca_bytes_t sealed_code; /* user code sealed to the signer's key (wire/seal.h) */
    xca_bytes_t message;     /* of XCA_REQUEST_CARD: the envelope as it came; of XCA_REQUEST_RESPONDER and _CMP_SIGNER: PKCS#10; of XCA_REQUEST_CONFIRM: PKIMessage */
    int generation;          /* of XCA_REQUEST_RESPONDER: which of the CA's keys is to certify (domain/crl.h) */
    apr_time_t created;
    /* the signer's answer */
    const char *answer;  /* message id: "request.done", "code.wrong", "code.locked", ... */
    int tries_left;      /* with code.wrong */
    xca_bytes_t reply;   /* of XCA_REQUEST_CARD: sealed to the helper's key; of XCA_REQUEST_RESPONDER and _CMP_SIGNER: the certificate */
} xca_request_t;

#endif
