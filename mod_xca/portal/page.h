/* What page functions work with. A page function reads the visit, calls operations, and says what to show; the rest
 * (language, cookies, tokens, errors, JSON, streaming) is done around it. */
#ifndef XCA_PORTAL_PAGE_H
#define XCA_PORTAL_PAGE_H

#include "portal/form.h"
#include "portal/output.h"
#include "portal/portal.h"
#include "portal/template.h"
#include "portal/value.h"

typedef struct xca_visit {
    xca_portal_t *portal;
    const xca_http_request_t *request;
    xca_office_t *office;
    xca_form_t *form;         /* never NULL */
    xca_language language;
    const char *visitor;      /* random id of the visitor's cookie */
    const xca_officer_t *officer; /* who is logged in; never NULL on XCA_ROUTE_OFFICER routes, NULL elsewhere */
    const char *session;      /* id of the officer's session */
    const char *arg;          /* what the route's '*' stood for, NULL if it has none */
    apr_time_t now;
    xca_value_t *model;       /* what the page shows; the frame adds language, navigation, tokens */
    const char *template_name;/* set by the page, or by its route */
    int status;               /* 200 unless set */
    const xca_error_t *told;  /* what xca_visit_errors() has told, or NULL */
    int problem;              /* the model is a problem of RFC 9457 */
    const char *redirect;     /* set: 303 to this path */
    apr_table_t *headers;     /* further headers */
    const char *connect;      /* where scripts of the page may connect to beside the portal (CSP source), or NULL */
    /* raw answers (certificates, lists, drafts): set data and type instead of a template */
    const xca_bytes_t *data;
    const char *data_type, *data_name; /* data_name: file name of Content-Disposition, or NULL */
    const char *data_etag;    /* strong entity tag, quoted; NULL: no 304 for this one */
    apr_time_t data_modified; /* 0: not told */
    /* raw answers that are too long to be kept: called after the headers, with data_type and data_name set */
    xca_error_t *(*stream)(struct xca_visit *visit, xca_output_t *out);
    void *stream_baton;
    apr_pool_t *pool;
    /* kept by the frame */
    const char *nonce;        /* of the form token that came with this POST */
    int directory_down;       /* a read of this visit has waited in vain: no second one is begun for the page */
    xca_error_t *token_error; /* the token is ours but too old; only of routes that show their form again */
    int visitor_is_new;       /* the visitor came without a cookie of ours */
    int personal;             /* made for this visitor alone: no cache may keep it */
} xca_visit_t;

typedef xca_error_t *xca_page(xca_visit_t *visit);

#define XCA_ROUTE_PLAIN 1 /* also over plain HTTP (the repository) */
#define XCA_ROUTE_DATA  2 /* for programs: JSON in the language of Accept-Language, no cookies, the body is no form, and nothing
                             is kept by caches */
#define XCA_ROUTE_FORM_AGAIN 4 /* a form that took time to fill in: with a token that is too old the page is called, to show it
                                  again (visit->token_error) */

#define XCA_ROUTE_API 16 /* for programs of others: JSON in the language of Accept-Language or of ?lang=, no cookies; errors are problems
                            (RFC 9457); a body may be JSON or one file (portal/api.h) */
#define XCA_ROUTE_OFFICER 8 /* for officers who are logged in; all others are sent to /office/login */

/* One row of the route table (route.c). Path "/cases/ *" (without the space) matches one further segment. */
typedef struct xca_route {
    const char *method;   /* "GET" (HEAD too) or "POST" */
    const char *path;
    xca_page *page;
    const char *template_name;
    const char *section;  /* entry of the navigation that is open */
    const char *purpose;  /* POST: purpose of the form token that must come with it; NULL: none needed */
    int how;              /* XCA_ROUTE_PLAIN, XCA_ROUTE_DATA, XCA_ROUTE_FORM_AGAIN, XCA_ROUTE_API, XCA_ROUTE_OFFICER, or 0 */
} xca_route_t;

/* A fresh form token, also put into the model (key "token"); it comes back in the form field "token". */
const char *xca_visit_token(xca_visit_t *visit, const char *purpose);
/* The nonce of the token that came with this POST, 32 hex digits. */
const char *xca_visit_nonce(xca_visit_t *visit);
/* The answer is bytes as they are, or a text (neither is copied), of a media type. */
void xca_visit_give(xca_visit_t *visit, xca_bytes_t bytes, const char *type);
void xca_visit_give_text(xca_visit_t *visit, const char *text, const char *type);
/* Gives the visitor a pass for the case (cookie), and tells whether there is one. */
void xca_visit_give_pass(xca_visit_t *visit, const char *case_number);
int xca_visit_has_pass(xca_visit_t *visit, const char *case_number);
/* Puts an error list into the model ("errors": list of {field, text, _label, _message}; "error.<field>": text;
 * "_invalid.<field>": "true") in the visitor's language, so that the form can be shown again with what was typed; sets
 * the status. */
void xca_visit_errors(xca_visit_t *visit, const xca_error_t *err);

#endif
