#include "wire/statement.h"

#include <stdio.h>
#include <string.h>
#include "wire/lines.h"

#define FIRST_LINE "XCA-STATEMENT-1"
#define DIGEST     "sha256:"

/* A statement as the codec sees it: every line is there, though the value may be empty. */
typedef struct {
    const char *case_number, *content, *stage, *decision, *letter, *reason, *officer, *time;
} view_t;

static const xca_line_field_t fields[] = {
    {"case", offsetof(view_t, case_number), 25, 25, XCA_LINE_DIGITS},
    {"content", offsetof(view_t, content), 71, 71, XCA_LINE_TEXT},
    {"stage", offsetof(view_t, stage), 1, 7, XCA_LINE_WORD},
    {"decision", offsetof(view_t, decision), 1, 7, XCA_LINE_WORD},
    {"letter", offsetof(view_t, letter), 0, 511, XCA_LINE_TEXT},
    {"reason", offsetof(view_t, reason), 0, 4095, XCA_LINE_TEXT},
    {"officer", offsetof(view_t, officer), 1, 63, XCA_LINE_UID},
    {"time", offsetof(view_t, time), 16, 16, XCA_LINE_TIME},
    {NULL, 0, 0, 0, XCA_LINE_WORD},
};

static int one_of(const char *text, const char *a, const char *b) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

static int is_digest(const char *content) {
    const size_t prefix = sizeof(DIGEST) - 1;

    return strncmp(content, DIGEST, prefix) == 0 &&
           strspn(content + prefix, "0123456789abcdef") == 64 && content[prefix + 64] == '\0';
}

static int well_formed(const view_t *view) {
    return is_digest(view->content) && (one_of(view->stage, "first", "second") || strcmp(view->stage, "third") == 0) &&
           one_of(view->decision, "accept", "return");
}

size_t xca_statement_write(const xca_statement_t *statement, char *buffer, size_t size) {
    char content[sizeof(DIGEST) + sizeof(statement->content)];
    char text[XCA_STATEMENT_MAX + 1];
    view_t view = {statement->case_number, content,           statement->stage,   statement->decision,
                   statement->letter,      statement->reason, statement->officer, statement->time};
    size_t length;

    snprintf(content, sizeof(content), DIGEST "%s", statement->content);
    if (!well_formed(&view)) {
        return 0;
    }
    length = xca_lines_write(text, sizeof(text), FIRST_LINE, fields, &view);
    if (length > size) {
        return 0;
    }
    memcpy(buffer, text, length);
    return length;
}

#define COPY(field) snprintf(statement->field, sizeof(statement->field), "%s", view.field)

int xca_statement_read(xca_statement_t *statement, const char *text, size_t length) {
    char storage[XCA_STATEMENT_MAX];
    view_t view;

    memset(statement, 0, sizeof(*statement));
    if (length > XCA_STATEMENT_MAX ||
        !xca_lines_read(&view, storage, FIRST_LINE, fields, text, length) ||
        view.case_number == NULL || view.content == NULL || view.stage == NULL ||
        view.decision == NULL || view.letter == NULL || view.reason == NULL ||
        view.officer == NULL || view.time == NULL || !well_formed(&view)) {
        return 0;
    }
    COPY(case_number);
    COPY(stage);
    COPY(decision);
    COPY(letter);
    COPY(reason);
    COPY(officer);
    COPY(time);
    memcpy(statement->content, view.content + sizeof(DIGEST) - 1, sizeof(statement->content));
    return 1;
}
