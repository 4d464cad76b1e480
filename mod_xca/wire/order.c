#include "wire/order.h"

#include <string.h>
#include "wire/lines.h"

static const xca_line_field_t fields[] = {
    {"order", offsetof(xca_order_text_t, order), 32, 32, XCA_LINE_HEX},
    {"kind", offsetof(xca_order_text_t, kind), 1, 7, XCA_LINE_WORD},
    {"subject", offsetof(xca_order_text_t, subject), 1, 60, XCA_LINE_UID},
    {"title", offsetof(xca_order_text_t, title), 1, 400, XCA_LINE_TEXT},
    {"role", offsetof(xca_order_text_t, role), 0, 12, XCA_LINE_WORD},
    {"person", offsetof(xca_order_text_t, person), 0, 60, XCA_LINE_UID},
    {"active", offsetof(xca_order_text_t, active), 0, 3, XCA_LINE_WORD},
    {"certificate", offsetof(xca_order_text_t, certificate), 0, 71, XCA_LINE_TEXT},
    {"window", offsetof(xca_order_text_t, window), 0, 60, XCA_LINE_UID},
    {"county", offsetof(xca_order_text_t, county), 0, 60, XCA_LINE_TEXT},
    {"classes", offsetof(xca_order_text_t, classes), 0, 200, XCA_LINE_TEXT},
    {"address", offsetof(xca_order_text_t, address), 0, 600, XCA_LINE_TEXT},
    {"phone", offsetof(xca_order_text_t, phone), 0, 100, XCA_LINE_TEXT},
    {"officer", offsetof(xca_order_text_t, officer), 1, 60, XCA_LINE_UID},
    {"time", offsetof(xca_order_text_t, time), 16, 16, XCA_LINE_TIME},
    {NULL, 0, 0, 0, XCA_LINE_WORD},
};

static int is(const char *text, const char *word) {
    return strcmp(text, word) == 0;
}

static int is_digest(const char *text) {
    return strncmp(text, "sha256:", 7) == 0 && strlen(text) == 71 && strspn(text + 7, "0123456789abcdef") == 64;
}

static int all_empty(const char *a, const char *b, const char *c, const char *d) {
    return *a == '\0' && *b == '\0' && *c == '\0' && *d == '\0';
}

/* What belongs to the other kind is empty: nothing is signed that is not carried out. */
static int well_formed(const xca_order_text_t *o) {
    if (is(o->kind, "officer")) {
        return *o->role != '\0' && *o->person != '\0' && (is(o->active, "yes") || is(o->active, "no")) &&
               is_digest(o->certificate) && all_empty(o->county, o->classes, o->address, o->phone);
    }
    return is(o->kind, "window") && *o->county != '\0' && all_empty(o->role, o->person, o->active, o->certificate) &&
           *o->window == '\0';
}

static const char *full(const char *text) {
    return text != NULL ? text : "";
}

size_t xca_order_write(const xca_order_text_t *order, char *buffer, size_t size) {
    xca_order_text_t o;

    o.order = full(order->order);
    o.kind = full(order->kind);
    o.subject = full(order->subject);
    o.title = full(order->title);
    o.role = full(order->role);
    o.person = full(order->person);
    o.active = full(order->active);
    o.certificate = full(order->certificate);
    o.window = full(order->window);
    o.county = full(order->county);
    o.classes = full(order->classes);
    o.address = full(order->address);
    o.phone = full(order->phone);
    o.officer = full(order->officer);
    o.time = full(order->time);
    return well_formed(&o) ? xca_lines_write(buffer, size, XCA_ORDER_FIRST, fields, &o) : 0;
}

int xca_order_read(xca_order_text_t *order, char *storage, const char *text, size_t length) {
    memset(order, 0, sizeof(*order));
    return length <= XCA_ORDER_MAX && xca_lines_read(order, storage, XCA_ORDER_FIRST, fields, text, length) &&
           order->order != NULL && order->kind != NULL && order->subject != NULL && order->title != NULL && order->role != NULL &&
           order->person != NULL && order->active != NULL && order->certificate != NULL && order->window != NULL &&
           order->county != NULL && order->classes != NULL && order->address != NULL && order->phone != NULL &&
           order->officer != NULL && order->time != NULL && well_formed(order);
}
