#include "base/log.h"
#include "portal/engine.h"
#include "portal/pages.h"

/* The state of the service is told on the home page: applicants wait for the signer. */
xca_error_t *xca_page_home(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err = xca_repository_get(&state, visit->portal->repository, visit->office->store,
                                          visit->now, visit->pool);

    if (err != NULL) {
        xca_log_error("state of the service", err);
        xca_map_text(visit->model, "service", "directory-down");
        xca_map_true(visit->model, "_directory_down", 1);
        return NULL;
    }
    if (xca_repository_signer_is_silent(state, visit->now)) {
        xca_map_text(visit->model, "service", "signer-silent");
        xca_map_true(visit->model, "_signer_silent", 1);
        return NULL;
    }
    xca_map_text(visit->model, "service", "running");
    return NULL;
}
