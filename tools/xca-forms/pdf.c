/* PDF by cairo and pango: the blocks one below the other, rows of tables never cut. */
#include <string.h>
#include <apr_strings.h>
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include "form.h"

#define FONT_FAMILY "AR PL UKai TW,TW-Kai,Noto Serif CJK TC"
#define POINTS(mm)  ((mm) * 72.0 / 25.4)
#define PADDING     POINTS(1.6)
#define ROW_MIN     POINTS(8.5)
#define CELL_SIZE   11.0
#define EN_SIZE     7.0

typedef struct {
    cairo_t *cairo;
    PangoLayout *layout;
    double y;
    const char *missing; /* a text with a character that no font has */
} pdf_t;

static void set_text(pdf_t *pdf, const char *text, double size, double width, block_align align, double indent) {
    static const PangoAlignment aligns[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
    PangoFontDescription *font = pango_font_description_from_string(FONT_FAMILY);

    pango_font_description_set_size(font, (int)(size * PANGO_SCALE));
    pango_layout_set_font_description(pdf->layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(pdf->layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(pdf->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(pdf->layout, aligns[align]);
    pango_layout_set_indent(pdf->layout, (int)(-indent * PANGO_SCALE));
    pango_layout_set_spacing(pdf->layout, (int)(size * 0.25 * PANGO_SCALE));
    pango_layout_set_text(pdf->layout, text, -1);
    if (pango_layout_get_unknown_glyphs_count(pdf->layout) > 0) {
        pdf->missing = text;
    }
}

static double text_height(const pdf_t *pdf) {
    int height;

    pango_layout_get_size(pdf->layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

static void show(pdf_t *pdf, double x, double y) {
    cairo_move_to(pdf->cairo, x, y);
    pango_cairo_show_layout(pdf->cairo, pdf->layout);
}

static void make_room(pdf_t *pdf, double height) {
    if (pdf->y + height > POINTS(PAGE_HEIGHT - MARGIN_BOTTOM) && pdf->y > POINTS(MARGIN_TOP)) {
        cairo_show_page(pdf->cairo);
        pdf->y = POINTS(MARGIN_TOP);
    }
}

static void put_text(pdf_t *pdf, const form_block_t *block) {
    double size = block->kind == BLOCK_TITLE ? 16 : block->small ? 10 : 12;
    const char *tag = block->kind == BLOCK_TITLE ? "H1" : "P";
    double height;

    set_text(pdf, block->text, size, POINTS(PAGE_WIDTH - 2 * MARGIN_SIDE), block->kind == BLOCK_TITLE ? ALIGN_CENTRE : block->align,
             size * block->indent);
    height = text_height(pdf);
    make_room(pdf, height);
    cairo_tag_begin(pdf->cairo, tag, NULL);
    show(pdf, POINTS(MARGIN_SIDE), pdf->y);
    cairo_tag_end(pdf->cairo, tag);
    pdf->y += height + (block->kind == BLOCK_TITLE ? POINTS(4) : POINTS(1.5));
}

static double cell_height(pdf_t *pdf, const form_cell_t *cell, double width) {
    double height;

    set_text(pdf, cell->text, CELL_SIZE, width - 2 * PADDING, ALIGN_LEFT, 0);
    height = text_height(pdf);
    if (cell->en != NULL) {
        set_text(pdf, cell->en, EN_SIZE, width - 2 * PADDING, ALIGN_LEFT, 0);
        height += text_height(pdf) + 1;
    }
    return height + 2 * PADDING;
}

static void put_cell(pdf_t *pdf, const form_cell_t *cell, double x, double width, double height) {
    const char *tag = cell->head ? "TH" : "TD";
    double free_height = height - cell_height(pdf, cell, width);
    double y = pdf->y + PADDING + (height >= POINTS(TALL) ? 0 : free_height / 2);

    if (cell->head) {
        cairo_set_source_rgb(pdf->cairo, 0.95, 0.95, 0.95);
        cairo_rectangle(pdf->cairo, x, pdf->y, width, height);
        cairo_fill(pdf->cairo);
        cairo_set_source_rgb(pdf->cairo, 0, 0, 0);
    }
    cairo_rectangle(pdf->cairo, x, pdf->y, width, height);
    cairo_set_line_width(pdf->cairo, 0.6);
    cairo_stroke(pdf->cairo);
    cairo_tag_begin(pdf->cairo, tag, NULL);
    set_text(pdf, cell->text, CELL_SIZE, width - 2 * PADDING, ALIGN_LEFT, 0);
    show(pdf, x + PADDING, y);
    if (cell->en != NULL) {
        y += text_height(pdf) + 1;
        set_text(pdf, cell->en, EN_SIZE, width - 2 * PADDING, ALIGN_LEFT, 0);
        show(pdf, x + PADDING, y);
    }
    cairo_tag_end(pdf->cairo, tag);
}

static void put_row(pdf_t *pdf, const form_block_t *table, const form_row_t *row) {
    double height = POINTS(row->height) > ROW_MIN ? POINTS(row->height) : ROW_MIN;
    double x = POINTS(MARGIN_SIDE), whole = POINTS(PAGE_WIDTH - 2 * MARGIN_SIDE);
    int i;

    for (i = 0; i < row->cells->nelts; i++) {
        double needed = cell_height(pdf, &APR_ARRAY_IDX(row->cells, i, const form_cell_t), whole * table->widths[i] / 100);

        height = needed > height ? needed : height;
    }
    make_room(pdf, height);
    cairo_tag_begin(pdf->cairo, "TR", NULL);
    for (i = 0; i < row->cells->nelts; i++) {
        double width = whole * table->widths[i] / 100;

        put_cell(pdf, &APR_ARRAY_IDX(row->cells, i, const form_cell_t), x, width, height);
        x += width;
    }
    cairo_tag_end(pdf->cairo, "TR");
    pdf->y += height;
}

static void put_table(pdf_t *pdf, const form_block_t *table) {
    int i;

    cairo_tag_begin(pdf->cairo, "Table", NULL);
    for (i = 0; i < table->rows->nelts; i++) {
        put_row(pdf, table, &APR_ARRAY_IDX(table->rows, i, const form_row_t));
    }
    cairo_tag_end(pdf->cairo, "Table");
    pdf->y += POINTS(3);
}

static void put_blocks(pdf_t *pdf, const form_t *form) {
    int i;

    for (i = 0; i < form->blocks->nelts; i++) {
        const form_block_t *block = &APR_ARRAY_IDX(form->blocks, i, const form_block_t);

        if (block->kind == BLOCK_TABLE) {
            put_table(pdf, block);
        } else {
            put_text(pdf, block);
        }
    }
}

xca_error_t *form_pdf(const char *path, const form_t *form, apr_pool_t *pool) {
    cairo_surface_t *surface = cairo_pdf_surface_create(path, POINTS(PAGE_WIDTH), POINTS(PAGE_HEIGHT));
    pdf_t pdf = {NULL, NULL, POINTS(MARGIN_TOP), NULL};
    cairo_status_t status;
    xca_error_t *err = NULL;

    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, form->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2026-01-01T00:00:00Z"); /* the same source, the same file */
    pdf.cairo = cairo_create(surface);
    pdf.layout = pango_cairo_create_layout(pdf.cairo);
    put_blocks(&pdf, form);
    g_object_unref(pdf.layout);
    cairo_destroy(pdf.cairo);
    cairo_surface_finish(surface);
    status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS) {
        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "%s: %s", path, cairo_status_to_string(status));
        err->arg = path;
    } else if (pdf.missing != NULL) {
        err = xca_error_make(pool, XCA_E_INTERNAL, "forms.font", "%s", pdf.missing);
        err->arg = apr_pstrdup(pool, pdf.missing);
    }
    return err;
}
