/* 組織及團體查詢: by keyword and unified number; features.md 1.2. */
#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "domain/names.h"
#include "portal/org_show.h"
#include "portal/pages.h"

#define MATCHES_SHOWN 50

static const char *typed(xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL ? xca_text_trim(visit->pool, text) : "";
}

static xca_error_t *check(xca_visit_t *visit, const char *name, const char *ubn) {
    xca_error_t *wrong;

    if (*name == '\0' && *ubn == '\0') {
        return xca_error_field(visit->pool, "name", "organisations.nothing", NULL);
    }
    wrong = xca_typed_check(name, 0, XCA_KEYWORD_MAX, "name", visit->pool);
    if (wrong == NULL && *name != '\0' && *xca_name_fold(visit->pool, name) == '\0') {
        wrong = xca_error_field(visit->pool, "name", "organisations.no-letters", NULL);
    }
    /* A number that fails its check digit may still be on record; only its form matters here. */
    if (*ubn != '\0' && (strlen(ubn) != 8 || strspn(ubn, "0123456789") != 8)) {
        wrong = xca_error_append(wrong, xca_error_field(visit->pool, "ubn", "ubn.digits", NULL));
    }
    return wrong;
}

static xca_error_t *put_matches(xca_visit_t *visit, const char *name, const char *ubn) {
    apr_array_header_t *orgs;
    xca_value_t *list;
    int more = 0, i;
    xca_error_t *err = xca_org_search_all(&orgs, &more, visit->office->store, name, ubn, MATCHES_SHOWN,
                                          visit->pool);

    if (err != NULL) {
        return err;
    }
    list = xca_map_list(visit->model, "matches");
    for (i = 0; i < orgs->nelts; i++) {
        xca_org_show_short(visit, xca_list_map(list), APR_ARRAY_IDX(orgs, i, const xca_org_t *));
    }
    xca_map_number(visit->model, "count", orgs->nelts);
    xca_map_true(visit->model, "more", more);
    xca_map_true(visit->model, "searched", 1);
    return NULL;
}

xca_error_t *xca_page_organisations(xca_visit_t *visit) {
    const char *name = typed(visit, "name");
    const char *ubn = xca_text_halfwidth(visit->pool, typed(visit, "ubn"));
    xca_error_t *err;

    if (xca_form_text(visit->form, "name") == NULL && xca_form_text(visit->form, "ubn") == NULL) {
        return NULL;
    }
    xca_map_text(visit->model, "name", name);
    xca_map_text(visit->model, "ubn", ubn);
    err = check(visit, name, ubn);
    if (err == NULL) {
        err = put_matches(visit, name, ubn);
    }
    xca_visit_errors(visit, err); /* also a directory that is away: what was typed stays */
    return NULL;
}
