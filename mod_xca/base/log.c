#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static xca_log_sink *current_sink;
static void *current_baton;
static xca_log_level current_threshold = XCA_LOG_INFO;

void xca_log_set_sink(xca_log_sink *sink, void *baton, xca_log_level threshold) {
    current_sink = sink;
    current_baton = baton;
    current_threshold = threshold;
}

static void escape_controls(const char *from, char *to, size_t size) {
    size_t used = 0;

    for (; *from != '\0' && used + 5 < size; from++) {
        unsigned char c = (unsigned char)*from;

        if (c >= 0x20 && c != 0x7f) {
            to[used++] = (char)c;
        } else {
            used += (size_t)snprintf(to + used, size - used, "\\x%02x", c);
        }
    }
    to[used] = '\0';
}

void xca_log(xca_log_level level, const char *format, ...) {
    char raw[2048];
    char line[4096];
    va_list args;

    if (level > current_threshold) {
        return;
    }
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    escape_controls(raw, line, sizeof(line));
    if (current_sink != NULL) {
        current_sink(level, line, current_baton);
        return;
    }
    fprintf(stderr, "%s\n", line);
}

void xca_log_error(const char *doing, const xca_error_t *err) {
    for (; err != NULL; err = err->next) {
        int users_doing = err->kind == XCA_E_INVALID || err->kind == XCA_E_NOT_FOUND ||
                          err->kind == XCA_E_DENIED || err->kind == XCA_E_METHOD ||
                          err->kind == XCA_E_TYPE || err->kind == XCA_E_ACCEPT ||
                          err->kind == XCA_E_TOO_LARGE || err->kind == XCA_E_LOCKED ||
                          err->kind == XCA_E_CONFLICT;

        xca_log(users_doing ? XCA_LOG_INFO : XCA_LOG_ERROR, "%s: %s%s%s%s%s", doing, err->message,
                err->field ? " field=" : "", err->field ? err->field : "",
                err->detail ? ": " : "", err->detail ? err->detail : "");
    }
}
