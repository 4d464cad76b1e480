#include "portal/xds_show.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/xds_store.h"
#include "portal/engine.h"

static const char *id_of(const char *prefix, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, prefix, id, NULL);
}

/* What an error says, and where: "B5", "新組織(團體)統一編號". */
static void put_error(xca_visit_t *visit, xca_value_t *list, const int *places, int number, const xca_error_t *err) {
    xca_value_t *item = xca_list_map(list);
    xca_xds_column column = xca_xds_column_by_id(err->field);

    xca_map_text(item, "message", err->message);
    xca_map_text(item, "text", xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
    if (column == XCA_XDS_COLUMN_COUNT) {
        return;
    }
    xca_map_text(item, "column", err->field);
    xca_map_text(item, "_heading", id_of("xds.column.", err->field, visit->pool));
    if (places != NULL && places[column] >= 0) {
        xca_map_text(item, "cell", apr_psprintf(visit->pool, "%s%d", xca_column_name(visit->pool, places[column]), number));
    }
}

static void put_errors(xca_visit_t *visit, xca_value_t *map, const char *key, const int *places, int number,
                       const xca_error_t *err) {
    xca_value_t *list = xca_map_list(map, key);

    for (; err != NULL; err = err->next) {
        put_error(visit, list, places, number, err);
    }
}

/* What a row asks for. */
static xca_value_t *put_row(xca_visit_t *visit, xca_value_t *list, const xca_xds_row_t *row) {
    xca_value_t *item = xca_list_map(list), *values = xca_map_list(item, "values");
    const char *name = xca_xds_known_name(row);
    int column;

    xca_map_number(item, "row", row->number);
    if (row->kind != XCA_XDS_KIND_COUNT) {
        xca_map_text(item, "kind", xca_xds_kind_id(row->kind));
        xca_map_text(item, "_kind", id_of("xds.kind.", xca_xds_kind_id(row->kind), visit->pool));
    }
    xca_map_text(item, "name", name != NULL && *name != '\0' ? name : NULL);
    xca_map_text(item, "oid", row->oid);
    for (column = XCA_XDS_SCHOOL_CODE; column < XCA_XDS_COLUMN_COUNT; column++) {
        const char *value = row->values[column];

        /* The name that it is known by stands at the head of the row. */
        if (value != NULL && *value != '\0' && value != name) {
            xca_value_t *one = xca_list_map(values);

            xca_map_text(one, "column", xca_xds_column_id((xca_xds_column)column));
            xca_map_text(one, "_heading", id_of("xds.column.", xca_xds_column_id((xca_xds_column)column), visit->pool));
            xca_map_text(one, "value", value);
        }
    }
    return item;
}

void xca_xds_show(xca_visit_t *visit, const xca_xds_preview_t *preview) {
    xca_value_t *sheet = xca_map_map(visit->model, "sheet");
    xca_value_t *unknown = xca_map_list(sheet, "unknown"), *rows;
    int i;

    xca_map_text(sheet, "table", *preview->table != '\0' ? preview->table : NULL);
    xca_map_number(sheet, "right", preview->right);
    xca_map_number(sheet, "wrong", preview->wrong);
    xca_map_true(sheet, "_all_right", preview->wrong == 0);
    for (i = 0; i < preview->unknown->nelts; i++) {
        xca_list_text(unknown, APR_ARRAY_IDX(preview->unknown, i, const char *));
    }
    rows = xca_map_list(sheet, "rows");
    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);
        xca_value_t *item = put_row(visit, rows, &line->row);

        xca_map_true(item, "right", line->wrong == NULL);
        xca_map_true(item, "_wrong", line->wrong != NULL);
        put_errors(visit, item, "wrong", preview->places, line->row.number, line->wrong);
        put_errors(visit, item, "notes", preview->places, line->row.number, line->notes);
    }
}

static const xca_row_result_t *result_of(const apr_array_header_t *results, int row) {
    int i;

    for (i = 0; i < results->nelts; i++) {
        const xca_row_result_t *result = APR_ARRAY_IDX(results, i, const xca_row_result_t *);

        if (result->row == row) {
            return result;
        }
    }
    return NULL;
}

static void put_result(xca_visit_t *visit, xca_value_t *item, const xca_row_result_t *result) {
    xca_error_t said = {XCA_E_INVALID, NULL, NULL, NULL, NULL, NULL};

    if (result == NULL || result->answer == NULL) {
        return;
    }
    said.message = result->answer;
    said.arg = result->arg;
    said.field = result->column;
    xca_map_true(item, "right", result->state == XCA_ROW_DONE);
    xca_map_true(item, "_wrong", result->state == XCA_ROW_REFUSED);
    if (result->state == XCA_ROW_DONE) {
        xca_map_text(item, "result", xca_catalogue_error(visit->portal->texts, &said, visit->language, visit->pool));
    } else {
        put_errors(visit, item, "wrong", NULL, result->row, &said);
    }
}

xca_error_t *xca_xds_show_case(xca_visit_t *visit, const xca_case_t *kase) {
    apr_array_header_t *rows, *results;
    xca_value_t *sheet = xca_map_map(visit->model, "sheet"), *list;
    int i;
    xca_error_t *err = xca_xds_rows_of(&rows, visit->office, kase, visit->pool);

    if (err == NULL) {
        err = xca_row_list(&results, visit->office->store, kase->number, visit->pool);
    }
    if (err != NULL && err->kind != XCA_E_NOT_FOUND && err->kind != XCA_E_INVALID) {
        return err;
    }
    if (err != NULL) {
        xca_map_text(sheet, "_broken", err->message);
        return NULL;
    }
    xca_map_true(sheet, "_case", 1);
    list = xca_map_list(sheet, "rows");
    for (i = 0; i < rows->nelts; i++) {
        const xca_xds_row_t *row = &APR_ARRAY_IDX(rows, i, xca_xds_row_t);

        put_result(visit, put_row(visit, list, row), result_of(results, row->number));
    }
    return NULL;
}
