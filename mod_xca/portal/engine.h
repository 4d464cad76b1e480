/* The portal's own parts, for the files around the pages; pages see portal/page.h only. */
#ifndef XCA_PORTAL_ENGINE_H
#define XCA_PORTAL_ENGINE_H

#include <apr_hash.h>
#include "operations/cmp_signer.h"
#include "outside/crypto_ca.h"
#include "portal/files.h"
#include "portal/limit.h"
#include "portal/meter.h"
#include "portal/page.h"
#include "portal/repository.h"

struct xca_portal {
    const xca_catalogue_t *texts;
    const xca_templates_t *templates;
    const xca_files_t *files;       /* htdocs/static */
    const xca_files_t *forms;       /* what xca-forms has made, the card helper's source, what verifies the public log */
    const xca_secret_t *key;        /* of tokens and passes */
    xca_ldap_config_t ldap;
    xca_office_t office;            /* store: since xca_portal_child() */
    xca_repository_t *repository;   /* what is kept for a moment; since xca_portal_child() */
    long card_requests;             /* sessions and messages of card helpers that one address may send in a minute */
    xca_limit_t *card_limit;        /* since xca_portal_child() */
    xca_bytes_t officer_anchor;     /* certificate of the officer CA, DER */
    apr_interval_time_t office_idle, office_life; /* of an officer's session */
    long office_logins;             /* that one address may try in a minute */
    xca_limit_t *office_limit;      /* since xca_portal_child() */
    xca_limit_t *refused_limit;     /* refused logins that are reported for the audit log; of all processes */
    const char *office_tls_url;     /* where the browser shows a certificate of its own, or NULL */
    const xca_files_t *examples;    /* htdocs/examples: the interface's description, and programs that use it */
    const xca_profile_t *profile;   /* what certificates of this authority say */
    apr_hash_t *api_clients;        /* registered certificates: SHA-256 in hex -> name */
    long api_requests, api_client_requests; /* of what costs, that one address or one such certificate may ask in a minute */
    xca_limit_t *api_limit, *api_client_limit; /* of all processes */
    const char *holidays;           /* as in xca_working_day_end(), or NULL */
    long questions_an_hour;         /* questions that one address may send in an hour */
    xca_limit_t *question_limit;    /* since xca_portal_child() */
    xca_limit_t *sheet_limit;       /* change sheets that one address may have checked; since xca_portal_child() */
    const char *xls_program;        /* reads .xls, or NULL */
    const char *url;                /* "https://xca.example/", where plain HTTP is sent on to; or NULL */
    const char *http_url;           /* where the repository is over plain HTTP, without '/' at the end, or NULL */
    int demo;                       /* issues under the policy for tests: every page says so */
    const char *service_phone, *service_mail, *service_fax, *service_address; /* where visitors ask and what they send goes; or NULL */
    const char *helper_url;         /* where visitors get the card helper; or NULL */
    xca_cmp_signer_t *cmp_signer;   /* of CMP messages */
    const char *enrol_retry;        /* seconds after which a device asks again while officers decide */
    xca_meter_t *meter;             /* shared by all processes */
    const apr_array_header_t *monitor_hosts; /* apr_ipsubnet_t *: who may see /healthz and /metrics */
    const char *ocsp_url;           /* where status is asked for, shown to visitors; or NULL */
    const char *ldap_url;           /* "ldap://ldap.example/", shown to visitors; or NULL */
};

/* Route table, route.c. */

/* The row for method and path; NULL if there is none. *arg gets what '*' stood for. *allow gets the methods that the
 * path takes ("GET, HEAD", "POST", "GET, HEAD, POST"), or NULL if there is no such path. */
const xca_route_t *xca_route_find(const char *method, const char *path, const char **arg,
                                  const char **allow, apr_pool_t *pool);
/* All rows; ends with a row whose path is NULL. */
extern const xca_route_t xca_routes[];

/* How many rows there are. */
int xca_route_count(void);

/* A path as it stands in addresses: percent-encoded, '/' kept. */
const char *xca_path_encoded(const char *path, apr_pool_t *pool);

/* Cookies, visit.c. */

/* The value of a cookie in a Cookie header (RFC 6265 section 5.4), NULL if it is not there. */
const char *xca_cookie(const char *header, const char *name, apr_pool_t *pool);
void xca_set_cookie(apr_table_t *headers, const char *name, const char *value, long max_age,
                    apr_pool_t *pool);
/* The language of an Accept-Language header (RFC 9110 section 12.5.4): Chinese unless English comes first. */
xca_language xca_accepted_language(const char *header);
/* Language and visitor's id from the cookies; a new id if there is none that is one. */
xca_error_t *xca_visit_recognise(xca_visit_t *visit) XCA_MUST_USE;
/* Origin header and form token of a POST. */
xca_error_t *xca_visit_check_sender(xca_visit_t *visit, const xca_route_t *route) XCA_MUST_USE;

/* Gives the file of `files` that the address names (visit->arg), as a download. Error: "page.not-found". */
xca_error_t *xca_visit_give_file(xca_visit_t *visit, const xca_files_t *files) XCA_MUST_USE;

/* Frame, frame.c: language, navigation, breadcrumbs and addresses for the layout (all '_' keys). */
void xca_frame(xca_visit_t *visit, const xca_route_t *route);

/* Answers, respond.c. */

/* The one place where kinds of errors become HTTP. */
int xca_status_of(const xca_error_t *err);
/* The text that names a status, id of the catalogue. */
const char *xca_title_of(int status);
/* Turns the visit of a program (XCA_ROUTE_DATA) into the data that tells `err`: state "denied", answer, message. */
void xca_error_data(xca_visit_t *visit, const xca_error_t *err);
/* Turns the visit into the page that tells `err`. */
void xca_error_page(xca_visit_t *visit, const xca_error_t *err);
/* Headers, then redirect, raw bytes, JSON or HTML. */
void xca_respond(xca_visit_t *visit, const xca_route_t *route, xca_http_response_t *response);
/* Bytes with a strong validator: 304 where the visitor has them already, 412 without a body where he wants only others (If-Match,
 * If-Unmodified-Since; RFC 9110 section 13). `modified` 0: none. */
void xca_respond_bytes(const xca_http_request_t *request, xca_http_response_t *response,
                       xca_bytes_t bytes, const char *etag, apr_time_t modified, apr_pool_t *pool);
/* Non-zero if the visitor asked for data. */
int xca_wants_json(const xca_http_request_t *request);

#endif
