#include "portal/page_card_desk.h"

#include "portal/engine.h"
#include "portal/places.h"

/* The helper listens at a port that its user may choose. */
#define HELPER "http://127.0.0.1:*"

xca_error_t *xca_page_card_desk(xca_visit_t *visit) {
    visit->connect = HELPER;
    xca_map_text(visit->model, "portal", visit->portal->url);
    return NULL;
}

xca_error_t *xca_page_card_helper(xca_visit_t *visit) {
    xca_map_text(visit->model, "portal", visit->portal->url);
    xca_map_text(visit->model, "helper_url", visit->portal->helper_url);
    return NULL;
}

xca_error_t *xca_page_card_contact(xca_visit_t *visit) {
    xca_places_address(visit, "_address", "contact", NULL, NULL, NULL);
    return xca_page_card_desk(visit);
}
