/* Which page answers which address. */
#include <string.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/pages.h"

/* method, path, page, template, entry of the navigation, purpose of the form token, plain HTTP */
const xca_route_t xca_routes[] = {
    {"GET", "/", xca_page_home, "home", "home", NULL, 0},
    {"GET", "/start", xca_page_text, "start", "start", NULL, 0},
    {"GET", "/sitemap", xca_page_sitemap, "sitemap", "sitemap", NULL, 0},
    {"GET", "/about", xca_page_text, "about", "about", NULL, 0},

    {"GET", "/repository", xca_page_repository, "repository", "repository", NULL, 0},
    {"GET", "/repository/xca.cer", xca_page_repository_ca, NULL, "repository", NULL, 1},
    {"GET", "/repository/chain.p7b", xca_page_repository_chain, NULL, "repository", NULL, 1},
    {"GET", "/repository/xca.crl", xca_page_repository_crl, NULL, "repository", NULL, 1},
    {"GET", "/repository/certificates/*", xca_page_repository_certificate, NULL, "repository", NULL, 1},

    {"GET", "/oid", xca_page_oid, "oid", "oid", NULL, 0},
    {"GET", "/oid/*", xca_page_oid, "oid", "oid", NULL, 0},
    {"GET", "/organisations", xca_page_organisations, "organisations", "organisations", NULL, 0},
    {"GET", "/windows", xca_page_windows, "windows", "windows", NULL, 0},
    {"GET", "/windows/*", xca_page_windows, "window_county", "windows", NULL, 0},

    {"GET", "/apply/guide", xca_page_text, "apply_guide", "apply-guide", NULL, 0},

    {NULL, NULL, NULL, NULL, NULL, NULL, 0},
};

/* Segment by segment; '*' takes one that is not empty. */
static int matches(const char *pattern, const char *path, const char **arg, apr_pool_t *pool) {
    while (*pattern != '\0' && *path != '\0') {
        apr_size_t length = strcspn(path, "/");

        if (*pattern == '*' && length > 0) {
            *arg = apr_pstrmemdup(pool, path, length);
            pattern++;
            path += length;
        } else if (*pattern == *path) {
            pattern++;
            path++;
        } else {
            return 0;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

const xca_route_t *xca_route_find(const char *method, const char *path, const char **arg,
                                  const char **allow, apr_pool_t *pool) {
    const xca_route_t *route, *found = NULL;
    int gets = 0, posts = 0;

    if (strcmp(method, "HEAD") == 0) {
        method = "GET";
    }
    for (route = xca_routes; route->path != NULL; route++) {
        const char *taken = NULL;

        if (!matches(route->path, path, &taken, pool)) {
            continue;
        }
        gets |= strcmp(route->method, "GET") == 0;
        posts |= strcmp(route->method, "POST") == 0;
        if (found == NULL && strcmp(route->method, method) == 0) {
            found = route;
            *arg = taken;
        }
    }
    *allow = gets && posts ? "GET, HEAD, POST" : gets ? "GET, HEAD" : posts ? "POST" : NULL;
    return found;
}

const char *xca_path_encoded(const char *path, apr_pool_t *pool) {
    static const char kept[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *result = apr_palloc(pool, strlen(path) * 3 + 1);
    char *to = result;

    while (*path == '/' && path[1] == '/') {
        path++; /* "//host" would lead elsewhere */
    }
    for (; *path != '\0'; path++) {
        if (strchr(kept, *path) != NULL) {
            *to++ = *path;
        } else {
            to += apr_snprintf(to, 4, "%%%02X", (unsigned char)*path);
        }
    }
    *to = '\0';
    return result;
}
