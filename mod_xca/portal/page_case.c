/* The doors to a case, and steps 4 to 6. */
#include "portal/page_case.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/application.h"
#include "portal/case_view.h"
#include "portal/code_door.h"
#include "portal/page_apply.h"
#include "portal/places.h"

/* Doors. */

static void put_door(xca_visit_t *visit, const char *action, const char *number) {
    xca_map_text(visit->model, "_action", action);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "case"));
    xca_map_text(visit->model, "number", number);
}

xca_error_t *xca_page_case_edit_door(xca_visit_t *visit) {
    const char *number = xca_form_text(visit->form, "number");

    put_door(visit, "/case/edit", number);
    xca_map_true(visit->model, "_needs_pass", number != NULL);
    return NULL;
}

xca_error_t *xca_page_case_status_door(xca_visit_t *visit) {
    const char *number = xca_form_text(visit->form, "number");

    put_door(visit, "/case/status", number);
    xca_map_true(visit->model, "_needs_pass", number != NULL);
    return NULL;
}

/* Case numbers are typed from paper: spaces, dashes and full-width digits do no harm. */
static const char *typed_number(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "case_number");

    return xca_text_ungrouped(visit->pool, typed != NULL ? typed : "");
}

/* A wrong number or code is told at the field; everything else (directory down) is a page of its own. */
static int is_users(const xca_error_t *err) {
    return err->kind == XCA_E_INVALID || err->kind == XCA_E_DENIED || err->kind == XCA_E_LOCKED;
}

/* Opens a case with number and code; NULL in *kase if the page was told what is wrong. */
static xca_error_t *open_with_code(xca_case_t **kase, xca_visit_t *visit, const char *number) {
    xca_secret_t *code;
    xca_error_t *err = xca_case_number_check(number, "case_number", visit->pool);

    *kase = NULL;
    err = xca_error_append(err, xca_code_door_take(&code, visit, "code"));
    if (err == NULL) {
        err = xca_code_door_close(visit, xca_application_open(kase, visit->office, number, code,
                                                              visit->now, visit->pool));
    }
    if (err == NULL || !is_users(err)) {
        return err;
    }
    if (err->field == NULL) {
        err->field = "code";
    }
    xca_visit_errors(visit, err);
    return NULL;
}

static xca_error_t *enter(xca_visit_t *visit, const char *action, const char *to) {
    const char *number = typed_number(visit);
    xca_case_t *kase;
    xca_error_t *err = open_with_code(&kase, visit, number);

    if (err != NULL) {
        return err;
    }
    if (kase == NULL) {
        put_door(visit, action, number);
        return NULL;
    }
    xca_visit_give_pass(visit, kase->number);
    visit->redirect = apr_pstrcat(visit->pool, to, kase->number, NULL);
    return NULL;
}

xca_error_t *xca_page_case_edit_door_sent(xca_visit_t *visit) {
    return enter(visit, "/case/edit", "/case/print/");
}

xca_error_t *xca_page_case_status_door_sent(xca_visit_t *visit) {
    return enter(visit, "/case/status", "/case/status/");
}

/* Step 4. */

xca_error_t *xca_page_case_print(xca_visit_t *visit) {
    const char *filed = xca_form_text(visit->form, "filed");
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err != NULL || kase == NULL) {
        return err;
    }
    xca_case_view_show(visit, kase);
    xca_map_true(visit->model, "_filed_before", filed != NULL && strcmp(filed, "before") == 0);
    xca_map_true(visit->model, "_corrected", filed != NULL && strcmp(filed, "corrected") == 0);
    xca_apply_steps(visit, xca_apply_way_of(kase->kind), 4, kase->number);
    return NULL;
}

xca_error_t *xca_page_case_paper(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_window_t *window;
    xca_value_t *copies;
    int i;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err != NULL || kase == NULL) {
        return err;
    }
    xca_case_view_show(visit, kase);
    copies = xca_map_list(visit->model, "_copies");
    for (i = 0; i < 2; i++) {
        xca_map_text(xca_list_map(copies), "label", i == 0 ? "paper.copy.window" : "paper.copy.own");
    }
    err = xca_window_read(&window, visit->office->store, kase->window, visit->pool);
    if (err == NULL) {
        xca_map_text(xca_map_map(visit->model, "window"), "name", window->name);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err; /* a window that is gone is told in step 6 */
}

static void put_letter_form(xca_visit_t *visit, const xca_case_t *kase) {
    xca_case_view_show(visit, kase);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "letter"));
}

xca_error_t *xca_page_case_letter(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err == NULL && kase != NULL) {
        put_letter_form(visit, kase);
    }
    return err;
}

xca_error_t *xca_page_case_letter_sent(xca_visit_t *visit) {
    xca_secret_t *code;
    xca_case_t *shown, *opened;
    xca_error_t *err = xca_case_view_open(&shown, visit, "/case/edit");

    if (err != NULL || shown == NULL) {
        return err;
    }
    put_letter_form(visit, shown);
    err = xca_code_door_take(&code, visit, "code");
    if (err == NULL) {
        err = xca_code_door_close(visit, xca_application_open(&opened, visit->office, shown->number,
                                                              code, visit->now, visit->pool));
    }
    if (err == NULL) {
        xca_map_text(visit->model, "_user_code", xca_secret_text(code)); /* "_": of no use to JSON */
        return NULL;
    }
    if (!is_users(err)) {
        return err;
    }
    err->field = "code";
    xca_visit_errors(visit, err);
    return NULL;
}

/* Step 5. */

static void put_checklist(xca_visit_t *visit, const xca_case_t *kase) {
    static const char *const names[] = {"letter_printed", "paper_printed", "address_right"};
    xca_value_t *list = xca_map_list(visit->model, "checks");
    int i;

    xca_case_view_show(visit, kase);
    xca_apply_steps(visit, xca_apply_way_of(kase->kind), 5, kase->number);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "checklist"));
    for (i = 0; i < 3; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "name", names[i]);
        xca_map_text(item, "label",
                     apr_pstrcat(visit->pool, "checklist.", names[i],
                                 i == 2 && kase->kind == XCA_CASE_CARD ? ".card" : "", NULL));
        xca_map_true(item, "checked", xca_form_text(visit->form, names[i]) != NULL);
        xca_map_true(item, "is_address", i == 2);
    }
    xca_map_text(visit->model, "address",
                 xca_case_view_address(visit->pool, kase->contact_zip, kase->contact_county,
                                       kase->contact_district, kase->contact_street));
}

xca_error_t *xca_page_case_checklist(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err == NULL && kase != NULL) {
        put_checklist(visit, kase);
    }
    return err;
}

xca_error_t *xca_page_case_checklist_sent(xca_visit_t *visit) {
    static const char *const names[] = {"letter_printed", "paper_printed", "address_right"};
    xca_error_t *wrong = NULL;
    xca_case_t *kase;
    int i;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err != NULL || kase == NULL) {
        return err;
    }
    for (i = 0; i < 3; i++) {
        if (xca_form_text(visit->form, names[i]) == NULL) {
            wrong = xca_error_append(
                wrong, xca_error_field(visit->pool, names[i],
                                       apr_pstrcat(visit->pool, "checklist.", names[i], ".missing",
                                                   NULL),
                                       NULL));
        }
    }
    if (wrong != NULL) {
        put_checklist(visit, kase);
        xca_visit_errors(visit, wrong);
        return NULL;
    }
    visit->redirect = apr_pstrcat(visit->pool, "/case/window/", kase->number, NULL);
    return NULL;
}

/* Step 6. */

xca_error_t *xca_page_case_window(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_window_t *window;
    xca_value_t *map;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err != NULL || kase == NULL) {
        return err;
    }
    err = xca_window_read(&window, visit->office->store, kase->window, visit->pool);
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    if (err == NULL) {
        map = xca_map_map(visit->model, "window");
        xca_map_text(map, "name", window->name);
        xca_map_text(map, "address", window->address);
        xca_map_text(map, "phone", window->phone);
    }
    xca_case_view_show(visit, kase);
    xca_apply_steps(visit, xca_apply_way_of(kase->kind), 6, kase->number);
    xca_places_windows(visit, kase->class, NULL, kase->org_county);
    return NULL;
}
