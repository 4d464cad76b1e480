/* 憑證查詢及下載. */
#include "portal/page_certificate.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "domain/names.h"
#include "operations/public_log_read.h"
#include "outside/crypto_verify.h"
#include "outside/crypto_view.h"
#include "portal/cert_show.h"

#define CERTIFICATES_SHOWN 50

typedef struct {
    const char *field;
    xca_cert_key key;
    size_t offset; /* of the const char * in xca_cert_query_t */
} key_row_t;

#define BY_HASH XCA_CERT_BY_KEY /* here: the fingerprint of the certificate */

static const key_row_t keys[] = {
    {"fingerprint", BY_HASH, offsetof(xca_cert_query_t, hash)},
    {"serial", XCA_CERT_BY_SERIAL, offsetof(xca_cert_query_t, serial)},
    {"card", XCA_CERT_BY_CARD, offsetof(xca_cert_query_t, card_number)},
    {"oid", XCA_CERT_BY_OID, offsetof(xca_cert_query_t, oid)},
    {"email", XCA_CERT_BY_EMAIL, offsetof(xca_cert_query_t, email)},
    {"name", XCA_CERT_BY_NAME, offsetof(xca_cert_query_t, name)}};
#define KEY_COUNT (int)(sizeof(keys) / sizeof(keys[0]))

/* SHA-1 or SHA-256, as programs show them: hexadecimal, with or without colons. */
static xca_error_t *check_fingerprint(const char **value, const char *field, apr_pool_t *pool) {
    const xca_bytes_t *hash = xca_text_unhex(pool, *value);

    if (hash == NULL || (hash->length != 20 && hash->length != 32)) {
        return xca_error_field(pool, field, "fingerprint.form", NULL);
    }
    *value = xca_text_hex(pool, hash->data, hash->length);
    return NULL;
}

static xca_error_t *check_key(const char **value, xca_cert_key key, const char *field,
                              apr_pool_t *pool) {
    xca_error_t *err;

    switch (key) {
    case XCA_CERT_BY_SERIAL:
        return xca_serial_parse(value, *value, field, pool);
    case XCA_CERT_BY_CARD:
        return xca_card_number_parse(value, *value, field, pool);
    case XCA_CERT_BY_OID:
        return xca_oid_check(*value, "2.16.886", field, pool);
    case BY_HASH:
        return check_fingerprint(value, field, pool);
    case XCA_CERT_BY_EMAIL:
        return xca_email_check(*value, field, pool);
    default:
        err = xca_typed_check(*value, 0, XCA_KEYWORD_MAX, field, pool);
        if (err != NULL) {
            return err;
        }
        return *xca_name_fold(pool, *value) != '\0'
                   ? NULL
                   : xca_error_field(pool, field, "search.no-letters", NULL);
    }
}

/* Reads what was typed; *any tells whether there is something to search for. */
static xca_error_t *read_query(xca_cert_query_t *query, int *any, xca_visit_t *visit) {
    xca_error_t *wrong = NULL;
    xca_value_t *form = xca_map_map(visit->model, "query");
    int i;

    memset(query, 0, sizeof(*query));
    *any = 0;
    for (i = 0; i < KEY_COUNT; i++) {
        const char *typed = xca_form_text(visit->form, keys[i].field);
        const char *value = typed != NULL ? xca_text_trim(visit->pool, typed) : "";

        if (keys[i].key != XCA_CERT_BY_NAME) {
            value = xca_text_halfwidth(visit->pool, value);
        }
        if (*value == '\0') {
            continue;
        }
        *any = 1;
        xca_map_text(form, keys[i].field, value);
        wrong = xca_error_append(wrong,
                                 check_key(&value, keys[i].key, keys[i].field, visit->pool));
        memcpy((char *)query + keys[i].offset, &value, sizeof(value));
    }
    return wrong;
}

static xca_error_t *put_found(xca_visit_t *visit, const xca_cert_query_t *query) {
    apr_array_header_t *certs;
    xca_value_t *list;
    int more, i;
    xca_error_t *err = xca_cert_find(&certs, &more, visit->office->store, query,
                                     CERTIFICATES_SHOWN, visit->pool);

    if (err != NULL) {
        return err;
    }
    list = xca_map_list(visit->model, "certificates");
    for (i = 0; i < certs->nelts; i++) {
        xca_cert_show(visit, xca_list_map(list), APR_ARRAY_IDX(certs, i, const xca_cert_t *));
    }
    xca_map_true(visit->model, "searched", 1);
    xca_map_number(visit->model, "count", certs->nelts);
    xca_map_true(visit->model, "more", more);
    return NULL;
}

static xca_error_t *search(xca_visit_t *visit, int asked) {
    xca_cert_query_t query;
    int any;
    xca_error_t *err = read_query(&query, &any, visit);

    if (err == NULL && !any && asked) {
        err = xca_error_field(visit->pool, "name", "search.nothing", NULL);
    }
    if (err != NULL) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    return any ? put_found(visit, &query) : NULL;
}

xca_error_t *xca_page_certificate_search(xca_visit_t *visit) {
    return search(visit, 0);
}

xca_error_t *xca_page_certificate_searched(xca_visit_t *visit) {
    return search(visit, 1);
}

/* One certificate. */

static xca_error_t *give(xca_visit_t *visit, xca_bytes_t bytes, const char *type, const char *ending, const char *serial) {
    xca_visit_give(visit, bytes, type);
    visit->data_name = apr_pstrcat(visit->pool, serial, ending, NULL);
    return NULL;
}

/* Those above it, its issuer first. */
static xca_error_t *chain_of(apr_array_header_t **certificates, xca_visit_t *visit, const xca_cert_t *cert) {
    apr_array_header_t *own, *all;
    xca_bytes_t chain;
    xca_error_t *err = xca_ca_read(&own, &chain, visit->office->store, visit->pool);

    if (err == NULL) {
        err = xca_p7b_read(&all, chain, visit->pool);
    }
    return err == NULL ? xca_chain_above(certificates, cert->der, all, visit->pool) : err;
}

static xca_error_t *give_chain(xca_visit_t *visit, const xca_cert_t *cert) {
    apr_array_header_t *certificates;
    xca_bytes_t p7b;
    xca_error_t *err = chain_of(&certificates, visit, cert);

    if (err != NULL) {
        return err;
    }
    APR_ARRAY_PUSH(certificates, xca_bytes_t) = cert->der;
    err = xca_cert_p7b(&p7b, (const xca_bytes_t *)certificates->elts, certificates->nelts,
                       visit->pool);
    if (err != NULL) {
        return err;
    }
    return give(visit, p7b, "application/x-pkcs7-certificates",
                ".p7b", cert->serial);
}

static xca_error_t *download(xca_visit_t *visit, const xca_cert_t *cert, const char *form) {
    const char *pem;

    if (!cert->published || cert->der.length == 0) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "certificate.not-published", NULL);
    }
    if (strcmp(form, "der") == 0) {
        return give(visit, cert->der,
                    "application/pkix-cert", ".cer", cert->serial);
    }
    if (strcmp(form, "pem") == 0) {
        pem = xca_cert_pem(visit->pool, cert->der);
        return give(visit, (xca_bytes_t){(const unsigned char *)pem, strlen(pem)}, "application/x-pem-file", ".pem", cert->serial);
    }
    if (strcmp(form, "chain") == 0) {
        return give_chain(visit, cert);
    }
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", NULL);
}

/* The certificates above it, from the root down: subject and fingerprint. */
static xca_error_t *put_chain(xca_visit_t *visit, const xca_cert_t *cert) {
    xca_value_t *list = xca_map_list(visit->model, "chain");
    apr_array_header_t *certificates;
    int i;
    xca_error_t *err = chain_of(&certificates, visit, cert);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return NULL;
    }
    for (i = err == NULL ? certificates->nelts - 1 : -1; err == NULL && i >= 0; i--) {
        xca_bytes_t der = APR_ARRAY_IDX(certificates, i, xca_bytes_t);
        xca_value_t *item = xca_list_map(list);
        xca_cert_view_t *view;

        err = xca_cert_view(&view, der, visit->pool);
        if (err == NULL) {
            xca_map_text(item, "subject", view->subject);
            xca_map_text(item, "sha256", view->sha256);
        }
    }
    return err;
}

/* Where its leaves in the public log are shown. */
static xca_error_t *put_log(xca_visit_t *visit, xca_value_t *map, const xca_cert_t *cert) {
    int has;
    xca_error_t *err = xca_log_has(&has, visit->office->store, cert->serial, visit->pool);

    if (err == NULL && has) {
        xca_map_text(map, "log", apr_pstrcat(visit->pool, "/log?serial=", cert->serial, NULL));
    }
    return err;
}

xca_error_t *xca_page_certificate_read(xca_cert_t **cert, xca_visit_t *visit) {
    const char *serial;
    xca_error_t *err = xca_serial_parse(&serial, visit->arg, NULL, visit->pool);

    if (err != NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "certificate.not-found", NULL);
    }
    return xca_cert_read(cert, visit->office->store, serial, visit->pool);
}

xca_error_t *xca_page_certificate(xca_visit_t *visit) {
    const char *form = xca_form_text(visit->form, "download");
    xca_value_t *map;
    xca_cert_t *cert;
    xca_error_t *err = xca_page_certificate_read(&cert, visit);

    if (err != NULL) {
        return err;
    }
    if (form != NULL) {
        return download(visit, cert, form);
    }
    map = xca_map_map(visit->model, "certificate");
    xca_cert_show(visit, map, cert);
    xca_map_true(visit->model, "_can_suspend", cert->state == XCA_CERT_VALID);
    xca_map_true(visit->model, "_can_resume", cert->state == XCA_CERT_SUSPENDED);
    xca_map_true(visit->model, "_can_accept",
                 cert->state == XCA_CERT_PENDING && cert->card_number == NULL);
    if (!cert->published || cert->der.length == 0) {
        return NULL;
    }
    err = put_log(visit, map, cert);
    if (err == NULL) {
        err = xca_cert_show_content(visit, map, cert->der);
    }
    return err == NULL ? put_chain(visit, cert) : err;
}
