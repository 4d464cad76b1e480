#include "operations/window.h"

#include <string.h>
#include "domain/names.h"

#define CENTRAL "中央機關"

static int takes(const xca_window_t *window, const xca_org_t *org) {
    return org->class != XCA_CLASS_NONE && xca_window_takes(window, org->class);
}

/* Windows are called 教育部(高教司), their authority 教育部: the start of the name will do. */
const xca_window_t *xca_window_of_authority(const apr_array_header_t *windows, const xca_window_t *first,
                                            const char *authority, const xca_org_t *org, apr_pool_t *pool) {
    const char *folded = xca_name_fold(pool, authority);
    const xca_window_t *found = NULL;
    int i;

    for (i = 0; *folded != '\0' && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        if (strncmp(xca_name_fold(pool, window->name), folded, strlen(folded)) != 0) {
            continue;
        }
        if (first != NULL && strcmp(window->id, first->id) == 0) {
            return window;
        }
        if (found == NULL || (!takes(found, org) && takes(window, org))) {
            found = window;
        }
    }
    return found;
}

int xca_window_has(const xca_window_t *window, const apr_array_header_t *windows, const xca_org_t *org,
                   apr_pool_t *pool) {
    if (org->authority != NULL) {
        const xca_window_t *other = xca_window_of_authority(windows, window, org->authority, org, pool);

        return other == NULL || strcmp(other->id, window->id) == 0;
    }
    return takes(window, org) && (org->county == NULL || window->county == NULL ||
                                  strcmp(window->county, CENTRAL) == 0 || strcmp(window->county, org->county) == 0);
}

static const xca_window_t *window_by_id(const apr_array_header_t *windows, const char *id) {
    int i;

    for (i = 0; id != NULL && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        if (strcmp(window->id, id) == 0) {
            return window;
        }
    }
    return NULL;
}

/* What is recorded of the certificate's origin; NULL where nothing is. */
static xca_error_t *origin(xca_case_t **kase, xca_org_t **org, xca_office_t *office, const xca_cert_t *cert,
                           apr_pool_t *pool) {
    xca_error_t *err = NULL;

    *kase = NULL;
    *org = NULL;
    if (cert->case_number != NULL) {
        err = xca_case_read(kase, office->store, cert->case_number, pool);
    }
    if ((err == NULL || err->kind == XCA_E_NOT_FOUND) && cert->oid != NULL) {
        err = xca_org_read(org, office->store, cert->oid, pool);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *xca_window_check(xca_office_t *office, const xca_cert_t *cert, const char *id, apr_pool_t *pool) {
    const xca_window_t *own, *other;
    apr_array_header_t *windows;
    xca_case_t *kase;
    xca_org_t *org;
    xca_error_t *err = xca_window_list(&windows, office->store, NULL, pool);

    if (err == NULL) {
        err = origin(&kase, &org, office, cert, pool);
    }
    if (err != NULL) {
        return err;
    }
    own = window_by_id(windows, id);
    if (own == NULL) {
        return xca_error_field(pool, "number", "window.not-found", NULL);
    }
    other = kase != NULL ? window_by_id(windows, kase->window) : NULL;
    if (own == other || (org != NULL && xca_window_has(own, windows, org, pool))) {
        return NULL;
    }
    if (other == NULL && org != NULL && org->authority != NULL) {
        other = xca_window_of_authority(windows, NULL, org->authority, org, pool);
    }
    if (other == NULL && org == NULL) {
        return NULL; /* nothing tells whose it is: the second review sees to that */
    }
    return xca_error_field(pool, "number", "revoke.other-window",
                           other != NULL ? other->name : org != NULL && org->authority != NULL ? org->authority : "—");
}
