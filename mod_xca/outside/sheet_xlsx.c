/* Office Open XML (ECMA-376 part 1): the workbook names its tables, the relations where they are; texts stand in a list of
 * their own, and only a cell's style tells that its number is a date. */
#include "outside/sheet_parts.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "outside/xml_stream.h"
#include "outside/zip.h"

#define STRINGS_MAX 1000000
#define STYLES_MAX  65536 /* Excel's own bound is 65,490 cell formats */
#define STYLE_DATE  (-1)
#define ROW_MAX     1048576

typedef struct {
    xca_sheet_builder_t *builder;
    xca_zip_t *zip;
    const char *folder;          /* of the workbook, with its slash */
    const char *sheet_path, *strings_path, *styles_path;
    apr_array_header_t *strings; /* const char *: the shared texts */
    apr_array_header_t *styles;  /* int: STYLE_DATE, how many digits are shown, or 0 */
    apr_pool_t *pool;
} xlsx_t;

static xca_error_t *read_entry(void *baton, char *buffer, apr_size_t size, apr_size_t *got) {
    return xca_zip_entry_read(got, baton, buffer, size);
}

static xca_error_t *open_part(xca_xml_stream_t **stream, xlsx_t *xlsx, const char *path) {
    xca_zip_entry_t *entry;
    xca_error_t *err = xca_zip_entry_open(&entry, xlsx->zip, path, xlsx->pool);

    return err == NULL ? xca_xml_stream_open(stream, read_entry, entry, xlsx->pool) : err;
}

/* Calls with each element that opens. */
typedef xca_error_t *on_open(xlsx_t *xlsx, xca_xml_stream_t *stream, void *baton);

static xca_error_t *each_element(xlsx_t *xlsx, const char *path, on_open *call, void *baton) {
    xca_xml_stream_t *stream;
    xca_xml_event event = XCA_XML_TEXT;
    xca_error_t *err = open_part(&stream, xlsx, path);

    while (err == NULL && event != XCA_XML_END) {
        err = xca_xml_stream_next(&event, stream);
        if (err == NULL && event == XCA_XML_OPEN) {
            err = call(xlsx, stream, baton);
        }
    }
    return err;
}

static int ends_with(const char *text, const char *end) {
    apr_size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static const char *target_path(const xlsx_t *xlsx, const char *target) {
    if (target == NULL) {
        return NULL;
    }
    return *target == '/' ? target + 1 : apr_pstrcat(xlsx->pool, xlsx->folder, target, NULL);
}

/* ---- Where what is ---- */

static xca_error_t *find_workbook(xlsx_t *xlsx, xca_xml_stream_t *stream, void *baton) {
    const char **path = baton;
    const char *type, *target;

    if (!xca_xml_stream_is(stream, "Relationship")) {
        return NULL;
    }
    type = xca_xml_stream_attr(stream, "Type", xlsx->pool);
    target = xca_xml_stream_attr(stream, "Target", xlsx->pool);
    if (type != NULL && target != NULL && ends_with(type, "/officeDocument")) {
        *path = target_path(xlsx, target);
    }
    return NULL;
}

/* The relation of the table to read: the preferred one, else the first that is not hidden, else the first. */
typedef struct {
    const char *id, *name;
    int rank; /* 3: preferred, 2: visible, 1: hidden */
} choice_t;

static xca_error_t *choose_sheet(xlsx_t *xlsx, xca_xml_stream_t *stream, void *baton) {
    choice_t *choice = baton;
    const char *wanted = xlsx->builder->options->preferred;
    const char *name, *state;
    int rank;

    if (!xca_xml_stream_is(stream, "sheet")) {
        return NULL;
    }
    name = xca_xml_stream_attr(stream, "name", xlsx->pool);
    state = xca_xml_stream_attr(stream, "state", xlsx->pool);
    rank = wanted != NULL && name != NULL && strcmp(name, wanted) == 0 ? 3
           : state == NULL || strcmp(state, "visible") == 0            ? 2
                                                                       : 1;
    if (rank > choice->rank) {
        choice->rank = rank;
        choice->name = name;
        choice->id = xca_xml_stream_attr(stream, "id", xlsx->pool);
    }
    return NULL;
}

static xca_error_t *find_parts(xlsx_t *xlsx, xca_xml_stream_t *stream, void *baton) {
    const choice_t *choice = baton;
    const char *id, *type, *path;

    if (!xca_xml_stream_is(stream, "Relationship")) {
        return NULL;
    }
    id = xca_xml_stream_attr(stream, "Id", xlsx->pool);
    type = xca_xml_stream_attr(stream, "Type", xlsx->pool);
    path = target_path(xlsx, xca_xml_stream_attr(stream, "Target", xlsx->pool));
    if (id == NULL || type == NULL || path == NULL) {
        return NULL;
    }
    if (choice->id != NULL && strcmp(id, choice->id) == 0) {
        xlsx->sheet_path = path;
    } else if (ends_with(type, "/sharedStrings")) {
        xlsx->strings_path = path;
    } else if (ends_with(type, "/styles")) {
        xlsx->styles_path = path;
    }
    return NULL;
}

static xca_error_t *find_all(xlsx_t *xlsx) {
    choice_t choice = {NULL, NULL, 0};
    const char *workbook = NULL, *slash;
    xca_error_t *err = each_element(xlsx, "_rels/.rels", find_workbook, &workbook);

    if (err != NULL || workbook == NULL) {
        return err != NULL ? err : xca_error_make(xlsx->pool, XCA_E_INVALID, "sheet.unknown", NULL);
    }
    slash = strrchr(workbook, '/');
    if (slash != NULL) {
        xlsx->folder = apr_pstrmemdup(xlsx->pool, workbook, (apr_size_t)(slash - workbook) + 1);
    }
    err = each_element(xlsx, workbook, choose_sheet, &choice);
    if (err == NULL) {
        err = each_element(xlsx,
                           apr_pstrcat(xlsx->pool, xlsx->folder, "_rels/", workbook + strlen(xlsx->folder), ".rels",
                                       NULL),
                           find_parts, &choice);
    }
    if (err == NULL && xlsx->sheet_path == NULL) {
        err = xca_error_make(xlsx->pool, XCA_E_INVALID, "sheet.no-table", NULL);
    }
    if (err == NULL) {
        xca_sheet_restart(xlsx->builder, choice.name != NULL ? choice.name : "");
    }
    return err;
}

/* ---- Texts and styles ---- */

/* The texts <t> inside the element that has opened (si, is), without the reading aids <rPh> of East Asian text. */
static xca_error_t *read_runs(const char **text, xca_xml_stream_t *stream, const char *element, apr_pool_t *pool) {
    apr_array_header_t *pieces = apr_array_make(pool, 4, sizeof(const char *));
    apr_size_t length = 0;
    int inside = 0;
    xca_xml_event event;
    xca_error_t *err;

    for (;;) {
        err = xca_xml_stream_next(&event, stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && xca_xml_stream_is(stream, element))) {
            break;
        }
        if (event == XCA_XML_OPEN && xca_xml_stream_is(stream, "rPh")) {
            err = xca_xml_stream_skip(stream);
        } else if (event == XCA_XML_TEXT && inside) {
            length += strlen(xca_xml_stream_text(stream));
            if (length <= XCA_SHEET_CELL_MAX + 1) { /* one more is told as too long */
                APR_ARRAY_PUSH(pieces, const char *) = apr_pstrdup(pool, xca_xml_stream_text(stream));
            } else if (length - strlen(xca_xml_stream_text(stream)) <= XCA_SHEET_CELL_MAX) {
                APR_ARRAY_PUSH(pieces, const char *) =
                    apr_pstrmemdup(pool, xca_xml_stream_text(stream), XCA_SHEET_CELL_MAX + 1);
            }
        }
        if (event == XCA_XML_OPEN || event == XCA_XML_CLOSE) {
            inside = event == XCA_XML_OPEN && xca_xml_stream_is(stream, "t");
        }
        if (err != NULL) {
            break;
        }
    }
    *text = apr_array_pstrcat(pool, pieces, '\0');
    return err;
}

static xca_error_t *read_strings(xlsx_t *xlsx) {
    xca_xml_stream_t *stream;
    xca_xml_event event = XCA_XML_TEXT;
    apr_size_t bytes = 0;
    xca_error_t *err = open_part(&stream, xlsx, xlsx->strings_path);

    while (err == NULL && event != XCA_XML_END) {
        err = xca_xml_stream_next(&event, stream);
        if (err == NULL && event == XCA_XML_OPEN && xca_xml_stream_is(stream, "si")) {
            const char *text;

            err = read_runs(&text, stream, "si", xlsx->pool);
            APR_ARRAY_PUSH(xlsx->strings, const char *) = text;
            bytes += strlen(text);
            if (err == NULL && (xlsx->strings->nelts > STRINGS_MAX || bytes > XCA_SHEET_TEXT_MAX)) {
                err = xca_error_make(xlsx->pool, XCA_E_TOO_LARGE, "sheet.too-large", NULL);
            }
        }
    }
    return err;
}

/* What a number format shows: a date (any of y m d h s outside quotes and brackets), or digits with zeros before them. */
static int style_of_format(const char *code) {
    if (strspn(code, "0") == strlen(code)) {
        return (int)(strlen(code) < 20 ? strlen(code) : 0);
    }
    for (; *code != '\0'; code++) {
        if (*code == '"' || *code == '[') {
            const char *end = strchr(code + 1, *code == '"' ? '"' : ']');

            if (end == NULL) {
                return 0;
            }
            code = end;
        } else if (*code == '\\' || *code == '_' || *code == '*') {
            code += code[1] != '\0';
        } else if (strchr("yYmMdDhHsS", *code) != NULL) {
            return STYLE_DATE;
        }
    }
    return 0;
}

/* The formats that need no code (ECMA-376 part 1, 18.8.30); 27 to 36 and 50 to 58 are dates in East Asia. */
static int style_of_number(long format) {
    return (format >= 14 && format <= 22) || (format >= 27 && format <= 36) || (format >= 45 && format <= 47) ||
                   (format >= 50 && format <= 58)
               ? STYLE_DATE
               : 0;
}

typedef struct {
    apr_hash_t *formats; /* id of a number format -> its code */
    int in_cell_formats;
} styles_t;

static xca_error_t *read_style(xlsx_t *xlsx, xca_xml_stream_t *stream, void *baton) {
    styles_t *styles = baton;
    const char *id, *code;

    if (xca_xml_stream_is(stream, "cellXfs")) {
        styles->in_cell_formats = 1;
    } else if (xca_xml_stream_is(stream, "cellStyles") || xca_xml_stream_is(stream, "dxfs")) {
        styles->in_cell_formats = 0;
    } else if (xca_xml_stream_is(stream, "numFmt")) {
        id = xca_xml_stream_attr(stream, "numFmtId", xlsx->pool);
        code = xca_xml_stream_attr(stream, "formatCode", xlsx->pool);
        if (id != NULL && code != NULL) {
            apr_hash_set(styles->formats, id, APR_HASH_KEY_STRING, code);
        }
    } else if (styles->in_cell_formats && xca_xml_stream_is(stream, "xf")) {
        id = xca_xml_stream_attr(stream, "numFmtId", xlsx->pool);
        code = id != NULL ? apr_hash_get(styles->formats, id, APR_HASH_KEY_STRING) : NULL;
        if (xlsx->styles->nelts >= STYLES_MAX) {
            return xca_sheet_damaged(xlsx->pool, "too many cell formats");
        }
        APR_ARRAY_PUSH(xlsx->styles, int) = code != NULL ? style_of_format(code)
                                            : id != NULL ? style_of_number(atol(id))
                                                         : 0;
    }
    return NULL;
}

/* ---- The table ---- */

/* "AB12" to column 27 and row 12; 0 if it is none. */
static int read_reference(int *row, int *column, const char **at) {
    long number = 0;
    int letters = 0, index = 0;

    for (; **at >= 'A' && **at <= 'Z' && letters < 4; (*at)++, letters++) {
        index = index * 26 + (**at - 'A') + 1;
    }
    for (; apr_isdigit(**at) && number <= ROW_MAX; (*at)++) {
        number = number * 10 + (**at - '0');
    }
    *row = (int)number;
    *column = index - 1;
    return letters > 0 && number > 0 && number <= ROW_MAX;
}

typedef struct {
    const char *type;
    const char *value, *inline_text;
    int column, style, is_formula;
} cell_t;

static xca_error_t *read_text(const char **text, xca_xml_stream_t *stream, const char *element, apr_pool_t *pool) {
    apr_array_header_t *pieces = apr_array_make(pool, 2, sizeof(const char *));
    apr_size_t length = 0;
    xca_xml_event event;
    xca_error_t *err;

    for (;;) {
        err = xca_xml_stream_next(&event, stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && xca_xml_stream_is(stream, element))) {
            break;
        }
        if (event == XCA_XML_TEXT && length <= XCA_SHEET_CELL_MAX) {
            const char *piece = apr_pstrdup(pool, xca_xml_stream_text(stream));

            APR_ARRAY_PUSH(pieces, const char *) = piece;
            length += strlen(piece);
        }
    }
    *text = apr_array_pstrcat(pool, pieces, '\0');
    return err;
}

/* A number as a person reads it; with zeros before it where the cell's format shows them. */
static const char *number_text(const char *value, int digits, apr_pool_t *pool) {
    char *end;
    double number = strtod(value, &end);
    const char *text;

    if (end == value || *end != '\0' || number > 1e15 || number < -1e15) {
        return value;
    }
    text = apr_psprintf(pool, "%.15g", number);
    if (digits > 0 && strspn(text, "0123456789") == strlen(text) && (int)strlen(text) < digits) {
        return apr_pstrcat(pool, apr_pstrmemdup(pool, "00000000000000000000", (apr_size_t)(digits - (int)strlen(text))),
                           text, NULL);
    }
    return text;
}

static xca_error_t *put_cell(xlsx_t *xlsx, const cell_t *cell, apr_pool_t *pool) {
    const char *type = cell->type != NULL ? cell->type : "n";
    const char *text = cell->value != NULL ? cell->value : "";
    xca_cell_kind kind = XCA_CELL_TEXT;
    int style = cell->style >= 0 && cell->style < xlsx->styles->nelts ? APR_ARRAY_IDX(xlsx->styles, cell->style, int)
                                                                      : 0;

    if (strcmp(type, "s") == 0 && *text != '\0') {
        long index = strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 ? atol(text) : -1;

        if (index < 0 || index >= xlsx->strings->nelts) {
            return xca_sheet_damaged(xlsx->pool, "no such shared text");
        }
        text = APR_ARRAY_IDX(xlsx->strings, index, const char *);
    } else if (strcmp(type, "inlineStr") == 0) {
        text = cell->inline_text != NULL ? cell->inline_text : "";
    } else if (strcmp(type, "e") == 0) {
        kind = XCA_CELL_ERROR;
    } else if (strcmp(type, "d") == 0) {
        kind = XCA_CELL_DATE;
    } else if (strcmp(type, "n") == 0 && *text != '\0') {
        kind = style == STYLE_DATE ? XCA_CELL_DATE : style > 0 ? XCA_CELL_TEXT : XCA_CELL_NUMBER;
        text = number_text(text, style, pool);
    }
    kind = cell->is_formula ? XCA_CELL_FORMULA : kind;
    return xca_sheet_cell(xlsx->builder, cell->column, kind, text, strlen(text));
}

static xca_error_t *read_cell(int *column, xlsx_t *xlsx, xca_xml_stream_t *stream, apr_pool_t *pool) {
    cell_t cell = {0};
    const char *reference = xca_xml_stream_attr(stream, "r", pool);
    const char *style = xca_xml_stream_attr(stream, "s", pool);
    xca_xml_event event;
    int row;
    xca_error_t *err = NULL;

    cell.type = xca_xml_stream_attr(stream, "t", pool);
    cell.style = style != NULL ? atoi(style) : 0;
    if (reference != NULL && !read_reference(&row, column, &reference)) {
        return xca_sheet_damaged(xlsx->pool, "name of a cell");
    }
    cell.column = *column;
    while (err == NULL) {
        err = xca_xml_stream_next(&event, stream);
        if (err != NULL || event == XCA_XML_END || (event == XCA_XML_CLOSE && xca_xml_stream_is(stream, "c"))) {
            break;
        }
        if (event != XCA_XML_OPEN) {
            continue;
        }
        if (xca_xml_stream_is(stream, "f")) {
            cell.is_formula = 1;
        } else if (xca_xml_stream_is(stream, "v")) {
            err = read_text(&cell.value, stream, "v", pool);
        } else if (xca_xml_stream_is(stream, "is")) {
            err = read_runs(&cell.inline_text, stream, "is", pool);
        }
    }
    return err == NULL ? put_cell(xlsx, &cell, pool) : err;
}

static xca_error_t *read_merge(xlsx_t *xlsx, xca_xml_stream_t *stream, apr_pool_t *pool) {
    const char *reference = xca_xml_stream_attr(stream, "ref", pool);
    xca_merge_t merge;

    if (reference == NULL || !read_reference(&merge.first_row, &merge.first_column, &reference) || *reference != ':') {
        return NULL;
    }
    reference++;
    if (!read_reference(&merge.last_row, &merge.last_column, &reference)) {
        return NULL;
    }
    return xca_sheet_merge(xlsx->builder, &merge);
}

static xca_error_t *read_table(xlsx_t *xlsx) {
    xca_xml_stream_t *stream;
    xca_xml_event event = XCA_XML_TEXT;
    apr_pool_t *scratch;
    int column = -1;
    xca_error_t *err = open_part(&stream, xlsx, xlsx->sheet_path);

    apr_pool_create(&scratch, xlsx->pool);
    while (err == NULL && event != XCA_XML_END) {
        err = xca_xml_stream_next(&event, stream);
        if (err != NULL || event == XCA_XML_TEXT || event == XCA_XML_END) {
            continue;
        }
        if (event == XCA_XML_CLOSE && xca_xml_stream_is(stream, "row")) {
            err = xca_sheet_row_end(xlsx->builder, 1);
        } else if (event == XCA_XML_OPEN && xca_xml_stream_is(stream, "row")) {
            const char *number;

            apr_pool_clear(scratch);
            number = xca_xml_stream_attr(stream, "r", scratch);
            xca_sheet_row_begin(xlsx->builder, number != NULL ? atoi(number) : xlsx->builder->row + 1);
            column = -1;
        } else if (event == XCA_XML_OPEN && xca_xml_stream_is(stream, "c")) {
            column++;
            err = read_cell(&column, xlsx, stream, scratch);
        } else if (event == XCA_XML_OPEN && xca_xml_stream_is(stream, "mergeCell")) {
            err = read_merge(xlsx, stream, scratch);
        }
    }
    if (err == NULL) { /* an error lives in the scratch pool's parent already */
        apr_pool_destroy(scratch);
    }
    return err;
}

static int has_macros(const xca_zip_t *zip) {
    int i;

    for (i = 0; i < xca_zip_count(zip); i++) {
        if (ends_with(xca_zip_name(zip, i), "vbaProject.bin")) {
            return 1;
        }
    }
    return 0;
}

xca_error_t *xca_sheet_read_xlsx(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    xlsx_t xlsx = {builder, NULL, "", NULL, NULL, NULL, NULL, NULL, builder->pool};
    styles_t styles = {NULL, 0};
    xca_error_t *err = xca_zip_open(&xlsx.zip, data, length, builder->pool);

    if (err == NULL && has_macros(xlsx.zip)) {
        err = xca_error_make(builder->pool, XCA_E_INVALID, "sheet.macros", NULL);
    }
    if (err == NULL) {
        err = find_all(&xlsx);
    }
    xlsx.strings = apr_array_make(builder->pool, 256, sizeof(const char *));
    xlsx.styles = apr_array_make(builder->pool, 64, sizeof(int));
    styles.formats = apr_hash_make(builder->pool);
    if (err == NULL && xlsx.strings_path != NULL) {
        err = read_strings(&xlsx);
    }
    if (err == NULL && xlsx.styles_path != NULL) {
        err = each_element(&xlsx, xlsx.styles_path, read_style, &styles);
    }
    return err == NULL ? read_table(&xlsx) : err;
}
