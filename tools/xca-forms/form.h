/* A form to print and fill in: read from one XML file, written as .odt and as .pdf. */
#ifndef XCA_FORMS_FORM_H
#define XCA_FORMS_FORM_H

#include <apr_tables.h>
#include "base/text.h"

/* A4 with these margins, in millimetres. */
#define PAGE_WIDTH    210.0
#define PAGE_HEIGHT   297.0
#define MARGIN_SIDE   22.0
#define MARGIN_TOP    16.0
#define MARGIN_BOTTOM 14.0
#define TALL          30.0 /* rows from this height on have their text at the top: places for seals */
#define COLUMNS_MAX   8

typedef enum { BLOCK_TITLE, BLOCK_PARAGRAPH, BLOCK_TABLE } block_kind;
typedef enum { ALIGN_LEFT, ALIGN_CENTRE, ALIGN_RIGHT } block_align;

typedef struct {
    const char *text, *en; /* en: smaller, below; or NULL */
    int head;              /* names what stands beside or below it */
} form_cell_t;

typedef struct {
    apr_array_header_t *cells; /* form_cell_t */
    double height;             /* at least, millimetres; 0: as the text needs */
} form_row_t;

typedef struct {
    block_kind kind;
    const char *text; /* of titles and paragraphs */
    block_align align;
    int small, indent; /* indent: in characters, for all lines but the first ("一、") */
    double widths[COLUMNS_MAX]; /* of tables: per cent */
    int columns;
    apr_array_header_t *rows; /* form_row_t */
} form_block_t;

typedef struct {
    const char *title;
    apr_array_header_t *blocks; /* form_block_t */
} form_t;

/* <form><title/><p align="right|centre" size="small" indent="2"/><table columns="30 70"><row height="40"><head en=""/><cell/></row></table>
 * </form>. Errors: "xml.malformed", "forms.element" (arg: line). */
xca_error_t *form_read(form_t **form, const char *data, apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

/* OpenDocument 1.3 text. */
xca_error_t *form_odt(xca_bytes_t *odt, const form_t *form, apr_pool_t *pool) XCA_MUST_USE;

/* PDF, tagged. Error: "forms.font" if there is no font for one of the characters. */
xca_error_t *form_pdf(const char *path, const form_t *form, apr_pool_t *pool) XCA_MUST_USE;

#endif
