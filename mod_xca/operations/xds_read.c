/* From a spreadsheet to rows: headings, cells, and what a cell cannot be. */
#include "operations/xds.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"

#define HEADING_ROWS 10 /* rows in which the headings may stand: titles may be above them */
#define UNKNOWN_MAX  20

/* ---- Headings ---- */

static int find_places(int places[XCA_XDS_COLUMN_COUNT], const xca_sheet_row_t *row, const char **twice, apr_pool_t *pool) {
    int i, known = 0;

    for (i = 0; i < XCA_XDS_COLUMN_COUNT; i++) {
        places[i] = -1;
    }
    *twice = NULL;
    for (i = 0; i < row->count; i++) {
        xca_xds_column column = xca_xds_column_of(row->cells[i].text, pool);

        if (column == XCA_XDS_COLUMN_COUNT) {
            continue;
        }
        if (places[column] >= 0) {
            *twice = xca_xds_heading(column);
            continue;
        }
        places[column] = i;
        known++;
    }
    return known;
}

static void note_unknown(xca_xds_preview_t *preview, const xca_sheet_row_t *row, apr_pool_t *pool) {
    int i;

    for (i = 0; i < row->count && preview->unknown->nelts < UNKNOWN_MAX; i++) {
        const char *heading = xca_text_trim(pool, row->cells[i].text);

        if (*heading != '\0' && xca_xds_column_of(heading, pool) == XCA_XDS_COLUMN_COUNT) {
            APR_ARRAY_PUSH(preview->unknown, const char *) =
                apr_pstrcat(pool, xca_column_name(pool, i), " (", heading, ")", NULL);
        }
    }
}

/* The row with the headings: the one of the first ones that has most of them. *at: the first row behind it. */
static xca_error_t *find_headings(xca_xds_preview_t *preview, int *at, const xca_sheet_t *sheet, apr_pool_t *pool) {
    int i, best = 0;
    const char *twice = NULL;
    xca_error_t *err;

    for (i = 0; i < sheet->rows->nelts && i < HEADING_ROWS; i++) {
        const xca_sheet_row_t *row = &APR_ARRAY_IDX(sheet->rows, i, xca_sheet_row_t);
        int places[XCA_XDS_COLUMN_COUNT];
        const char *again;
        int known = find_places(places, row, &again, pool);

        if (known > best) {
            best = known;
            *at = i + 1;
            twice = again;
            memcpy(preview->places, places, sizeof(places));
        }
    }
    if (best < 2) {
        return xca_error_make(pool, XCA_E_INVALID, "xds.no-headings", NULL);
    }
    if (preview->places[XCA_XDS_KIND] < 0) {
        return xca_error_make(pool, XCA_E_INVALID, "xds.no-kind", NULL);
    }
    if (twice != NULL) {
        err = xca_error_make(pool, XCA_E_INVALID, "xds.heading-twice", NULL);
        err->arg = twice;
        return err;
    }
    note_unknown(preview, &APR_ARRAY_IDX(sheet->rows, *at - 1, xca_sheet_row_t), pool);
    return NULL;
}

/* ---- Cells ---- */

/* Codes that begin with a zero, which a spreadsheet that took them for numbers has dropped. */
static int has_lost_zero(xca_xds_column column, const char *text) {
    return (column == XCA_XDS_UBN && strlen(text) < 8) || column == XCA_XDS_PHONE || column == XCA_XDS_FAX;
}

static const char *wrong_cell(xca_xds_column column, const xca_cell_t *cell) {
    switch (cell->kind) {
    case XCA_CELL_FORMULA:
        return "xds.cell-formula";
    case XCA_CELL_ERROR:
        return "xds.cell-error";
    case XCA_CELL_DATE:
        return "xds.cell-date";
    case XCA_CELL_NUMBER:
        return has_lost_zero(column, cell->text) ? "xds.zero-lost" : NULL;
    case XCA_CELL_TEXT:
        break;
    }
    return NULL;
}

/* Takes up an error unless the column has one. */
static void add_error(const xca_error_t **list, xca_error_t *err) {
    const xca_error_t *at;

    for (at = *list; err != NULL && at != NULL; at = at->next) {
        if (at->field != NULL && err->field != NULL && strcmp(at->field, err->field) == 0) {
            return;
        }
    }
    *list = xca_error_append((xca_error_t *)(apr_uintptr_t)*list, err);
}

static int read_line(xca_xds_line_t *line, const xca_xds_preview_t *preview, const xca_sheet_t *sheet,
                     const xca_sheet_row_t *row, apr_pool_t *pool) {
    int column, filled = row->wrong != NULL;

    memset(line, 0, sizeof(*line));
    line->row.number = row->number;
    line->wrong = row->wrong;
    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
        int place = preview->places[column];
        const char *id = xca_xds_column_id((xca_xds_column)column);
        const char *wrong;

        if (place < 0) {
            continue;
        }
        if (xca_sheet_merged(sheet, row->number, place)) {
            add_error(&line->wrong, xca_error_field(pool, id, "xds.cell-merged", NULL));
        }
        if (place >= row->count) {
            continue;
        }
        filled |= *xca_text_trim(pool, row->cells[place].text) != '\0' || row->cells[place].kind != XCA_CELL_TEXT;
        wrong = wrong_cell((xca_xds_column)column, &row->cells[place]);
        if (wrong != NULL) {
            add_error(&line->wrong, xca_error_field(pool, id, wrong, row->cells[place].text));
        }
        line->row.values[column] = row->cells[place].text;
    }
    return filled;
}

/* What the rows say for themselves; columns whose cell is wrong already keep that reason. */
static void check_line(xca_xds_line_t *line, const xca_postal_t *postal, apr_pool_t *pool) {
    xca_error_t *err = xca_xds_row_check(&line->row, postal, pool);

    while (err != NULL) {
        xca_error_t *next = err->next;

        err->next = NULL;
        add_error(&line->wrong, err);
        err = next;
    }
}

static xca_error_t *read_lines(xca_xds_preview_t *preview, int at, const xca_sheet_t *sheet, const xca_postal_t *postal,
                               apr_pool_t *pool) {
    for (; at < sheet->rows->nelts; at++) {
        const xca_sheet_row_t *row = &APR_ARRAY_IDX(sheet->rows, at, xca_sheet_row_t);
        xca_xds_line_t line;

        if (!read_line(&line, preview, sheet, row, pool)) {
            continue; /* nothing in our columns */
        }
        if (row->wrong == NULL) {
            check_line(&line, postal, pool);
        }
        APR_ARRAY_PUSH(preview->lines, xca_xds_line_t) = line;
        preview->right += line.wrong == NULL;
        preview->wrong += line.wrong != NULL;
    }
    return preview->lines->nelts > 0 ? NULL : xca_error_make(pool, XCA_E_INVALID, "xds.empty", NULL);
}

xca_xds_preview_t *xca_xds_preview_of(const apr_array_header_t *rows, const xca_postal_t *postal, apr_pool_t *pool) {
    xca_xds_preview_t *made = apr_pcalloc(pool, sizeof(*made));
    int i;

    made->table = "";
    made->unknown = apr_array_make(pool, 1, sizeof(const char *));
    made->lines = apr_array_make(pool, rows->nelts + 1, sizeof(xca_xds_line_t));
    for (i = 0; i < XCA_XDS_COLUMN_COUNT; i++) {
        made->places[i] = -1;
    }
    for (i = 0; i < rows->nelts; i++) {
        xca_xds_line_t *line = apr_array_push(made->lines);

        memset(line, 0, sizeof(*line));
        line->row = APR_ARRAY_IDX(rows, i, xca_xds_row_t);
        check_line(line, postal, pool);
        made->right += line->wrong == NULL;
        made->wrong += line->wrong != NULL;
    }
    return made;
}

xca_error_t *xca_xds_open(xca_xds_preview_t **preview, const void *data, apr_size_t length, const char *xls_program,
                          const xca_postal_t *postal, apr_pool_t *pool) {
    const xca_sheet_options_t options = {XCA_XDS_ROWS_MAX + HEADING_ROWS, XCA_XDS_TABLE, xls_program};
    xca_xds_preview_t *made = apr_pcalloc(pool, sizeof(*made));
    xca_sheet_t *sheet;
    int at = 0;
    xca_error_t *err = xca_sheet_read(&sheet, data, length, &options, pool);

    if (err != NULL) {
        return err;
    }
    made->table = sheet->name;
    made->unknown = apr_array_make(pool, 2, sizeof(const char *));
    made->lines = apr_array_make(pool, sheet->rows->nelts + 1, sizeof(xca_xds_line_t));
    err = find_headings(made, &at, sheet, pool);
    if (err == NULL && sheet->rows->nelts - at > XCA_XDS_ROWS_MAX) {
        err = xca_error_make(pool, XCA_E_TOO_LARGE, "sheet.too-many-rows", NULL);
        err->arg = apr_itoa(pool, XCA_XDS_ROWS_MAX);
    }
    if (err == NULL) {
        err = read_lines(made, at, sheet, postal, pool);
    }
    *preview = made;
    return err;
}
