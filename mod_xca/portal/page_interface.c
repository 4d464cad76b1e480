#include "portal/page_interface.h"

#include <apr_strings.h>
#include "portal/engine.h"

/* The examples of the page, in its order. */
static const char *const examples[] = {"verify.c", "lookup.sh", NULL};

/* What is asked over plain HTTP, as far as the operator has named the address. */
static const char *plain(const xca_visit_t *visit, const char *path) {
    return apr_pstrcat(visit->pool, visit->portal->http_url != NULL ? visit->portal->http_url : "", path, NULL);
}

static void put_addresses(xca_visit_t *visit) {
    xca_value_t *map = xca_map_map(visit->model, "addresses");
    const xca_portal_t *portal = visit->portal;

    xca_map_text(map, "ldap", portal->ldap_url);
    xca_map_text(map, "mail_dn", xca_branch_dn(visit->office->store, "mail", visit->pool));
    xca_map_text(map, "certificates", plain(visit, "/certificates/search.cgi"));
    xca_map_text(map, "lists", plain(visit, "/crls/search.cgi"));
    xca_map_text(map, "repository", plain(visit, "/repository/"));
    xca_map_text(map, "ocsp", portal->profile->ocsp_url);
    xca_map_text(map, "cmp", apr_pstrcat(visit->pool, portal->url != NULL ? portal->url : "", "/.well-known/cmp", NULL));
    xca_map_text(map, "est", apr_pstrcat(visit->pool, portal->url != NULL ? portal->url : "", "/.well-known/est/", NULL));
    xca_map_text(map, "api", apr_pstrcat(visit->pool, portal->url != NULL ? portal->url : "", "/api/v1", NULL));
}

xca_error_t *xca_page_interface(xca_visit_t *visit) {
    xca_value_t *list;
    int i;

    put_addresses(visit);
    xca_map_number(visit->model, "requests", visit->portal->api_requests);
    xca_map_number(visit->model, "client_requests", visit->portal->api_client_requests);
    list = xca_map_list(visit->model, "examples");
    for (i = 0; examples[i] != NULL; i++) {
        const xca_static_file_t *file = xca_files_get(visit->portal->examples, examples[i]);
        xca_value_t *item;

        if (file == NULL) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, "name", file->name);
        xca_map_text(item, "href", apr_pstrcat(visit->pool, "/interface/", file->name, NULL));
        xca_map_text(item, "_title", apr_pstrcat(visit->pool, "interface.", file->name, NULL));
        xca_map_text(item, "_text", apr_pstrcat(visit->pool, "interface.", file->name, ".text", NULL));
        xca_map_text(item, "_source",
                     apr_pstrmemdup(visit->pool, (const char *)file->content.data, file->content.length));
    }
    return NULL;
}

xca_error_t *xca_page_interface_file(xca_visit_t *visit) {
    return xca_visit_give_file(visit, visit->portal->examples);
}
