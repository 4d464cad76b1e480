/* The public log of everything issued and revoked: a page that tells of it, and its parts for who verifies it (tools/log/README.md). */
#include "portal/page_log.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/public_log_read.h"
#include "outside/crypto.h"
#include "portal/engine.h"
#include "portal/page_content.h"

#define SHOWN 20 /* newest leaves on the page */

static void put_leaf(xca_visit_t *visit, xca_value_t *list, const xca_log_leaf_t *leaf) {
    xca_value_t *item = xca_list_map(list);
    apr_time_t when = xca_date_parse_wire(leaf->time);

    xca_map_number(item, "index", apr_atoi64(leaf->index));
    xca_map_text(item, "_part", apr_psprintf(visit->pool, "/log/entries/%" APR_INT64_T_FMT, apr_atoi64(leaf->index) / XCA_LOG_TILE));
    xca_map_text(item, "time", xca_date_format(visit->pool, when, XCA_DATE_RFC3339));
    xca_map_text(item, "_time", xca_date_format(visit->pool, when, XCA_DATE_ISO_TIME));
    xca_map_text(item, "kind", leaf->kind);
    xca_map_text(item, "_kind", apr_pstrcat(visit->pool, "audit.kind.", leaf->kind, NULL));
    xca_map_text(item, "serial", leaf->serial);
    if (leaf->serial != NULL) {
        xca_map_text(item, "_href", apr_pstrcat(visit->pool, "/certificates/", leaf->serial, NULL));
    }
    xca_map_text(item, "certificate", leaf->certificate);
    xca_map_text(item, "entry", leaf->entry);
    xca_map_text(item, "seal", leaf->seal);
}

static void put_head(xca_visit_t *visit, const xca_log_head_t *head) {
    xca_value_t *map = xca_map_map(visit->model, "head");
    apr_time_t when = xca_date_parse_wire(head->time);

    xca_map_number(map, "size", apr_atoi64(head->size));
    xca_map_text(map, "root", head->root);
    xca_map_text(map, "time", xca_date_format(visit->pool, when, XCA_DATE_RFC3339));
    xca_map_text(map, "_time", xca_date_format(visit->pool, when, XCA_DATE_ISO_TIME));
    xca_map_text(map, "entry", head->entry);
}

static xca_error_t *put_newest(xca_visit_t *visit, apr_int64_t size) {
    xca_value_t *list = xca_map_list(visit->model, "newest");
    apr_array_header_t *leaves;
    int i;
    xca_error_t *err = xca_log_leaves(&leaves, visit->office->store, (size - 1) / XCA_LOG_TILE, size, visit->pool);

    for (i = err == NULL ? leaves->nelts - 1 : -1; i >= 0 && i >= leaves->nelts - SHOWN; i--) {
        put_leaf(visit, list, APR_ARRAY_IDX(leaves, i, const xca_log_leaf_t *));
    }
    return err;
}

static xca_error_t *put_found(xca_visit_t *visit, const char *typed, apr_int64_t size) {
    xca_value_t *list = xca_map_list(visit->model, "found");
    apr_array_header_t *leaves;
    const char *serial;
    int i;
    xca_error_t *err = xca_serial_parse(&serial, typed, "serial", visit->pool);

    xca_map_text(visit->model, "serial", typed);
    xca_map_true(visit->model, "searched", err == NULL);
    if (err == NULL) {
        err = xca_log_find(&leaves, visit->office->store, serial, size, visit->pool);
    }
    for (i = 0; err == NULL && i < leaves->nelts; i++) {
        put_leaf(visit, list, APR_ARRAY_IDX(leaves, i, const xca_log_leaf_t *));
    }
    if (err != NULL && err->kind == XCA_E_INVALID) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    return err;
}

xca_error_t *xca_page_log(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "serial");
    xca_log_head_t head;
    apr_int64_t size;
    xca_error_t *err = xca_log_head_get(&head, NULL, visit->office->store, visit->pool);

    xca_forms_put_file(visit, visit->model, "program", "verify.py");
    xca_forms_put_file(visit, visit->model, "description", "public-log.md");
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err; /* nothing yet: the page says so */
    }
    size = apr_atoi64(head.size);
    put_head(visit, &head);
    if (typed != NULL && *typed != '\0') {
        return put_found(visit, typed, size);
    }
    return size > 0 ? put_newest(visit, size) : NULL;
}

/* Parts for programs ---- */

static void give(xca_visit_t *visit, xca_bytes_t data, const char *type, int is_whole) {
    xca_visit_give(visit, data, type);
    visit->data_etag = xca_etag(data, visit->pool);
    apr_table_setn(visit->headers, "Cache-Control", is_whole ? "public, max-age=31536000, immutable" : "no-cache");
}

xca_error_t *xca_page_log_head(xca_visit_t *visit) {
    xca_log_head_t head;
    xca_log_part_t *part;
    xca_bytes_t text;
    xca_error_t *err = xca_log_head_get(&head, &part, visit->office->store, visit->pool);

    if (err != NULL) {
        return err;
    }
    text.data = (const unsigned char *)apr_pstrcat(
        visit->pool, (const char *)part->data.data, "signature: ",
        xca_base64(visit->pool, part->signature.data, part->signature.length), "\ncertificate: ",
        xca_base64(visit->pool, part->certificate.data, part->certificate.length), "\n", NULL);
    text.length = strlen((const char *)text.data);
    give(visit, text, "text/plain; charset=utf-8", 0);
    return NULL;
}

/* Digits, without leading zeros, that end at `end`. */
static int is_number(const char *text, apr_size_t length) {
    return length > 0 && length <= 13 && strspn(text, "0123456789") >= length && (text[0] != '0' || length == 1);
}

static xca_error_t *no_part(const xca_visit_t *visit) {
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "log.not-found", NULL);
}

xca_error_t *xca_page_log_entries(xca_visit_t *visit) {
    apr_int64_t number, size;
    xca_log_head_t head;
    xca_log_part_t *part;
    xca_error_t *err;

    if (!is_number(visit->arg, strlen(visit->arg))) {
        return no_part(visit);
    }
    number = apr_atoi64(visit->arg);
    err = xca_log_head_get(&head, NULL, visit->office->store, visit->pool);
    if (err == NULL) {
        size = apr_atoi64(head.size);
        err = number * XCA_LOG_TILE < size
                  ? xca_log_get(&part, visit->office->store, xca_log_entries_name(number, visit->pool), 0, visit->pool)
                  : no_part(visit);
    }
    if (err == NULL) {
        give(visit, part->data, "text/plain; charset=utf-8", (number + 1) * XCA_LOG_TILE <= size);
    }
    return err;
}

xca_error_t *xca_page_log_tile(xca_visit_t *visit) {
    const char *dash = strchr(visit->arg, '-');
    xca_log_part_t *part;
    xca_error_t *err;

    if (dash == NULL || dash != visit->arg + 1 || !is_number(visit->arg, 1) || !is_number(dash + 1, strlen(dash + 1))) {
        return no_part(visit);
    }
    err = xca_log_get(&part, visit->office->store,
                      xca_log_tile_name(visit->arg[0] - '0', apr_atoi64(dash + 1), visit->pool), 0, visit->pool);
    if (err == NULL) {
        give(visit, part->data, "application/octet-stream", part->number == XCA_LOG_TILE);
    }
    return err;
}
