#include "portal/navigation.h"

#include <string.h>
#include "portal/engine.h"

/* "top" holds the bar at the head of every page, the other sections are those of the portal map. */
const xca_nav_entry_t xca_navigation[] = {
    {"top", NULL, NULL},
    {"home", "top", "/"},
    {"start", "top", "/start"},
    {"faq-top", "top", "/faq"},
    {"sitemap", "top", "/sitemap"},

    {"about-xca", NULL, NULL},
    {"about", "about-xca", "/about"},

    {"notices", NULL, NULL},
    {"news", "notices", "/news"},
    {"news-archive", "notices", "/news/archive"},
    {"statistics", "notices", "/statistics"},
    {"repository", "notices", "/repository"},
    {"fees", "notices", "/fees"},
    {"expiring", "notices", "/expiring"},

    {"applications", NULL, NULL},
    {"apply-guide", "applications", "/apply/guide"},
    {"oid-changes", "applications", "/oid/changes"},
    {"apply-card", "applications", "/apply/card"},
    {"apply-certificate", "applications", "/apply/certificate"},
    {"case-edit", "applications", "/case/edit"},
    {"case-status", "applications", "/case/status"},
    {"windows", "applications", "/windows"},
    {"organisations", "applications", "/organisations"},
    {"oid", "applications", "/oid"},

    {"certificates-cards", NULL, NULL},
    {"activate", "certificates-cards", "/card/activate"},
    {"accept", "certificates-cards", "/certificates/accept"},
    {"unlock", "certificates-cards", "/card/unlock"},
    {"change-pin", "certificates-cards", "/card/change-pin"},
    {"code-reset", "certificates-cards", "/code-reset"},
    {"certificates", "certificates-cards", "/certificates"},
    {"revoke", "certificates-cards", "/certificates/revoke"},
    {"suspend", "certificates-cards", "/certificates/suspend"},
    {"contact", "certificates-cards", "/card/contact"},
    {"card-test", "certificates-cards", "/card/test"},
    {"card-info", "certificates-cards", "/card/info"},
    {"card-helper", "certificates-cards", "/card/helper"},

    {"officers", NULL, NULL},
    {"officer-desk", "officers", "/office"},

    {"downloads", NULL, NULL},
    {"forms", "downloads", "/forms"},
    {"material", "downloads", "/downloads"},

    {"uses", NULL, NULL},
    {"uses-list", "uses", "/uses"},

    {"faq", NULL, NULL},
    {"faq-list", "faq", "/faq"},

    {"support", NULL, NULL},
    {"questions", "support", "/questions"},

    {"interface", NULL, NULL},
    {"interface-guide", "interface", "/interface"},

    {NULL, NULL, NULL},
};

const xca_nav_entry_t *xca_nav_find(const char *id) {
    const xca_nav_entry_t *entry;

    for (entry = xca_navigation; id != NULL && entry->id != NULL; entry++) {
        if (strcmp(entry->id, id) == 0) {
            return entry;
        }
    }
    return NULL;
}

int xca_nav_is_open(const xca_nav_entry_t *entry) {
    const xca_route_t *route;

    for (route = xca_routes; entry->path != NULL && route->path != NULL; route++) {
        if (strcmp(route->method, "GET") == 0 && strcmp(route->path, entry->path) == 0) {
            return 1;
        }
    }
    return 0;
}
