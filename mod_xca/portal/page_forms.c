/* 常用表單下載, 憑證相關資料下載. */
#include <string.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/page_content.h"

static const char *const forms[] = {"letter-application", "application", "revocation", "letter-revocation",
                                    "code-reset",         "letter-oid",  NULL};
static const char *const helper = "xca-card.tar.gz";

void xca_forms_put_file(xca_visit_t *visit, xca_value_t *map, const char *key, const char *name) {
    const xca_static_file_t *file = xca_files_get(visit->portal->forms, name);
    xca_value_t *item;

    if (file == NULL) {
        return;
    }
    item = xca_map_map(map, key);
    xca_map_text(item, "href", apr_pstrcat(visit->pool, "/forms/", name, NULL));
    xca_map_number(item, "bytes", (apr_int64_t)file->content.length);
    xca_map_number(item, "_kilobytes", (apr_int64_t)(file->content.length + 1023) / 1024);
}

xca_error_t *xca_page_forms(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "forms");
    int i;

    for (i = 0; forms[i] != NULL; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", forms[i]);
        xca_map_text(item, "_title", apr_pstrcat(visit->pool, "forms.", forms[i], ".title", NULL));
        xca_map_text(item, "_text", apr_pstrcat(visit->pool, "forms.", forms[i], ".text", NULL));
        xca_forms_put_file(visit, item, "odt", apr_pstrcat(visit->pool, forms[i], ".odt", NULL));
        xca_forms_put_file(visit, item, "pdf", apr_pstrcat(visit->pool, forms[i], ".pdf", NULL));
    }
    return NULL;
}

xca_error_t *xca_page_form_file(xca_visit_t *visit) {
    return xca_visit_give_file(visit, visit->portal->forms);
}

xca_error_t *xca_page_downloads(xca_visit_t *visit) {
    xca_forms_put_file(visit, visit->model, "helper", helper);
    return NULL;
}
