#include "wire/public_log.h"

#define LEAF(name, member, least, most, form) {name, offsetof(xca_log_leaf_t, member), least, most, form}
#define HEAD(name, member, least, most, form) {name, offsetof(xca_log_head_t, member), least, most, form}

const xca_line_field_t xca_log_leaf_fields[] = {
    LEAF("index", index, 1, 15, XCA_LINE_DIGITS),
    LEAF("time", time, 16, 16, XCA_LINE_TIME),
    LEAF("kind", kind, 1, 40, XCA_LINE_WORD),
    LEAF("serial", serial, 2, 40, XCA_LINE_HEX),
    LEAF("certificate", certificate, XCA_LOG_HASH, XCA_LOG_HASH, XCA_LINE_HEX),
    LEAF("entry", entry, 1, 15, XCA_LINE_DIGITS),
    LEAF("seal", seal, XCA_LOG_HASH, XCA_LOG_HASH, XCA_LINE_HEX),
    {NULL, 0, 0, 0, XCA_LINE_TEXT},
};

const xca_line_field_t xca_log_head_fields[] = {
    HEAD("size", size, 1, 15, XCA_LINE_DIGITS),
    HEAD("root", root, XCA_LOG_HASH, XCA_LOG_HASH, XCA_LINE_HEX),
    HEAD("time", time, 16, 16, XCA_LINE_TIME),
    HEAD("entry", entry, 1, 15, XCA_LINE_DIGITS),
    {NULL, 0, 0, 0, XCA_LINE_TEXT},
};

/* As numbers are written; NULL is none. */
static int is_number(const char *text) {
    return text != NULL && (text[0] != '0' || text[1] == '\0');
}

int xca_log_leaf_read(xca_log_leaf_t *leaf, char *storage, const char *text, size_t length) {
    return length <= XCA_LOG_LEAF_MAX && xca_lines_read(leaf, storage, XCA_LOG_LEAF_FIRST, xca_log_leaf_fields, text, length) &&
           is_number(leaf->index) && is_number(leaf->entry) && leaf->time != NULL && leaf->kind != NULL && leaf->seal != NULL;
}

int xca_log_head_read(xca_log_head_t *head, char *storage, const char *text, size_t length) {
    return length <= XCA_LOG_HEAD_MAX && xca_lines_read(head, storage, XCA_LOG_HEAD_FIRST, xca_log_head_fields, text, length) &&
           is_number(head->size) && is_number(head->entry) && head->root != NULL && head->time != NULL;
}
