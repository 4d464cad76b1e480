#include "portal/output.h"

#include <string.h>

xca_output_t *xca_output_make(apr_pool_t *pool, xca_output_sink *write, void *baton) {
    xca_output_t *out = apr_palloc(pool, sizeof(*out));

    out->length = 0;
    out->write = write;
    out->baton = baton;
    out->err = NULL;
    return out;
}

static void send_piece(xca_output_t *out) {
    if (out->err == NULL && out->length > 0) {
        out->err = out->write(out->baton, out->buffer, out->length);
    }
    out->length = 0;
}

void xca_put_bytes(xca_output_t *out, const char *data, apr_size_t length) {
    while (length > 0 && out->err == NULL) {
        apr_size_t room = XCA_OUTPUT_PIECE - out->length;
        apr_size_t part = length < room ? length : room;

        memcpy(out->buffer + out->length, data, part);
        out->length += part;
        data += part;
        length -= part;
        if (out->length == XCA_OUTPUT_PIECE) {
            send_piece(out);
        }
    }
}

void xca_put(xca_output_t *out, const char *text) {
    xca_put_bytes(out, text, strlen(text));
}

xca_error_t *xca_output_end(xca_output_t *out) {
    send_piece(out);
    return out->err;
}
