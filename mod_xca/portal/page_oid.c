/* The OID tree: browsing arc by arc, and an organisation's page. */
#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "portal/engine.h"
#include "portal/navigation.h"
#include "portal/org_show.h"
#include "portal/pages.h"

#define ARCS_A_PAGE 100

/* The arcs above, from the root on, with their names. */
static xca_error_t *put_path(xca_visit_t *visit, const char *oid) {
    xca_value_t *list = xca_map_list(visit->model, "above");
    const char *end = oid + strlen(XCA_OID_ROOT);
    xca_value_t *root = xca_list_map(list);

    xca_map_text(root, "oid", XCA_OID_ROOT);
    while ((end = strchr(end + 1, '.')) != NULL) {
        const char *above = apr_pstrmemdup(visit->pool, oid, (apr_size_t)(end - oid));
        xca_value_t *item;
        xca_org_t *arc;
        xca_error_t *err = xca_org_read(&arc, visit->office->store, above, visit->pool);

        if (err != NULL) {
            return err;
        }
        item = xca_list_map(list);
        xca_map_text(item, "oid", above);
        xca_map_text(item, "name", xca_org_show_name(visit, arc));
    }
    return NULL;
}

static const char *arc_number(const char *oid) {
    const char *dot = strrchr(oid, '.');

    return dot != NULL ? dot + 1 : oid;
}

/* "after" of the address: the arc after which the page begins; nothing else than a number. */
static const char *page_start(const xca_visit_t *visit) {
    const char *after = xca_form_text(visit->form, "after");

    if (after == NULL || *after == '\0' || strlen(after) > 10 ||
        strspn(after, "0123456789") != strlen(after)) {
        return NULL;
    }
    return after;
}

static xca_error_t *put_arcs(xca_visit_t *visit, const char *oid) {
    apr_array_header_t *arcs;
    xca_value_t *list;
    const char *after = page_start(visit);
    int more, i;
    xca_error_t *err = xca_org_children(&arcs, &more, visit->office->store, oid, after, ARCS_A_PAGE,
                                        visit->pool);

    if (err != NULL) {
        return err;
    }
    list = xca_map_list(visit->model, "arcs");
    for (i = 0; i < arcs->nelts; i++) {
        const xca_org_t *arc = APR_ARRAY_IDX(arcs, i, const xca_org_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "arc", arc_number(arc->oid));
        xca_org_show_short(visit, item, arc);
        xca_map_true(item, "has_arcs", arc->has_children);
    }
    if (more) {
        const xca_org_t *last = APR_ARRAY_IDX(arcs, arcs->nelts - 1, const xca_org_t *);

        xca_map_text(visit->model, "next_after", arc_number(last->oid));
    }
    xca_map_true(visit->model, "_not_first", after != NULL);
    xca_map_true(visit->model, "_pages", more || after != NULL);
    return NULL;
}

xca_error_t *xca_page_oid(xca_visit_t *visit) {
    xca_org_t *org;
    xca_error_t *err;

    if (visit->arg == NULL || strcmp(visit->arg, XCA_OID_ROOT) == 0) {
        xca_map_text(visit->model, "oid", XCA_OID_ROOT);
        xca_map_true(visit->model, "_root", 1);
        return put_arcs(visit, XCA_OID_ROOT);
    }
    if (xca_oid_check(visit->arg, XCA_OID_ROOT, NULL, visit->pool) != NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "org.not-found", "%s", visit->arg);
    }
    err = xca_org_read(&org, visit->office->store, visit->arg, visit->pool);
    if (err != NULL) {
        return err;
    }
    xca_map_text(visit->model, "oid", org->oid);
    xca_map_text(visit->model, "_here", xca_org_show_name(visit, org));
    err = put_path(visit, org->oid);
    if (err != NULL) {
        return err;
    }
    if (org->class != XCA_CLASS_NONE || xca_org_is_agency(org)) {
        xca_org_show_full(visit, xca_map_map(visit->model, "organisation"), org);
    } else {
        xca_map_text(visit->model, "name", xca_org_show_name(visit, org));
    }
    return org->has_children || org->class == XCA_CLASS_NONE ? put_arcs(visit, org->oid) : NULL;
}
