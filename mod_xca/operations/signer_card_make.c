/* Production: what the card centre asks for, from the queue to the dispatch; mod_xca/wire/README.md "Production". */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/codes.h"
#include "operations/application.h"
#include "operations/signer_card_parts.h"
#include "operations/signer_issue.h"
#include "operations/signer_review.h"
#include "outside/crypto_card.h"

#define QUEUE_CASES      64
#define QUEUE_TEXT       15000 /* bytes; card_message.c takes 16384 */
#define MANAGEMENT_BYTES 24    /* AES-192 or 3DES: the two lengths that differ nowhere (SP 800-78-4 table 5) */

/* Tabs and line breaks part the columns and rows of the queue. */
static const char *one_cell(apr_pool_t *pool, const char *text) {
    char *copy = apr_pstrdup(pool, text != NULL ? text : "-"), *at;

    for (at = copy; *at != '\0'; at++) {
        if (*at == '\t' || *at == '\n' || *at == '\r') {
            *at = ' ';
        }
    }
    return copy;
}

static const char *queue_line(apr_pool_t *pool, const xca_case_t *kase) {
    const char *oid = kase->oid != NULL ? kase->oid : kase->assigned_oid;

    return apr_pstrcat(pool, kase->number, " ", kase->rank != NULL ? kase->rank : "-", " ",
                       xca_class_get(kase->class)->id, " ", oid != NULL ? oid : "-", " ",
                       one_cell(pool, kase->org_name), "\n", NULL);
}

/* First what was begun and not finished, then what waits. */
xca_error_t *xca_card_queue(xca_card_task_t *task) {
    static const xca_case_state states[] = {XCA_STATE_ISSUING, XCA_STATE_APPROVED};
    apr_array_header_t *lines = apr_array_make(task->pool, QUEUE_CASES, sizeof(const char *));
    apr_size_t used = 0;
    int s, i;

    for (s = 0; s < 2; s++) {
        apr_array_header_t *cases;
        xca_error_t *err = xca_case_list(&cases, NULL, task->signer->office->store, states[s], NULL, NULL,
                                         0, task->pool);

        if (err != NULL) {
            return err;
        }
        for (i = 0; i < cases->nelts && lines->nelts < QUEUE_CASES; i++) {
            const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);
            const char *line = queue_line(task->pool, kase);

            if (kase->kind == XCA_CASE_CARD && used + strlen(line) < QUEUE_TEXT) {
                APR_ARRAY_PUSH(lines, const char *) = line;
                used += strlen(line);
            }
        }
    }
    if (lines->nelts > 0) {
        task->reply.queue = apr_array_pstrcat(task->pool, lines, '\0');
    }
    return NULL;
}

/* The case as it is, borne out by two decisions over its present content. */
static xca_error_t *read_case(xca_case_t **kase, xca_card_task_t *task) {
    xca_standing_t standing;
    xca_error_t *err = xca_case_read(kase, task->signer->office->store, task->message.case_number, task->pool);

    if (err != NULL) {
        return xca_card_refuse(task, err);
    }
    if ((*kase)->kind != XCA_CASE_CARD) {
        task->answer = "card.no-card-case";
        return NULL;
    }
    err = xca_standing_read(&standing, task->signer, *kase, NULL, task->now, task->pool);
    if (err == NULL && !xca_standing_accepts(&standing)) {
        task->answer = "review.not-borne-out";
    }
    return err;
}

/* A card of this case that was begun: its number goes on. */
static xca_error_t *find_begun(xca_card_task_t *task) {
    apr_array_header_t *cards;
    int i;
    xca_error_t *err = xca_card_search(&cards, NULL, task->signer->office->store, XCA_CARD_BY_CASE,
                                       task->message.case_number, 0, task->pool);

    for (i = 0; err == NULL && i < cards->nelts; i++) {
        xca_card_t *card = APR_ARRAY_IDX(cards, i, xca_card_t *);

        if (card->state == XCA_CARD_STATE_MAKING) {
            task->card = card;
        }
    }
    return err;
}

static void take_contact(xca_card_t *card, const xca_case_t *kase) {
    card->contact_name = kase->contact_name;
    card->contact_title = kase->contact_title;
    card->contact_email = kase->contact_email;
    card->contact_county = kase->contact_county;
    card->contact_district = kase->contact_district;
    card->contact_zip = kase->contact_zip;
    card->contact_street = kase->contact_street;
    card->contact_phone = kase->contact_phone;
    card->contact_fax = kase->contact_fax;
}

static xca_error_t *begin_card(xca_card_task_t *task, const xca_case_t *kase) {
    xca_card_t *card = apr_pcalloc(task->pool, sizeof(*card));
    xca_card_puks_t puks = {0};
    apr_int64_t sequence;
    xca_error_t *err = xca_counter_next(&sequence, task->signer->office->store, "card", task->pool);

    if (err == NULL) {
        err = xca_card_puk_make(&puks.puk, task->pool);
    }
    if (err != NULL) {
        return err;
    }
    card->number = apr_psprintf(task->pool, "Xc%014" APR_INT64_T_FMT, sequence);
    card->state = XCA_CARD_STATE_MAKING;
    card->revision = 1;
    card->rank = xca_card_rank_by_id(kase->rank);
    card->case_number = kase->number;
    card->oid = kase->oid != NULL ? kase->oid : kase->assigned_oid;
    card->org_name = kase->org_name;
    card->code_hash = kase->code_hash;
    card->unfinished = 1;
    take_contact(card, kase);
    err = xca_card_puks_seal(card, task->signer, &puks, task->pool);
    if (err == NULL) {
        err = xca_card_add(task->signer->office->store, card, task->pool);
    }
    if (err == NULL) {
        xca_log(XCA_LOG_INFO, "case %s: card %s begun by %s", kase->number, card->number,
                task->officer->uid);
        task->card = card;
    }
    return err;
}

/* The case takes the number of the card that was recorded for it. */
static xca_error_t *take_case(xca_card_task_t *task, const xca_case_t *kase) {
    xca_case_t with = {0};

    if (kase->state == XCA_STATE_ISSUING) {
        return NULL;
    }
    with.card_number = task->card->number;
    with.problem = "";
    return xca_case_move(task->signer->office->store, kase, XCA_STATE_ISSUING, &with, task->now, task->pool);
}

static xca_error_t *fill_make(xca_card_task_t *task) {
    unsigned char key[MANAGEMENT_BYTES];
    xca_card_puks_t puks;
    xca_bytes_t point;
    xca_error_t *err = xca_card_puks_open(&puks, task->signer, task->card, task->pool);

    if (err == NULL) {
        err = xca_derive(key, sizeof(key), task->signer->card_key, "management", task->card->number, task->pool);
    }
    if (err == NULL) {
        err = xca_pop_point(&point, task->signer->card_key, task->card->number, task->pool);
    }
    if (err != NULL) {
        return err;
    }
    task->reply.card = task->card->number;
    task->reply.rank = xca_card_rank_id(task->card->rank);
    task->reply.oid = task->card->oid;
    task->reply.org_name = task->card->org_name;
    task->reply.puk = puks.puk;
    task->reply.key_type = task->signer->card_key_type;
    task->reply.management_key = xca_text_hex(task->pool, key, sizeof(key));
    task->reply.pop_key = xca_base64(task->pool, point.data, point.length);
    return NULL;
}

/* What was approved may be over: the organisation was abolished or renamed, or has another card by now. */
static xca_error_t *check_approved(xca_card_task_t *task, xca_case_t *kase) {
    xca_error_t *err = xca_signer_card_approved(task->signer, kase, task->now, task->pool);

    if (err != NULL && (err->kind == XCA_E_INVALID || err->kind == XCA_E_TOO_LARGE)) {
        task->answer = err->message; /* the signer's own look at the case gives it back */
        return NULL;
    }
    return err;
}

xca_error_t *xca_card_make(xca_card_task_t *task) {
    xca_case_t *kase;
    xca_error_t *err = read_case(&kase, task);

    if (err != NULL || task->answer != NULL) {
        return err;
    }
    if (kase->state != XCA_STATE_APPROVED && kase->state != XCA_STATE_ISSUING) {
        /* Said by who did not hear the answer to "made". */
        task->answer = kase->state == XCA_STATE_MADE ? "card.made-already" : "card.case-state";
        return NULL;
    }
    err = check_approved(task, kase);
    if (err != NULL || task->answer != NULL) {
        return err;
    }
    err = find_begun(task);
    if (err == NULL && task->card == NULL) {
        err = begin_card(task, kase);
    }
    err = err == NULL ? take_case(task, kase) : err;
    err = err == NULL ? xca_signer_card_finish(task->signer, task->card, task->now, task->pool) : err;
    /* Its number and PUK are given out now. */
    err = err == NULL ? xca_signer_card_log(task->signer, task->card, "card-make", xca_card_actor(task), task->message.nonce,
                                            xca_audit_details(task->pool, "rank", xca_card_rank_id(task->card->rank), NULL),
                                            task->now, task->pool)
                      : err;
    return err == NULL ? fill_make(task) : err;
}

/* The card must still be the case's, in a state that the operation may find. */
static int is_card_state(xca_card_task_t *task, xca_card_state wanted, xca_card_state done_already) {
    if (task->card->state != wanted && task->card->state != done_already) {
        task->answer = "card.state";
        return 0;
    }
    return 1;
}

xca_error_t *xca_card_keys(xca_card_task_t *task) {
    static const struct {
        apr_size_t offset;
    } places[XCA_USE_COUNT] = {
        [XCA_USE_SIGNATURE] = {offsetof(xca_card_reply_t, signature_certificate)},
        [XCA_USE_ENCRYPTION] = {offsetof(xca_card_reply_t, encryption_certificate)},
        [XCA_USE_CARD_AUTH] = {offsetof(xca_card_reply_t, card_auth_certificate)},
    };
    xca_case_t *kase;
    int use;
    xca_error_t *err;

    if (!is_card_state(task, XCA_CARD_STATE_MAKING, XCA_CARD_STATE_MAKING)) {
        return NULL;
    }
    err = read_case(&kase, task);
    if (err == NULL && task->answer == NULL) {
        err = check_approved(task, kase);
    }
    if (err == NULL && task->answer == NULL) {
        err = xca_card_issue(task, kase);
    }
    for (use = 0; err == NULL && task->answer == NULL && use < XCA_USE_COUNT; use++) {
        const char *text = xca_base64(task->pool, task->certs[use]->der.data, task->certs[use]->der.length);

        memcpy((char *)&task->reply + places[use].offset, &text, sizeof(text));
    }
    return err;
}

/* SHA-256 over what was issued, in the order of the uses. */
static const char *digest_of(xca_card_task_t *task) {
    apr_size_t length = 0;
    unsigned char *all, *to;
    int use;

    for (use = 0; use < XCA_USE_COUNT; use++) {
        if (task->certs[use] == NULL) {
            return "";
        }
        length += task->certs[use]->der.length;
    }
    all = to = apr_palloc(task->pool, length);
    for (use = 0; use < XCA_USE_COUNT; use++) {
        memcpy(to, task->certs[use]->der.data, task->certs[use]->der.length);
        to += task->certs[use]->der.length;
    }
    return xca_sha256_hex(task->pool, all, length);
}

xca_error_t *xca_card_made(xca_card_task_t *task) {
    xca_card_t changed;
    xca_error_t *err = NULL;

    if (!is_card_state(task, XCA_CARD_STATE_MAKING, XCA_CARD_STATE_MADE)) {
        return NULL;
    }
    if (task->message.digest == NULL || strcmp(task->message.digest, digest_of(task)) != 0) {
        task->answer = "card.digest";
        return NULL;
    }
    if (task->card->state == XCA_CARD_STATE_MAKING) {
        changed = *task->card;
        changed.state = XCA_CARD_STATE_MADE;
        changed.made = task->now;
        changed.unfinished = 1;
        err = xca_card_move(task, &changed);
    }
    return err == NULL ? xca_signer_card_finish(task->signer, task->card, task->now, task->pool) : err;
}

/* A blank that was given up, also one that broke before it was dispatched. */
xca_error_t *xca_card_discard(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    xca_error_t *err = NULL;

    if (task->card->state != XCA_CARD_STATE_MAKING && task->card->state != XCA_CARD_STATE_MADE &&
        task->card->state != XCA_CARD_STATE_DISCARDED) {
        task->answer = "card.state";
        return NULL;
    }
    if (task->message.reason == NULL) {
        task->answer = "card.malformed";
        return NULL;
    }
    if (task->card->state != XCA_CARD_STATE_DISCARDED) {
        changed.state = XCA_CARD_STATE_DISCARDED;
        changed.reason = task->message.reason;
        changed.unfinished = 1;
        err = xca_card_move(task, &changed);
    }
    return err == NULL ? xca_signer_card_finish(task->signer, task->card, task->now, task->pool) : err;
}

xca_error_t *xca_card_dispatch(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    xca_error_t *err = NULL;

    if (!is_card_state(task, XCA_CARD_STATE_MADE, XCA_CARD_STATE_DISPATCHED)) {
        return NULL;
    }
    if (task->message.mail_number == NULL) {
        task->answer = "card.mail-number";
        return NULL;
    }
    if (task->card->state == XCA_CARD_STATE_MADE) {
        changed.state = XCA_CARD_STATE_DISPATCHED;
        changed.dispatched = task->now;
        changed.mail_number = task->message.mail_number;
        changed.unfinished = 1;
        err = xca_card_move(task, &changed);
    }
    return err == NULL ? xca_signer_card_finish(task->signer, task->card, task->now, task->pool) : err;
}
