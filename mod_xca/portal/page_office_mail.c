/* Notices that did not arrive: for central officers and auditors. Sending again is the operator's (xca-admin mail). */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "portal/office_door.h"
#include "portal/page_office.h"

#define LIST_MAX       200
#define CASE_DIGITS    25
#define SERIAL_DIGITS  32
#define CARD_LENGTH    16

/* What the notice is about, by its id: "<case>-…", "<serial>-…", "Xc<14 digits>-…". */
static void put_subject(xca_visit_t *visit, xca_value_t *item, const char *id) {
    apr_size_t length = strcspn(id, "-");
    const char *name = apr_pstrmemdup(visit->pool, id, length);

    if (length == CASE_DIGITS && strspn(name, "0123456789") == length) {
        xca_map_text(item, "case_number", name);
        xca_map_text(item, "_href", apr_pstrcat(visit->pool, "/office/cases/", name, NULL));
    } else if (length == SERIAL_DIGITS && strspn(name, "0123456789abcdef") == length) {
        xca_map_text(item, "serial", name);
        xca_map_text(item, "_href", apr_pstrcat(visit->pool, "/certificates/", name, NULL));
    } else if (length == CARD_LENGTH && strncmp(name, "Xc", 2) == 0) {
        xca_map_text(item, "card_number", name);
    }
    xca_map_text(item, "_about", name);
}

xca_error_t *xca_page_office_mail(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "notices");
    apr_array_header_t *notices;
    int more, i;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = xca_notice_undelivered(&notices, &more, visit->office->store, LIST_MAX, visit->pool);
    }
    for (i = 0; err == NULL && i < notices->nelts; i++) {
        const xca_notice_t *notice = APR_ARRAY_IDX(notices, i, const xca_notice_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", notice->id);
        xca_map_text(item, "to", notice->to);
        xca_map_text(item, "subject", notice->subject);
        xca_map_text(item, "state", notice->state);
        xca_map_text(item, "_state", apr_pstrcat(visit->pool, "office.mail.", notice->state, NULL));
        xca_map_text(item, "recorded", xca_date_format(visit->pool, notice->created, XCA_DATE_RFC3339));
        xca_map_text(item, "_recorded", xca_date_format(visit->pool, notice->created, XCA_DATE_ISO_TIME));
        xca_map_number(item, "tries", notice->tries);
        xca_map_text(item, "reason", notice->error);
        put_subject(visit, item, notice->id);
    }
    if (err == NULL) {
        xca_map_true(visit->model, "more", more);
    }
    return err;
}
