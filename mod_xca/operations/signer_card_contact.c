/* The certificate contact 憑證連絡人 of a card: shown and changed with the card and its PIN (the signature key signs). */
#include <string.h>
#include <apr_strings.h>
#include "directory/expiry_store.h"
#include "operations/notices.h"
#include "operations/signer_card_parts.h"
#include "outside/crypto.h"

/* One field of the contact in the message, in a case (for its checks), and in the card. */
static const struct {
    apr_size_t contact, kase, card;
} fields[] = {
#define FIELD(name)                                                                                \
    {offsetof(xca_card_contact_t, name), offsetof(xca_case_t, contact_##name),                     \
     offsetof(xca_card_t, contact_##name)}
    FIELD(name), FIELD(title), FIELD(email), FIELD(county), FIELD(district),
    FIELD(zip),  FIELD(street), FIELD(phone), FIELD(fax),
#undef FIELD
};

static const char *get(const void *record, apr_size_t offset) {
    const char *text;

    memcpy(&text, (const char *)record + offset, sizeof(text));
    return text;
}

static void set(void *record, apr_size_t offset, const char *text) {
    memcpy((char *)record + offset, &text, sizeof(text));
}

static int is_usable(xca_card_task_t *task) {
    if (task->card->state != XCA_CARD_STATE_ACTIVE) {
        task->answer = "card.not-active";
    } else if (task->certs[XCA_USE_SIGNATURE]->state != XCA_CERT_VALID) {
        task->answer = "card.suspended";
    }
    return task->answer == NULL;
}

static xca_error_t *write_contact(xca_card_task_t *task) {
    xca_card_contact_t contact = {0};
    char *text = apr_palloc(task->pool, XCA_CONTACT_MAX + 1);
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        set(&contact, fields[i].contact, get(task->card, fields[i].card));
    }
    contact.notices = task->certs[XCA_USE_SIGNATURE]->notices_off ? "last" : "all";
    if (xca_lines_write(text, XCA_CONTACT_MAX + 1, XCA_CONTACT_FIRST, xca_card_contact_fields,
                        &contact) == 0) {
        return xca_error_make(task->pool, XCA_E_INTERNAL, "card.reply", "contact of %s", task->card->number);
    }
    task->reply.contact = text;
    return NULL;
}

xca_error_t *xca_card_contact_show(xca_card_task_t *task) {
    return is_usable(task) ? write_contact(task) : NULL;
}

static int is_word_of_notices(const char *word) {
    return word == NULL || strcmp(word, "all") == 0 || strcmp(word, "last") == 0;
}

/* What was typed goes through the same checks as in an application. *last_only: which notices before the end are wanted. */
static xca_error_t *check_contact(xca_card_task_t *task, xca_card_t *changed, int *last_only) {
    char *storage = apr_palloc(task->pool, task->sealed->length + 1);
    xca_card_contact_t contact;
    xca_case_t kase = {0};
    size_t i;
    xca_error_t *err;

    if (task->sealed->length > XCA_CONTACT_MAX ||
        !xca_lines_read(&contact, storage, XCA_CONTACT_FIRST, xca_card_contact_fields,
                        (const char *)task->sealed->bytes, task->sealed->length) ||
        !is_word_of_notices(contact.notices)) {
        task->answer = "card.malformed";
        return NULL;
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        set(&kase, fields[i].kase, get(&contact, fields[i].contact));
    }
    err = xca_contact_check(&kase, task->signer->office->postal, task->pool);
    if (err != NULL) {
        task->answer = err->message;
        return NULL;
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        set(changed, fields[i].card, get(&kase, fields[i].kase));
    }
    *last_only = contact.notices != NULL ? strcmp(contact.notices, "last") == 0 : task->certs[XCA_USE_SIGNATURE]->notices_off;
    return NULL;
}

/* The old address is told too: whoever has taken the card over cannot do it unseen. */
static xca_error_t *tell(xca_card_task_t *task, const char *to, const char *which) {
    xca_notice_facts_t facts = {0};

    facts.event = "card-contact";
    facts.id = apr_pstrcat(task->pool, task->card->number, "-contact-", task->message.nonce, "-", which, NULL);
    facts.to = to;
    facts.case_number = task->card->case_number;
    facts.name = task->card->org_name;
    facts.card = task->card->number;
    return xca_notify(task->signer, &facts, task->now, task->pool);
}

/* Notices of a card's certificates go to the card's contact too. */
static xca_error_t *update_certs(xca_card_task_t *task, int last_only) {
    xca_store_t *store = task->signer->office->store;
    int use;
    xca_error_t *err = NULL;

    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        xca_cert_t *cert = task->certs[use];

        err = xca_cert_contact(store, cert->serial, task->card->contact_email, task->pool);
        if (err == NULL && cert->notices_off != last_only) {
            err = xca_cert_notices(store, cert->serial, last_only, task->pool);
        }
        if (err == NULL) {
            cert->notices_off = last_only;
        }
    }
    return err;
}

xca_error_t *xca_card_contact_change(xca_card_task_t *task) {
    xca_card_t changed = *task->card;
    const char *old_address = task->card->contact_email;
    int last_only = 0;
    xca_error_t *err;

    if (!is_usable(task)) {
        return NULL;
    }
    err = check_contact(task, &changed, &last_only);
    if (err != NULL || task->answer != NULL) {
        return err;
    }
    /* Both are told before the change is made: by their ids once, however often this is done. */
    err = tell(task, old_address, "old");
    if (err == NULL && strcmp(old_address != NULL ? old_address : "", changed.contact_email) != 0) {
        err = tell(task, changed.contact_email, "new");
    }
    err = err == NULL ? xca_card_move(task, &changed) : err;
    err = err == NULL ? update_certs(task, last_only) : err;
    return err == NULL ? write_contact(task) : err;
}
