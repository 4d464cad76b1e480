/* Officers and windows, and the orders that change them. Central officers write and sign orders, auditors look on. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/order.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"
#include "outside/crypto_pem.h"
#include "outside/crypto_view.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/page_card_desk.h"
#include "portal/page_office.h"
#include "portal/places.h"

#define ORDERS_MAX      1000 /* that are sorted */
#define ORDERS_SHOWN    50
#define CERTIFICATE_MAX 16384
#define STATE_WAIT      apr_time_from_sec(4)
#define STATE_LOOK      apr_time_from_msec(50)

static xca_error_t *only_central(xca_visit_t *visit) {
    return xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);
}

static int may_sign(const xca_visit_t *visit) {
    return visit->officer->role == XCA_ROLE_CENTRAL;
}

/* What the pages show of a record. */

static void put_certificate(xca_visit_t *visit, xca_value_t *map, xca_bytes_t der) {
    xca_cert_view_t *view;

    if (der.length == 0 || xca_cert_view(&view, der, visit->pool) != NULL) {
        return;
    }
    xca_map_text(map, "subject", view->subject);
    xca_map_text(map, "sha256", view->sha256);
    xca_map_text(map, "until", xca_date_format(visit->pool, view->not_after, XCA_DATE_ISO));
    xca_map_true(map, "expired", view->not_after < visit->now);
}

/* The name of a window; NULL if there is no such window, or it cannot be told now. */
static const char *window_name(xca_visit_t *visit, const char *id) {
    xca_window_t *window;

    return id != NULL && xca_window_read(&window, visit->office->store, id, visit->pool) == NULL ? window->name : NULL;
}

static int takes(const char *classes, xca_class class) {
    xca_window_t window = {0};

    window.classes = classes;
    return xca_window_takes(&window, class);
}

/* "學校、財團法人" */
static const char *classes_in_words(xca_visit_t *visit, const char *classes) {
    const char *text = NULL;
    xca_class class;

    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class++) {
        if (takes(classes, class)) {
            const char *word = xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, "class.", xca_class_get(class)->id, NULL),
                                                  visit->language);

            text = text == NULL ? word : apr_pstrcat(visit->pool, text, visit->language == XCA_EN ? ", " : "、", word, NULL);
        }
    }
    return text;
}

static void put_officer(xca_visit_t *visit, xca_value_t *map, const xca_officer_t *officer) {
    xca_map_text(map, "uid", officer->uid);
    xca_map_text(map, "title", officer->title);
    xca_map_text(map, "role", xca_role_id(officer->role));
    xca_map_text(map, "_role", apr_pstrcat(visit->pool, "role.", xca_role_id(officer->role), NULL));
    xca_map_text(map, "window", officer->window);
    xca_map_text(map, "_window", window_name(visit, officer->window));
    xca_map_text(map, "person", officer->person);
    xca_map_true(map, "active", officer->active);
    put_certificate(visit, map, officer->certificate);
}

static void put_window(xca_visit_t *visit, xca_value_t *map, const xca_window_t *window) {
    xca_map_text(map, "id", window->id);
    xca_map_text(map, "name", window->name);
    xca_map_text(map, "county", window->county);
    xca_map_text(map, "classes", window->classes);
    xca_map_text(map, "_classes", classes_in_words(visit, window->classes));
    xca_map_text(map, "address", window->address);
    xca_map_text(map, "phone", window->phone);
}

xca_error_t *xca_page_office_officers(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "officers");
    apr_array_header_t *officers;
    int i, active = 0;
    xca_error_t *err = only_central(visit);

    if (err == NULL) {
        err = xca_officer_list(&officers, visit->office->store, visit->pool);
    }
    for (i = 0; err == NULL && i < officers->nelts; i++) {
        const xca_officer_t *officer = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        put_officer(visit, xca_list_map(list), officer);
        active += officer->active;
    }
    if (err == NULL) {
        xca_map_number(visit->model, "count", officers->nelts);
        xca_map_number(visit->model, "active", active);
    }
    xca_map_true(visit->model, "_may", may_sign(visit));
    return err;
}

/* A window without one reviews nothing. */
static int officers_of(const apr_array_header_t *officers, const char *window) {
    int i, count = 0;

    for (i = 0; i < officers->nelts; i++) {
        const xca_officer_t *officer = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        count += officer->active && officer->role == XCA_ROLE_RA && officer->window != NULL && strcmp(officer->window, window) == 0;
    }
    return count;
}

xca_error_t *xca_page_office_windows(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "windows");
    apr_array_header_t *windows, *officers;
    int i;
    xca_error_t *err = only_central(visit);

    if (err == NULL) {
        err = xca_window_list(&windows, visit->office->store, NULL, visit->pool);
    }
    if (err == NULL) {
        err = xca_officer_list(&officers, visit->office->store, visit->pool);
    }
    for (i = 0; err == NULL && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);
        xca_value_t *item = xca_list_map(list);
        int count = officers_of(officers, window->id);

        put_window(visit, item, window);
        xca_map_text(item, "_county", xca_places_county(visit, window->county));
        xca_map_true(item, "_central", strcmp(window->county, "中央機關") == 0);
        xca_map_number(item, "officers", count);
        xca_map_true(item, "_nobody", count == 0);
    }
    if (err == NULL) {
        xca_map_number(visit->model, "count", windows->nelts);
    }
    xca_map_true(visit->model, "_may", may_sign(visit));
    return err;
}

/* The form of an officer or a window: "new", or one that there is. */

static void put_choice(xca_value_t *list, const char *value, const char *label, const char *text, int chosen) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "value", value);
    xca_map_text(item, "label", label);
    xca_map_text(item, "text", text);
    xca_map_true(item, "chosen", chosen);
}

static int is_same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static xca_error_t *put_officer_form(xca_visit_t *visit, const xca_officer_t *officer, int is_new) {
    xca_value_t *roles = xca_map_list(visit->model, "_roles"), *windows = xca_map_list(visit->model, "_windows");
    apr_array_header_t *found;
    xca_role role;
    int i;
    xca_error_t *err;

    put_officer(visit, xca_map_map(visit->model, "o"), officer);
    xca_map_text(visit->model, "_action", apr_pstrcat(visit->pool, "/office/officers/", visit->arg, NULL));
    xca_map_true(visit->model, "_new", is_new);
    xca_map_true(visit->model, "_inactive", !officer->active);
    for (role = XCA_ROLE_RA; role <= XCA_ROLE_AUDITOR; role++) {
        put_choice(roles, xca_role_id(role), apr_pstrcat(visit->pool, "role.", xca_role_id(role), NULL), NULL, officer->role == role);
    }
    err = xca_window_list(&found, visit->office->store, NULL, visit->pool);
    for (i = 0; err == NULL && i < found->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(found, i, const xca_window_t *);

        put_choice(windows, window->id, NULL, apr_pstrcat(visit->pool, window->name, " ", window->id, NULL),
                   is_same(window->id, officer->window));
    }
    return err;
}

static void put_window_form(xca_visit_t *visit, const xca_window_t *window, int is_new) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    xca_value_t *places = xca_map_list(visit->model, "_counties"), *classes = xca_map_list(visit->model, "_classes");
    xca_class class;
    int i;

    put_window(visit, xca_map_map(visit->model, "w"), window);
    xca_map_text(visit->model, "_action", apr_pstrcat(visit->pool, "/office/windows/", visit->arg, NULL));
    xca_map_true(visit->model, "_new", is_new);
    put_choice(places, "中央機關", "window.central", NULL, is_same(window->county, "中央機關"));
    for (i = 0; i < counties->nelts; i++) {
        const char *county = APR_ARRAY_IDX(counties, i, const xca_district_t *)->county;

        put_choice(places, county, NULL, xca_places_county(visit, county), is_same(window->county, county));
    }
    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class ++) {
        const char *id = xca_class_get(class)->id;

        put_choice(classes, id, apr_pstrcat(visit->pool, "class.", id, NULL), NULL, takes(window->classes, class));
    }
}

static int is_id(const char *id) {
    return *id != '\0' && strlen(id) <= 60 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(id);
}

xca_error_t *xca_page_office_officer(xca_visit_t *visit) {
    xca_officer_t fresh = {0};
    xca_officer_t *officer = &fresh;
    int is_new = strcmp(visit->arg, "new") == 0;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    fresh.active = 1;
    if (err == NULL && !is_new) {
        err = is_id(visit->arg) ? xca_officer_read(&officer, visit->office->store, visit->arg, visit->pool)
                                : xca_error_make(visit->pool, XCA_E_NOT_FOUND, "officer.not-found", NULL);
    }
    return err != NULL ? err : put_officer_form(visit, officer, is_new);
}

xca_error_t *xca_page_office_window(xca_visit_t *visit) {
    xca_window_t fresh = {0};
    xca_window_t *window = &fresh;
    int is_new = strcmp(visit->arg, "new") == 0;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL && !is_new) {
        err = xca_window_read(&window, visit->office->store, visit->arg, visit->pool);
    }
    if (err == NULL) {
        put_window_form(visit, window, is_new);
    }
    return err;
}

/* An order is written: the text to sign is shown. */

static const char *typed(const xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    text = text != NULL ? xca_text_trim(visit->pool, text) : "";
    return *text != '\0' ? text : NULL;
}

static xca_error_t *new_id(const char **id, xca_visit_t *visit) {
    unsigned char random[16];
    xca_error_t *err = xca_random(random, sizeof(random), visit->pool);

    *id = err == NULL ? xca_text_hex(visit->pool, random, sizeof(random)) : NULL;
    return err;
}

/* PEM or DER as uploaded. */
static xca_bytes_t certificate_of(xca_visit_t *visit, const xca_bytes_t *file) {
    const char *text = apr_pstrmemdup(visit->pool, (const char *)file->data, file->length);
    const xca_bytes_t *der = xca_pem_find(visit->pool, text, "CERTIFICATE");

    return der != NULL ? *der : *file;
}

/* The uploaded certificate, or the one that the officer has. */
static xca_error_t *take_certificate(xca_order_t *order, xca_visit_t *visit) {
    const xca_bytes_t *file = xca_form_file(visit->form, "certificate");
    xca_officer_t *present;
    xca_cert_view_t *view;
    xca_error_t *err;

    if (file == NULL || file->length == 0) {
        if (order->officer.uid == NULL || !is_id(order->officer.uid)) {
            return NULL;
        }
        err = xca_officer_read(&present, visit->office->store, order->officer.uid, visit->pool);
        if (err == NULL) {
            order->officer.certificate = present->certificate;
        }
        return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    order->officer.certificate = certificate_of(visit, file);
    if (file->length > CERTIFICATE_MAX || order->officer.certificate.length == 0 ||
        xca_cert_view(&view, order->officer.certificate, visit->pool) != NULL) {
        return xca_error_field(visit->pool, "certificate", "order.no-certificate", NULL);
    }
    err = xca_cms_may_sign(order->officer.certificate, visit->portal->officer_anchor, visit->now, visit->pool);
    return err != NULL && err->kind == XCA_E_DENIED ? xca_error_field(visit->pool, "certificate", "order.certificate", NULL) : err;
}

static xca_error_t *read_officer(xca_order_t *order, xca_visit_t *visit) {
    int is_new = strcmp(visit->arg, "new") == 0;
    xca_error_t *err;

    order->officer.uid = is_new ? typed(visit, "subject") : visit->arg;
    order->officer.title = typed(visit, "title");
    order->officer.role = xca_role_by_id(typed(visit, "role"));
    order->officer.window = order->officer.role == XCA_ROLE_RA ? typed(visit, "window") : NULL;
    order->officer.person = typed(visit, "person");
    order->officer.active = is_new || is_same(typed(visit, "active"), "yes");
    err = take_certificate(order, visit);
    if (err == NULL && order->officer.certificate.length > 0) {
        order->certificate_digest =
            xca_sha256_hex(visit->pool, order->officer.certificate.data, order->officer.certificate.length);
    }
    return err;
}

static void read_window(xca_order_t *order, xca_visit_t *visit) {
    const apr_array_header_t *classes = xca_form_texts(visit->form, "classes", visit->pool);
    const char *joined = "";
    int i;

    order->is_window = 1;
    order->window.id = strcmp(visit->arg, "new") == 0 ? typed(visit, "subject") : visit->arg;
    order->window.name = typed(visit, "title");
    order->window.county = typed(visit, "county");
    order->window.address = typed(visit, "address");
    order->window.phone = typed(visit, "phone");
    for (i = 0; i < classes->nelts; i++) {
        joined = apr_pstrcat(visit->pool, joined, i > 0 ? "|" : "", APR_ARRAY_IDX(classes, i, const char *), NULL);
    }
    order->window.classes = joined;
}

static void put_subject(xca_visit_t *visit, const xca_order_t *order) {
    xca_map_true(visit->model, "_is_window", order->is_window);
    if (order->is_window) {
        put_window(visit, xca_map_map(visit->model, "w"), &order->window);
    } else {
        put_officer(visit, xca_map_map(visit->model, "o"), &order->officer);
    }
}

/* What there is now, where the order says something else. */
static void put_before(xca_value_t *map, const char *key, const char *before, const char *after) {
    before = before != NULL ? before : "";
    if (strcmp(before, after != NULL ? after : "") != 0) {
        xca_map_text(map, key, *before != '\0' ? before : "—");
    }
}

static void put_officer_before(xca_visit_t *visit, const xca_officer_t *now, const xca_officer_t *wanted) {
    xca_value_t *map = xca_map_map(visit->model, "before");
    xca_cert_view_t *view;

    put_before(map, "title", now->title, wanted->title);
    put_before(map, "window", now->window, wanted->window);
    xca_map_text(map, "_window", window_name(visit, now->window));
    put_before(map, "person", now->person, wanted->person);
    if (now->role != wanted->role) {
        xca_map_text(map, "_role", apr_pstrcat(visit->pool, "role.", xca_role_id(now->role), NULL));
    }
    if (now->active != wanted->active) {
        xca_map_text(map, "_active", now->active ? "office.officer.active" : "office.officer.inactive");
    }
    if ((now->certificate.length != wanted->certificate.length ||
         memcmp(now->certificate.data, wanted->certificate.data, now->certificate.length) != 0) &&
        xca_cert_view(&view, now->certificate, visit->pool) == NULL) {
        xca_map_text(map, "sha256", view->sha256);
    }
}

static void put_window_before(xca_visit_t *visit, const xca_window_t *now, const xca_window_t *wanted) {
    xca_value_t *map = xca_map_map(visit->model, "before");

    put_before(map, "name", now->name, wanted->name);
    put_before(map, "county", now->county, wanted->county);
    put_before(map, "classes", now->classes, wanted->classes);
    xca_map_text(map, "_classes", classes_in_words(visit, now->classes));
    put_before(map, "address", now->address, wanted->address);
    put_before(map, "phone", now->phone, wanted->phone);
}

static xca_error_t *put_present(xca_visit_t *visit, const xca_order_t *order) {
    xca_window_t *window;
    xca_officer_t *officer;
    xca_error_t *err = order->is_window ? xca_window_read(&window, visit->office->store, order->window.id, visit->pool)
                                        : xca_officer_read(&officer, visit->office->store, order->officer.uid, visit->pool);

    if (err != NULL) {
        xca_map_true(visit->model, "is_new", err->kind == XCA_E_NOT_FOUND);
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (order->is_window) {
        put_window_before(visit, window, &order->window);
    } else {
        put_officer_before(visit, officer, &order->officer);
    }
    return NULL;
}

static xca_error_t *show_text(xca_visit_t *visit, const xca_order_t *order, xca_error_t *err) {
    const char *text;

    if (err == NULL) {
        err = xca_order_statement(&text, visit->office, order, visit->officer, visit->now, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_map_text(visit->model, "text", text);
    if (!order->is_window) {
        xca_map_text(visit->model, "certificate",
                     xca_base64(visit->pool, order->officer.certificate.data, order->officer.certificate.length));
    }
    put_subject(visit, order);
    err = put_present(visit, order);
    return err != NULL ? err : xca_page_card_desk(visit);
}

static int is_of_the_form(const xca_error_t *err) {
    return err->kind == XCA_E_INVALID;
}

xca_error_t *xca_page_office_officer_sent(xca_visit_t *visit) {
    xca_order_t order = {0};
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = new_id(&order.id, visit);
    }
    if (err != NULL) {
        return err;
    }
    err = show_text(visit, &order, read_officer(&order, visit));
    if (err == NULL || !is_of_the_form(err)) {
        return err;
    }
    xca_visit_errors(visit, err);
    visit->template_name = "office_officer";
    return put_officer_form(visit, &order.officer, strcmp(visit->arg, "new") == 0);
}

xca_error_t *xca_page_office_window_sent(xca_visit_t *visit) {
    xca_order_t order = {0};
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = new_id(&order.id, visit);
    }
    if (err != NULL) {
        return err;
    }
    read_window(&order, visit);
    err = show_text(visit, &order, NULL);
    if (err == NULL || !is_of_the_form(err)) {
        return err;
    }
    xca_visit_errors(visit, err);
    visit->template_name = "office_window";
    put_window_form(visit, &order.window, strcmp(visit->arg, "new") == 0);
    return NULL;
}

/* A signed order comes in. */
xca_error_t *xca_page_office_order_signed(xca_visit_t *visit) {
    const char *text = xca_form_text(visit->form, "signed"), *encoded = xca_form_text(visit->form, "certificate");
    const xca_bytes_t *cms = text != NULL ? xca_unbase64(visit->pool, text, strlen(text)) : NULL;
    const xca_bytes_t *certificate =
        encoded != NULL && *encoded != '\0' ? xca_unbase64(visit->pool, encoded, strlen(encoded)) : NULL;
    xca_bytes_t none = {NULL, 0};
    xca_order_t *order;
    xca_officer_t *signer;
    apr_time_t when;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL && (cms == NULL || cms->length == 0)) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "office.nothing-signed", NULL);
    }
    if (err == NULL) {
        err = xca_order_open(&order, &signer, &when, visit->office, *cms, visit->portal->officer_anchor, visit->now, visit->pool);
    }
    if (err == NULL && strcmp(signer->uid, visit->officer->uid) != 0) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "decision.other-officer", "%s", signer->uid);
    }
    if (err == NULL && !order->is_window && certificate != NULL &&
        (certificate->length > CERTIFICATE_MAX ||
         strcmp(xca_sha256_hex(visit->pool, certificate->data, certificate->length), order->certificate_digest) != 0)) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "order.certificate", NULL);
    }
    if (err == NULL) {
        err = xca_order_submit(visit->office, order, certificate != NULL ? *certificate : none, *cms, visit->now, visit->pool);
    }
    if (err == NULL) {
        visit->redirect = apr_pstrcat(visit->pool, "/office/orders/", order->id, "?signed=1", NULL);
    }
    return err;
}

/* Orders. */

static void put_signatures(xca_visit_t *visit, const xca_order_standing_t *standing) {
    xca_value_t *list = xca_map_list(visit->model, "signatures");
    int i, mine = 0;

    for (i = 0; i < standing->signatures->nelts; i++) {
        const xca_order_signature_t *one = APR_ARRAY_IDX(standing->signatures, i, const xca_order_signature_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "officer", one->signer != NULL ? one->signer->uid : NULL);
        xca_map_text(item, "title", one->signer != NULL ? one->signer->title : NULL);
        xca_map_text(item, "when", one->time != 0 ? xca_date_format(visit->pool, one->time, XCA_DATE_ISO_TIME) : NULL);
        xca_map_text(item, "wrong", one->err != NULL ? one->err->message : NULL);
        xca_map_true(item, "good", one->err == NULL);
        mine += one->err == NULL && is_same(one->signer->person, visit->officer->person);
    }
    xca_map_true(visit->model, "_sign", may_sign(visit) && mine == 0 && standing->order != NULL &&
                                            standing->entry->state == XCA_ORDER_WAITING);
}

static void put_order_row(xca_visit_t *visit, xca_value_t *map, const xca_order_standing_t *standing) {
    const xca_order_entry_t *entry = standing->entry;
    const char *state = xca_order_state_id(entry->state);

    xca_map_text(map, "id", entry->id);
    xca_map_text(map, "state", state);
    xca_map_text(map, "_state", apr_pstrcat(visit->pool, "order.state.", state, NULL));
    xca_map_text(map, "filed", xca_date_format(visit->pool, entry->filed, XCA_DATE_ISO_TIME));
    xca_map_text(map, "problem", entry->problem);
    xca_map_number(map, "people", standing->people);
    xca_map_number(map, "needed", standing->needed);
    if (standing->order != NULL) {
        xca_map_text(map, "subject", standing->order->is_window ? standing->order->window.id : standing->order->officer.uid);
        xca_map_text(map, "title", standing->order->is_window ? standing->order->window.name : standing->order->officer.title);
        xca_map_text(map, "_kind", standing->order->is_window ? "order.kind.window" : "order.kind.officer");
    }
}

xca_error_t *xca_page_office_orders(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "orders");
    apr_array_header_t *orders;
    int i, more = 0;
    xca_error_t *err = only_central(visit);

    if (err == NULL) {
        err = xca_order_list(&orders, &more, visit->office->store, XCA_ORDER_STATE_COUNT, ORDERS_MAX, visit->pool);
    }
    for (i = 0; err == NULL && i < orders->nelts && i < ORDERS_SHOWN; i++) {
        xca_order_standing_t standing;

        err = xca_order_stands(&standing, visit->office, APR_ARRAY_IDX(orders, i, const xca_order_entry_t *)->id,
                               visit->portal->officer_anchor, visit->now, visit->pool);
        if (err == NULL) {
            put_order_row(visit, xca_list_map(list), &standing);
        }
    }
    xca_map_true(visit->model, "more", err == NULL && (more || orders->nelts > ORDERS_SHOWN));
    xca_map_true(visit->model, "_may", may_sign(visit));
    return err;
}

static xca_error_t *read_order(xca_order_standing_t *standing, xca_visit_t *visit) {
    if (strlen(visit->arg) != 32 || strspn(visit->arg, "0123456789abcdef") != 32) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "order.not-found", NULL);
    }
    return xca_order_stands(standing, visit->office, visit->arg, visit->portal->officer_anchor, visit->now, visit->pool);
}

/* Behind a signature the signer is given a moment, if there are enough of them. */
static xca_error_t *await(xca_order_standing_t *standing, xca_visit_t *visit) {
    apr_time_t until = apr_time_now() + STATE_WAIT;
    xca_error_t *err;

    for (;;) {
        err = read_order(standing, visit);
        if (err != NULL || xca_form_text(visit->form, "signed") == NULL || standing->entry->state != XCA_ORDER_WAITING ||
            standing->people < standing->needed || apr_time_now() >= until) {
            return err;
        }
        apr_sleep(STATE_LOOK);
    }
}

xca_error_t *xca_page_office_order(xca_visit_t *visit) {
    xca_order_standing_t standing;
    xca_error_t *err = only_central(visit);

    if (err == NULL) {
        err = await(&standing, visit);
    }
    if (err != NULL) {
        return err;
    }
    put_order_row(visit, xca_map_map(visit->model, "order"), &standing);
    put_signatures(visit, &standing);
    xca_map_text(visit->model, "_here", standing.entry->id);
    if (standing.order == NULL) {
        return NULL;
    }
    put_subject(visit, standing.order);
    return standing.entry->state == XCA_ORDER_WAITING ? put_present(visit, standing.order) : NULL;
}

/* The second officer signs the same. */
xca_error_t *xca_page_office_order_sent(xca_visit_t *visit) {
    xca_order_standing_t standing;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = read_order(&standing, visit);
    }
    if (err == NULL && (standing.order == NULL || standing.entry->state != XCA_ORDER_WAITING)) {
        err = xca_error_make(visit->pool, XCA_E_CONFLICT, "order.changed", NULL);
    }
    return err != NULL ? err : show_text(visit, standing.order, NULL);
}
