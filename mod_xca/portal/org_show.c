#include "portal/org_show.h"

#include <string.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/navigation.h"

static const char *const state_ids[] = {"active", "abolished", "unit"};

/* The arc below which the organisations of a class stand is called as the class. */
static const char *class_name(const xca_visit_t *visit, const xca_org_t *org) {
    int class;

    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class++) {
        const xca_class_info_t *info = xca_class_get(class);

        if (strcmp(org->oid, apr_pstrcat(visit->pool, XCA_OID_ROOT ".", info->arc, NULL)) == 0) {
            return xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, "class.", info->id, NULL), visit->language);
        }
    }
    return NULL;
}

const char *xca_org_show_name(const xca_visit_t *visit, const xca_org_t *org) {
    const char *name = visit->language == XCA_EN ? org->name_en : NULL;

    if (visit->language == XCA_EN && (name == NULL || name[0] == '\0') && org->class == XCA_CLASS_NONE) {
        name = class_name(visit, org);
    }
    if (name != NULL && name[0] != '\0') {
        return name;
    }
    return org->name != NULL && org->name[0] != '\0' ? org->name : org->oid;
}

static const char *text_id(const xca_visit_t *visit, const char *kind, const char *id) {
    return apr_pstrcat(visit->pool, kind, ".", id, NULL);
}

void xca_org_show_short(xca_visit_t *visit, xca_value_t *map, const xca_org_t *org) {
    xca_map_text(map, "oid", org->oid);
    xca_map_text(map, "name", org->name);
    xca_map_text(map, "name_en", org->name_en);
    xca_map_text(map, "_name", xca_org_show_name(visit, org));
    if (xca_org_is_agency(org)) {
        xca_map_true(map, "agency", 1);
        xca_map_text(map, "_state", "apply.not");
    } else if (org->class != XCA_CLASS_NONE) {
        xca_map_text(map, "class", xca_class_get(org->class)->id);
        xca_map_text(map, "_class", text_id(visit, "class", xca_class_get(org->class)->id));
        xca_map_text(map, "state", state_ids[org->state]);
        xca_map_text(map, "_state",
                     org->state != XCA_ORG_ACTIVE ? text_id(visit, "org-state", state_ids[org->state]) : NULL);
    } else {
        return;
    }
    xca_map_text(map, "ubn", org->ubn);
    xca_map_text(map, "county", org->county);
}

/* Only pages that there are; and the application only where it can succeed. */
static void put_ways_on(xca_visit_t *visit, xca_value_t *map, const xca_org_t *org) {
    if (org->class == XCA_CLASS_NONE) {
        return;
    }
    if (xca_nav_is_open(xca_nav_find("certificates"))) {
        xca_map_text(map, "_certificates", apr_pstrcat(visit->pool, "/certificates?oid=", org->oid, NULL));
    }
    if (org->state == XCA_ORG_ACTIVE && xca_nav_is_open(xca_nav_find("apply-card"))) {
        xca_map_text(map, "_apply_card", apr_pstrcat(visit->pool, "/apply/card/start?oid=", org->oid, NULL));
    }
    if (org->state == XCA_ORG_ACTIVE && xca_class_get(org->class)->card_less &&
        xca_nav_is_open(xca_nav_find("apply-certificate"))) {
        xca_map_text(map, "_apply",
                     apr_pstrcat(visit->pool, "/apply/certificate/start?oid=", org->oid, NULL));
    }
}

void xca_org_show_full(xca_visit_t *visit, xca_value_t *map, const xca_org_t *org) {
    xca_org_show_short(visit, map, org);
    xca_map_text(map, "school_code", org->school_code);
    xca_map_text(map, "authority", org->authority);
    xca_map_text(map, "district", org->district);
    xca_map_text(map, "zip", org->zip);
    xca_map_text(map, "address", org->address);
    xca_map_text(map, "phone", org->phone);
    xca_map_text(map, "fax", org->fax);
    xca_map_text(map, "url", org->url);
    xca_map_text(map, "note", org->note);
    xca_map_true(map, "_abolished", org->state == XCA_ORG_ABOLISHED);
    xca_map_true(map, "_unit", org->state == XCA_ORG_UNIT);
    xca_map_true(map, "_card_only", !xca_class_get(org->class)->card_less);
    put_ways_on(visit, map, org);
}
