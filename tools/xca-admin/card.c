/* card list, card show: where cards stand. Secrets, user codes and contacts are not for this program's identity. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "directory/card_store.h"
#include "domain/calendar.h"

static const char *or_dash(const char *text) {
    return text != NULL ? text : "-";
}

xca_error_t *command_card_list(admin_t *admin, const arguments_t *arguments) {
    const char *state = argument(arguments, "state");
    apr_array_header_t *cards;
    int i;
    xca_error_t *err;

    if (state != NULL && xca_card_state_by_id(state) == XCA_CARD_STATE_COUNT) {
        return xca_error_field(admin->pool, NULL, "admin.state", state);
    }
    err = state != NULL ? xca_card_search(&cards, NULL, admin->office->store, XCA_CARD_BY_STATE, state, 0, admin->pool)
                        : xca_card_list(&cards, NULL, admin->office->store, 0, admin->pool);
    for (i = 0; err == NULL && i < cards->nelts; i++) {
        const xca_card_t *card = APR_ARRAY_IDX(cards, i, const xca_card_t *);

        printf("%s\t%s\t%s\t%s\t%s\t%s\n", card->number, xca_card_state_id(card->state), xca_card_rank_id(card->rank),
               or_dash(card->case_number), or_dash(card->oid), or_dash(card->org_name));
    }
    return err;
}

static void show_time(admin_t *admin, const char *label, apr_time_t when) {
    if (when != 0) {
        printf("%s: %s\n", label, xca_date_format(admin->pool, when, XCA_DATE_ISO_TIME));
    }
}

static xca_error_t *show_certificate(admin_t *admin, const xca_card_t *card, xca_use use) {
    xca_cert_t *cert;
    xca_error_t *err;

    if (card->serials[use] == NULL) {
        return NULL;
    }
    err = xca_cert_read(&cert, admin->office->store, card->serials[use], admin->pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        printf("%s: %s\treserved\n", xca_use_id(use), card->serials[use]);
        return NULL;
    }
    if (err == NULL) {
        printf("%s: %s\t%s\n", xca_use_id(use), cert->serial, xca_cert_shown(cert, admin->now));
    }
    return err;
}

xca_error_t *command_card_show(admin_t *admin, const arguments_t *arguments) {
    const char *number = argument_plain(arguments, 0);
    xca_card_t *card;
    int use;
    xca_error_t *err;

    if (number == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "CARD");
    }
    err = xca_card_read(&card, admin->office->store, number, admin->pool);
    if (err != NULL) {
        return err;
    }
    printf("card: %s\nstate: %s (%s)\nrank: %s\ncase: %s\noid: %s\norganisation: %s\n", card->number,
           xca_card_state_id(card->state),
           admin_text(admin, apr_pstrcat(admin->pool, "card.state.", xca_card_state_id(card->state), NULL)),
           xca_card_rank_id(card->rank), or_dash(card->case_number), or_dash(card->oid), or_dash(card->org_name));
    show_time(admin, "made", card->made);
    show_time(admin, "dispatched", card->dispatched);
    if (card->mail_number != NULL) {
        printf("registered mail: %s\n", card->mail_number);
    }
    show_time(admin, "activated", card->activated);
    if (card->reason != NULL) {
        printf("reason: %s\n", card->reason);
    }
    if (card->unfinished) {
        printf("unfinished: certificates, case or notice lag behind the state\n");
    }
    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        err = show_certificate(admin, card, (xca_use)use);
    }
    return err;
}
