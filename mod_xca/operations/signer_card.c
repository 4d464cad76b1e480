/* Messages of cards and of the card centre: whose they are, which operation, and the sealed reply. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/signer_card_parts.h"
#include "operations/signer_watch.h"
#include "outside/crypto_card.h"
#include "outside/crypto_cms.h"

#define OLDEST apr_time_from_sec(15 * 60) /* of `issued` */
#define AHEAD  apr_time_from_sec(5 * 60)
#define ROUNDS 3

typedef enum { BY_CARD_AUTH, BY_SIGNATURE, BY_OPERATOR } signer_kind;

/* What an operation needs; `card` and `kase`: the message must name one. */
static const struct operation {
    const char *name;
    xca_card_operation *carry_out;
    signer_kind signed_by;
    int card, kase, session, sealed;
    const char *logged_as; /* what the step is in the audit log; NULL: nothing is done, or it has entries of its own */
} operations[] = {
    {XCA_CARD_ACTIVATE, xca_card_activate, BY_CARD_AUTH, 1, 0, 0, 1, "card-activate"},
    {XCA_CARD_UNLOCK, xca_card_unlock, BY_CARD_AUTH, 1, 0, 0, 1, "card-unlock"},
    {XCA_CARD_CHANGING, xca_card_changing, BY_CARD_AUTH, 1, 0, 1, 0, NULL},
    {XCA_CARD_CONFIRM, xca_card_confirm, BY_CARD_AUTH, 1, 0, 1, 0, "card-confirm"},
    {XCA_CARD_CONTACT_SHOW, xca_card_contact_show, BY_SIGNATURE, 1, 0, 0, 0, NULL},
    {XCA_CARD_CONTACT_CHANGE, xca_card_contact_change, BY_SIGNATURE, 1, 0, 0, 1, "card-contact"},
    {XCA_CARD_QUEUE, xca_card_queue, BY_OPERATOR, 0, 0, 0, 0, NULL},
    {XCA_CARD_MAKE, xca_card_make, BY_OPERATOR, 0, 1, 0, 0, NULL},
    {XCA_CARD_KEYS, xca_card_keys, BY_OPERATOR, 1, 1, 0, 0, NULL},
    {XCA_CARD_MADE, xca_card_made, BY_OPERATOR, 1, 1, 0, 0, "card-made"},
    {XCA_CARD_DISCARD, xca_card_discard, BY_OPERATOR, 1, 1, 0, 0, "card-discard"},
    {XCA_CARD_DISPATCH, xca_card_dispatch, BY_OPERATOR, 1, 1, 0, 0, "card-dispatch"},
};

static const struct operation *operation_of(const char *name) {
    size_t i;

    for (i = 0; name != NULL && i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return &operations[i];
        }
    }
    return NULL;
}

xca_error_t *xca_card_refuse(xca_card_task_t *task, xca_error_t *err) {
    if (err == NULL || err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_INTERNAL ||
        err->kind == XCA_E_CONFLICT) {
        return err;
    }
    task->answer = err->message;
    return NULL;
}

const char *xca_card_actor(const xca_card_task_t *task) {
    return task->officer != NULL ? apr_pstrcat(task->pool, "officer ", task->officer->uid, NULL) : "card";
}

/* The step that moves the card, in the log before it is made. */
static xca_error_t *log_step(xca_card_task_t *task) {
    const struct operation *operation = operation_of(task->message.operation);
    const char *details;

    if (operation == NULL || operation->logged_as == NULL) {
        return NULL;
    }
    details = xca_audit_details(task->pool, "mail-number", task->message.mail_number, "digest", task->message.digest,
                                "reason", task->message.reason, NULL);
    return xca_signer_card_log(task->signer, task->card, operation->logged_as, xca_card_actor(task), task->message.nonce,
                               details, task->now, task->pool);
}

xca_error_t *xca_card_move(xca_card_task_t *task, const xca_card_t *changed) {
    xca_card_t *written = apr_pmemdup(task->pool, changed, sizeof(*changed));
    xca_error_t *err = log_step(task);

    if (err == NULL) {
        err = xca_card_update(task->signer->office->store, task->card, written, task->pool);
    }
    if (err == NULL) {
        if (written->state != task->card->state) {
            xca_log(XCA_LOG_INFO, "card %s: %s -> %s", written->number,
                    xca_card_state_id(task->card->state), xca_card_state_id(written->state));
        }
        task->card = written;
    }
    return err;
}

static xca_error_t *denied(xca_card_task_t *task, const char *message, const char *detail) {
    return xca_error_make(task->pool, XCA_E_DENIED, message, "%s", detail);
}

/* The text as a message that is complete and meant for this request, now. */
static xca_error_t *read_message(xca_card_task_t *task, const struct operation **operation,
                                 const char *text, apr_size_t length, const char *request_id) {
    char *storage = apr_palloc(task->pool, length + 1);
    xca_card_message_t *m = &task->message;
    apr_time_t issued;

    if (length > XCA_CARD_MESSAGE_MAX ||
        !xca_lines_read(m, storage, XCA_CARD_FIRST, xca_card_message_fields, text, length)) {
        return denied(task, "card.malformed", "not a message");
    }
    *operation = operation_of(m->operation);
    if (*operation == NULL) {
        return denied(task, "card.operation", "unknown operation");
    }
    if (m->nonce == NULL || m->issued == NULL || m->helper_key == NULL ||
        ((*operation)->card && m->card == NULL) || ((*operation)->kase && m->case_number == NULL) ||
        ((*operation)->session && m->session == NULL) || ((*operation)->sealed && m->sealed == NULL)) {
        return denied(task, "card.malformed", "something is missing");
    }
    if (strcmp(m->nonce, request_id) != 0) {
        return denied(task, "card.nonce", m->nonce);
    }
    issued = xca_date_parse_wire(m->issued);
    if (issued == 0 || issued < task->now - OLDEST || issued > task->now + AHEAD) {
        return denied(task, "card.stale", m->issued);
    }
    return NULL;
}

static xca_error_t *read_card(xca_card_task_t *task) {
    xca_error_t *err;

    if (task->message.card == NULL) {
        return NULL;
    }
    err = xca_card_read(&task->card, task->signer->office->store, task->message.card, task->pool);
    return err == NULL ? xca_signer_card_certs(task->certs, task->signer, task->card, task->pool) : err;
}

/* Of a card: signed by the key whose certificate is recorded for just this card and use. */
static xca_error_t *verify_card(xca_card_task_t *task, const struct operation *operation,
                                const char *text, apr_size_t length, xca_bytes_t signature) {
    xca_use use = operation->signed_by == BY_CARD_AUTH ? XCA_USE_CARD_AUTH : XCA_USE_SIGNATURE;
    const xca_cert_t *cert = task->certs[use];
    xca_error_t *err;

    if (cert == NULL) {
        return denied(task, "card.signature", "no certificate is recorded");
    }
    err = xca_signature_check(cert->der, text, length, signature, task->pool);
    if (err != NULL) {
        return err;
    }
    if (cert->not_after <= task->now) {
        return denied(task, "card.expired", cert->serial);
    }
    if (cert->state == XCA_CERT_REVOKED || !xca_card_lives(task->card->state)) {
        return denied(task, task->card->state == XCA_CARD_STATE_LAPSED ? "card.lapsed" : "card.revoked",
                      cert->serial);
    }
    return NULL;
}

static xca_error_t *open_card_message(xca_card_task_t *task, const struct operation **operation,
                                      const xca_request_t *request) {
    unsigned char bytes[1024];
    const char *envelope = (const char *)request->message.data;
    size_t length, signature_length = sizeof(bytes);
    xca_bytes_t signature;
    xca_error_t *err;

    if (!xca_card_envelope_split(envelope, request->message.length, &length, bytes, &signature_length)) {
        return denied(task, "card.malformed", "no signature");
    }
    err = read_message(task, operation, envelope, length, request->id);
    if (err == NULL && (*operation)->signed_by == BY_OPERATOR) {
        return denied(task, "card.operator", "signed by a card");
    }
    if (err == NULL) {
        err = read_card(task);
    }
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? denied(task, "card.not-found", task->message.card) : err;
    }
    signature.data = bytes;
    signature.length = signature_length;
    return verify_card(task, *operation, envelope, length, signature);
}

/* Of an operator: SignedData by an active officer of the card centre. */
static xca_error_t *open_operators_message(xca_card_task_t *task, const struct operation **operation,
                                           const xca_request_t *request) {
    const char *text;
    apr_size_t length;
    xca_officer_t *officer;
    xca_error_t *err = xca_cms_content(&text, &length, request->message, XCA_CARD_MESSAGE_MAX, task->pool);

    if (err == NULL) {
        err = read_message(task, operation, text, length, request->id);
    }
    if (err == NULL && ((*operation)->signed_by != BY_OPERATOR || task->message.officer == NULL)) {
        err = denied(task, "card.operator", "no officer");
    }
    if (err == NULL) {
        err = xca_officer_read(&officer, task->signer->office->store, task->message.officer, task->pool);
    }
    if (err == NULL) {
        err = xca_signer_officer_seen(task->signer, officer, task->now, task->pool);
    }
    if (err == NULL && (officer->role != XCA_ROLE_CARD_CENTRE || !officer->active)) {
        err = denied(task, "card.operator", officer->uid);
    }
    if (err == NULL) {
        err = xca_cms_verify(&text, &length, request->message, officer->certificate,
                             task->signer->officer_anchor, task->now, XCA_CARD_MESSAGE_MAX, task->pool);
    }
    /* Read again from what the signature is over. */
    if (err == NULL) {
        err = read_message(task, operation, text, length, request->id);
    }
    if (err != NULL) {
        return err;
    }
    task->officer = officer;
    err = read_card(task);
    if (err == NULL && task->card != NULL &&
        (task->message.case_number == NULL ||
         strcmp(task->card->case_number, task->message.case_number) != 0)) {
        err = denied(task, "card.other-case", task->card->case_number);
    }
    return err;
}

/* The user code or the contact: only sealed for this very message does it open. */
static xca_error_t *open_sealed(xca_card_task_t *task) {
    const char *text = task->message.sealed;
    char binding[XCA_CARD_BINDING_MAX];
    size_t binding_length = xca_card_binding(binding, &task->message);
    xca_bytes_t *sealed = xca_unbase64(task->pool, text, strlen(text));

    if (sealed == NULL || sealed->length < XCA_SEAL_OVERHEAD) {
        return denied(task, "card.unreadable", "too short");
    }
    task->sealed = xca_secret_alloc(task->pool, sealed->length - XCA_SEAL_OVERHEAD);
    if (!xca_unseal(task->sealed->bytes, sealed->data, sealed->length, task->signer->seal_key->bytes,
                    XCA_CARD_CODE_INFO, (const unsigned char *)binding, binding_length)) {
        return denied(task, "card.unreadable", "not sealed for this message");
    }
    return NULL;
}

/* The reply, sealed in the name of the signer to the key of the message. */
static xca_error_t *seal_reply(xca_bytes_t *sealed, xca_card_task_t *task) {
    xca_secret_t *text = xca_secret_alloc(task->pool, XCA_CARD_MESSAGE_MAX + 1);
    unsigned char *bytes = apr_palloc(task->pool, XCA_CARD_MESSAGE_MAX + XCA_SEAL_OVERHEAD);
    const char *key_text = task->message.helper_key;
    xca_bytes_t *key = xca_unbase64(task->pool, key_text, strlen(key_text));
    char binding[XCA_CARD_BINDING_MAX];
    size_t binding_length = xca_card_binding(binding, &task->message);
    size_t length = xca_lines_write((char *)text->bytes, text->length, XCA_REPLY_FIRST,
                                    xca_card_reply_fields, &task->reply);

    if (length == 0) {
        return xca_error_make(task->pool, XCA_E_INTERNAL, "card.reply", "reply to %s", task->message.operation);
    }
    if (key == NULL || key->length != XCA_SEAL_KEY ||
        !xca_seal_auth(bytes, text->bytes, length, key->data, task->signer->seal_key->bytes,
                       XCA_CARD_REPLY_INFO, (const unsigned char *)binding, binding_length)) {
        return denied(task, "card.helper-key", "no key to seal to");
    }
    sealed->data = bytes;
    sealed->length = length + XCA_SEAL_OVERHEAD;
    return NULL;
}

/* A key that nothing can be sealed to is refused before anything is done. */
static xca_error_t *check_helper_key(xca_card_task_t *task) {
    xca_bytes_t unused;

    return seal_reply(&unused, task);
}

static xca_error_t *judge(xca_card_task_t *task, const xca_request_t *request) {
    const struct operation *operation = NULL;
    int is_der = request->message.length > 0 && request->message.data[0] == 0x30;
    xca_error_t *err = is_der ? open_operators_message(task, &operation, request)
                              : open_card_message(task, &operation, request);

    if (err == NULL) {
        err = check_helper_key(task);
    }
    if (err == NULL && operation->sealed) {
        err = open_sealed(task);
    }
    if (err != NULL) {
        return xca_card_refuse(task, err);
    }
    task->reply.card = task->message.card;
    task->reply.case_number = task->message.case_number;
    return operation->carry_out(task);
}

static int is_conflict(const xca_error_t *err) {
    return err != NULL && err->kind == XCA_E_CONFLICT;
}

xca_error_t *xca_signer_card_message(xca_signer_t *signer, xca_request_t *request, apr_time_t now,
                                     apr_pool_t *pool) {
    xca_card_task_t *task = NULL;
    int round;
    xca_error_t *err = NULL;

    /* Someone who was faster (a case corrected, a card moved on) is a reason to look again from the start. */
    for (round = 0; round < ROUNDS && (round == 0 || is_conflict(err)); round++) {
        task = apr_pcalloc(pool, sizeof(*task));
        task->signer = signer;
        task->now = now;
        task->pool = pool;
        err = judge(task, request);
    }
    if (err == NULL && task->answer == NULL) {
        err = seal_reply(&request->reply, task);
    }
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "card message %s (%s%s%s): %s", request->id,
            task->message.operation != NULL ? task->message.operation : "?",
            task->message.card != NULL ? " " : "", task->message.card != NULL ? task->message.card : "",
            task->answer != NULL ? task->answer : "done");
    return xca_request_answer(signer->office->store, request,
                              task->answer == NULL ? XCA_REQUEST_DONE : XCA_REQUEST_DENIED,
                              task->answer != NULL ? task->answer : "request.done", task->tries_left,
                              pool);
}
