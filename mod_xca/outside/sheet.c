#include "outside/sheet_parts.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/csv.h"
#include "outside/zip.h"

#define MERGES_MAX 10000

xca_error_t *xca_sheet_damaged(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_INVALID, "sheet.damaged", "%s", why);
}

char *xca_column_name(apr_pool_t *pool, int column) {
    char name[16];
    int at = sizeof(name) - 1;

    name[at] = '\0';
    for (column++; column > 0 && at > 0; column = (column - 1) / 26) {
        name[--at] = (char)('A' + (column - 1) % 26);
    }
    return apr_pstrdup(pool, name + at);
}

int xca_sheet_merged(const xca_sheet_t *sheet, int row, int column) {
    int i;

    for (i = 0; i < sheet->merges->nelts; i++) {
        const xca_merge_t *merge = &APR_ARRAY_IDX(sheet->merges, i, xca_merge_t);

        if (row >= merge->first_row && row <= merge->last_row && column >= merge->first_column &&
            column <= merge->last_column) {
            return 1;
        }
    }
    return 0;
}

/* ---- Putting a table together ---- */

xca_sheet_builder_t *xca_sheet_build(xca_sheet_format format, const xca_sheet_options_t *options,
                                     apr_pool_t *pool) {
    xca_sheet_builder_t *builder = apr_pcalloc(pool, sizeof(*builder));

    builder->sheet = apr_pcalloc(pool, sizeof(*builder->sheet));
    builder->sheet->format = format;
    builder->options = options;
    builder->pool = pool;
    xca_sheet_restart(builder, "");
    return builder;
}

void xca_sheet_restart(xca_sheet_builder_t *builder, const char *name) {
    builder->sheet->name = apr_pstrdup(builder->pool, name);
    builder->sheet->rows = apr_array_make(builder->pool, 64, sizeof(xca_sheet_row_t));
    builder->sheet->merges = apr_array_make(builder->pool, 4, sizeof(xca_merge_t));
    builder->count = 0;
    builder->row = 0;
}

void xca_sheet_row_begin(xca_sheet_builder_t *builder, int number) {
    builder->count = 0;
    builder->row = number;
}

static xca_error_t *at_cell(const xca_sheet_builder_t *builder, const char *message, int column) {
    xca_error_t *err = xca_error_make(builder->pool, XCA_E_INVALID, message, NULL);

    err->arg = apr_psprintf(builder->pool, "%s%d", xca_column_name(builder->pool, column), builder->row);
    return err;
}

xca_error_t *xca_sheet_cell(xca_sheet_builder_t *builder, int column, xca_cell_kind kind, const char *text,
                            apr_size_t length) {
    static const xca_cell_t empty = {"", XCA_CELL_TEXT};

    if (length == 0 && kind != XCA_CELL_FORMULA) {
        return NULL;
    }
    if (column < 0 || column >= XCA_SHEET_COLUMNS_MAX) {
        return at_cell(builder, "sheet.too-many-columns", column);
    }
    if (length > XCA_SHEET_CELL_MAX) {
        return at_cell(builder, "sheet.cell-long", column);
    }
    builder->bytes += length;
    if (builder->bytes > XCA_SHEET_TEXT_MAX) {
        return xca_error_make(builder->pool, XCA_E_TOO_LARGE, "sheet.too-large", NULL);
    }
    while (builder->count <= column) {
        builder->cells[builder->count++] = empty;
    }
    builder->cells[column].text = apr_pstrmemdup(builder->pool, text, length);
    builder->cells[column].kind = kind;
    return NULL;
}

xca_error_t *xca_sheet_row_end(xca_sheet_builder_t *builder, int times) {
    int most = builder->options->rows_max > 0 ? builder->options->rows_max : XCA_SHEET_ROWS_MAX;
    xca_sheet_row_t row = {builder->row, builder->count, NULL, NULL};

    if (row.count == 0) {
        return NULL;
    }
    row.cells = apr_pmemdup(builder->pool, builder->cells, sizeof(xca_cell_t) * (apr_size_t)row.count);
    for (; times > 0; times--) {
        if (builder->sheet->rows->nelts >= most) {
            xca_error_t *err = xca_error_make(builder->pool, XCA_E_TOO_LARGE, "sheet.too-many-rows", NULL);

            err->arg = apr_itoa(builder->pool, most);
            return err;
        }
        APR_ARRAY_PUSH(builder->sheet->rows, xca_sheet_row_t) = row;
        row.number++;
    }
    return NULL;
}

xca_error_t *xca_sheet_merge(xca_sheet_builder_t *builder, const xca_merge_t *merge) {
    if (merge->first_row >= merge->last_row && merge->first_column >= merge->last_column) {
        return NULL;
    }
    if (builder->sheet->merges->nelts >= MERGES_MAX) {
        return xca_sheet_damaged(builder->pool, "too many merged cells");
    }
    APR_ARRAY_PUSH(builder->sheet->merges, xca_merge_t) = *merge;
    return NULL;
}

/* ---- CSV ---- */

static int is_bad_text(const xca_error_t *err) {
    return strcmp(err->message, "csv.utf8") == 0;
}

/* A row that cannot be read is told as that row, except for text in another encoding: then no row is right. */
static xca_error_t *read_csv(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    xca_csv_t *csv = xca_csv_open(builder->pool, data, length);
    apr_pool_t *scratch;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, builder->pool);
    while (err == NULL) {
        const char **fields;
        int count, line, i;

        apr_pool_clear(scratch);
        err = xca_csv_next(csv, &fields, &count, &line, scratch);
        if (err == NULL && count == 0) {
            break;
        }
        xca_sheet_row_begin(builder, line);
        if (err != NULL && !is_bad_text(err)) {
            xca_sheet_row_t row = {line, 0, NULL, NULL};
            xca_error_t *wrong = xca_error_field(builder->pool, NULL, err->message, apr_pstrdup(builder->pool, err->arg));

            row.wrong = wrong;
            APR_ARRAY_PUSH(builder->sheet->rows, xca_sheet_row_t) = row;
            err = NULL;
            if (builder->sheet->rows->nelts > XCA_SHEET_ROWS_MAX) {
                err = xca_sheet_damaged(builder->pool, "no row can be read");
            }
            continue;
        }
        if (err != NULL) {
            err = xca_error_field(builder->pool, NULL, "csv.utf8", apr_pstrdup(builder->pool, err->arg));
            break;
        }
        for (i = 0; err == NULL && i < count; i++) {
            const char *field = xca_csv_unguard(fields[i]);

            err = xca_sheet_cell(builder, i, XCA_CELL_TEXT, field, strlen(field));
        }
        if (err == NULL) {
            err = xca_sheet_row_end(builder, 1);
        }
    }
    apr_pool_destroy(scratch);
    return err;
}

/* ---- Which format ---- */

static int begins(const void *data, apr_size_t length, const char *magic, apr_size_t magic_length) {
    return length >= magic_length && memcmp(data, magic, magic_length) == 0;
}

/* Office programs keep a workbook with a password as an encrypted package inside the old container. */
static int holds_utf16(const void *data, apr_size_t length, const char *ascii) {
    apr_size_t count = strlen(ascii) * 2, i;
    const unsigned char *at = data;
    unsigned char name[64];

    for (i = 0; i < count; i += 2) {
        name[i] = (unsigned char)ascii[i / 2];
        name[i + 1] = 0;
    }
    return memmem(at, length, name, count) != NULL;
}

static xca_error_t *read_old(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    if (holds_utf16(data, length, "EncryptedPackage")) {
        return xca_error_make(builder->pool, XCA_E_INVALID, "sheet.encrypted", NULL);
    }
    builder->sheet->format = XCA_SHEET_XLS;
    return xca_sheet_read_xls(builder, data, length);
}

static xca_error_t *read_zip(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    xca_zip_t *zip;
    xca_error_t *err = xca_zip_open(&zip, data, length, builder->pool);

    if (err != NULL) {
        return err;
    }
    if (xca_zip_has(zip, "content.xml")) {
        builder->sheet->format = XCA_SHEET_ODS;
        return xca_sheet_read_ods(builder, data, length);
    }
    if (xca_zip_has(zip, "_rels/.rels")) {
        return xca_sheet_read_xlsx(builder, data, length);
    }
    return xca_error_make(builder->pool, XCA_E_INVALID, "sheet.unknown", NULL);
}

xca_error_t *xca_sheet_read(xca_sheet_t **sheet, const void *data, apr_size_t length,
                            const xca_sheet_options_t *options, apr_pool_t *pool) {
    xca_sheet_builder_t *builder = xca_sheet_build(XCA_SHEET_XLSX, options, pool);
    xca_error_t *err;

    if (length > XCA_SHEET_FILE_MAX) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "sheet.too-large", NULL);
    }
    if (begins(data, length, "PK\003\004", 4)) {
        err = read_zip(builder, data, length);
    } else if (begins(data, length, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8)) {
        err = read_old(builder, data, length);
    } else if (length == 0 || memchr(data, '\0', length) != NULL) {
        err = xca_error_make(pool, XCA_E_INVALID, "sheet.unknown", NULL);
    } else {
        builder->sheet->format = XCA_SHEET_CSV;
        err = read_csv(builder, data, length);
    }
    *sheet = builder->sheet;
    return err;
}
