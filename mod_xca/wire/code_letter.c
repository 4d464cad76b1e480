#include "wire/code_letter.h"

#include <string.h>
#include "wire/lines.h"

/* The code stands near the front: windows of few lines show it. */
static const xca_line_field_t fields[] = {
    {"case", offsetof(xca_code_letter_t, case_number), 25, 25, XCA_LINE_DIGITS},
    {"code", offsetof(xca_code_letter_t, code), 6, 64, XCA_LINE_WORD},
    {"number", offsetof(xca_code_letter_t, number), 1, 40, XCA_LINE_UID},
    {"contact", offsetof(xca_code_letter_t, contact), 1, 400, XCA_LINE_TEXT},
    {"phone", offsetof(xca_code_letter_t, phone), 1, 200, XCA_LINE_TEXT},
    {"name", offsetof(xca_code_letter_t, name), 1, 1200, XCA_LINE_TEXT},
    {"remark", offsetof(xca_code_letter_t, remark), 1, 2000, XCA_LINE_TEXT},
    {NULL, 0, 0, 0, XCA_LINE_WORD},
};

size_t xca_code_letter_write(const xca_code_letter_t *letter, char *buffer, size_t size) {
    if (letter->case_number == NULL || letter->code == NULL || letter->number == NULL) {
        return 0;
    }
    return xca_lines_write(buffer, size, XCA_CODE_LETTER_FIRST, fields, letter);
}

int xca_code_letter_read(xca_code_letter_t *letter, char *storage, const char *text, size_t length) {
    memset(letter, 0, sizeof(*letter));
    return length <= XCA_CODE_LETTER_MAX && xca_lines_read(letter, storage, XCA_CODE_LETTER_FIRST, fields, text, length) &&
           letter->case_number != NULL && letter->code != NULL && letter->number != NULL;
}
