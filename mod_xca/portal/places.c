#include "portal/places.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"

#define CENTRAL "中央機關" /* value of xca_window_t.county */

static int same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* In English both names: the letter carrier and the officer read Chinese. */
static const char *both_names(const xca_visit_t *visit, const char *chinese, const char *english) {
    if (visit->language == XCA_ZH || english == NULL || *english == '\0') {
        return chinese;
    }
    return apr_pstrcat(visit->pool, english, " ", chinese, NULL);
}

const char *xca_places_county(const xca_visit_t *visit, const char *county) {
    const apr_array_header_t *districts = xca_postal_districts(visit->office->postal, county);

    if (districts->nelts == 0) {
        return county;
    }
    return both_names(visit, county,
                      APR_ARRAY_IDX(districts, 0, const xca_district_t *)->county_en);
}

static void put_districts(const xca_visit_t *visit, xca_value_t *map, const char *key,
                          const char *county, const char *chosen) {
    const apr_array_header_t *districts =
        xca_postal_districts(visit->office->postal, county != NULL ? county : "");
    xca_value_t *list = xca_map_list(map, key);
    int i;

    for (i = 0; i < districts->nelts; i++) {
        const xca_district_t *row = APR_ARRAY_IDX(districts, i, const xca_district_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", row->district);
        xca_map_text(item, "zip", row->zip);
        xca_map_text(item, "label",
                     apr_pstrcat(visit->pool, row->zip, " ",
                                 both_names(visit, row->district, row->district_en), NULL));
        xca_map_true(item, "selected", same(row->district, chosen));
    }
}

static void put_part_error(xca_visit_t *visit, xca_value_t *map, const char *prefix,
                           const char *part) {
    const char *path = apr_pstrcat(visit->pool, "error.", prefix, "_", part, NULL);
    const xca_value_t *found = xca_value_find(visit->model, path);
    const char *text = found != NULL ? xca_value_text(found, visit->pool) : NULL;

    xca_map_text(map, apr_pstrcat(visit->pool, part, "_error", NULL), text);
    xca_map_text(map, apr_pstrcat(visit->pool, part, "_invalid", NULL),
                 text != NULL ? "true" : "false");
}

void xca_places_address(xca_visit_t *visit, const char *key, const char *prefix, const char *county,
                        const char *district, const char *street) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    xca_value_t *map = xca_map_map(visit->model, key);
    xca_value_t *list = xca_map_list(map, "counties");
    int i;

    for (i = 0; i < counties->nelts; i++) {
        const xca_district_t *row = APR_ARRAY_IDX(counties, i, const xca_district_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", row->county);
        xca_map_text(item, "label", both_names(visit, row->county, row->county_en));
        xca_map_true(item, "selected", same(row->county, county));
    }
    put_districts(visit, map, "districts", county, district);
    xca_map_text(map, "prefix", prefix);
    xca_map_text(map, "street", street);
    xca_map_text(map, "autocomplete", strcmp(prefix, "org") == 0 ? "section-org" : "section-contact");
    xca_map_text(map, "choose",
                 apr_pstrcat(visit->pool, visit->request->path, "#", prefix, "_district", NULL));
    put_part_error(visit, map, prefix, "county");
    put_part_error(visit, map, prefix, "district");
    put_part_error(visit, map, prefix, "street");
}

static void put_group(const xca_visit_t *visit, xca_value_t *groups, const apr_array_header_t *windows,
                      const char *county, xca_class class, const char *selected) {
    xca_value_t *list = NULL;
    int i;

    for (i = 0; i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);
        xca_value_t *item;

        if (!same(window->county, county) ||
            (class != XCA_CLASS_NONE && !xca_window_takes(window, class))) {
            continue;
        }
        if (list == NULL) {
            xca_value_t *group = xca_list_map(groups);

            xca_map_text(group, "county", xca_places_county(visit, county));
            xca_map_true(group, "central", same(county, CENTRAL));
            list = xca_map_list(group, "windows");
        }
        item = xca_list_map(list);
        xca_map_text(item, "id", window->id);
        xca_map_text(item, "name", window->name);
        xca_map_text(item, "address", window->address);
        xca_map_text(item, "phone", window->phone);
        xca_map_true(item, "selected", same(window->id, selected));
    }
}

void xca_places_windows(xca_visit_t *visit, xca_class class, const char *selected,
                        const char *county) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    xca_value_t *groups = xca_map_list(visit->model, "_windows");
    const xca_value_t *wrong = xca_value_find(visit->model, "error.window");
    apr_array_header_t *windows;
    int i;
    xca_error_t *err;

    xca_map_text(visit->model, "_window_error",
                 wrong != NULL ? xca_value_text(wrong, visit->pool) : NULL);
    xca_map_text(visit->model, "_window_invalid", wrong != NULL ? "true" : "false");
    if (visit->directory_down) {
        xca_map_true(visit->model, "_windows_down", 1);
        return;
    }
    err = xca_window_list(&windows, visit->office->store, NULL, visit->pool);
    if (err != NULL) {
        xca_log_error("reading the RA windows", err);
        xca_map_true(visit->model, "_windows_down", 1);
        return;
    }
    put_group(visit, groups, windows, CENTRAL, class, selected);
    if (county != NULL) {
        put_group(visit, groups, windows, county, class, selected);
    }
    for (i = 0; i < counties->nelts; i++) {
        const char *next = APR_ARRAY_IDX(counties, i, const xca_district_t *)->county;

        if (!same(next, county)) {
            put_group(visit, groups, windows, next, class, selected);
        }
    }
}

xca_error_t *xca_page_postal(xca_visit_t *visit) {
    const char *county = xca_form_text(visit->form, "county");

    xca_map_text(visit->model, "county", county);
    put_districts(visit, visit->model, "districts", county, NULL);
    return NULL;
}
