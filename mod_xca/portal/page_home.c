#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "portal/engine.h"
#include "portal/navigation.h"
#include "portal/page_content.h"
#include "portal/pages.h"

#define NEWS 3

xca_error_t *xca_page_text(xca_visit_t *visit) {
    return NULL;
}

/* Tasks as cards; those that are not open yet say so. `ids` ends with NULL. */
static void put_tasks(xca_visit_t *visit, const char *key, const char *const *ids) {
    xca_value_t *list = xca_map_list(visit->model, key);

    for (; *ids != NULL; ids++) {
        const xca_nav_entry_t *entry = xca_nav_find(*ids);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "title", apr_pstrcat(visit->pool, "home.task.", *ids, NULL));
        xca_map_text(item, "text", apr_pstrcat(visit->pool, "home.task.", *ids, ".text", NULL));
        if (xca_nav_is_open(entry)) {
            xca_map_text(item, "href", entry->path);
        }
    }
}

static void put_list(xca_visit_t *visit, const xca_repository_state_t *state) {
    if (state->crl == NULL) {
        return;
    }
    xca_map_number(visit->model, "_list_number", (apr_int64_t)state->crl->number);
    xca_map_text(visit->model, "_list_time",
                 xca_date_format(visit->pool, state->crl->this_update, XCA_DATE_ISO_TIME));
}

/* The state of the service is told on the home page: applicants wait for the signer. */
xca_error_t *xca_page_home(xca_visit_t *visit) {
    static const char *const after[] = {"case-status", "activate", "accept", "case-edit", "suspend", "unlock", NULL};
    static const char *const find[] = {"certificates", "windows", NULL};
    const xca_repository_state_t *state;
    xca_error_t *err = xca_repository_get(&state, visit->portal->repository, visit->office->store,
                                          visit->now, visit->pool);
    const char *service = "running";

    if (err == NULL && !xca_repository_directory_is_away(visit->portal->repository)) {
        xca_log_error("news of the home page", xca_news_put_latest(visit, NEWS));
    }
    put_tasks(visit, "_after", after);
    put_tasks(visit, "_find", find);
    xca_log_error("state of the service", err);
    if (err == NULL) {
        put_list(visit, state);
    }
    if (err != NULL || xca_repository_directory_is_away(visit->portal->repository)) {
        service = "directory-down";
        xca_map_true(visit->model, "_directory_down", 1);
    } else if (xca_repository_signer_is_silent(state, visit->now)) {
        service = "signer-silent";
        xca_map_true(visit->model, "_signer_silent", 1);
    }
    xca_map_text(visit->model, "service", service);
    return NULL;
}

/* The frame brings the sections; they are data too. */
xca_error_t *xca_page_sitemap(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "pages");
    const xca_nav_entry_t *entry;

    for (entry = xca_navigation; entry->id != NULL; entry++) {
        xca_value_t *item;

        if (entry->parent == NULL) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, "id", entry->id);
        xca_map_text(item, "section", entry->parent);
        xca_map_text(item, "title",
                     xca_catalogue_text(visit->portal->texts,
                                        apr_pstrcat(visit->pool, "nav.", entry->id, NULL),
                                        visit->language));
        xca_map_text(item, "path", entry->path);
        xca_map_true(item, "open", xca_nav_is_open(entry));
    }
    return NULL;
}
