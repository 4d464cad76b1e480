/* The portal over HTTPS: what it is asked, and its answers as JSON. The one owner of libcurl and jansson. Nothing that the portal says
 * is believed here; session.h does the checking. */
#ifndef XCA_CARD_SERVICE_H
#define XCA_CARD_SERVICE_H

#include "bytes.h"
#include "fault.h"
#include "settings.h"

#define SERVICE_ANSWER_MAX (1024 * 1024)
#define SERVICE_LIST_MAX   (64 * 1024 * 1024) /* a revocation list */

typedef struct service {
    const card_settings_t *settings;
    language_t language; /* of messages that are shown as they come */
} service_t;

/* Once, before and after everything else, while there is one thread. */
void service_begin(void);
void service_end(void);

/* GET /card/session. */
typedef struct service_session {
    char nonce[33], issued[17];
    bytes_t proof, chain; /* text; DER */
} service_session_t;

/* POST /card/message and GET /card/message/NONCE. */
typedef struct service_answer {
    enum { SERVICE_WAITING, SERVICE_DONE, SERVICE_DENIED } state;
    char answer[64];   /* message id                          */
    char message[4096]; /* its text                           */
    int tries_left;    /* -1: not said                        */
    bytes_t reply;     /* sealed; empty if there is none      */
} service_answer_t;

/* Faults: T_PORTAL_URL, T_PORTAL_UNREACHABLE (arg: why), T_PORTAL_TLS, T_PORTAL_NONSENSE. */
fault_t *service_get_session(const service_t *service, service_session_t *session) MUST_USE;
void service_session_free(service_session_t *session);

/* Hands a message over and waits for its answer up to `patience` seconds; sends it again after a failure, which is the
 * same request to the portal. Faults: as above; T_PORTAL_SLOW. */
fault_t *service_send(const service_t *service, const char *nonce, view_t envelope, double patience,
                      service_answer_t *answer) MUST_USE;
void service_answer_free(service_answer_t *answer);

/* The readers of the portal's JSON, for tests and fuzzing too. Fault: T_PORTAL_NONSENSE. */
fault_t *service_read_session(service_session_t *session, view_t json) MUST_USE;
fault_t *service_read_answer(service_answer_t *answer, view_t json) MUST_USE;

/* Fetches what a certificate names (revocation list), or asks it a question (OCSP: `request`, may be empty). http and https. Fault:
 * T_FETCH_FAILED (arg: the URL). */
fault_t *service_fetch(const service_t *service, const char *url, view_t request, const char *type,
                       bytes_t *contents) MUST_USE;

#endif
