/* The httpd face: carries bytes between httpd and the portal, and nothing else. mod_xca.c has the
 * directives and hooks, exchange.c turns a request_rec into a request of the portal and its answer
 * into brigades, httpd_log.c writes the core's log lines into httpd's error log, senders.c bounds slow senders, refusals.c words what httpd refuses, ocsp_exchange.c carries
 * OCSP, and ocsp_process.c has the memory and the process behind it. */
#ifndef XCA_HTTPD_MOD_XCA_H
#define XCA_HTTPD_MOD_XCA_H

#include <httpd.h>
#include <http_config.h>
#include "operations/ocsp.h"
#include "portal/portal.h"

/* The one name that httpd looks up; all others stay inside. */
extern module AP_MODULE_DECLARE_DATA xca_module __attribute__((visibility("default")));

/* Answers `r` by the portal; returns what a handler returns (OK, or a status for httpd's own page
 * when the body could not be read). `clock_offset` is added to the time (setting "clock-offset").
 */
int xca_exchange(request_rec *r, xca_portal_t *portal, apr_interval_time_t clock_offset);

/* The id of a request, which the logs (%L) and its answer have; NULL if httpd gives none. */
const char *xca_request_id(request_rec *r);

/* Reads the body of a request until `buffer` (limit bytes) is full or the body ends. Returns OK or an HTTP status. */
int xca_read_body(request_rec *r, char *buffer, apr_size_t limit, apr_size_t *length);

/* Non-zero if the address is the OCSP service's: /ocsp, and what begins with /ocsp/. */
int xca_ocsp_is_asked(const request_rec *r);

/* Answers an OCSP request (RFC 6960 appendix A, RFC 5019 section 5), which `portal` counts; returns as xca_exchange() does. */
int xca_ocsp_exchange(request_rec *r, const xca_ocsp_t *ocsp, const xca_portal_t *portal);

/* In the parent, when its configuration is read: takes up the memory and the key that it has had since it was started, or makes them, and starts the
 * process that follows the directory, which ends with `pconf`. *ocsp is NULL if the settings do not ask for it. */
xca_error_t *xca_ocsp_start(xca_ocsp_t **ocsp, const xca_settings_t *settings, server_rec *server, apr_pool_t *pconf) XCA_MUST_USE;

/* Sends the core's log to the error log of `server`, or, while a request is being answered, to that
 * of the request with its id. The threshold is the server's LogLevel for this module. */
void xca_httpd_log_start(server_rec *server);

/* Limit of the threads of a process that one address may hold while its requests arrive, 0 for none (directive
 * XCASendersPerAddress); all together hold three quarters of them (ThreadsPerChild), no limit where a process has one. share: in the
 * parent, for the children that come; memory of `pool`. start: once in every child. Both: non-zero for success. begin: hook
 * process_connection, DECLINED, or OK where the connection is to be closed at once. end: the request with its body is here.
 * close: hook pre_close_connection, after which the socket is closed. */
void xca_senders_set(int most);
int xca_senders_share(apr_pool_t *pool);
int xca_senders_start(apr_pool_t *child_pool);
int xca_senders_begin(conn_rec *connection);
void xca_senders_end(conn_rec *connection);
int xca_senders_close(conn_rec *connection);

/* What httpd refuses by itself is told to programs as the portal tells it. start: when hooks are registered; tell: hook
 * insert_error_filter. */
void xca_refusals_start(void);
void xca_refusals_tell(request_rec *r, const xca_portal_t *portal);

/* Tells which request this thread is answering; NULL when it is done. */
void xca_httpd_log_request(request_rec *r);

#endif
