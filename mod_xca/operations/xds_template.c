#include "operations/xds_template.h"

#include <apr_strings.h>

#define NOTES      10
#define EMPTY_ROWS 500 /* that have choices and hints */

static const int widths[XCA_XDS_COLUMN_COUNT] = {24, 16, 14, 36, 12, 40, 18, 18, 26, 36, 14, 26, 28};

static const char *text_of(const xca_catalogue_t *texts, const char *prefix, const char *id, xca_language language,
                           apr_pool_t *pool) {
    return xca_catalogue_text(texts, apr_pstrcat(pool, prefix, id, NULL), language);
}

static const char *const *put_row(const xca_xds_row_t *row, xca_language language, apr_pool_t *pool) {
    const char **texts = apr_pcalloc(pool, sizeof(*texts) * XCA_XDS_COLUMN_COUNT);
    int column;

    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
        texts[column] = row->values[column];
    }
    if (row->kind != XCA_XDS_KIND_COUNT && language == XCA_EN) {
        texts[XCA_XDS_KIND] = xca_xds_kind_id(row->kind);
    }
    return texts;
}

xca_error_t *xca_xds_template(xca_bytes_t *file, xca_sheet_format format, const xca_catalogue_t *texts,
                              xca_language language, const apr_array_header_t *rows, apr_pool_t *pool) {
    xca_sheet_column_t columns[XCA_XDS_COLUMN_COUNT];
    const char *choices[XCA_XDS_KIND_COUNT], *notes[NOTES * 2];
    const char *const **filled = apr_palloc(pool, sizeof(*filled) * (apr_size_t)(rows != NULL ? rows->nelts + 1 : 1));
    xca_sheet_plan_t plan = {XCA_XDS_TABLE, columns, XCA_XDS_COLUMN_COUNT, choices, XCA_XDS_KIND_COUNT, EMPTY_ROWS, filled, 0,
                             NULL, notes, NOTES * 2};
    int i;

    for (i = 0; i < XCA_XDS_COLUMN_COUNT; i++) {
        const char *id = xca_xds_column_id((xca_xds_column)i);

        columns[i].heading = language == XCA_ZH ? xca_xds_heading((xca_xds_column)i)
                                                : text_of(texts, "xds.column.", id, language, pool);
        columns[i].hint = text_of(texts, "xds.hint.", id, language, pool);
        columns[i].width = widths[i];
    }
    for (i = 0; i < XCA_XDS_KIND_COUNT; i++) {
        choices[i] = language == XCA_ZH ? xca_xds_kind_word((xca_xds_kind)i) : xca_xds_kind_id((xca_xds_kind)i);
    }
    for (i = 0; i < NOTES; i++) {
        notes[i] = text_of(texts, "xds.note.", apr_itoa(pool, i + 1), XCA_ZH, pool);
        notes[NOTES + i] = text_of(texts, "xds.note.", apr_itoa(pool, i + 1), XCA_EN, pool);
    }
    for (i = 0; rows != NULL && i < rows->nelts; i++) {
        filled[plan.row_count++] = put_row(&APR_ARRAY_IDX(rows, i, xca_xds_row_t), language, pool);
    }
    plan.notes_name = xca_catalogue_text(texts, "xds.notes-table", language);
    return xca_sheet_write(file, format, &plan, pool);
}

apr_array_header_t *xca_xds_wrong_rows(const xca_xds_preview_t *preview, apr_pool_t *pool) {
    apr_array_header_t *rows = apr_array_make(pool, preview->wrong + 1, sizeof(xca_xds_row_t));
    int i;

    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);

        if (line->wrong != NULL) {
            APR_ARRAY_PUSH(rows, xca_xds_row_t) = line->row;
        }
    }
    return rows;
}
