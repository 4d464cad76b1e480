/* For those who run the service: /healthz and /metrics, for the hosts of setting "monitor-hosts" alone. */
#ifndef XCA_PORTAL_PAGE_MONITOR_H
#define XCA_PORTAL_PAGE_MONITOR_H

#include <apr_network_io.h>
#include "portal/page.h"

xca_page xca_page_health;  /* GET /healthz: 200, or 503 with what is wrong */
xca_page xca_page_metrics; /* GET /metrics: Prometheus text format 0.0.4   */

/* Addresses and networks ("127.0.0.1, ::1, 10.1.0.0/16") to an array of apr_ipsubnet_t *. Error: XCA_E_INVALID
 * "settings.hosts" (arg: the setting's name). */
xca_error_t *xca_monitor_hosts_read(apr_array_header_t **hosts, const char *setting, const char *text,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the address (text, IPv4 or IPv6) is one of them. */
int xca_monitor_host_is_known(const apr_array_header_t *hosts, const char *address, apr_pool_t *pool);

#endif
