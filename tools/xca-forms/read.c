/* A form from its XML file. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "form.h"
#include "outside/xml.h"

#define FILE_MAX    (256 * 1024)
#define BOX         "\xe2\x96\xa1" /* U+25A1 */
#define WORD_JOINER "\xe2\x81\xa0" /* U+2060 */

static xca_error_t *wrong(const xca_xml_node_t *node, const char *why, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "forms.element", "line %d: %s", node->line, why);

    err->arg = apr_itoa(pool, node->line);
    return err;
}

/* Line breaks of the file are no line breaks of the text; wide spaces stay, they are places to write in. */
static const char *text_of(const xca_xml_node_t *node, apr_pool_t *pool) {
    const char *text = "";
    char *kept, *to;
    int i;

    for (i = 0; i < node->child_count; i++) {
        text = apr_pstrcat(pool, text, node->children[i]->text != NULL ? node->children[i]->text : "", NULL);
    }
    text += strspn(text, " \n\t");
    kept = to = apr_palloc(pool, strlen(text) * 2 + 1);
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t') {
            continue;
        }
        if (*text == ' ' && (text[1] == ' ' || text[1] == '\n')) {
            continue;
        }
        *to++ = *text;
        if (strncmp(text, BOX, 3) == 0) { /* a box and its word stay in one line */
            to = apr_cpystrn(to, text + 1, 3);
            to = apr_cpystrn(to, WORD_JOINER, 4);
            text += 2;
        }
    }
    *to = '\0';
    return kept;
}

static xca_error_t *read_row(form_block_t *table, const xca_xml_node_t *node, apr_pool_t *pool) {
    form_row_t *row = apr_array_push(table->rows);
    const char *height = xca_xml_attr(node, "height");
    int i;

    row->cells = apr_array_make(pool, COLUMNS_MAX, sizeof(form_cell_t));
    row->height = height != NULL ? atof(height) : 0;
    for (i = 0; i < node->child_count; i++) {
        const xca_xml_node_t *child = node->children[i];
        form_cell_t *cell;

        if (child->name == NULL) {
            continue;
        }
        if (strcmp(child->name, "cell") != 0 && strcmp(child->name, "head") != 0) {
            return wrong(child, child->name, pool);
        }
        cell = apr_array_push(row->cells);
        cell->text = text_of(child, pool);
        cell->en = xca_xml_attr(child, "en");
        cell->head = strcmp(child->name, "head") == 0;
    }
    return row->cells->nelts == table->columns ? NULL : wrong(node, "as many cells as columns", pool);
}

static xca_error_t *read_table(form_block_t *block, const xca_xml_node_t *node, apr_pool_t *pool) {
    const char *columns = xca_xml_attr(node, "columns");
    char *rest = apr_pstrdup(pool, columns != NULL ? columns : "");
    char *width, *state;
    int i;
    xca_error_t *err = NULL;

    for (width = apr_strtok(rest, " ", &state); width != NULL && block->columns < COLUMNS_MAX;
         width = apr_strtok(NULL, " ", &state)) {
        block->widths[block->columns++] = atof(width);
    }
    if (block->columns == 0) {
        return wrong(node, "a table needs columns", pool);
    }
    block->rows = apr_array_make(pool, 16, sizeof(form_row_t));
    for (i = 0; err == NULL && i < node->child_count; i++) {
        const xca_xml_node_t *child = node->children[i];

        if (child->name == NULL) {
            continue;
        }
        err = strcmp(child->name, "row") == 0 ? read_row(block, child, pool) : wrong(child, child->name, pool);
    }
    return err;
}

static block_align align_of(const char *word) {
    if (word != NULL && strcmp(word, "right") == 0) {
        return ALIGN_RIGHT;
    }
    return word != NULL && strcmp(word, "centre") == 0 ? ALIGN_CENTRE : ALIGN_LEFT;
}

static xca_error_t *read_block(form_t *form, const xca_xml_node_t *node, apr_pool_t *pool) {
    form_block_t *block = apr_array_push(form->blocks);
    const char *size = xca_xml_attr(node, "size"), *indent = xca_xml_attr(node, "indent");

    memset(block, 0, sizeof(*block));
    if (strcmp(node->name, "table") == 0) {
        block->kind = BLOCK_TABLE;
        return read_table(block, node, pool);
    }
    if (strcmp(node->name, "title") != 0 && strcmp(node->name, "p") != 0) {
        return wrong(node, node->name, pool);
    }
    block->text = text_of(node, pool);
    block->align = align_of(xca_xml_attr(node, "align"));
    block->small = size != NULL && strcmp(size, "small") == 0;
    block->indent = indent != NULL ? atoi(indent) : 0;
    block->kind = strcmp(node->name, "title") == 0 ? BLOCK_TITLE : BLOCK_PARAGRAPH;
    if (block->kind == BLOCK_TITLE) {
        form->title = block->text;
    }
    return NULL;
}

xca_error_t *form_read(form_t **form, const char *data, apr_size_t length, apr_pool_t *pool) {
    form_t *result = apr_pcalloc(pool, sizeof(*result));
    const xca_xml_node_t *root;
    int i;
    xca_error_t *err = xca_xml_parse(&root, data, length, FILE_MAX, pool);

    if (err != NULL) {
        return err;
    }
    result->blocks = apr_array_make(pool, 16, sizeof(form_block_t));
    for (i = 0; err == NULL && i < root->child_count; i++) {
        if (root->children[i]->name != NULL) {
            err = read_block(result, root->children[i], pool);
        }
    }
    if (err == NULL && result->title == NULL) {
        err = wrong(root, "a form needs a title", pool);
    }
    *form = result;
    return err;
}
