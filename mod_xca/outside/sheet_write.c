#include "outside/sheet_write.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/zip.h"

#define XML_FIRST "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

typedef struct {
    apr_array_header_t *pieces;
    apr_pool_t *pool;
} text_t;

static text_t *text_make(apr_pool_t *pool) {
    text_t *text = apr_palloc(pool, sizeof(*text));

    text->pool = pool;
    text->pieces = apr_array_make(pool, 256, sizeof(const char *));
    return text;
}

static void put(text_t *text, const char *piece) {
    APR_ARRAY_PUSH(text->pieces, const char *) = piece;
}

/* Escaped for content and for attributes in double quotes. */
static char *escape(apr_pool_t *pool, const char *value) {
    char *escaped = apr_palloc(pool, strlen(value) * 6 + 1), *to = escaped;

    for (; *value != '\0'; value++) {
        const char *entity = *value == '&'   ? "&amp;"
                             : *value == '<' ? "&lt;"
                             : *value == '>' ? "&gt;"
                             : *value == '"' ? "&quot;"
                                             : NULL;

        if (entity != NULL) {
            apr_size_t length = strlen(entity);

            memcpy(to, entity, length);
            to += length;
        } else if ((unsigned char)*value >= 0x20 || *value == '\n' || *value == '\t') {
            *to++ = *value;
        }
    }
    *to = '\0';
    return escaped;
}

static void put_text(text_t *text, const char *value) {
    put(text, escape(text->pool, value));
}

static const char *whole(const text_t *text) {
    return apr_array_pstrcat(text->pool, text->pieces, '\0');
}

/* ---- .xlsx ---- */

#define MAIN_NS "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define REL_NS  "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define TYPE    "application/vnd.openxmlformats-officedocument.spreadsheetml."

static void xlsx_cell(text_t *text, int row, int column, int style, const char *value) {
    if (value == NULL || *value == '\0') {
        return;
    }
    put(text, apr_psprintf(text->pool, "<c r=\"%s%d\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">",
                           xca_column_name(text->pool, column), row, style));
    put_text(text, value);
    put(text, "</t></is></c>");
}

/* What the first column may hold, and the hints. */
static void xlsx_validations(text_t *text, const xca_sheet_plan_t *plan) {
    int i, j, count = 0;

    for (i = 0; i < plan->column_count; i++) {
        count += plan->columns[i].hint != NULL || (i == 0 && plan->choice_count > 0);
    }
    if (count == 0) {
        return;
    }
    put(text, apr_psprintf(text->pool, "<dataValidations count=\"%d\">", count));
    for (i = 0; i < plan->column_count; i++) {
        const xca_sheet_column_t *column = &plan->columns[i];
        int chosen = i == 0 && plan->choice_count > 0;
        const char *name = xca_column_name(text->pool, i);

        if (column->hint == NULL && !chosen) {
            continue;
        }
        put(text, "<dataValidation allowBlank=\"1\" showInputMessage=\"1\" showErrorMessage=\"1\"");
        put(text, chosen ? " type=\"list\"" : "");
        if (column->hint != NULL) {
            put(text, " prompt=\"");
            put_text(text, column->hint);
            put(text, "\"");
        }
        put(text, apr_psprintf(text->pool, " sqref=\"%s2:%s%d\">", name, name, plan->empty_rows + 1));
        if (chosen) {
            put(text, "<formula1>\"");
            for (j = 0; j < plan->choice_count; j++) {
                put(text, j > 0 ? "," : "");
                put_text(text, plan->choices[j]);
            }
            put(text, "\"</formula1>");
        }
        put(text, "</dataValidation>");
    }
    put(text, "</dataValidations>");
}

static const char *xlsx_table(const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    text_t *text = text_make(pool);
    int i, j;

    put(text, XML_FIRST "<worksheet xmlns=\"" MAIN_NS "\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr><sheetViews><sheetView workbookViewId=\"0\">"
                        "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
                        "</sheetView></sheetViews><cols>");
    for (i = 0; i < plan->column_count; i++) {
        put(text, apr_psprintf(pool, "<col min=\"%d\" max=\"%d\" width=\"%d\" style=\"1\" customWidth=\"1\"/>", i + 1,
                               i + 1, plan->columns[i].width));
    }
    put(text, "</cols><sheetData><row r=\"1\">");
    for (i = 0; i < plan->column_count; i++) {
        xlsx_cell(text, 1, i, 2, plan->columns[i].heading);
    }
    put(text, "</row>");
    for (i = 0; i < plan->row_count; i++) {
        put(text, apr_psprintf(pool, "<row r=\"%d\">", i + 2));
        for (j = 0; j < plan->column_count; j++) {
            xlsx_cell(text, i + 2, j, 1, plan->rows[i][j]);
        }
        put(text, "</row>");
    }
    put(text, "</sheetData>");
    xlsx_validations(text, plan);
    put(text, "<pageSetup paperSize=\"9\" orientation=\"landscape\" fitToWidth=\"1\" fitToHeight=\"0\"/></worksheet>");
    return whole(text);
}

static const char *xlsx_notes(const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    text_t *text = text_make(pool);
    int i;

    put(text, XML_FIRST "<worksheet xmlns=\"" MAIN_NS "\"><cols><col min=\"1\" max=\"1\" width=\"110\" style=\"3\" "
                        "customWidth=\"1\"/></cols><sheetData>");
    for (i = 0; i < plan->note_count; i++) {
        put(text, apr_psprintf(pool, "<row r=\"%d\">", i + 1));
        xlsx_cell(text, i + 1, 0, 3, plan->notes[i]);
        put(text, "</row>");
    }
    put(text, "</sheetData></worksheet>");
    return whole(text);
}

static const char *xlsx_workbook(const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    text_t *text = text_make(pool);

    put(text, XML_FIRST "<workbook xmlns=\"" MAIN_NS "\" xmlns:r=\"" REL_NS "\"><sheets><sheet name=\"");
    put_text(text, plan->name);
    put(text, "\" sheetId=\"1\" r:id=\"rId1\"/>");
    if (plan->notes_name != NULL) {
        put(text, "<sheet name=\"");
        put_text(text, plan->notes_name);
        put(text, "\" sheetId=\"2\" r:id=\"rId2\"/>");
    }
    put(text, "</sheets></workbook>");
    return whole(text);
}

/* Cell formats: 0 general, 1 text, 2 heading, 3 text that breaks into lines. Number format 49 is text (18.8.30). */
static const char xlsx_styles[] = XML_FIRST
    "<styleSheet xmlns=\"" MAIN_NS "\"><fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
    "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
    "<fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFDCE6F1\"/></patternFill></fill></fills>"
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
    "<cellXfs count=\"4\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
    "<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
    "<xf numFmtId=\"49\" fontId=\"1\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" "
    "applyFill=\"1\" applyAlignment=\"1\"><alignment wrapText=\"1\" vertical=\"center\"/></xf>"
    "<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyAlignment=\"1\">"
    "<alignment wrapText=\"1\" vertical=\"top\"/></xf></cellXfs>"
    "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>";

static xca_error_t *write_xlsx(xca_bytes_t *file, const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    int notes = plan->notes_name != NULL;
    xca_zip_part_t parts[7];
    int count = 0;

    parts[count++] = (xca_zip_part_t){
        "[Content_Types].xml",
        apr_pstrcat(pool,
                    XML_FIRST "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
                              "<Default Extension=\"rels\" "
                              "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                              "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE "sheet.main+xml\"/>"
                              "<Override PartName=\"/xl/styles.xml\" ContentType=\"" TYPE "styles+xml\"/>"
                              "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" TYPE "worksheet+xml\"/>",
                    notes ? "<Override PartName=\"/xl/worksheets/sheet2.xml\" ContentType=\"" TYPE "worksheet+xml\"/>"
                          : "",
                    "</Types>", NULL),
        0};
    parts[count++] = (xca_zip_part_t){
        "_rels/.rels",
        XML_FIRST "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
                  "<Relationship Id=\"rId1\" Type=\"" REL_NS "/officeDocument\" Target=\"xl/workbook.xml\"/>"
                  "</Relationships>",
        0};
    parts[count++] = (xca_zip_part_t){"xl/workbook.xml", xlsx_workbook(plan, pool), 0};
    parts[count++] = (xca_zip_part_t){
        "xl/_rels/workbook.xml.rels",
        apr_pstrcat(pool,
                    XML_FIRST "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
                              "<Relationship Id=\"rId1\" Type=\"" REL_NS
                              "/worksheet\" Target=\"worksheets/sheet1.xml\"/>",
                    notes ? "<Relationship Id=\"rId2\" Type=\"" REL_NS "/worksheet\" Target=\"worksheets/sheet2.xml\"/>"
                          : "",
                    "<Relationship Id=\"rId3\" Type=\"" REL_NS "/styles\" Target=\"styles.xml\"/></Relationships>",
                    NULL),
        0};
    parts[count++] = (xca_zip_part_t){"xl/styles.xml", xlsx_styles, 0};
    parts[count++] = (xca_zip_part_t){"xl/worksheets/sheet1.xml", xlsx_table(plan, pool), 0};
    if (notes) {
        parts[count++] = (xca_zip_part_t){"xl/worksheets/sheet2.xml", xlsx_notes(plan, pool), 0};
    }
    return xca_zip_make(file, parts, count, pool);
}

/* ---- .ods ---- */

#define ODF "urn:oasis:names:tc:opendocument:xmlns:"
#define ODS_MEDIA "application/vnd.oasis.opendocument.spreadsheet"

static void ods_cell(text_t *text, const char *style, const char *validation, const char *value) {
    put(text, apr_psprintf(text->pool, "<table:table-cell table:style-name=\"%s\"", style));
    if (validation != NULL) {
        put(text, apr_psprintf(text->pool, " table:content-validation-name=\"%s\"", validation));
    }
    if (value == NULL || *value == '\0') {
        put(text, "/>");
        return;
    }
    put(text, " office:value-type=\"string\"><text:p>");
    put_text(text, value);
    put(text, "</text:p></table:table-cell>");
}

static int has_validation(const xca_sheet_plan_t *plan, int column) {
    return plan->columns[column].hint != NULL || (column == 0 && plan->choice_count > 0);
}

static void ods_validations(text_t *text, const xca_sheet_plan_t *plan) {
    int i, j;

    put(text, "<table:content-validations>");
    for (i = 0; i < plan->column_count; i++) {
        const xca_sheet_column_t *column = &plan->columns[i];

        if (!has_validation(plan, i)) {
            continue;
        }
        put(text, apr_psprintf(text->pool, "<table:content-validation table:name=\"v%d\" ", i + 1));
        if (i == 0 && plan->choice_count > 0) {
            put(text, "table:condition=\"of:cell-content-is-in-list(");
            for (j = 0; j < plan->choice_count; j++) {
                put(text, j > 0 ? ";&quot;" : "&quot;");
                put_text(text, plan->choices[j]);
                put(text, "&quot;");
            }
            put(text, ")\" ");
        }
        put(text, "table:allow-empty-cell=\"true\">");
        if (column->hint != NULL) {
            put(text, "<table:help-message table:display=\"true\"><text:p>");
            put_text(text, column->hint);
            put(text, "</text:p></table:help-message>");
        }
        put(text, "<table:error-message table:message-type=\"stop\" table:display=\"true\"/></table:content-validation>");
    }
    put(text, "</table:content-validations>");
}

static void ods_table(text_t *text, const xca_sheet_plan_t *plan) {
    int i, j, empty = plan->empty_rows - plan->row_count;

    put(text, "<table:table table:name=\"");
    put_text(text, plan->name);
    put(text, "\">");
    for (i = 0; i < plan->column_count; i++) {
        put(text, apr_psprintf(text->pool,
                               "<table:table-column table:style-name=\"c%d\" table:default-cell-style-name=\"text\"/>",
                               i + 1));
    }
    put(text, "<table:table-header-rows><table:table-row>");
    for (i = 0; i < plan->column_count; i++) {
        ods_cell(text, "head", NULL, plan->columns[i].heading);
    }
    put(text, "</table:table-row></table:table-header-rows>");
    for (i = 0; i < plan->row_count + (empty > 0); i++) {
        int last = i == plan->row_count;

        put(text, last ? apr_psprintf(text->pool, "<table:table-row table:number-rows-repeated=\"%d\">", empty)
                       : "<table:table-row>");
        for (j = 0; j < plan->column_count; j++) {
            ods_cell(text, "text", has_validation(plan, j) ? apr_psprintf(text->pool, "v%d", j + 1) : NULL,
                     last ? NULL : plan->rows[i][j]);
        }
        put(text, "</table:table-row>");
    }
    put(text, "</table:table>");
}

static const char *ods_content(const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    text_t *text = text_make(pool);
    int i;

    put(text, XML_FIRST
        "<office:document-content xmlns:office=\"" ODF "office:1.0\" xmlns:style=\"" ODF "style:1.0\" xmlns:text=\"" ODF
        "text:1.0\" xmlns:table=\"" ODF "table:1.0\" xmlns:fo=\"" ODF "xsl-fo-compatible:1.0\" xmlns:number=\"" ODF
        "datastyle:1.0\" xmlns:of=\"" ODF "of:1.2\" office:version=\"1.3\"><office:automatic-styles>"
        "<number:text-style style:name=\"n1\"><number:text-content/></number:text-style>"
        "<style:style style:name=\"text\" style:family=\"table-cell\" style:data-style-name=\"n1\"/>"
        "<style:style style:name=\"head\" style:family=\"table-cell\" style:data-style-name=\"n1\">"
        "<style:table-cell-properties fo:background-color=\"#dce6f1\" fo:wrap-option=\"wrap\" "
        "style:vertical-align=\"middle\"/><style:text-properties fo:font-weight=\"bold\" "
        "style:font-weight-asian=\"bold\"/></style:style>"
        "<style:style style:name=\"note\" style:family=\"table-cell\" style:data-style-name=\"n1\">"
        "<style:table-cell-properties fo:wrap-option=\"wrap\"/></style:style>"
        "<style:style style:name=\"wide\" style:family=\"table-column\"><style:table-column-properties "
        "style:column-width=\"22cm\"/></style:style>");
    for (i = 0; i < plan->column_count; i++) {
        put(text, apr_psprintf(pool,
                               "<style:style style:name=\"c%d\" style:family=\"table-column\">"
                               "<style:table-column-properties style:column-width=\"%d.%dcm\"/></style:style>",
                               i + 1, plan->columns[i].width / 5, plan->columns[i].width % 5 * 2));
    }
    put(text, "</office:automatic-styles><office:body><office:spreadsheet>");
    ods_validations(text, plan);
    ods_table(text, plan);
    if (plan->notes_name != NULL) {
        put(text, "<table:table table:name=\"");
        put_text(text, plan->notes_name);
        put(text, "\"><table:table-column table:style-name=\"wide\"/>");
        for (i = 0; i < plan->note_count; i++) {
            put(text, "<table:table-row>");
            ods_cell(text, "note", NULL, plan->notes[i]);
            put(text, "</table:table-row>");
        }
        put(text, "</table:table>");
    }
    put(text, "</office:spreadsheet></office:body></office:document-content>");
    return whole(text);
}

static xca_error_t *write_ods(xca_bytes_t *file, const xca_sheet_plan_t *plan, apr_pool_t *pool) {
    const xca_zip_part_t parts[] = {
        {"mimetype", ODS_MEDIA, 1},
        {"META-INF/manifest.xml",
         XML_FIRST "<manifest:manifest xmlns:manifest=\"" ODF "manifest:1.0\" manifest:version=\"1.3\">"
                   "<manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" "
                   "manifest:media-type=\"" ODS_MEDIA "\"/>"
                   "<manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>"
                   "</manifest:manifest>",
         0},
        {"content.xml", ods_content(plan, pool), 0},
    };

    return xca_zip_make(file, parts, sizeof(parts) / sizeof(parts[0]), pool);
}

xca_error_t *xca_sheet_write(xca_bytes_t *file, xca_sheet_format format, const xca_sheet_plan_t *plan,
                             apr_pool_t *pool) {
    return format == XCA_SHEET_ODS ? write_ods(file, plan, pool) : write_xlsx(file, plan, pool);
}
