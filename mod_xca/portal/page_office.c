/* The officers' desk: what waits, and where to. */
#include "portal/page_office.h"

#include "portal/engine.h"

xca_error_t *xca_page_office(xca_visit_t *visit) {
    return NULL;
}
