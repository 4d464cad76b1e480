/* The httpd face: carries bytes between httpd and the portal, and nothing else. mod_xca.c has the
 * directives and hooks, exchange.c turns a request_rec into a request of the portal and its answer
 * into brigades, httpd_log.c writes the core's log lines into httpd's error log. */
#ifndef XCA_HTTPD_MOD_XCA_H
#define XCA_HTTPD_MOD_XCA_H

#include <httpd.h>
#include <http_config.h>
#include "portal/portal.h"

/* The one name that httpd looks up; all others stay inside. */
extern module AP_MODULE_DECLARE_DATA xca_module __attribute__((visibility("default")));

/* Answers `r` by the portal; returns what a handler returns (OK, or a status for httpd's own page
 * when the body could not be read). `clock_offset` is added to the time (setting "clock-offset").
 */
int xca_exchange(request_rec *r, xca_portal_t *portal, apr_interval_time_t clock_offset);

/* Sends the core's log to the error log of `server`, or, while a request is being answered, to that
 * of the request with its id. The threshold is the server's LogLevel for this module. */
void xca_httpd_log_start(server_rec *server);

/* Tells which request this thread is answering; NULL when it is done. */
void xca_httpd_log_request(request_rec *r);

#endif
