#include "wire/audit.h"

#include <string.h>

#define FIELD(name, member, least, most, form)                                                     \
    {name, offsetof(xca_audit_text_t, member), least, most, form}

const xca_line_field_t xca_audit_fields[] = {
    FIELD("number", number, 1, 15, XCA_LINE_DIGITS),
    FIELD("time", time, 16, 16, XCA_LINE_TIME),
    FIELD("kind", kind, 1, 40, XCA_LINE_WORD),
    FIELD("actor", actor, 1, 120, XCA_LINE_TEXT),
    FIELD("case", case_number, 25, 25, XCA_LINE_DIGITS),
    FIELD("serial", serial, 2, 40, XCA_LINE_HEX),
    FIELD("card", card, 16, 16, XCA_LINE_CARD),
    FIELD("organisation", organisation, 3, 120, XCA_LINE_OID),
    FIELD("details", details, 3, XCA_AUDIT_DETAILS, XCA_LINE_TEXT),
    FIELD("event", event, XCA_AUDIT_HASH, XCA_AUDIT_HASH, XCA_LINE_HEX),
    FIELD("previous", previous, XCA_AUDIT_HASH, XCA_AUDIT_HASH, XCA_LINE_HEX),
    {NULL, 0, 0, 0, XCA_LINE_TEXT},
};

/* Lines "name=value": a name of a-z, 0-9 and '-', a value that may be empty, no line break at the end. */
static int are_details(const char *details) {
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    for (;;) {
        size_t length = strspn(details, name);

        if (length == 0 || details[length] != '=') {
            return 0;
        }
        details += length;
        details += strcspn(details, "\n");
        if (*details == '\0') {
            return 1;
        }
        details++;
    }
}

int xca_audit_text_read(xca_audit_text_t *record, char *storage, const char *text, size_t length) {
    if (length > XCA_AUDIT_MAX ||
        !xca_lines_read(record, storage, XCA_AUDIT_FIRST, xca_audit_fields, text, length)) {
        return 0;
    }
    if (record->number == NULL || record->time == NULL || record->kind == NULL ||
        record->actor == NULL || record->event == NULL || record->previous == NULL) {
        return 0;
    }
    if (record->number[0] == '0' || strpbrk(record->actor, "\n\r") != NULL) {
        return 0;
    }
    return record->details == NULL || are_details(record->details);
}
