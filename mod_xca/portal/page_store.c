#include "portal/page_store.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/search_store.h"
#include "domain/crl.h"
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "outside/crypto_search_keys.h"
#include "outside/crypto_verify.h"
#include "outside/crypto_view.h"
#include "portal/engine.h"
#include "portal/pages.h"

#define HASH_KEPT 86400 /* seconds that caches may keep what a hash of the whole certificate has found: it never changes */
#define DELTA      "&delta=1"
#define FOUND_KEPT 300  /* what else was found: another one may be issued */

typedef enum { HASH, TEXT } process;

/* RFC 4387 section 2.2. */
static const struct {
    const char *name;
    process how;
    xca_search_key key;
    int for_lists; /* also asked of lists */
} attributes[] = {{"certHash", HASH, XCA_SEARCH_CERT, 1},   {"uri", TEXT, XCA_SEARCH_EMAIL, 0},
                  {"iHash", HASH, XCA_SEARCH_ISSUER, 1},    {"iAndSHash", HASH, XCA_SEARCH_ISSUER_SERIAL, 1},
                  {"name", TEXT, XCA_SEARCH_NAME, 1},       {"sHash", HASH, XCA_SEARCH_SUBJECT, 0},
                  {"sKIDHash", HASH, XCA_SEARCH_KEY_ID, 1}};
#define ATTRIBUTE_COUNT (int)(sizeof(attributes) / sizeof(attributes[0]))

static int index_of(const char *attribute) {
    int i;

    for (i = 0; i < ATTRIBUTE_COUNT && strcmp(attributes[i].name, attribute) != 0; i++) {
    }
    return i;
}

/* Reading the question. */

/* Percent-decodes; NULL if a '%' has no two digits behind it. */
static char *decode(const char *text, int plus_is_space, apr_pool_t *pool) {
    char *result = apr_palloc(pool, strlen(text) + 1);
    char *to = result;

    for (; *text != '\0'; text++) {
        if (*text == '%') {
            int high = xca_text_hex_digit(text[1]), low = high >= 0 ? xca_text_hex_digit(text[2]) : -1;

            if (low < 0) {
                return NULL;
            }
            *to++ = (char)(high << 4 | low);
            text += 2;
        } else {
            *to++ = *text == '+' && plus_is_space ? ' ' : *text;
        }
    }
    *to = '\0';
    return strlen(result) == (apr_size_t)(to - result) ? result : NULL;
}

static xca_error_t *wrong(const char *message, const char *arg, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, message, NULL);

    err->arg = arg;
    return err;
}

static xca_error_t *read_value(const char **value, const char *text, int index, apr_pool_t *pool) {
    const char *name = attributes[index].name;
    const char *decoded = decode(text, attributes[index].how == TEXT, pool);

    if (attributes[index].how == HASH) {
        *value = decoded != NULL ? xca_search_key_hex(pool, decoded) : NULL;
        return *value != NULL ? NULL : wrong("store.hash", name, pool);
    }
    *value = decoded;
    return decoded != NULL && *decoded != '\0' && strlen(decoded) <= XCA_STORE_VALUE && xca_text_valid(decoded, strlen(decoded), 0)
               ? NULL
               : wrong("store.value", name, pool);
}

xca_error_t *xca_store_query_read(xca_store_query_t *query, const char *text, apr_pool_t *pool) {
    const char *equals = text != NULL ? strchr(text, '=') : NULL;
    const char *more = equals != NULL ? strchr(equals, '&') : NULL;
    int index;

    if (equals == NULL || (more != NULL && strcmp(more, DELTA) != 0)) {
        return wrong("store.query", NULL, pool);
    }
    query->delta = more != NULL;
    query->attribute = apr_pstrmemdup(pool, text, (apr_size_t)(equals - text));
    index = index_of(query->attribute);
    if (index == ATTRIBUTE_COUNT) {
        return wrong("store.attribute", NULL, pool);
    }
    query->attribute = attributes[index].name;
    return read_value(&query->value, apr_pstrndup(pool, equals + 1, strcspn(equals + 1, "&")), index, pool);
}

/* Certificates. */

static xca_error_t *not_found(const xca_visit_t *visit) {
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "store.not-found", NULL);
}

/* The RFC compares exactly, the directory by its own rules. */
static int is_exact(xca_search_key key, const char *value, const xca_cert_t *cert) {
    const char *own = key == XCA_SEARCH_EMAIL ? cert->email : key == XCA_SEARCH_NAME ? cert->org_name : value;

    return own != NULL && strcmp(own, value) == 0 && cert->published && cert->der.length > 0;
}

static xca_error_t *find_subscribers(apr_array_header_t *found, int *more, xca_visit_t *visit, xca_search_key key,
                                     const char *value) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_search_published(&certs, more, visit->office->store, key, value, XCA_STORE_MATCHES, visit->pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (is_exact(key, value, cert)) {
            APR_ARRAY_PUSH(found, xca_bytes_t) = cert->der;
        }
    }
    return err;
}

static int has_key(const xca_search_keys_t *keys, xca_search_key key, const char *value) {
    const char *own[2] = {NULL, NULL};
    int i;

    switch (key) {
    case XCA_SEARCH_CERT:
        own[0] = keys->cert;
        break;
    case XCA_SEARCH_ISSUER:
        own[0] = keys->issuer;
        break;
    case XCA_SEARCH_ISSUER_SERIAL:
        own[0] = keys->issuer_serial;
        break;
    case XCA_SEARCH_SUBJECT:
        own[0] = keys->subject;
        break;
    case XCA_SEARCH_KEY_ID:
        own[0] = keys->key_id;
        own[1] = keys->key_id_itself;
        break;
    case XCA_SEARCH_NAME:
        own[0] = keys->name;
        break;
    case XCA_SEARCH_EMAIL:
        break;
    }
    for (i = 0; i < 2; i++) {
        if (own[i] != NULL && strcmp(own[i], value) == 0) {
            return 1;
        }
    }
    return 0;
}

static xca_error_t *authorities_of(apr_array_header_t **chain, xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err = xca_repository_get(&state, visit->portal->repository, visit->office->store, visit->now, visit->pool);

    if (err == NULL && state->chain.length == 0) {
        *chain = apr_array_make(visit->pool, 1, sizeof(xca_bytes_t));
        return NULL;
    }
    return err != NULL ? err : xca_p7b_read(chain, state->chain, visit->pool);
}

/* This CA's certificate and those above it. */
static xca_error_t *find_authorities(apr_array_header_t *found, xca_visit_t *visit, xca_search_key key, const char *value) {
    apr_array_header_t *chain;
    int i;
    xca_error_t *err = authorities_of(&chain, visit);

    for (i = 0; err == NULL && i < chain->nelts; i++) {
        xca_bytes_t der = APR_ARRAY_IDX(chain, i, xca_bytes_t);
        xca_search_keys_t keys;

        err = xca_search_keys(&keys, der, visit->pool);
        if (err == NULL && has_key(&keys, key, value)) {
            APR_ARRAY_PUSH(found, xca_bytes_t) = der;
        }
    }
    return err;
}

static void append(char **to, const void *data, apr_size_t length) {
    memcpy(*to, data, length);
    *to += length;
}

/* Several: multipart/mixed, each as it is, without any encoding of its own (RFC 4387 section 2.4). *type: of one, then of all. */
static xca_bytes_t multipart(const char **type, const apr_array_header_t *found, apr_pool_t *pool) {
    xca_bytes_t first = APR_ARRAY_IDX(found, 0, xca_bytes_t), result;
    const char *boundary = apr_pstrcat(pool, "xca-", apr_pstrndup(pool, xca_sha256_hex(pool, first.data, first.length), 40), NULL);
    const char *head = apr_pstrcat(pool, "--", boundary, "\r\nContent-Type: ", *type, "\r\n\r\n", NULL);
    const char *foot = apr_pstrcat(pool, "--", boundary, "--\r\n", NULL);
    apr_size_t length = strlen(foot);
    char *to, *start;
    int i;

    for (i = 0; i < found->nelts; i++) {
        length += strlen(head) + APR_ARRAY_IDX(found, i, xca_bytes_t).length + 2;
    }
    start = to = apr_palloc(pool, length);
    for (i = 0; i < found->nelts; i++) {
        xca_bytes_t der = APR_ARRAY_IDX(found, i, xca_bytes_t);

        append(&to, head, strlen(head));
        append(&to, der.data, der.length);
        append(&to, "\r\n", 2);
    }
    append(&to, foot, strlen(foot));
    *type = apr_pstrcat(pool, "multipart/mixed; boundary=\"", boundary, "\"", NULL);
    result.data = (const unsigned char *)start;
    result.length = length;
    return result;
}

static xca_error_t *give(xca_visit_t *visit, xca_bytes_t bytes, const char *type, apr_time_t modified, apr_int64_t kept) {
    xca_visit_give(visit, bytes, type);
    visit->data_etag = xca_etag(bytes, visit->pool);
    visit->data_modified = modified;
    apr_table_set(visit->headers, "Cache-Control",
                  apr_psprintf(visit->pool, "public, max-age=%" APR_INT64_T_FMT, kept > 0 ? kept : 0));
    return NULL;
}

static xca_error_t *give_found(xca_visit_t *visit, const apr_array_header_t *found, xca_search_key key) {
    xca_bytes_t bytes = APR_ARRAY_IDX(found, 0, xca_bytes_t);
    const char *type = "application/pkix-cert";

    if (found->nelts > 1) {
        bytes = multipart(&type, found, visit->pool);
    }
    return give(visit, bytes, type, 0, key == XCA_SEARCH_CERT || key == XCA_SEARCH_ISSUER_SERIAL ? HASH_KEPT : FOUND_KEPT);
}

xca_error_t *xca_page_store_certificates(xca_visit_t *visit) {
    apr_array_header_t *found = apr_array_make(visit->pool, 4, sizeof(xca_bytes_t));
    xca_store_query_t query;
    xca_search_key key;
    int more = 0;
    xca_error_t *err = xca_store_query_read(&query, visit->request->query, visit->pool);

    if (err == NULL && query.delta) {
        err = wrong("store.query", NULL, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    key = attributes[index_of(query.attribute)].key;
    err = find_subscribers(found, &more, visit, key, query.value);
    if (err == NULL && found->nelts == 0) {
        err = find_authorities(found, visit, key, query.value);
    }
    if (err == NULL && more) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "store.too-many", NULL);
        err->arg = apr_itoa(visit->pool, XCA_STORE_MATCHES);
    }
    if (err != NULL) {
        return err;
    }
    return found->nelts > 0 ? give_found(visit, found, key) : not_found(visit);
}

/* Lists. */

#define LISTS_KEPT 60 /* seconds that caches keep several together, which are due at times of their own */

/* A list is asked for by what is known of its issuer: iHash is that of the issuer's name in the list, which is the subject of the
 * issuer's certificate. */
static int is_issuer(const xca_search_keys_t *issuer, xca_search_key key, const char *value) {
    return key == XCA_SEARCH_ISSUER ? strcmp(issuer->subject, value) == 0 : has_key(issuer, key, value);
}

static int is_root(xca_bytes_t der, apr_pool_t *pool) {
    xca_cert_view_t *view;

    return xca_cert_view(&view, der, pool) == NULL && strcmp(view->subject, view->issuer) == 0;
}

/* The list, if what is asked for is known of the certificate. */
static xca_error_t *add_if(apr_array_header_t *names, xca_bytes_t certificate, const xca_crl_record_t *list, xca_search_key key,
                           const char *value, apr_pool_t *pool) {
    xca_search_keys_t keys;
    xca_error_t *err = list != NULL ? xca_search_keys(&keys, certificate, pool) : NULL;

    if (err == NULL && list != NULL && is_issuer(&keys, key, value)) {
        APR_ARRAY_PUSH(names, const char *) = list->name;
    }
    return err;
}

/* By what is known of an issuer, or of a certificate of a CA. The CA's own certificates have one name and a key each, and each key lists what
 * it has issued; what the CA above has issued is on its list. */
static xca_error_t *find_lists_of_authorities(apr_array_header_t *names, xca_visit_t *visit, const xca_repository_state_t *state,
                                              xca_search_key key, const char *value) {
    int i, count, of_certificate = key == XCA_SEARCH_CERT || key == XCA_SEARCH_ISSUER_SERIAL;
    apr_array_header_t *chain, *above;
    xca_error_t *err = authorities_of(&chain, visit);

    if (err != NULL || chain->nelts == 0) {
        return err;
    }
    count = state->certificates->nelts < XCA_GENERATIONS_MAX ? state->certificates->nelts : XCA_GENERATIONS_MAX;
    for (i = 0; err == NULL && i < count; i++) { /* the newest first */
        xca_bytes_t own = APR_ARRAY_IDX(state->certificates, i, xca_bytes_t);
        const xca_crl_record_t *list = of_certificate ? state->root_crl : state->crls[count - 1 - i];

        err = of_certificate ? xca_chain_above(&above, own, chain, visit->pool) : NULL;
        if (err == NULL && (!of_certificate || is_root(APR_ARRAY_IDX(above, 0, xca_bytes_t), visit->pool))) {
            err = add_if(names, own, list, key, value, visit->pool);
        }
    }
    for (i = 0; err == NULL && i < chain->nelts; i++) {
        xca_bytes_t one = APR_ARRAY_IDX(chain, i, xca_bytes_t);

        if (is_root(one, visit->pool)) {
            err = add_if(names, one, state->root_crl, key, value, visit->pool);
        }
    }
    return err;
}

/* The list that a subscriber's certificate names first: its partition's, or the one of those that name none. */
static xca_error_t *find_list_of_certificate(apr_array_header_t *names, xca_visit_t *visit, const xca_repository_state_t *state,
                                             xca_search_key key, const char *value) {
    apr_array_header_t *found;
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, 0, -1, 0};
    xca_cert_t *cert;
    int more;
    xca_error_t *err = xca_search_published(&found, &more, visit->office->store, key, value, 1, visit->pool);

    if (err != NULL || found->nelts == 0) {
        return err;
    }
    err = xca_cert_read(&cert, visit->office->store, APR_ARRAY_IDX(found, 0, const xca_cert_t *)->serial, visit->pool);
    if (err != NULL) {
        return err;
    }
    scope.parts = cert->crl_partitions;
    scope.generation = cert->generation;
    if (scope.parts > 0) {
        const xca_bytes_t *serial = xca_text_unhex(visit->pool, cert->serial);

        scope.part = serial != NULL ? xca_crl_part(serial->data, serial->length, scope.parts) : -1;
    }
    if (scope.part >= 0) {
        APR_ARRAY_PUSH(names, const char *) = xca_crl_scope_name(&scope, visit->pool);
    } else if (state->crls[scope.generation] != NULL) {
        APR_ARRAY_PUSH(names, const char *) = state->crls[scope.generation]->name;
    }
    return NULL;
}

static xca_error_t *give_lists(xca_visit_t *visit, const apr_array_header_t *names, int delta) {
    apr_array_header_t *found = apr_array_make(visit->pool, names->nelts, sizeof(xca_bytes_t));
    const char *type = "application/pkix-crl";
    const xca_repository_list_t *list;
    int i;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < names->nelts; i++) {
        err = xca_repository_list(&list, visit->portal->repository, visit->office->store, APR_ARRAY_IDX(names, i, const char *), delta,
                                  visit->now, visit->pool);
        if (err == NULL) {
            APR_ARRAY_PUSH(found, xca_bytes_t) = list->der;
        }
    }
    if (err != NULL) {
        return err;
    }
    return give(visit, multipart(&type, found, visit->pool), type, 0, LISTS_KEPT);
}

xca_error_t *xca_page_store_lists(xca_visit_t *visit) {
    apr_array_header_t *names = apr_array_make(visit->pool, 2, sizeof(const char *));
    const xca_repository_state_t *state;
    xca_store_query_t query;
    xca_search_key key;
    int index;
    xca_error_t *err = xca_store_query_read(&query, visit->request->query, visit->pool);

    if (err != NULL) {
        return err;
    }
    index = index_of(query.attribute);
    if (!attributes[index].for_lists) {
        return wrong("store.attribute-of-lists", NULL, visit->pool);
    }
    key = attributes[index].key;
    err = xca_repository_get(&state, visit->portal->repository, visit->office->store, visit->now, visit->pool);
    if (err == NULL && (key == XCA_SEARCH_CERT || key == XCA_SEARCH_ISSUER_SERIAL)) {
        err = find_list_of_certificate(names, visit, state, key, query.value);
    }
    if (err == NULL && names->nelts == 0) {
        err = find_lists_of_authorities(names, visit, state, key, query.value);
    }
    if (err != NULL) {
        return err;
    }
    return names->nelts == 0   ? not_found(visit)
           : names->nelts == 1 ? xca_repository_give_list(visit, APR_ARRAY_IDX(names, 0, const char *), query.delta)
                               : give_lists(visit, names, query.delta);
}
