#include "httpd/mod_xca.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>

#define ADDRESS "/ocsp"
#define TYPE    "application/ocsp-response"

int xca_ocsp_is_asked(const request_rec *r) {
    return strncmp(r->uri, ADDRESS, sizeof(ADDRESS) - 1) == 0 &&
           (r->uri[sizeof(ADDRESS) - 1] == '\0' || r->uri[sizeof(ADDRESS) - 1] == '/');
}

/* Room for what is announced, and a byte that tells of more; for the most where nothing is. */
static apr_size_t room_for_body(const request_rec *r) {
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t announced;

    return length != NULL && ap_parse_strict_length(&announced, length) && announced < XCA_OCSP_REQUEST_MAX ? (apr_size_t)announced + 1
                                                                                                             : XCA_OCSP_REQUEST_MAX + 1;
}

static int read_post(xca_bytes_t *request, request_rec *r) {
    apr_size_t room = room_for_body(r);
    unsigned char *buffer = apr_palloc(r->pool, room);
    int status = xca_read_body(r, (char *)buffer, room, &request->length);

    request->data = buffer;
    return status == OK && request->length > XCA_OCSP_REQUEST_MAX ? HTTP_REQUEST_ENTITY_TOO_LARGE : status;
}

/* The address as it was sent: httpd's own reading of it has undone percent signs and made one of two slashes, and base64 has both. */
static int read_get(xca_bytes_t *request, request_rec *r) {
    unsigned char *buffer = apr_palloc(r->pool, XCA_OCSP_REQUEST_MAX);
    const char *path = r->unparsed_uri, *scheme = strstr(path, "://");

    if (path[0] != '/' && scheme != NULL) {
        path = strchr(scheme + 3, '/');
    }
    if (path == NULL || strncmp(path, ADDRESS "/", sizeof(ADDRESS)) != 0 || path[sizeof(ADDRESS)] == '\0') {
        ap_allow_methods(r, REPLACE_ALLOW, "POST", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    path += sizeof(ADDRESS);
    *request = xca_ocsp_path(buffer, apr_pstrmemdup(r->pool, path, strcspn(path, "?")));
    return OK;
}

static const char *http_date(apr_pool_t *pool, apr_time_t time) {
    char *text = apr_palloc(pool, APR_RFC822_DATE_LEN);

    apr_rfc822_date(text, time);
    return text;
}

/* RFC 5019 section 6.2. What is not to be kept says so: a proxy must not give a tryLater again. */
static void tell_caches(request_rec *r, const xca_ocsp_reply_t *reply) {
    if (!reply->may_be_kept || r->method_number != M_GET) {
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        return;
    }
    apr_table_setn(r->headers_out, "Last-Modified", http_date(r->pool, reply->this_update));
    apr_table_setn(r->headers_out, "Expires", http_date(r->pool, reply->next_update));
    apr_table_setn(r->headers_out, "ETag", reply->etag);
    apr_table_setn(r->headers_out, "Cache-Control",
                   apr_psprintf(r->pool, "max-age=%ld, public, no-transform, must-revalidate", reply->max_age));
}

static void send_bytes(request_rec *r, xca_bytes_t bytes) {
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, alloc);

    ap_set_content_length(r, (apr_off_t)bytes.length);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create((const char *)bytes.data, bytes.length, r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    (void)ap_pass_brigade(r->output_filters, brigade); /* a client that went away is none of our faults */
}

int xca_ocsp_exchange(request_rec *r, const xca_ocsp_t *ocsp, const xca_portal_t *portal) {
    xca_bytes_t request = {NULL, 0};
    xca_ocsp_reply_t reply;
    const char *id = xca_request_id(r);
    int status;

    if (id != NULL) {
        apr_table_setn(r->err_headers_out, "X-Request-Id", id); /* httpd's own answers have it too */
    }
    if (r->method_number != M_GET && r->method_number != M_POST) {
        ap_allow_methods(r, REPLACE_ALLOW, "GET", "POST", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    status = r->method_number == M_POST ? read_post(&request, r) : read_get(&request, r);
    if (status != OK) {
        return status;
    }
    xca_httpd_log_request(r);
    xca_ocsp_reply(&reply, ocsp, request, apr_time_now(), r->pool);
    xca_httpd_log_request(NULL);
    xca_portal_count_ocsp(portal, &reply);
    ap_set_content_type(r, TYPE);
    tell_caches(r, &reply);
    status = reply.may_be_kept && r->method_number == M_GET ? ap_meets_conditions(r) : OK;
    if (status == OK) {
        send_bytes(r, reply.body);
    }
    return status;
}
