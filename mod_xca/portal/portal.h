/* The portal without httpd: a request comes in as plain data, an answer goes out through a sink.
 * route → permission → operation → model → view; the same model gives the HTML page and, asked with
 * Accept: application/json, the data. */
#ifndef XCA_PORTAL_PORTAL_H
#define XCA_PORTAL_PORTAL_H

#include <apr_tables.h>
#include "base/settings.h"
#include "operations/ocsp.h"
#include "operations/office.h"
#include "outside/catalogue.h"
#include "portal/meter.h"

#define XCA_BODY_MAX (256 * 1024) /* bytes of a request's body; more is 413 */

typedef struct xca_http_request {
    const char *method;     /* "GET", "HEAD", "POST" */
    const char *path;       /* decoded, starts with '/', no NUL, no ".." */
    const char *query;      /* raw query string or NULL */
    const char *content_type; /* or NULL */
    const char *body;       /* of POST, length bytes, at most XCA_BODY_MAX */
    apr_size_t body_length;
    int body_too_large;     /* the face read no more than the limit */
    const char *cookie;     /* Cookie header or NULL */
    const char *accept, *accept_language; /* or NULL */
    const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since; /* or NULL */
    const char *authorization; /* Authorization header or NULL */
    const char *origin;     /* Origin header or NULL */
    const char *host;       /* Host header or NULL */
    const char *client;     /* address of the peer, for limits per source */
    const char *id;         /* of this request in the logs, or NULL */
    int secure;             /* came over TLS */
    const char *client_certificate; /* PEM; one that mod_ssl has asked for and verified, or NULL */
    apr_time_t now;         /* with the configured clock offset */
} xca_http_request_t;

/* The answer: headers first (status, table), then bytes through write() in pieces. */
typedef struct xca_http_response {
    int status;
    const char *content_type;
    apr_table_t *headers;   /* Location, Set-Cookie (may repeat), Cache-Control, ETag ... */
    xca_error_t *(*write)(void *baton, const char *data, apr_size_t length);
    void *baton;
    xca_bytes_t whole;      /* the body in one piece, if it was not written; stays as long as the request's pool, so that whoever
                               sends it need not copy it, and can send a range of it */
    int head_only;          /* HEAD or 304: nothing is written */
    int broken;             /* what was written is not all of it: the client must not take it for the whole */
} xca_http_response_t;

typedef struct xca_portal xca_portal_t;

/* Reads templates, catalogue, static files and postal table from settings "htdocs-folder"; keys from
 * "portal-key-file" (32 bytes or more; made by the operator); directory from "ldap-uri", "portal-dn",
 * "portal-password-file", "suffix", "ca-dn". Nothing connects yet. Everything wrong is told before the
 * server starts. */
xca_error_t *xca_portal_make(xca_portal_t **portal, const xca_settings_t *settings,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Once in every child process: connections. */
xca_error_t *xca_portal_child(xca_portal_t *portal, const xca_settings_t *settings,
                              apr_pool_t *child_pool) XCA_MUST_USE;

/* Answers one request; never fails: faults become pages. Thread-safe. */
void xca_portal_answer(xca_portal_t *portal, const xca_http_request_t *request,
                       xca_http_response_t *response, apr_pool_t *pool);

/* What a program is told of a request that httpd has refused with `status` before the portal saw it: a problem (RFC 9457) below /api
 * and at the store, text below the addresses of EST and CMP; *type is its media type. NULL: the address is one of people.
 * `accept_language` may be NULL. Needs no xca_portal_child(). */
const char *xca_portal_refusal(const char **type, const xca_portal_t *portal, const char *path, int status, const char *accept_language,
                               apr_pool_t *pool);

/* Counts what an answer of OCSP has said. */
void xca_portal_count_ocsp(const xca_portal_t *portal, const xca_ocsp_reply_t *reply);

/* What all processes have answered since the parent read its configuration. */
xca_meter_total_t xca_portal_total(const xca_portal_t *portal);

#endif
