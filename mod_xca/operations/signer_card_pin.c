/* Activation and unlocking: the user code opens the PUKs; mod_xca/wire/README.md "Activation and unlocking". */
#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/notices.h"
#include "operations/signer_card_parts.h"

/* The PUKs for a run that begins: recorded first, then given. */
static xca_error_t *give_puks(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    xca_card_puks_t puks;
    const char *fresh;
    xca_puk_verdict verdict;
    xca_error_t *err = xca_card_puks_open(&puks, task->signer, task->card, task->pool);

    if (err == NULL) {
        err = xca_card_puk_make(&fresh, task->pool);
    }
    if (err != NULL) {
        return err;
    }
    verdict = xca_card_puks_begin(&puks, task->message.nonce, fresh);
    if (verdict == XCA_PUK_TO_CENTRE) {
        task->answer = "card.to-centre";
        return NULL;
    }
    err = xca_card_puks_seal(&changed, task->signer, &puks, task->pool);
    if (err == NULL) {
        err = xca_card_move(task, &changed);
    }
    if (err != NULL) {
        return err;
    }
    task->reply.puk = puks.puk;
    task->reply.next_puk = puks.next_puk;
    task->reply.puk_order = verdict == XCA_PUK_NEXT ? "next" : "current";
    task->reply.rank = xca_card_rank_id(task->card->rank);
    task->reply.oid = task->card->oid;
    task->reply.org_name = task->card->org_name;
    return NULL;
}

static xca_error_t *check_code(xca_card_task_t *task) {
    xca_error_t *err;

    if (task->sealed->length > XCA_USER_CODE_MAX * 4) {
        task->answer = "card.unreadable";
        return NULL;
    }
    err = xca_signer_card_code(&task->answer, &task->tries_left, task->signer, task->card, task->sealed,
                               task->message.nonce, task->now, task->pool);
    if (err == NULL && task->answer == NULL && task->card->code_once) {
        task->answer = "code.change-first";
    }
    return err;
}

static int is_suspended(const xca_card_task_t *task) {
    return task->certs[XCA_USE_CARD_AUTH]->state == XCA_CERT_SUSPENDED;
}

xca_error_t *xca_card_activate(xca_card_task_t *task) {
    xca_error_t *err;

    if (task->card->state != XCA_CARD_STATE_DISPATCHED) {
        task->answer = task->card->state == XCA_CARD_STATE_ACTIVE ? "card.active-already" : "card.not-dispatched";
        return NULL;
    }
    err = check_code(task);
    return err == NULL && task->answer == NULL ? give_puks(task) : err;
}

xca_error_t *xca_card_unlock(xca_card_task_t *task) {
    xca_error_t *err;

    if (task->card->state != XCA_CARD_STATE_ACTIVE) {
        task->answer = "card.not-active";
        return NULL;
    }
    if (is_suspended(task)) {
        task->answer = "card.suspended";
        return NULL;
    }
    err = check_code(task);
    return err == NULL && task->answer == NULL ? give_puks(task) : err;
}

xca_error_t *xca_card_changing(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    xca_card_puks_t puks;
    xca_error_t *err = xca_card_puks_open(&puks, task->signer, task->card, task->pool);

    if (err != NULL) {
        return err;
    }
    if (xca_card_puks_changing(&puks, task->message.session) == XCA_PUK_REFUSED) {
        task->answer = "card.session";
        return NULL;
    }
    err = xca_card_puks_seal(&changed, task->signer, &puks, task->pool);
    return err == NULL ? xca_card_move(task, &changed) : err;
}

static xca_error_t *tell_unlocked(xca_card_task_t *task) {
    xca_notice_facts_t facts = {0};

    facts.event = "card-unlocked";
    facts.id = apr_pstrcat(task->pool, task->card->number, "-unlocked-", task->message.session, NULL);
    facts.to = task->card->contact_email;
    facts.case_number = task->card->case_number;
    facts.name = task->card->org_name;
    facts.card = task->card->number;
    return xca_notify(task->signer, &facts, task->now, task->pool);
}

/* The next PUK becomes the present one and, with the same write, a card that waited for it becomes active; what follows from
 * that is done at once, or by the sweep if the signer is stopped here. */
xca_error_t *xca_card_confirm(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    int activates = task->card->state == XCA_CARD_STATE_DISPATCHED;
    int again;
    xca_card_puks_t puks;
    xca_error_t *err = xca_card_puks_open(&puks, task->signer, task->card, task->pool);

    if (err != NULL) {
        return err;
    }
    again = puks.confirmed != NULL && strcmp(puks.confirmed, task->message.session) == 0;
    if ((!activates && task->card->state != XCA_CARD_STATE_ACTIVE) ||
        xca_card_puks_confirm(&puks, task->message.session) == XCA_PUK_REFUSED) {
        task->answer = "card.session";
        return NULL;
    }
    if (again) {
        return xca_signer_card_finish(task->signer, task->card, task->now, task->pool);
    }
    err = xca_card_puks_seal(&changed, task->signer, &puks, task->pool);
    if (err != NULL) {
        return err;
    }
    if (activates) {
        changed.state = XCA_CARD_STATE_ACTIVE;
        changed.activated = task->now;
        changed.unfinished = 1;
    } else {
        err = tell_unlocked(task); /* by its id it is told once, however often this is done */
    }
    if (err == NULL) {
        err = xca_card_move(task, &changed);
    }
    return err == NULL ? xca_signer_card_finish(task->signer, task->card, task->now, task->pool) : err;
}
