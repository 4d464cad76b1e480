/* Decisions: one or many cases are chosen, the decision is written, each statement is signed through the bridge, and what the signer did
 * is shown. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/case_find.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "operations/office_decision.h"
#include "outside/crypto.h"
#include "portal/engine.h"
#include "portal/office_case.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"
#include "portal/page_card_desk.h"
#include "portal/page_office.h"

#define BULK_MAX     40                      /* cases of one selection: what a form and a request hold */
#define SIGN_MAX     (200 * 1024)            /* bytes of all statements of one go: what the bridge takes */
#define VERDICT_WAIT apr_time_from_sec(4)
#define VERDICT_LOOK apr_time_from_msec(50)
#define ID_DIGITS    16

/* Usual reasons for a return; what the applicant gets is the Chinese text. */
static const char *const reasons[] = {"seal", "letter", "name", "number", "document", "contact", "address", "duplicate", "window", "key"};
#define REASONS ((int)(sizeof(reasons) / sizeof(reasons[0])))

typedef struct {
    apr_array_header_t *cases; /* xca_case_t *, in the order in which they were chosen */
    xca_error_t *errors;       /* why the others, or the decision, cannot be */
    const char *action, *letter, *reason;
} order_t;

static const char *text_of(const xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL ? text : "";
}

static const char *reason_id(const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "office.reason.", id, NULL);
}

static int is_chosen(const apr_array_header_t *chosen, const char *id) {
    int i;

    for (i = 0; i < chosen->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(chosen, i, const char *), id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The chosen usual reasons, a line each, and then what was typed. */
static const char *reason_of(xca_visit_t *visit) {
    const apr_array_header_t *chosen = xca_form_texts(visit->form, "why", visit->pool);
    const char *typed = xca_text_trim(visit->pool, text_of(visit, "reason"));
    const char *reason = "";
    int i;

    /* Line breaks that were typed stay. */
    typed = *typed != '\0' ? text_of(visit, "reason") : "";
    for (i = 0; i < REASONS; i++) {
        if (is_chosen(chosen, reasons[i])) {
            reason = apr_pstrcat(visit->pool, reason, *reason != '\0' ? "\n" : "",
                                 xca_catalogue_text(visit->portal->texts, reason_id(reasons[i], visit->pool), XCA_ZH), NULL);
        }
    }
    return apr_pstrcat(visit->pool, reason, *reason != '\0' && *typed != '\0' ? "\n" : "", typed, NULL);
}

static void refuse(order_t *order, xca_error_t *err, const char *number) {
    err->arg = err->arg != NULL ? err->arg : number;
    order->errors = xca_error_append(order->errors, err);
}

/* "<number>.<revision>" as it stood on the page from which it was chosen. */
static xca_error_t *take_case(order_t *order, xca_visit_t *visit, const char *chosen) {
    const char *dot = strchr(chosen, '.');
    const char *number = dot != NULL ? apr_pstrmemdup(visit->pool, chosen, (apr_size_t)(dot - chosen)) : chosen;
    const char *digest = xca_form_text(visit->form, "digest");
    xca_case_t *kase;
    xca_error_t *err = xca_office_case_read(&kase, visit, number);

    if (err != NULL) {
        return err;
    }
    if (!xca_office_may_decide(visit->officer, kase)) {
        err = xca_error_make(visit->pool, XCA_E_CONFLICT, "office.decided-already", "%s is %s", number,
                             xca_case_state_id(kase->state));
        refuse(order, err, number);
        return NULL;
    }
    if ((dot != NULL && apr_atoi64(dot + 1) != kase->revision) ||
        (digest != NULL && strcmp(digest, xca_case_digest(visit->pool, kase)) != 0)) {
        refuse(order, xca_error_make(visit->pool, XCA_E_CONFLICT, "office.changed", "%s", number), number);
    }
    APR_ARRAY_PUSH(order->cases, xca_case_t *) = kase;
    return NULL;
}

static xca_error_t *read_order(order_t *order, xca_visit_t *visit) {
    apr_array_header_t *chosen = xca_form_texts(visit->form, "case", visit->pool);
    int i;
    xca_error_t *err = NULL;

    memset(order, 0, sizeof(*order));
    order->cases = apr_array_make(visit->pool, 8, sizeof(xca_case_t *));
    order->action = text_of(visit, "action");
    order->letter = xca_text_trim(visit->pool, text_of(visit, "letter"));
    order->reason = reason_of(visit);
    if (chosen->nelts > BULK_MAX) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "office.too-many", NULL);
        err->arg = apr_itoa(visit->pool, BULK_MAX);
        refuse(order, err, NULL);
        chosen->nelts = BULK_MAX;
        err = NULL;
    }
    for (i = 0; err == NULL && i < chosen->nelts; i++) {
        err = take_case(order, visit, APR_ARRAY_IDX(chosen, i, const char *));
    }
    if (err == NULL && chosen->nelts == 0) {
        refuse(order, xca_error_make(visit->pool, XCA_E_INVALID, "office.none-chosen", NULL), NULL);
    }
    return err;
}

/* What can be wrong with a kind of case: a card has no key of the applicant's, a sheet of changes no seal. */
static int is_reason_of(const char *id, const char *kind) {
    static const struct {
        const char *kind, *without;
    } kinds[] = {{"certificate", ""},
                 {"card", " key "},
                 {"revocation", " name number address key "},
                 {"code-reset", " letter name number address window key "},
                 {"oid-change", " seal key "}};
    char word[20];
    apr_size_t i;

    apr_snprintf(word, sizeof(word), " %s ", id);
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return strstr(kinds[i].without, word) == NULL;
        }
    }
    return 1;
}

/* Whether it can be the reason for one of the cases that are shown. */
static int may_be_reason(xca_visit_t *visit, const char *id) {
    const xca_value_t *kind = xca_value_find(visit->model, "kind");
    const apr_array_header_t *cases = xca_value_items(xca_value_find(visit->model, "cases"));
    int i;

    if (kind != NULL) {
        return is_reason_of(id, xca_value_text(kind, visit->pool));
    }
    for (i = 0; i < cases->nelts; i++) {
        kind = xca_value_find(APR_ARRAY_IDX(cases, i, const xca_value_t *), "kind");
        if (kind != NULL && is_reason_of(id, xca_value_text(kind, visit->pool))) {
            return 1;
        }
    }
    return cases->nelts == 0;
}

static void put_reasons(xca_visit_t *visit) {
    const apr_array_header_t *chosen = xca_form_texts(visit->form, "why", visit->pool);
    xca_value_t *list = xca_map_list(visit->model, "_reasons");
    int i;

    for (i = 0; i < REASONS; i++) {
        if (may_be_reason(visit, reasons[i]) || is_chosen(chosen, reasons[i])) {
            xca_value_t *item = xca_list_map(list);

            xca_map_text(item, "id", reasons[i]);
            xca_map_text(item, "label", reason_id(reasons[i], visit->pool));
            xca_map_true(item, "chosen", is_chosen(chosen, reasons[i]));
        }
    }
}

/* Of a code reset that waits for its original. */
static int is_third(const xca_case_t *kase) {
    xca_stage stage;

    return xca_stage_of_state(&stage, kase->kind, kase->state) && stage == XCA_STAGE_THIRD;
}

/* What the decision is called: text ids. */
static const char *accept_id(int third) {
    return third ? "office.accept.original" : "office.accept";
}

static const char *return_id(int third) {
    return third ? "office.return.original" : "office.return";
}

void xca_office_put_decision_form(xca_visit_t *visit, const apr_array_header_t *cases) {
    int i, third = cases->nelts > 0;

    for (i = 0; i < cases->nelts; i++) {
        third = third && is_third(APR_ARRAY_IDX(cases, i, const xca_case_t *));
    }
    put_reasons(visit);
    xca_map_text(visit->model, "_accept_label", accept_id(third));
    xca_map_text(visit->model, "_return_label", return_id(third));
    xca_map_true(visit->model, "_third", third);
    xca_map_true(visit->model, "_first", visit->officer->role == XCA_ROLE_RA);
    xca_map_text(visit->model, "letter", text_of(visit, "letter"));
    xca_map_text(visit->model, "reason", text_of(visit, "reason"));
    xca_map_true(visit->model, "_accept", strcmp(text_of(visit, "action"), "return") != 0);
    xca_map_true(visit->model, "_return", strcmp(text_of(visit, "action"), "return") == 0);
}

/* The form of the decision over what was chosen. */
static xca_error_t *show_form(xca_visit_t *visit, const order_t *order) {
    xca_value_t *list = xca_map_list(visit->model, "cases");
    int i;

    for (i = 0; i < order->cases->nelts; i++) {
        xca_office_put_row(visit, list, APR_ARRAY_IDX(order->cases, i, const xca_case_t *));
    }
    xca_map_number(visit->model, "count", order->cases->nelts);
    xca_office_put_decision_form(visit, order->cases);
    visit->template_name = "office_decide";
    return NULL;
}

/* One statement to sign, in words and as it is signed. */
static void put_statement(xca_visit_t *visit, xca_value_t *list, const xca_case_t *kase, const order_t *order, const char *text) {
    xca_value_t *item = xca_list_map(list);
    int accepts = strcmp(order->action, "accept") == 0;

    xca_map_text(item, "text", text);
    xca_map_text(item, "number", kase->number);
    xca_map_text(item, "name", kase->org_name);
    xca_map_text(item, "_kind", apr_pstrcat(visit->pool, "office.kind.", xca_case_kind_id(kase->kind), NULL));
    xca_map_text(item, "decision", accepts ? accept_id(is_third(kase)) : return_id(is_third(kase)));
    xca_map_text(item, "letter", *order->letter != '\0' ? order->letter : NULL);
    xca_map_text(item, "reason", accepts ? NULL : order->reason);
}

/* The same for those without the bridge: one command for all. */
static void put_command(xca_visit_t *visit, const order_t *order) {
    const char *numbers = "";
    int i;

    for (i = 0; i < order->cases->nelts; i++) {
        numbers = apr_pstrcat(visit->pool, numbers, " ", APR_ARRAY_IDX(order->cases, i, const xca_case_t *)->number, NULL);
    }
    xca_map_text(visit->model, "_command",
                 apr_psprintf(visit->pool, "xca-admin --settings xca.conf review %s%s --officer %s --key %s.p12 %s \"…\"",
                              order->action, numbers, visit->officer->uid, visit->officer->uid,
                              strcmp(order->action, "accept") == 0 ? "--letter" : "--reason"));
}

static xca_error_t *show_statements(xca_visit_t *visit, order_t *order) {
    xca_value_t *list = xca_map_list(visit->model, "statements");
    xca_decision_kind kind = strcmp(order->action, "accept") == 0 ? XCA_DECISION_ACCEPT : XCA_DECISION_RETURN;
    apr_size_t total = 0;
    int i;

    for (i = 0; i < order->cases->nelts && order->errors == NULL; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(order->cases, i, const xca_case_t *);
        const char *text;
        xca_error_t *err = xca_decision_statement(&text, kase, visit->officer, kind, order->letter,
                                                  kind == XCA_DECISION_RETURN ? order->reason : NULL, visit->now, visit->pool);

        if (err != NULL) {
            refuse(order, err, kase->number);
            break;
        }
        total += strlen(text);
        if (total > SIGN_MAX) {
            refuse(order, xca_error_field(visit->pool, "reason", "decision.reason-long", NULL), NULL);
            break;
        }
        put_statement(visit, list, kase, order, text);
    }
    if (order->errors != NULL) {
        xca_visit_errors(visit, order->errors);
        return show_form(visit, order);
    }
    xca_map_number(visit->model, "count", order->cases->nelts);
    put_command(visit, order);
    return xca_page_card_desk(visit);
}

xca_error_t *xca_office_sign_filed(xca_visit_t *visit, const xca_case_t *kase, const char *letter) {
    order_t order;

    memset(&order, 0, sizeof(order));
    order.cases = apr_array_make(visit->pool, 1, sizeof(xca_case_t *));
    APR_ARRAY_PUSH(order.cases, const xca_case_t *) = kase;
    order.action = "accept";
    order.letter = letter;
    order.reason = "";
    xca_map_true(visit->model, "_filed", 1);
    visit->template_name = "office_sign";
    return show_statements(visit, &order);
}

xca_error_t *xca_page_office_decide(xca_visit_t *visit) {
    order_t order;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_RA, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = read_order(&order, visit);
    }
    if (err != NULL) {
        return err;
    }
    if (order.errors != NULL) {
        xca_visit_errors(visit, order.errors);
    }
    if (order.errors != NULL || *order.action == '\0') {
        return show_form(visit, &order);
    }
    if (strcmp(order.action, "accept") != 0 && strcmp(order.action, "return") != 0) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "form.malformed", "action %.40s", order.action);
    }
    return show_statements(visit, &order);
}

/* What was signed comes in. */

static int is_ours_to_tell(const xca_error_t *err) {
    return err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_INTERNAL;
}

/* Checked, handed in; *told gets what the result page needs. */
static xca_error_t *take_signed(const char **told, xca_visit_t *visit, const char *typed) {
    const xca_bytes_t *cms = xca_unbase64(visit->pool, typed, strlen(typed));
    xca_bytes_t none = {NULL, 0};
    xca_decision_t decision;
    xca_case_t *kase;
    xca_error_t *err = xca_office_decision_check(&decision, &kase, visit->office, visit->officer, cms != NULL ? *cms : none,
                                                 visit->portal->officer_anchor, visit->now, visit->pool);

    if (err == NULL && !xca_office_may_see(visit->officer, kase->window)) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "decision.window", NULL);
    }
    if (err == NULL) {
        err = xca_decision_submit(visit->office, kase->number, *cms, visit->pool);
    }
    if (err == NULL) {
        const char *id = xca_sha256_hex(visit->pool, cms->data, cms->length);

        xca_log(XCA_LOG_INFO, "officer %s handed in a decision on case %s", visit->officer->uid, kase->number);
        *told = apr_psprintf(visit->pool, "d=%s.%.*s", kase->number, ID_DIGITS, id);
        return NULL;
    }
    if (!is_ours_to_tell(err)) {
        return err;
    }
    xca_log(XCA_LOG_WARNING, "officer %s: decision refused: %s", visit->officer->uid, err->message);
    *told = apr_psprintf(visit->pool, "r=%s.%s", decision.case_number != NULL ? decision.case_number : "-", err->message);
    return NULL;
}

xca_error_t *xca_page_office_signed(xca_visit_t *visit) {
    apr_array_header_t *all = xca_form_texts(visit->form, "signed", visit->pool);
    const char *query = "";
    int i;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_RA, XCA_ROLE_CENTRAL);

    if (err == NULL && all->nelts == 0) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "office.nothing-signed", NULL);
    }
    for (i = 0; err == NULL && i < all->nelts && i < BULK_MAX; i++) {
        const char *told;

        err = take_signed(&told, visit, APR_ARRAY_IDX(all, i, const char *));
        if (err == NULL) {
            query = apr_pstrcat(visit->pool, query, *query != '\0' ? "&" : "?", told, NULL);
        }
    }
    if (err != NULL) {
        return err;
    }
    visit->redirect = apr_pstrcat(visit->pool, "/office/result", query, NULL);
    return NULL;
}

/* What the signer did. */

typedef struct {
    const char *number, *rest; /* id, or why it was refused */
} told_t;

static int split(told_t *told, const char *text, apr_pool_t *pool) {
    const char *dot = strchr(text, '.');

    if (dot == NULL) {
        return 0;
    }
    told->number = apr_pstrmemdup(pool, text, (apr_size_t)(dot - text));
    told->rest = dot + 1;
    return 1;
}

static int is_hex(const char *text) {
    return strlen(text) == ID_DIGITS && strspn(text, "0123456789abcdef") == ID_DIGITS;
}

/* Whether the case has left the stage at which it was decided. */
static int has_moved(const xca_case_t *kase, const xca_decision_t *decision) {
    xca_stage stage;

    return !xca_stage_of_state(&stage, kase->kind, kase->state) || stage != decision->stage;
}

/* The verdict stands a moment before the case moves: where it is then is what the officer wants to know. */
static xca_error_t *await_move(xca_case_t **kase, xca_visit_t *visit, xca_decision_t *decision, apr_time_t until) {
    int counted = decision->verdict != NULL && strcmp(decision->verdict, "counted") == 0 &&
                  xca_decision_peek(decision, visit->pool) == NULL;
    xca_error_t *err;

    for (;;) {
        err = xca_office_case_read(kase, visit, (*kase)->number);
        if (err != NULL || !counted || has_moved(*kase, decision) || apr_time_now() >= until) {
            return err;
        }
        apr_sleep(VERDICT_LOOK);
    }
}

/* Waits a moment for the verdict; *decision as it is then. */
static xca_error_t *await(xca_decision_t **decision, xca_visit_t *visit, const told_t *told, apr_time_t until) {
    xca_error_t *err;

    for (;;) {
        err = xca_office_decision_find(decision, visit->office, told->number, told->rest, visit->pool);
        if (err != NULL || *decision == NULL || (*decision)->verdict != NULL || apr_time_now() >= until) {
            return err;
        }
        apr_sleep(VERDICT_LOOK);
    }
}

static xca_error_t *put_result(xca_visit_t *visit, xca_value_t *list, const told_t *told, apr_time_t until, int *waiting) {
    xca_value_t *item;
    xca_decision_t *decision;
    xca_case_t *kase;
    xca_error_t *err = xca_office_case_read(&kase, visit, told->number);

    if (err == NULL) {
        err = await(&decision, visit, told, until);
    }
    if (err == NULL && decision != NULL) {
        err = await_move(&kase, visit, decision, until);
    }
    if (err != NULL || decision == NULL) {
        return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    item = xca_list_map(list);
    xca_map_text(item, "number", kase->number);
    xca_map_text(item, "name", kase->org_name);
    xca_map_text(item, "state", xca_case_state_id(kase->state));
    xca_map_text(item, "_state", xca_case_state_label(kase));
    xca_office_put_due(visit, item, kase);
    xca_map_text(item, "verdict", decision->verdict);
    xca_map_true(item, "counted", decision->verdict != NULL && strcmp(decision->verdict, "counted") == 0);
    xca_map_true(item, "waits", decision->verdict == NULL);
    xca_map_text(item, "problem", kase->problem != NULL && *kase->problem != '\0' ? kase->problem : NULL);
    *waiting += decision->verdict == NULL;
    return NULL;
}

/* Only texts that there are, so that an address shows nothing that we do not say. */
static void put_refused(xca_visit_t *visit, xca_value_t *list, const told_t *told) {
    xca_value_t *item;

    if (xca_catalogue_text(visit->portal->texts, told->rest, visit->language) == NULL) {
        return;
    }
    item = xca_list_map(list);
    if (xca_case_number_check(told->number, NULL, visit->pool) == NULL) {
        xca_map_text(item, "number", told->number);
    }
    xca_map_text(item, "refused", told->rest);
}

xca_error_t *xca_page_office_result(xca_visit_t *visit) {
    apr_array_header_t *done = xca_form_texts(visit->form, "d", visit->pool);
    apr_array_header_t *refused = xca_form_texts(visit->form, "r", visit->pool);
    xca_value_t *list = xca_map_list(visit->model, "results");
    apr_time_t until = apr_time_now() + VERDICT_WAIT;
    int i, waiting = 0, silent = 0;
    told_t told;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < done->nelts && i < BULK_MAX; i++) {
        if (split(&told, APR_ARRAY_IDX(done, i, const char *), visit->pool) && is_hex(told.rest)) {
            err = put_result(visit, list, &told, until, &waiting);
        }
    }
    for (i = 0; err == NULL && i < refused->nelts && i < BULK_MAX; i++) {
        if (split(&told, APR_ARRAY_IDX(refused, i, const char *), visit->pool)) {
            put_refused(visit, list, &told);
        }
    }
    if (err == NULL && waiting > 0) {
        err = xca_signer_is_silent(&silent, visit->office, visit->now, visit->pool);
        xca_map_text(visit->model, "_again",
                     apr_pstrcat(visit->pool, "/office/result?", visit->request->query != NULL ? visit->request->query : "", NULL));
    }
    xca_map_true(visit->model, "signer_silent", silent);
    return err;
}
