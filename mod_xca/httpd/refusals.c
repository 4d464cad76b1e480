/* What httpd refuses by itself, before the portal sees it (an address or headers that are too long, a body that breaks off): people
 * get the pages of conf/httpd-errors.conf, programs what the portal would have told them. */
#include "httpd/mod_xca.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <util_filter.h>

#define FILTER "XCA_REFUSAL"

/* The address as far as it was read: of one that is too long httpd keeps the request line alone. */
static const char *path_of(request_rec *r) {
    const char *line = r->the_request != NULL ? r->the_request : "";
    const char *path = line + strcspn(line, " ");

    if (r->uri != NULL && r->uri[0] == '/') {
        return r->uri;
    }
    path += strspn(path, " ");
    return apr_pstrmemdup(r->pool, path, strcspn(path, "? "));
}

static apr_status_t set_type(ap_filter_t *filter, apr_bucket_brigade *brigade) {
    filter->r->content_type = NULL;
    ap_set_content_type(filter->r, filter->ctx);
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void xca_refusals_tell(request_rec *r, const xca_portal_t *portal) {
    const char *type, *text = xca_portal_refusal(&type, portal, path_of(r), r->status, apr_table_get(r->headers_in, "Accept-Language"), r->pool);

    if (text == NULL) {
        return;
    }
    ap_custom_response(r, r->status, text);
    ap_add_output_filter(FILTER, (void *)(apr_uintptr_t)type, r, r->connection);
}

void xca_refusals_start(void) {
    ap_register_output_filter(FILTER, set_type, NULL, AP_FTYPE_RESOURCE);
}
