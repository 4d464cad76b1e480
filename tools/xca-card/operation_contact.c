/* 憑證IC卡連絡人修改: signed by the card's signature key, so with the PIN. */
#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "pin.h"

#define PATIENCE 60.0

static const struct {
    text_id name;
    size_t offset;
} members[] = {
    {T_CONTACT_NAME, offsetof(xca_card_contact_t, name)},
    {T_CONTACT_TITLE, offsetof(xca_card_contact_t, title)},
    {T_CONTACT_EMAIL, offsetof(xca_card_contact_t, email)},
    {T_CONTACT_COUNTY, offsetof(xca_card_contact_t, county)},
    {T_CONTACT_DISTRICT, offsetof(xca_card_contact_t, district)},
    {T_CONTACT_ZIP, offsetof(xca_card_contact_t, zip)},
    {T_CONTACT_STREET, offsetof(xca_card_contact_t, street)},
    {T_CONTACT_PHONE, offsetof(xca_card_contact_t, phone)},
    {T_CONTACT_FAX, offsetof(xca_card_contact_t, fax)},
    {T_CONTACT_NOTICES, offsetof(xca_card_contact_t, notices)},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static const char **member(xca_card_contact_t *contact, size_t at) {
    return (const char **)((char *)contact + members[at].offset);
}

static void show(const helper_t *helper, xca_card_contact_t *contact) {
    size_t i;

    for (i = 0; i < MEMBERS; i++) {
        if (*member(contact, i) != NULL) {
            helper->talk->show(helper->talk->baton, members[i].name, *member(contact, i));
        }
    }
}

typedef struct talkative {
    card_t card;
    card_info_t info;
    session_t session;
    card_sender_t held;
    secret_t pin;
} talkative_t;

static fault_t *begin(talkative_t *t, const helper_t *helper) {
    fault_t *fault;

    memset(t, 0, sizeof(*t));
    fault = card_open(&t->card, &t->info, helper);
    if (fault == NULL) {
        fault = session_open(&t->session, helper);
    }
    if (fault == NULL) {
        fault = card_info_check(&t->info, t->session.chain, time(NULL));
    }
    if (fault == NULL) {
        card_show_facts(helper, &t->info);
        fault = pin_ask(&t->card, T_ASK_PIN, &t->pin);
    }
    t->held.card = &t->card;
    t->held.certificate = t->info.signature;
    t->held.slot = PIV_SIGNATURE;
    t->held.pin = &t->pin;
    return fault;
}

static void end(talkative_t *t) {
    session_close(&t->session);
    card_close(&t->card, &t->info);
    wipe(t, sizeof(*t));
}

static fault_t *ask(talkative_t *t, const char *operation, const view_t *content, reply_t *reply) {
    sender_t sender = card_sender(&t->held);
    xca_card_message_t message;

    memset(&message, 0, sizeof(message));
    message.operation = operation;
    message.card = card_info_number(&t->info);
    return session_send(&t->session, &message, content, &sender, PATIENCE, reply);
}

static fault_t *read_contact(xca_card_contact_t *contact, bytes_t *storage, const reply_t *reply) {
    const char *text = reply->fields.contact;

    memset(contact, 0, sizeof(*contact));
    if (text == NULL) {
        return fault_make(T_PORTAL_NONSENSE, NULL, "no contact");
    }
    bytes_set(storage, text, strlen(text));
    return xca_lines_read(contact, (char *)storage->data, XCA_CONTACT_FIRST, xca_card_contact_fields, text,
                          strlen(text))
               ? NULL
               : fault_make(T_PORTAL_NONSENSE, NULL, "contact");
}

static fault_t *change(talkative_t *t, xca_card_contact_t *contact, const xca_card_contact_t *changes) {
    char text[XCA_CONTACT_MAX];
    xca_card_contact_t wanted = *changes;
    view_t content = {(const unsigned char *)text, 0};
    reply_t reply;
    fault_t *fault;
    size_t i;

    for (i = 0; i < MEMBERS; i++) {
        if (*member(&wanted, i) != NULL) { /* an empty text takes it away */
            *member(contact, i) = (*member(&wanted, i))[0] != '\0' ? *member(&wanted, i) : NULL;
        }
    }
    content.length = xca_lines_write(text, sizeof(text), XCA_CONTACT_FIRST, xca_card_contact_fields, contact);
    if (content.length == 0) {
        return fault_make(T_CONTACT_FORM, NULL, "too long, or control characters");
    }
    memset(&reply, 0, sizeof(reply));
    fault = ask(t, XCA_CARD_CONTACT_CHANGE, &content, &reply);
    reply_free(&reply);
    return fault;
}

static int is_word_of_notices(const char *word) {
    return word == NULL || strcmp(word, "all") == 0 || strcmp(word, "last") == 0;
}

static fault_t *contact(const helper_t *helper, const xca_card_contact_t *changes) {
    xca_card_contact_t present;
    bytes_t storage = {NULL, 0, 0};
    talkative_t t;
    reply_t reply;
    fault_t *fault = begin(&t, helper);

    memset(&reply, 0, sizeof(reply));
    if (fault == NULL) {
        fault = ask(&t, XCA_CARD_CONTACT_SHOW, NULL, &reply);
    }
    if (fault == NULL) {
        fault = read_contact(&present, &storage, &reply);
    }
    if (fault == NULL && changes != NULL) {
        fault = change(&t, &present, changes);
        if (fault == NULL) {
            helper->talk->say(helper->talk->baton, T_CONTACT_CHANGED, NULL);
        }
    }
    if (fault == NULL) {
        show(helper, &present);
    }
    reply_free(&reply);
    bytes_free(&storage);
    end(&t);
    return fault;
}

fault_t *operation_contact_show(const helper_t *helper) {
    return contact(helper, NULL);
}

fault_t *operation_contact_change(const helper_t *helper, const xca_card_contact_t *changes) {
    /* said before the card is asked for a PIN */
    return is_word_of_notices(changes->notices) ? contact(helper, changes)
                                                : fault_make(T_CONTACT_NOTICES_FORM, changes->notices, "%s", changes->notices);
}
