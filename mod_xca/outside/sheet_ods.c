/* OpenDocument (ODF 1.3 part 3, chapter 9): one content.xml with all tables; cells and rows that are alike are written once with
 * how often they come. */
#include "outside/sheet_parts.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "outside/xml_stream.h"
#include "outside/zip.h"

#define REPEAT_MAX 1048576

typedef struct {
    xca_sheet_builder_t *builder;
    xca_xml_stream_t *stream;
    int column;         /* of the next cell */
    int row;            /* number of the present row */
    int chosen;         /* a table is read; the preferred one still replaces it */
    apr_pool_t *scratch; /* of a row */
} ods_t;

static xca_error_t *read_entry(void *baton, char *buffer, apr_size_t size, apr_size_t *got) {
    return xca_zip_entry_read(got, baton, buffer, size);
}

static xca_error_t *open_part(xca_xml_stream_t **stream, xca_zip_t *zip, const char *name, apr_pool_t *pool) {
    xca_zip_entry_t *entry;
    xca_error_t *err = xca_zip_entry_open(&entry, zip, name, pool);

    return err == NULL ? xca_xml_stream_open(stream, read_entry, entry, pool) : err;
}

static long number_attr(const ods_t *ods, const char *name) {
    const char *value = xca_xml_stream_attr(ods->stream, name, ods->scratch);
    long number = value != NULL && strlen(value) < 9 ? atol(value) : 1;

    return number < 1 ? 1 : number > REPEAT_MAX ? REPEAT_MAX : number;
}

/* The paragraphs of a cell, a line each. Comments (annotation) and drawings are no content. */
static xca_error_t *read_paragraphs(const char **text, ods_t *ods, const char *element) {
    apr_array_header_t *pieces = apr_array_make(ods->scratch, 4, sizeof(const char *));
    apr_size_t length = 0;
    int paragraphs = 0, depth = 0;
    xca_xml_event event;
    xca_error_t *err = NULL;

    while (err == NULL) {
        const char *piece = NULL;

        err = xca_xml_stream_next(&event, ods->stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && depth == 0 && xca_xml_stream_is(ods->stream, element))) {
            break;
        }
        if (event == XCA_XML_OPEN) {
            if (xca_xml_stream_is(ods->stream, "annotation") || xca_xml_stream_is(ods->stream, "frame") ||
                xca_xml_stream_is(ods->stream, "table") || xca_xml_stream_is(ods->stream, "ruby-text")) {
                err = xca_xml_stream_skip(ods->stream);
                continue;
            }
            depth++;
            if (xca_xml_stream_is(ods->stream, "p") && paragraphs++ > 0) {
                piece = "\n";
            } else if (xca_xml_stream_is(ods->stream, "s") || xca_xml_stream_is(ods->stream, "tab")) {
                piece = " ";
            } else if (xca_xml_stream_is(ods->stream, "line-break")) {
                piece = "\n";
            }
        } else if (event == XCA_XML_CLOSE) {
            depth--;
        } else if (depth > 0) {
            piece = xca_xml_stream_text(ods->stream);
        }
        if (piece != NULL && length <= XCA_SHEET_CELL_MAX) {
            piece = apr_pstrdup(ods->scratch, piece);
            APR_ARRAY_PUSH(pieces, const char *) = piece;
            length += strlen(piece);
        }
    }
    *text = apr_array_pstrcat(ods->scratch, pieces, '\0');
    return err;
}

/* A number is taken as it is shown if that is nothing but digits: its format may put zeros before it. */
static const char *number_text(const char *shown, const char *value, xca_cell_kind *kind, apr_pool_t *pool) {
    char *end;
    double number = value != NULL ? strtod(value, &end) : 0;

    if (*shown != '\0' && strspn(shown, "0123456789") == strlen(shown)) {
        *kind = *shown == '0' && shown[1] != '\0' ? XCA_CELL_TEXT : XCA_CELL_NUMBER;
        return shown;
    }
    *kind = XCA_CELL_NUMBER;
    return value != NULL && end != value && *end == '\0' && number < 1e15 && number > -1e15
               ? apr_psprintf(pool, "%.15g", number)
               : shown;
}

static xca_error_t *note_merge(ods_t *ods) {
    long columns = number_attr(ods, "number-columns-spanned"), rows = number_attr(ods, "number-rows-spanned");
    xca_merge_t merge;

    merge.first_row = ods->row;
    merge.last_row = ods->row + (int)rows - 1;
    merge.first_column = ods->column;
    merge.last_column = ods->column + (int)columns - 1;
    return xca_sheet_merge(ods->builder, &merge);
}

static xca_error_t *read_cell(ods_t *ods) {
    const char *element = xca_xml_stream_is(ods->stream, "covered-table-cell") ? "covered-table-cell" : "table-cell";
    const char *type = xca_xml_stream_attr(ods->stream, "value-type", ods->scratch);
    const char *value = xca_xml_stream_attr(ods->stream, "value", ods->scratch);
    int is_formula = xca_xml_stream_attr(ods->stream, "formula", ods->scratch) != NULL;
    long times = number_attr(ods, "number-columns-repeated"), i;
    xca_cell_kind kind = XCA_CELL_TEXT;
    const char *text;
    xca_error_t *err = note_merge(ods);

    if (err == NULL) {
        err = read_paragraphs(&text, ods, element);
    }
    if (err != NULL) {
        return err;
    }
    if (type != NULL && (strcmp(type, "float") == 0 || strcmp(type, "percentage") == 0 || strcmp(type, "currency") == 0)) {
        text = number_text(text, value, &kind, ods->scratch);
    } else if (type != NULL && (strcmp(type, "date") == 0 || strcmp(type, "time") == 0)) {
        kind = XCA_CELL_DATE;
    }
    kind = is_formula ? XCA_CELL_FORMULA : kind;
    if (*text == '\0' && !is_formula) {
        ods->column += (int)times;
        return NULL;
    }
    for (i = 0; err == NULL && i < times; i++) {
        err = xca_sheet_cell(ods->builder, ods->column, kind, text, strlen(text));
        ods->column++;
    }
    return err;
}

static xca_error_t *read_row(ods_t *ods) {
    long times;
    xca_xml_event event;
    xca_error_t *err = NULL;

    apr_pool_clear(ods->scratch);
    times = number_attr(ods, "number-rows-repeated");
    xca_sheet_row_begin(ods->builder, ods->row);
    ods->column = 0;
    while (err == NULL) {
        err = xca_xml_stream_next(&event, ods->stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && xca_xml_stream_is(ods->stream, "table-row"))) {
            break;
        }
        if (event == XCA_XML_OPEN &&
            (xca_xml_stream_is(ods->stream, "table-cell") || xca_xml_stream_is(ods->stream, "covered-table-cell"))) {
            err = read_cell(ods);
        }
    }
    if (err == NULL) {
        err = xca_sheet_row_end(ods->builder, (int)times);
    }
    ods->row += (int)times;
    return err;
}

static xca_error_t *read_table(ods_t *ods) {
    const char *name = xca_xml_stream_attr(ods->stream, "name", ods->builder->pool);
    const char *wanted = ods->builder->options->preferred;
    int preferred = wanted != NULL && name != NULL && strcmp(name, wanted) == 0;
    xca_xml_event event;
    xca_error_t *err = NULL;

    if (ods->chosen && !preferred) {
        return xca_xml_stream_skip(ods->stream);
    }
    ods->chosen = 1;
    ods->row = 1;
    xca_sheet_restart(ods->builder, name != NULL ? name : "");
    while (err == NULL) {
        err = xca_xml_stream_next(&event, ods->stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && xca_xml_stream_is(ods->stream, "table"))) {
            break;
        }
        if (event == XCA_XML_OPEN && xca_xml_stream_is(ods->stream, "table-row")) {
            err = read_row(ods);
        } else if (event == XCA_XML_OPEN && xca_xml_stream_is(ods->stream, "shapes")) {
            err = xca_xml_stream_skip(ods->stream); /* drawings, which may hold tables of their own */
        }
    }
    return err;
}

static xca_error_t *check_manifest(xca_zip_t *zip, apr_pool_t *pool) {
    xca_xml_stream_t *stream;
    xca_xml_event event = XCA_XML_TEXT;
    xca_error_t *err;

    if (!xca_zip_has(zip, "META-INF/manifest.xml")) {
        return NULL;
    }
    err = open_part(&stream, zip, "META-INF/manifest.xml", pool);
    while (err == NULL && event != XCA_XML_END) {
        err = xca_xml_stream_next(&event, stream);
        if (err == NULL && event == XCA_XML_OPEN && xca_xml_stream_is(stream, "encryption-data")) {
            err = xca_error_make(pool, XCA_E_INVALID, "sheet.encrypted", NULL);
        }
    }
    return err;
}

static int has_macros(const xca_zip_t *zip) {
    int i;

    for (i = 0; i < xca_zip_count(zip); i++) {
        const char *name = xca_zip_name(zip, i);

        if (strncmp(name, "Basic/", 6) == 0 || strncmp(name, "Scripts/", 8) == 0) {
            return 1;
        }
    }
    return 0;
}

static xca_error_t *read_document(ods_t *ods) {
    xca_xml_event event = XCA_XML_TEXT;
    xca_error_t *err = NULL;

    while (err == NULL && event != XCA_XML_END) {
        err = xca_xml_stream_next(&event, ods->stream);
        if (err == NULL && event == XCA_XML_OPEN && xca_xml_stream_is(ods->stream, "table")) {
            err = read_table(ods);
        } else if (err == NULL && event == XCA_XML_OPEN && xca_xml_stream_is(ods->stream, "tracked-changes")) {
            err = xca_xml_stream_skip(ods->stream); /* what cells were before */
        }
    }
    return err;
}

xca_error_t *xca_sheet_read_ods(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    ods_t ods = {builder, NULL, 0, 1, 0, NULL};
    xca_zip_t *zip;
    xca_error_t *err = xca_zip_open(&zip, data, length, builder->pool);

    apr_pool_create(&ods.scratch, builder->pool);
    if (err == NULL && has_macros(zip)) {
        err = xca_error_make(builder->pool, XCA_E_INVALID, "sheet.macros", NULL);
    }
    if (err == NULL) {
        err = check_manifest(zip, builder->pool);
    }
    if (err == NULL) {
        err = open_part(&ods.stream, zip, "content.xml", builder->pool);
    }
    if (err == NULL) {
        err = read_document(&ods);
    }
    apr_pool_destroy(ods.scratch);
    if (err == NULL && !ods.chosen) {
        err = xca_error_make(builder->pool, XCA_E_INVALID, "sheet.no-table", NULL);
    }
    return err;
}
