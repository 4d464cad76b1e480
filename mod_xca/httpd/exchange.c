#include "httpd/mod_xca.h"

#include <string.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_ssl.h>
#include <util_filter.h>
#include "base/secret.h"

/* An answer on its way: headers go out before the first byte, the bytes gather in a brigade. */
typedef struct {
    request_rec *r;
    xca_http_response_t *response;
    apr_bucket_brigade *brigade;
    int headers_sent;
} answer_t;

int xca_read_body(request_rec *r, char *buffer, apr_size_t limit, apr_size_t *length) {
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int at_end = 0;

    *length = 0;
    while (!at_end && *length < limit) {
        apr_size_t got = limit - *length;
        apr_status_t status = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                             APR_BLOCK_READ, (apr_off_t)got);

        if (status == APR_SUCCESS) {
            at_end = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
            status = apr_brigade_flatten(brigade, buffer + *length, &got);
        }
        if (status != APR_SUCCESS) {
            apr_brigade_destroy(brigade);
            return ap_map_http_request_error(status, HTTP_BAD_REQUEST);
        }
        *length += got;
        apr_brigade_cleanup(brigade);
    }
    apr_brigade_destroy(brigade);
    return OK;
}

/* A body may carry a user code: it is held as a secret, wiped with the request. */
static int read_body(request_rec *r, xca_http_request_t *request) {
    xca_secret_t *body;
    apr_off_t announced = -1;
    const char *length_header = apr_table_get(r->headers_in, "Content-Length");
    int status;

    if (length_header == NULL && apr_table_get(r->headers_in, "Transfer-Encoding") == NULL) {
        return OK;
    }
    if (length_header != NULL && !ap_parse_strict_length(&announced, length_header)) {
        return HTTP_BAD_REQUEST;
    }
    if (announced > XCA_BODY_MAX) {
        request->body_too_large = 1;
        return OK;
    }
    body = xca_secret_alloc(r->pool, (announced >= 0 ? (apr_size_t)announced : XCA_BODY_MAX) + 1);
    status = xca_read_body(r, (char *)body->bytes, body->length, &request->body_length);
    if (status != OK) {
        return status;
    }
    if (request->body_length > XCA_BODY_MAX) {
        request->body_too_large = 1;
        request->body_length = 0;
        return OK;
    }
    request->body = (const char *)body->bytes;
    return OK;
}

/* What mod_ssl has verified where the operator has it ask (SSLVerifyClient). */
static const char *verified_certificate(request_rec *r) {
    const char *verified = ap_ssl_var_lookup(r->pool, r->server, r->connection, r, "SSL_CLIENT_VERIFY");

    if (verified == NULL || strcmp(verified, "SUCCESS") != 0) {
        return NULL;
    }
    return ap_ssl_var_lookup(r->pool, r->server, r->connection, r, "SSL_CLIENT_CERT");
}

static void read_request_line_and_headers(request_rec *r, xca_http_request_t *request) {
    request->method = r->method;
    request->path = r->uri;
    request->query = r->args;
    request->content_type = apr_table_get(r->headers_in, "Content-Type");
    request->cookie = apr_table_get(r->headers_in, "Cookie");
    request->accept = apr_table_get(r->headers_in, "Accept");
    request->accept_language = apr_table_get(r->headers_in, "Accept-Language");
    request->if_match = apr_table_get(r->headers_in, "If-Match");
    request->if_none_match = apr_table_get(r->headers_in, "If-None-Match");
    request->if_modified_since = apr_table_get(r->headers_in, "If-Modified-Since");
    request->if_unmodified_since = apr_table_get(r->headers_in, "If-Unmodified-Since");
    request->authorization = apr_table_get(r->headers_in, "Authorization");
    request->origin = apr_table_get(r->headers_in, "Origin");
    request->host = apr_table_get(r->headers_in, "Host");
    request->client = r->useragent_ip;
    request->secure = ap_ssl_conn_is_ssl(r->connection);
    request->client_certificate = request->secure ? verified_certificate(r) : NULL;
}

static void send_headers(answer_t *answer) {
    request_rec *r = answer->r;

    answer->headers_sent = 1;
    r->status = answer->response->status;
    if (answer->response->content_type != NULL) {
        ap_set_content_type(r, answer->response->content_type);
    }
    r->headers_out = apr_table_overlay(r->pool, r->headers_out, answer->response->headers);
}

static xca_error_t *write_piece(void *baton, const char *data, apr_size_t length) {
    answer_t *answer = baton;
    request_rec *r = answer->r;
    apr_status_t status;

    if (!answer->headers_sent) {
        send_headers(answer);
    }
    if (r->header_only || answer->response->head_only) {
        return NULL;
    }
    status = apr_brigade_write(answer->brigade, ap_filter_flush, r->output_filters, data, length);
    if (status != APR_SUCCESS || r->connection->aborted) {
        return xca_error_make(r->pool, XCA_E_INVALID, "client.gone", NULL);
    }
    return NULL;
}

/* One bucket and the end behind it: httpd knows the length then, and answers requests for ranges (RFC 9110 section 14). */
static void insert_whole(answer_t *answer) {
    xca_bytes_t whole = answer->response->whole;

    if (whole.length > 0 && !answer->response->head_only) {
        APR_BRIGADE_INSERT_TAIL(answer->brigade, apr_bucket_immortal_create((const char *)whole.data, whole.length,
                                                                            answer->r->connection->bucket_alloc));
    }
}

static void finish(answer_t *answer) {
    conn_rec *connection = answer->r->connection;

    if (!answer->headers_sent) {
        send_headers(answer);
    }
    insert_whole(answer);
    if (answer->response->broken) {
        /* The filter of chunks leaves the last chunk out, as for a proxy whose backend broke: the client sees that it is cut. */
        connection->keepalive = AP_CONN_CLOSE;
        APR_BRIGADE_INSERT_TAIL(answer->brigade,
                                ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, answer->r->pool, connection->bucket_alloc));
    }
    APR_BRIGADE_INSERT_TAIL(answer->brigade,
                            apr_bucket_eos_create(connection->bucket_alloc));
    /* A client that went away is none of our faults, and there is nobody left to tell. */
    (void)ap_pass_brigade(answer->r->output_filters, answer->brigade);
}

const char *xca_request_id(request_rec *r) {
    if (r->log_id == NULL) {
        ap_run_generate_log_id(r->connection, r, &r->log_id);
    }
    return r->log_id;
}

int xca_exchange(request_rec *r, xca_portal_t *portal, apr_interval_time_t clock_offset) {
    xca_http_request_t request = {0};
    xca_http_response_t response = {0};
    answer_t answer = {0};
    int status = read_body(r, &request);

    xca_senders_end(r->connection);
    if (status != OK) {
        return status;
    }
    read_request_line_and_headers(r, &request);
    request.now = apr_time_now() + clock_offset;

    answer.r = r;
    answer.response = &response;
    answer.brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    response.status = HTTP_INTERNAL_SERVER_ERROR;
    response.headers = apr_table_make(r->pool, 12);
    response.write = write_piece;
    response.baton = &answer;

    request.id = xca_request_id(r); /* the visitor of a page of ours that failed sees it too */
    if (request.id != NULL) {
        apr_table_setn(response.headers, "X-Request-Id", request.id);
    }
    xca_httpd_log_request(r);
    xca_portal_answer(portal, &request, &response, r->pool);
    finish(&answer);
    xca_httpd_log_request(NULL);
    return OK;
}
