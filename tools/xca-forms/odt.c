/* OpenDocument 1.3 (ISO/IEC 26300): mimetype, manifest, styles, metadata, content. */
#include <apr_strings.h>
#include "form.h"
#include "outside/xml_write.h"
#include "outside/zip.h"

#define OASIS "urn:oasis:names:tc:opendocument:xmlns:"
#define FONT  "標楷體, DFKai-SB, BiauKai, 'AR PL UKai TW', 'TW-Kai', 'Noto Serif CJK TC'"
#define TYPE  "application/vnd.oasis.opendocument.text"

typedef struct {
    xca_xml_writer_t *xml;
    apr_pool_t *pool;
} odt_t;

static const char *mm(const odt_t *odt, double length) {
    return apr_psprintf(odt->pool, "%.2fmm", length);
}

/* An element with attributes, a NULL-ended list of name and value; it stays open. */
static void open_with(const odt_t *odt, const char *name, const char *const *attrs) {
    xca_xml_open(odt->xml, name);
    for (; attrs[0] != NULL; attrs += 2) {
        xca_xml_put_attr(odt->xml, attrs[0], attrs[1]);
    }
}

static void put_with(const odt_t *odt, const char *name, const char *const *attrs) {
    open_with(odt, name, attrs);
    xca_xml_close(odt->xml);
}

static void open_root(const odt_t *odt, const char *name) {
    static const char *const attrs[] = {"xmlns:office", OASIS "office:1.0", "xmlns:style", OASIS "style:1.0",
                                        "xmlns:text", OASIS "text:1.0", "xmlns:table", OASIS "table:1.0",
                                        "xmlns:fo", OASIS "xsl-fo-compatible:1.0", "xmlns:svg", OASIS "svg-compatible:1.0",
                                        "xmlns:dc", "http://purl.org/dc/elements/1.1/", "office:version", "1.3", NULL};

    open_with(odt, name, attrs);
}

static void put_font(const odt_t *odt) {
    const char *const font[] = {"style:name", "Kai", "svg:font-family", FONT, "style:font-family-generic", "roman", NULL};

    xca_xml_open(odt->xml, "office:font-face-decls");
    put_with(odt, "style:font-face", font);
    xca_xml_close(odt->xml);
}

static void put_paragraph_style(const odt_t *odt, const char *name, const char *size, const char *align, int indent) {
    const char *margin = indent > 0 ? apr_psprintf(odt->pool, "%dpt", 12 * indent) : "0pt";
    const char *first = indent > 0 ? apr_psprintf(odt->pool, "-%dpt", 12 * indent) : "0pt";
    const char *const style[] = {"style:name", name, "style:family", "paragraph", "style:parent-style-name", "Standard", NULL};
    const char *const paragraph[] = {"fo:text-align", align, "fo:margin-bottom", "1.5mm", "fo:margin-left", margin, "fo:text-indent", first, NULL};
    const char *const text[] = {"fo:font-size", size, "style:font-size-asian", size, NULL};

    open_with(odt, "style:style", style);
    put_with(odt, "style:paragraph-properties", paragraph);
    put_with(odt, "style:text-properties", text);
    xca_xml_close(odt->xml);
}

static const char *paragraph_style(const odt_t *odt, const form_block_t *block) {
    static const char *const aligns[] = {"Left", "Centre", "Right"};

    return apr_psprintf(odt->pool, "%s%s%d", block->small ? "Small" : "", aligns[block->align], block->indent);
}

static void put_table_styles(const odt_t *odt, const form_block_t *table, int number) {
    int i;

    for (i = 0; i < table->columns; i++) {
        const char *const style[] = {"style:name", apr_psprintf(odt->pool, "T%d.%d", number, i), "style:family", "table-column", NULL};
        const char *const column[] = {"style:column-width", mm(odt, (PAGE_WIDTH - 2 * MARGIN_SIDE) * table->widths[i] / 100), NULL};

        open_with(odt, "style:style", style);
        put_with(odt, "style:table-column-properties", column);
        xca_xml_close(odt->xml);
    }
    for (i = 0; i < table->rows->nelts; i++) {
        double height = APR_ARRAY_IDX(table->rows, i, const form_row_t).height;
        const char *const style[] = {"style:name", apr_psprintf(odt->pool, "T%d.row%d", number, i), "style:family", "table-row", NULL};
        const char *const row[] = {"style:min-row-height", mm(odt, height > 8.5 ? height : 8.5), "fo:keep-together", "always", NULL};

        open_with(odt, "style:style", style);
        put_with(odt, "style:table-row-properties", row);
        xca_xml_close(odt->xml);
    }
}

static void put_cell_style(const odt_t *odt, const char *name, const char *background, const char *align) {
    const char *const style[] = {"style:name", name, "style:family", "table-cell", NULL};
    const char *const cell[] = {"fo:border", "0.5pt solid #000000", "fo:padding", "1.5mm", "style:vertical-align", align,
                                "fo:background-color", background, NULL};

    open_with(odt, "style:style", style);
    put_with(odt, "style:table-cell-properties", cell);
    xca_xml_close(odt->xml);
}

static void put_styles_of_content(const odt_t *odt, const form_t *form) {
    int i;

    xca_xml_open(odt->xml, "office:automatic-styles");
    put_paragraph_style(odt, "Heading", "16pt", "center", 0);
    put_paragraph_style(odt, "Cell", "11pt", "start", 0);
    put_paragraph_style(odt, "En", "7pt", "start", 0);
    put_cell_style(odt, "Plain", "transparent", "middle");
    put_cell_style(odt, "Tall", "transparent", "top");
    put_cell_style(odt, "Head", "#f2f2f2", "middle");
    for (i = 0; i < form->blocks->nelts; i++) {
        static const char *const aligns[] = {"start", "center", "end"};
        const form_block_t *block = &APR_ARRAY_IDX(form->blocks, i, const form_block_t);

        if (block->kind == BLOCK_TABLE) {
            put_table_styles(odt, block, i);
        } else if (block->kind == BLOCK_PARAGRAPH) {
            /* one of its own for each: two may be alike, which costs nothing */
            put_paragraph_style(odt, apr_psprintf(odt->pool, "%s.%d", paragraph_style(odt, block), i), block->small ? "10pt" : "12pt",
                                aligns[block->align], block->indent);
        }
    }
    xca_xml_close(odt->xml);
}

static void put_paragraph(const odt_t *odt, const char *style, const char *text) {
    const char *const attrs[] = {"text:style-name", style, NULL};

    open_with(odt, "text:p", attrs);
    xca_xml_put_text(odt->xml, text);
    xca_xml_close(odt->xml);
}

static void put_row(const odt_t *odt, const form_row_t *row, const char *style) {
    const char *const attrs[] = {"table:style-name", style, NULL};
    int i;

    open_with(odt, "table:table-row", attrs);
    for (i = 0; i < row->cells->nelts; i++) {
        const form_cell_t *cell = &APR_ARRAY_IDX(row->cells, i, const form_cell_t);
        const char *const kind[] = {"table:style-name", cell->head ? "Head" : row->height >= TALL ? "Tall" : "Plain", "office:value-type", "string", NULL};

        open_with(odt, "table:table-cell", kind);
        put_paragraph(odt, "Cell", cell->text);
        if (cell->en != NULL) {
            put_paragraph(odt, "En", cell->en);
        }
        xca_xml_close(odt->xml);
    }
    xca_xml_close(odt->xml);
}

static void put_table(const odt_t *odt, const form_block_t *table, int number) {
    const char *const name[] = {"table:name", apr_psprintf(odt->pool, "T%d", number), NULL};
    int i;

    open_with(odt, "table:table", name);
    for (i = 0; i < table->columns; i++) {
        const char *const column[] = {"table:style-name", apr_psprintf(odt->pool, "T%d.%d", number, i), NULL};

        put_with(odt, "table:table-column", column);
    }
    for (i = 0; i < table->rows->nelts; i++) {
        put_row(odt, &APR_ARRAY_IDX(table->rows, i, const form_row_t), apr_psprintf(odt->pool, "T%d.row%d", number, i));
    }
    xca_xml_close(odt->xml);
    put_paragraph(odt, "En", ""); /* between two tables */
}

static void put_blocks(const odt_t *odt, const form_t *form) {
    int i;

    for (i = 0; i < form->blocks->nelts; i++) {
        const form_block_t *block = &APR_ARRAY_IDX(form->blocks, i, const form_block_t);
        const char *const heading[] = {"text:style-name", "Heading", "text:outline-level", "1", NULL};

        switch (block->kind) {
        case BLOCK_TITLE:
            open_with(odt, "text:h", heading);
            xca_xml_put_text(odt->xml, block->text);
            xca_xml_close(odt->xml);
            break;
        case BLOCK_PARAGRAPH:
            put_paragraph(odt, apr_psprintf(odt->pool, "%s.%d", paragraph_style(odt, block), i), block->text);
            break;
        case BLOCK_TABLE:
            put_table(odt, block, i);
            break;
        }
    }
}

static void write_content(const odt_t *odt, const form_t *form) {
    open_root(odt, "office:document-content");
    put_font(odt);
    put_styles_of_content(odt, form);
    xca_xml_open(odt->xml, "office:body");
    xca_xml_open(odt->xml, "office:text");
    put_blocks(odt, form);
    xca_xml_close(odt->xml);
    xca_xml_close(odt->xml);
}

static void write_styles(const odt_t *odt, const form_t *form) {
    const char *const standard[] = {"style:name", "Standard", "style:family", "paragraph", NULL};
    const char *const text[] = {"style:font-name", "Kai", "style:font-name-asian", "Kai", "fo:font-size", "12pt", "style:font-size-asian", "12pt",
                                "fo:language", "en", "fo:country", "US", "style:language-asian", "zh", "style:country-asian", "TW", NULL};
    const char *const layout[] = {"style:name", "A4", NULL};
    const char *const page[] = {"fo:page-width", mm(odt, PAGE_WIDTH), "fo:page-height", mm(odt, PAGE_HEIGHT), "fo:margin-top", mm(odt, MARGIN_TOP),
                                "fo:margin-bottom", mm(odt, MARGIN_BOTTOM), "fo:margin-left", mm(odt, MARGIN_SIDE), "fo:margin-right",
                                mm(odt, MARGIN_SIDE), NULL};
    const char *const master[] = {"style:name", "Standard", "style:page-layout-name", "A4", NULL};

    open_root(odt, "office:document-styles");
    put_font(odt);
    xca_xml_open(odt->xml, "office:styles");
    open_with(odt, "style:style", standard);
    put_with(odt, "style:text-properties", text);
    xca_xml_close(odt->xml);
    xca_xml_close(odt->xml);
    xca_xml_open(odt->xml, "office:automatic-styles");
    open_with(odt, "style:page-layout", layout);
    put_with(odt, "style:page-layout-properties", page);
    xca_xml_close(odt->xml);
    xca_xml_close(odt->xml);
    xca_xml_open(odt->xml, "office:master-styles");
    put_with(odt, "style:master-page", master);
    xca_xml_close(odt->xml);
}

static void write_meta(const odt_t *odt, const form_t *form) {
    open_root(odt, "office:document-meta");
    xca_xml_open(odt->xml, "office:meta");
    xca_xml_element(odt->xml, "dc:title", form->title);
    xca_xml_element(odt->xml, "dc:language", "zh-TW");
    xca_xml_close(odt->xml);
}

static void write_manifest(const odt_t *odt, const form_t *form) {
    static const char *const root[] = {"xmlns:manifest", OASIS "manifest:1.0", "manifest:version", "1.3", NULL};
    static const char *const files[][2] = {{"/", TYPE}, {"content.xml", "text/xml"}, {"styles.xml", "text/xml"}, {"meta.xml", "text/xml"}};
    int i;

    open_with(odt, "manifest:manifest", root);
    for (i = 0; i < 4; i++) {
        const char *const entry[] = {"manifest:full-path", files[i][0], "manifest:media-type", files[i][1], NULL};

        put_with(odt, "manifest:file-entry", entry);
    }
}

static xca_error_t *write_part(xca_zip_part_t *part, const char *name, void (*write)(const odt_t *odt, const form_t *form),
                               const form_t *form, apr_pool_t *pool) {
    xca_bytes_t xml;
    odt_t odt;
    xca_error_t *err = xca_xml_writer_make(&odt.xml, 0, pool);

    if (err != NULL) {
        return err;
    }
    odt.pool = pool;
    write(&odt, form);
    err = xca_xml_writer_end(&xml, odt.xml);
    part->name = name;
    part->text = err == NULL ? (const char *)xml.data : NULL;
    return err;
}

xca_error_t *form_odt(xca_bytes_t *odt, const form_t *form, apr_pool_t *pool) {
    xca_zip_part_t parts[5] = {{"mimetype", TYPE, 1}, {0}, {0}, {0}, {0}};
    xca_error_t *err = write_part(&parts[1], "META-INF/manifest.xml", write_manifest, form, pool);

    if (err == NULL) {
        err = write_part(&parts[2], "styles.xml", write_styles, form, pool);
    }
    if (err == NULL) {
        err = write_part(&parts[3], "meta.xml", write_meta, form, pool);
    }
    if (err == NULL) {
        err = write_part(&parts[4], "content.xml", write_content, form, pool);
    }
    return err != NULL ? err : xca_zip_make(odt, parts, 5, pool);
}
