#include "httpd/mod_xca.h"

#include <http_log.h>
#include "base/log.h"

APLOG_USE_MODULE(xca);

static _Thread_local request_rec *request_of_this_thread;

static int level_of(xca_log_level level) {
    switch (level) {
    case XCA_LOG_ERROR:
        return APLOG_ERR;
    case XCA_LOG_WARNING:
        return APLOG_WARNING;
    case XCA_LOG_INFO:
        return APLOG_INFO;
    case XCA_LOG_DEBUG:
        return APLOG_DEBUG;
    }
    return APLOG_ERR;
}

static void write_line(xca_log_level level, const char *line, void *baton) {
    if (request_of_this_thread != NULL) {
        ap_log_rerror(APLOG_MARK, level_of(level), 0, request_of_this_thread, "%s", line);
        return;
    }
    ap_log_error(APLOG_MARK, level_of(level), 0, (server_rec *)baton, "%s", line);
}

void xca_httpd_log_start(server_rec *server) {
    xca_log_level threshold = XCA_LOG_WARNING;

    if (APLOG_IS_LEVEL(server, APLOG_DEBUG)) {
        threshold = XCA_LOG_DEBUG;
    } else if (APLOG_IS_LEVEL(server, APLOG_INFO)) {
        threshold = XCA_LOG_INFO;
    }
    xca_log_set_sink(write_line, server, threshold);
}

void xca_httpd_log_request(request_rec *r) {
    request_of_this_thread = r;
}
