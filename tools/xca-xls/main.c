/* xca-xls: reads an .xls workbook from its standard input with libfreexl and writes one table as CSV
 * (mod_xca/outside/sheet_xls.c). A program of its own, because a hostile workbook is read by a library that was not made for
 * it: it holds nothing worth having, bounds itself, and whoever asked goes on when it dies. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <freexl.h>
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "domain/csv.h"
#include "outside/sheet.h"
#include "outside/xls_marks.h"

#define MEMORY_MAX (768UL * 1024 * 1024)
#define SECONDS    10
#define INPUT      "/proc/self/fd/0" /* libfreexl opens files by name */

/* Little memory and time, no file to write, no child, no new rights. */
static void bound_myself(void) {
    const struct rlimit seconds = {SECONDS, SECONDS}, none = {0, 0};
#if !defined(__SANITIZE_ADDRESS__)
    const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};

    setrlimit(RLIMIT_AS, &memory);
#endif
    close_range(3, ~0U, 0);
    setrlimit(RLIMIT_CPU, &seconds);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_NPROC, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int fail(const char *message) {
    printf("error,%s\n", message);
    return fflush(stdout) == 0 ? 0 : 1;
}

static char *read_input(apr_size_t *length, apr_pool_t *pool) {
    char *data = apr_palloc(pool, XCA_SHEET_FILE_MAX + 1);
    ssize_t got;

    for (*length = 0; *length <= XCA_SHEET_FILE_MAX; *length += (apr_size_t)got) {
        got = read(0, data + *length, XCA_SHEET_FILE_MAX + 1 - *length);
        if (got <= 0) {
            return got == 0 ? data : NULL;
        }
    }
    return NULL;
}

/* The table of this name, else the first. */
static unsigned short choose(const void *book, const char *preferred) {
    uint32_t count = 0, i;

    freexl_get_info(book, FREEXL_BIFF_SHEET_COUNT, &count);
    for (i = 0; i < count && i < 1024; i++) {
        const char *name = NULL;

        if (freexl_get_worksheet_name(book, (unsigned short)i, &name) == FREEXL_OK && name != NULL &&
            strcmp(name, preferred) == 0) {
            return (unsigned short)i;
        }
    }
    return 0;
}

static apr_hash_t *index_of(const apr_array_header_t *places, apr_pool_t *pool) {
    apr_hash_t *hash = apr_hash_make(pool);
    int i;

    for (i = 0; i < places->nelts; i++) {
        const xca_xls_place_t *place = &APR_ARRAY_IDX(places, i, xca_xls_place_t);

        apr_hash_set(hash, place, 2 * sizeof(int), place);
    }
    return hash;
}

/* The cell as a letter for its kind and its text, NULL if there is nothing in it. */
static const char *cell_text(const void *book, unsigned row, unsigned column, apr_hash_t *places, apr_pool_t *pool) {
    const int place[2] = {(int)row, (int)column};
    const xca_xls_place_t *mark = apr_hash_get(places, place, sizeof(place));
    FreeXL_CellValue cell;

    if (mark != NULL) {
        return mark->is_error ? "e#" : "f";
    }
    if (freexl_get_cell_value(book, row, (unsigned short)column, &cell) != FREEXL_OK) {
        return NULL;
    }
    switch (cell.type) {
    case FREEXL_CELL_INT:
        return apr_psprintf(pool, "n%d", cell.value.int_value);
    case FREEXL_CELL_DOUBLE:
        return apr_psprintf(pool, "n%.15g", cell.value.double_value);
    case FREEXL_CELL_TEXT:
    case FREEXL_CELL_SST_TEXT:
        return cell.value.text_value != NULL && *cell.value.text_value != '\0'
                   ? apr_pstrcat(pool, "t", cell.value.text_value, NULL)
                   : NULL;
    case FREEXL_CELL_DATE:
    case FREEXL_CELL_DATETIME:
    case FREEXL_CELL_TIME:
        return apr_pstrcat(pool, "d", cell.value.text_value != NULL ? cell.value.text_value : "", NULL);
    default:
        return NULL;
    }
}

static void write_row(const void *book, unsigned row, unsigned columns, apr_hash_t *places, apr_pool_t *pool) {
    const char *texts[XCA_SHEET_COLUMNS_MAX + 1] = {NULL};
    unsigned last = 0, column;

    for (column = 0; column < columns; column++) {
        /* What is beyond the bound is one cell too many, whatever it says. */
        unsigned at = column < XCA_SHEET_COLUMNS_MAX ? column : XCA_SHEET_COLUMNS_MAX;
        const char *text = cell_text(book, row, column, places, pool);

        if (text != NULL) {
            texts[at] = text;
            last = at + 1;
        }
    }
    if (last == 0) {
        return;
    }
    printf("row,%u", row + 1);
    for (column = 0; column < last; column++) {
        printf(",%s", texts[column] != NULL ? xca_csv_quote(pool, texts[column]) : "");
    }
    printf("\n");
}

static void write_table(const void *book, const xca_xls_marks_t *marks, apr_pool_t *pool) {
    apr_hash_t *places = index_of(marks->formulas, pool);
    unsigned rows = 0, row;
    unsigned short columns = 0;
    apr_pool_t *scratch;
    int i;

    freexl_worksheet_dimensions(book, &rows, &columns);
    /* A table that ends in formulas: libfreexl counts the cells that it knows. */
    for (i = 0; i < marks->formulas->nelts; i++) {
        const xca_xls_place_t *place = &APR_ARRAY_IDX(marks->formulas, i, xca_xls_place_t);

        rows = (unsigned)place->row >= rows ? (unsigned)place->row + 1 : rows;
        columns = (unsigned short)((unsigned)place->column >= columns ? (unsigned)place->column + 1 : columns);
    }
    apr_pool_create(&scratch, pool);
    for (row = 0; row < rows; row++) {
        apr_pool_clear(scratch);
        write_row(book, row, columns, places, scratch);
    }
    for (i = 0; i < marks->merges->nelts; i++) {
        const xca_xls_merge_t *merge = &APR_ARRAY_IDX(marks->merges, i, xca_xls_merge_t);

        printf("merge,%d,%d,%d,%d\n", merge->first_row + 1, merge->last_row + 1, merge->first_column,
               merge->last_column);
    }
}

int main(int argc, char **argv) {
    const char *preferred = argc > 1 ? argv[1] : "";
    const char *name = NULL, *data;
    apr_size_t length;
    const void *book = NULL;
    xca_xls_marks_t marks;
    unsigned short sheet;
    uint32_t password = FREEXL_UNKNOWN;
    apr_pool_t *pool;

    bound_myself();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    data = read_input(&length, pool);
    if (data == NULL) {
        return fail("sheet.damaged");
    }
    if (xca_xls_marks_read(&marks, data, length, 0, pool) != NULL) {
        return fail("sheet.damaged");
    }
    if (marks.is_encrypted || marks.has_macros) {
        return fail(marks.is_encrypted ? "sheet.encrypted" : "sheet.macros");
    }
    if (freexl_open(INPUT, &book) != FREEXL_OK) {
        return fail("sheet.damaged");
    }
    if (freexl_get_info(book, FREEXL_BIFF_PASSWORD, &password) == FREEXL_OK && password == FREEXL_BIFF_OBFUSCATED) {
        return fail("sheet.encrypted");
    }
    sheet = choose(book, preferred);
    if (freexl_select_active_worksheet(book, sheet) != FREEXL_OK ||
        xca_xls_marks_read(&marks, data, length, sheet, pool) != NULL) {
        return fail("sheet.damaged");
    }
    if (freexl_get_worksheet_name(book, sheet, &name) == FREEXL_OK && name != NULL) {
        printf("table,%s\n", xca_csv_quote(pool, name));
    }
    write_table(book, &marks, pool);
    printf("end\n");
    return fflush(stdout) == 0 ? 0 : 1;
}
