/* 查詢憑證用戶主管機關: registration windows by county, central agencies first. */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/pages.h"

#define CENTRAL "中央機關" /* the county of windows that take the whole country */

/* "Taipei City" in an address: "taipei-city". */
static const char *slug(const char *english, apr_pool_t *pool) {
    char *text = apr_pstrdup(pool, english);
    char *at;

    for (at = text; *at != '\0'; at++) {
        *at = *at == ' ' ? '-' : (char)apr_tolower(*at);
    }
    return text;
}

static const char *county_name(const xca_visit_t *visit, const char *county) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    int i;

    if (strcmp(county, CENTRAL) == 0) {
        return xca_catalogue_text(visit->portal->texts, "windows.central", visit->language);
    }
    for (i = 0; visit->language == XCA_EN && i < counties->nelts; i++) {
        const xca_district_t *row = APR_ARRAY_IDX(counties, i, const xca_district_t *);

        if (strcmp(row->county, county) == 0) {
            return row->county_en;
        }
    }
    return county;
}

/* The county that an address names, by slug or by its name; NULL if there is none. */
static const char *county_of(const xca_visit_t *visit, const char *named) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    int i;

    if (strcmp(named, "central") == 0 || strcmp(named, CENTRAL) == 0) {
        return CENTRAL;
    }
    for (i = 0; i < counties->nelts; i++) {
        const xca_district_t *row = APR_ARRAY_IDX(counties, i, const xca_district_t *);

        if (strcmp(row->county, named) == 0 || strcmp(slug(row->county_en, visit->pool), named) == 0) {
            return row->county;
        }
    }
    return NULL;
}

static int count_of(const apr_array_header_t *windows, const char *county) {
    int i, count = 0;

    for (i = 0; i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        count += window->county != NULL && strcmp(window->county, county) == 0;
    }
    return count;
}

static void put_county(xca_visit_t *visit, xca_value_t *list, const char *county, const char *segment,
                       int count) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "county", county);
    xca_map_text(item, "_name", county_name(visit, county));
    xca_map_number(item, "windows", count);
    if (count > 0) {
        xca_map_text(item, "href", apr_pstrcat(visit->pool, "/windows/", segment, NULL));
    }
}

static void put_counties(xca_visit_t *visit, const apr_array_header_t *windows) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    xca_value_t *list = xca_map_list(visit->model, "counties");
    int i;

    put_county(visit, list, CENTRAL, "central", count_of(windows, CENTRAL));
    for (i = 0; i < counties->nelts; i++) {
        const xca_district_t *row = APR_ARRAY_IDX(counties, i, const xca_district_t *);

        put_county(visit, list, row->county, slug(row->county_en, visit->pool),
                   count_of(windows, row->county));
    }
}

static void put_classes(xca_visit_t *visit, xca_value_t *map, const xca_window_t *window) {
    xca_value_t *classes = xca_map_list(map, "classes");
    const char *names = "";
    xca_class class;

    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class ++) {
        const char *id = xca_class_get(class)->id;

        if (!xca_window_takes(window, class)) {
            continue;
        }
        xca_list_text(classes, id);
        names = apr_pstrcat(visit->pool, names, *names == '\0' ? "" : visit->language == XCA_EN ? ", " : "、",
                            xca_catalogue_text(visit->portal->texts,
                                               apr_pstrcat(visit->pool, "class.", id, NULL),
                                               visit->language),
                            NULL);
    }
    xca_map_text(map, "_classes", names);
}

static void put_windows(xca_visit_t *visit, const apr_array_header_t *windows) {
    xca_value_t *list = xca_map_list(visit->model, "windows");
    int i;

    for (i = 0; i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", window->id);
        xca_map_text(item, "name", window->name);
        put_classes(visit, item, window);
        xca_map_text(item, "address", window->address);
        xca_map_text(item, "phone", window->phone);
    }
}

xca_error_t *xca_page_windows(xca_visit_t *visit) {
    const char *county = visit->arg != NULL ? county_of(visit, visit->arg) : NULL;
    apr_array_header_t *windows;
    xca_error_t *err;

    if (visit->arg != NULL && county == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "windows.no-county", "%s", visit->arg);
    }
    err = xca_window_list(&windows, visit->office->store, county, visit->pool);
    if (err != NULL) {
        return err;
    }
    if (county == NULL) {
        put_counties(visit, windows);
        return NULL;
    }
    xca_map_text(visit->model, "county", county);
    xca_map_text(visit->model, "_here", county_name(visit, county));
    put_windows(visit, windows);
    return NULL;
}
