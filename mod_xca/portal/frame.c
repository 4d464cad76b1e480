/* What stands around every page: language, navigation, breadcrumbs. */
#include <string.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/navigation.h"

static const char *nav_text(const xca_visit_t *visit, const char *id) {
    return xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, "nav.", id, NULL),
                              visit->language);
}

static void put_entry(xca_visit_t *visit, xca_value_t *list, const xca_nav_entry_t *entry,
                      const xca_nav_entry_t *here) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "id", entry->id);
    xca_map_text(item, "text", nav_text(visit, entry->id));
    if (xca_nav_is_open(entry)) {
        xca_map_text(item, "href", entry->path);
    } else {
        xca_map_text(item, "kind", "not-open");
    }
    if (entry == here) {
        xca_map_text(item, "current",
                     strcmp(visit->request->path, entry->path) == 0 ? "page" : "true");
    }
}

/* A section of one entry that has its name is that entry: "alone" instead of "entries". */
static int stands_alone(const xca_visit_t *visit, const xca_nav_entry_t *section) {
    return section[1].parent != NULL && section[2].parent == NULL &&
           strcmp(nav_text(visit, section[0].id), nav_text(visit, section[1].id)) == 0;
}

/* "_top": entries of the head; "_nav": sections with their entries. */
static void put_navigation(xca_visit_t *visit, const xca_nav_entry_t *here) {
    xca_value_t *top = xca_map_list(visit->model, "_top");
    xca_value_t *sections = xca_map_list(visit->model, "_nav");
    xca_value_t *entries = NULL;
    const xca_nav_entry_t *entry;

    for (entry = xca_navigation; entry->id != NULL; entry++) {
        if (entry->parent == NULL && strcmp(entry->id, "top") == 0) {
            entries = top;
        } else if (entry->parent == NULL) {
            xca_value_t *section = xca_list_map(sections);

            xca_map_text(section, "id", entry->id);
            xca_map_text(section, "text", nav_text(visit, entry->id));
            xca_map_true(section, "open",
                         here != NULL && here->parent != NULL && strcmp(here->parent, entry->id) == 0);
            entries = xca_map_list(section, stands_alone(visit, entry) ? "alone" : "entries");
        } else {
            put_entry(visit, entries, entry, here);
        }
    }
}

static void put_crumb(xca_value_t *list, const char *text, const char *href) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "text", text);
    xca_map_text(item, "href", href);
}

/* 首頁 > section > entry > what the page itself says it is ("_here"). The last one is the page, and no link. */
static void put_crumbs(xca_visit_t *visit, const xca_nav_entry_t *here) {
    xca_value_t *list;
    const char *page = xca_value_text(xca_value_find(visit->model, "_here"), visit->pool);
    int at_entry;

    if (here == NULL || strcmp(here->id, "home") == 0) {
        return;
    }
    list = xca_map_list(visit->model, "_crumbs");
    at_entry = strcmp(visit->request->path, here->path) == 0 && page == NULL;
    put_crumb(list, xca_catalogue_text(visit->portal->texts, "layout.home", visit->language), "/");
    if (strcmp(here->parent, "top") != 0 &&
        strcmp(nav_text(visit, here->parent), nav_text(visit, here->id)) != 0) {
        put_crumb(list, nav_text(visit, here->parent), NULL);
    }
    put_crumb(list, nav_text(visit, here->id), at_entry || !xca_nav_is_open(here) ? NULL : here->path);
    if (page != NULL) {
        put_crumb(list, page, NULL);
    }
}

/* The query without its "lang", so that the switch leads back to where the visitor is. */
static const char *query_without_language(const char *query, apr_pool_t *pool) {
    const char *kept = "";
    char *rest, *pair, *state;

    if (query == NULL) {
        return "";
    }
    rest = apr_pstrdup(pool, query);
    for (pair = apr_strtok(rest, "&", &state); pair != NULL; pair = apr_strtok(NULL, "&", &state)) {
        if (strncmp(pair, "lang=", 5) != 0) {
            kept = apr_pstrcat(pool, kept, pair, "&", NULL);
        }
    }
    return kept;
}

/* The switch leads back to the page itself. What answers a form alone has no address to come back to: the entry of the menu is next. */
static const char *place_of_switch(const xca_visit_t *visit, const xca_nav_entry_t *here) {
    const char *arg, *allow;

    if (strcmp(visit->request->method, "POST") != 0 || here == NULL ||
        xca_route_find("GET", visit->request->path, &arg, &allow, visit->pool) != NULL) {
        return "";
    }
    return here->path;
}

/* Where to ask, if the operator has said it: in the foot of every page and on printed ones. */
static void put_service(xca_visit_t *visit) {
    const xca_portal_t *portal = visit->portal;
    xca_value_t *service;

    if (portal->service_phone == NULL && portal->service_mail == NULL) {
        return;
    }
    service = xca_map_map(visit->model, "_service");
    xca_map_text(service, "phone", portal->service_phone);
    if (portal->service_mail != NULL) {
        xca_map_text(service, "mail", portal->service_mail);
        xca_map_text(service, "mail_link", apr_pstrcat(visit->pool, "mailto:", portal->service_mail, NULL));
    }
}

void xca_frame(xca_visit_t *visit, const xca_route_t *route) {
    const xca_nav_entry_t *here = xca_nav_find(route != NULL ? route->section : NULL);
    int english = visit->language == XCA_EN;

    xca_map_text(visit->model, "_lang", english ? "en" : "zh-Hant-TW");
    xca_map_text(visit->model, "_other_lang", english ? "zh-Hant-TW" : "en");
    xca_map_true(visit->model, "_english", english);
    xca_map_true(visit->model, "_demo", visit->portal->demo);
    xca_map_text(visit->model, "_switch",
                 apr_pstrcat(visit->pool, place_of_switch(visit, here), "?", query_without_language(visit->request->query, visit->pool),
                             english ? "lang=zh" : "lang=en", NULL));
    xca_map_text(visit->model, "_files", xca_files_version(visit->portal->files));
    put_service(visit);
    put_navigation(visit, here);
    put_crumbs(visit, here);
}
