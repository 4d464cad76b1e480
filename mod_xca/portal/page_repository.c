/* 儲存庫: the page, and the files that programs fetch over plain HTTP (RFC 5280 section 4.2.1.13, 4.2.2.1). */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "domain/crl.h"
#include "outside/crypto_view.h"
#include "portal/engine.h"
#include "portal/pages.h"

#define CERTIFICATE_KEPT 86400 /* seconds that caches may keep certificates */
#define PARTITIONS_A_PAGE 32
#define LIST_KEPT        3600  /* and lists: a revocation may come before nextUpdate */

static xca_error_t *get_state(const xca_repository_state_t **state, xca_visit_t *visit) {
    return xca_repository_get(state, visit->portal->repository, visit->office->store, visit->now,
                              visit->pool);
}

static xca_error_t *give(xca_visit_t *visit, const xca_bytes_t *bytes, const char *type,
                         const char *etag, apr_time_t modified, apr_int64_t kept) {
    visit->data = bytes;
    visit->data_type = type;
    visit->data_etag = etag;
    visit->data_modified = modified;
    apr_table_set(visit->headers, "Cache-Control",
                  apr_psprintf(visit->pool, "public, max-age=%" APR_INT64_T_FMT, kept > 0 ? kept : 0));
    return NULL;
}

static xca_error_t *not_yet(xca_visit_t *visit, const char *message) {
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, message, NULL);
}

xca_error_t *xca_page_repository_ca(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err = get_state(&state, visit);

    if (err != NULL) {
        return err;
    }
    if (state->certificate.length == 0) {
        return not_yet(visit, "ca.not-found");
    }
    return give(visit, &state->certificate, "application/pkix-cert", state->certificate_etag, 0,
                CERTIFICATE_KEPT);
}

xca_error_t *xca_page_repository_chain(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err = get_state(&state, visit);

    if (err != NULL) {
        return err;
    }
    if (state->chain.length == 0) {
        return not_yet(visit, "ca.not-found");
    }
    return give(visit, &state->chain, "application/x-pkcs7-certificates", state->chain_etag, 0,
                CERTIFICATE_KEPT);
}

/* For programs that take PEM, the card helper among them. */
xca_error_t *xca_page_repository_chain_pem(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_bytes_t *pem = apr_pcalloc(visit->pool, sizeof(*pem));
    apr_array_header_t *certificates;
    const char *text = "";
    xca_error_t *err = get_state(&state, visit);
    int i;

    if (err == NULL && state->chain.length == 0) {
        return not_yet(visit, "ca.not-found");
    }
    if (err == NULL) {
        err = xca_p7b_read(&certificates, state->chain, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < certificates->nelts; i++) {
        text = apr_pstrcat(visit->pool, text,
                           xca_cert_pem(visit->pool, APR_ARRAY_IDX(certificates, i, xca_bytes_t)), NULL);
    }
    pem->data = (const unsigned char *)text;
    pem->length = strlen(text);
    return give(visit, pem, "application/x-pem-file", state->chain_etag, 0, CERTIFICATE_KEPT);
}

xca_error_t *xca_repository_give_list(xca_visit_t *visit, const char *name, int delta) {
    const xca_repository_list_t *list;
    apr_int64_t left;
    xca_error_t *err = xca_repository_list(&list, visit->portal->repository, visit->office->store, name, delta, visit->now,
                                           visit->pool);

    if (err != NULL) {
        return err;
    }
    left = apr_time_sec(list->next_update - visit->now);
    apr_table_set(visit->headers, "Expires",
                  xca_date_format(visit->pool, list->next_update, XCA_DATE_HTTP));
    return give(visit, &list->der, "application/pkix-crl", list->etag, list->this_update,
                left < LIST_KEPT ? left : LIST_KEPT);
}

/* Where certificates without a partition look: the full list, or what is left of it when a full one would be too large. */
static xca_error_t *give_main_list(xca_visit_t *visit, int generation) {
    const xca_repository_state_t *state;
    xca_error_t *err = get_state(&state, visit);

    if (err == NULL && state->crls[generation] == NULL) {
        return not_yet(visit, "crl.not-found");
    }
    return err != NULL ? err : xca_repository_give_list(visit, state->crls[generation]->name, 0);
}

/* Of the CA's first key: certificates name this address for good. */
xca_error_t *xca_page_repository_crl(xca_visit_t *visit) {
    return give_main_list(visit, 0);
}

xca_error_t *xca_page_repository_root_crl(xca_visit_t *visit) {
    return xca_repository_give_list(visit, "root", 0);
}

/* "g1": the number of a later key of the CA; 0 if it is none. */
static int generation_in(const char *name) {
    int generation = name[0] == 'g' && name[1] >= '1' && name[1] <= '9' && name[2] == '\0' ? name[1] - '0' : 0;

    return generation < XCA_GENERATIONS_MAX ? generation : 0;
}

/* "full.crl", "full-delta.crl", "32-7.crl", "32-7-delta.crl", "rest-delta.crl"; of a later key "g1.crl", "g1-full.crl" ... */
xca_error_t *xca_page_repository_crls(xca_visit_t *visit) {
    static const char end[] = ".crl", delta[] = "-delta";
    apr_size_t length = strlen(visit->arg);
    xca_crl_scope_t scope;
    char *name;
    int is_delta;

    if (length <= sizeof(end) - 1 || strcmp(visit->arg + length - (sizeof(end) - 1), end) != 0) {
        return not_yet(visit, "crl.not-found");
    }
    length -= sizeof(end) - 1;
    is_delta = length > sizeof(delta) - 1 && strncmp(visit->arg + length - (sizeof(delta) - 1), delta, sizeof(delta) - 1) == 0;
    name = apr_pstrmemdup(visit->pool, visit->arg, length - (is_delta ? sizeof(delta) - 1 : 0));
    if (!is_delta && generation_in(name) > 0) {
        return give_main_list(visit, generation_in(name));
    }
    return xca_crl_scope_parse(&scope, name) ? xca_repository_give_list(visit, name, is_delta) : not_yet(visit, "crl.not-found");
}

/* "<serial>.cer": NULL if the name is not of that form. */
static const char *serial_of(const char *name, apr_pool_t *pool) {
    apr_size_t length = strlen(name);
    const char *serial;

    if (length <= 4 || strcmp(name + length - 4, ".cer") != 0 ||
        xca_serial_parse(&serial, apr_pstrmemdup(pool, name, length - 4), NULL, pool) != NULL) {
        return NULL;
    }
    return serial;
}

xca_error_t *xca_page_repository_certificate(xca_visit_t *visit) {
    const char *serial = serial_of(visit->arg, visit->pool);
    xca_cert_t *cert;
    xca_error_t *err;

    if (serial == NULL) {
        return not_yet(visit, "certificate.not-found");
    }
    err = xca_cert_read(&cert, visit->office->store, serial, visit->pool);
    if (err != NULL) {
        return err;
    }
    if (!cert->published || cert->der.length == 0) {
        return not_yet(visit, "certificate.not-found");
    }
    return give(visit, &cert->der, "application/pkix-cert",
                xca_etag(cert->der, visit->pool), 0, CERTIFICATE_KEPT);
}

/* The page. */

static void put_address(xca_visit_t *visit, xca_value_t *map, const char *key, const char *path) {
    const char *base = visit->portal->http_url;

    xca_map_text(map, key, base != NULL ? apr_pstrcat(visit->pool, base, path, NULL) : path);
}

static xca_error_t *put_facts(xca_visit_t *visit, xca_value_t *map, xca_bytes_t certificate) {
    xca_cert_view_t *view;
    xca_error_t *err = xca_cert_view(&view, certificate, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_map_text(map, "subject", view->subject);
    xca_map_text(map, "issuer", view->issuer);
    xca_map_text(map, "serial", view->serial);
    xca_map_text(map, "key", view->key_text);
    xca_map_text(map, "not_before", xca_date_format(visit->pool, view->not_before, XCA_DATE_ISO));
    xca_map_text(map, "not_after", xca_date_format(visit->pool, view->not_after, XCA_DATE_ISO));
    xca_map_text(map, "sha1", view->sha1);
    xca_map_text(map, "sha256", view->sha256);
    return NULL;
}

static xca_error_t *put_certificate(xca_visit_t *visit, const xca_repository_state_t *state) {
    xca_value_t *map;

    if (state->certificate.length == 0) {
        return NULL;
    }
    map = xca_map_map(visit->model, "authority");
    put_address(visit, map, "url", "/repository/xca.cer");
    put_address(visit, map, "chain_url", "/repository/chain.p7b");
    return put_facts(visit, map, state->certificate);
}

static void put_list(xca_visit_t *visit, xca_value_t *map, const xca_crl_record_t *list, const char *path) {
    xca_map_text(map, "name", list->name);
    xca_map_number(map, "number", (apr_int64_t)list->number);
    if (list->entries >= 0) {
        xca_map_number(map, "entries", list->entries);
        xca_map_true(map, "_counted", 1);
    }
    if (list->bytes >= 0) {
        xca_map_number(map, "bytes", list->bytes);
    }
    xca_map_text(map, "this_update", xca_date_format(visit->pool, list->this_update, XCA_DATE_RFC3339));
    xca_map_text(map, "next_update", xca_date_format(visit->pool, list->next_update, XCA_DATE_RFC3339));
    xca_map_text(map, "_this_update",
                 xca_date_format(visit->pool, list->this_update, XCA_DATE_ISO_TIME));
    xca_map_text(map, "_next_update",
                 xca_date_format(visit->pool, list->next_update, XCA_DATE_ISO_TIME));
    xca_map_true(map, "overdue", visit->now > list->next_update && !list->is_last);
    xca_map_true(map, "last", list->is_last);
    xca_map_text(map, "_path", path);
    put_address(visit, map, "url", path);
}

/* The delta of the list, with the number that it starts from. */
static void put_delta(xca_visit_t *visit, xca_value_t *map, const xca_crl_record_t *list) {
    const char *path = apr_pstrcat(visit->pool, "/repository/crl/", list->name, "-delta.crl", NULL);
    xca_value_t *delta;

    if (list->base_number == 0) {
        return;
    }
    delta = xca_map_map(map, "delta");
    xca_map_number(delta, "base", (apr_int64_t)list->base_number);
    xca_map_number(delta, "entries", list->delta_entries);
    xca_map_number(delta, "bytes", list->delta_bytes);
    xca_map_text(delta, "_facts",
                 xca_catalogue_format(visit->portal->texts, "repository.delta.facts", visit->language, visit->pool, "base",
                                      apr_psprintf(visit->pool, "%" APR_UINT64_T_FMT, list->base_number), "entries",
                                      apr_ltoa(visit->pool, list->delta_entries), "bytes",
                                      apr_ltoa(visit->pool, list->delta_bytes), NULL));
    xca_map_text(delta, "_path", path);
    put_address(visit, delta, "url", path);
}

static void put_main_list(xca_visit_t *visit, xca_value_t *map, const xca_crl_record_t *list) {
    xca_crl_scope_t scope = {XCA_CRL_FULL, 0, 0, 0};

    (void)xca_crl_scope_parse(&scope, list->name);
    put_list(visit, map, list,
             scope.generation == 0 ? "/repository/xca.crl" : apr_psprintf(visit->pool, "/repository/crl/g%d.crl", scope.generation));
    put_delta(visit, map, list);
    xca_map_true(map, "_rest", scope.kind == XCA_CRL_REST);
}

/* Keys before the present one, the newest first: their certificates, and the lists that they sign. */
static xca_error_t *put_former(xca_visit_t *visit, const xca_repository_state_t *state) {
    int i, count = state->certificates != NULL ? state->certificates->nelts : 0;
    xca_value_t *former = count > 1 ? xca_map_list(visit->model, "former") : NULL;
    xca_error_t *err = NULL;

    for (i = 1; err == NULL && i < count && i < XCA_GENERATIONS_MAX; i++) {
        const xca_crl_record_t *list = state->crls[count - 1 - i];
        xca_value_t *map = xca_list_map(former);

        err = put_facts(visit, map, APR_ARRAY_IDX(state->certificates, i, xca_bytes_t));
        if (list != NULL) {
            put_main_list(visit, xca_map_map(map, "crl"), list);
        }
    }
    return err;
}

/* The lists of the present key's partitions alone, in order; array of const xca_crl_record_t *. */
static apr_array_header_t *partitions_of(const xca_repository_state_t *state, apr_pool_t *pool) {
    apr_array_header_t *partitions = apr_array_make(pool, 32, sizeof(void *));
    int i;

    for (i = 0; i < state->lists->nelts; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(state->lists, i, const xca_crl_record_t *);
        xca_crl_scope_t scope;

        if (xca_crl_scope_parse(&scope, list->name) && scope.kind == XCA_CRL_PARTITION && list->number != 0 &&
            (state->certificates == NULL || scope.generation == state->certificates->nelts - 1)) {
            APR_ARRAY_PUSH(partitions, const xca_crl_record_t *) = list;
        }
    }
    return partitions;
}

static void put_sum(xca_visit_t *visit, xca_value_t *map, const apr_array_header_t *partitions) {
    long entries = 0, largest = 0;
    int i;

    for (i = 0; i < partitions->nelts; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(partitions, i, const xca_crl_record_t *);

        entries += list->entries > 0 ? list->entries : 0;
        largest = list->bytes > largest ? list->bytes : largest;
    }
    xca_map_number(map, "count", partitions->nelts);
    xca_map_number(map, "entries", entries);
    xca_map_number(map, "largest_bytes", largest);
    xca_map_text(map, "_text",
                 xca_catalogue_format(visit->portal->texts, "repository.partitions.text", visit->language, visit->pool, "count",
                                      apr_itoa(visit->pool, partitions->nelts), "entries", apr_ltoa(visit->pool, entries),
                                      "bytes", apr_ltoa(visit->pool, largest), NULL));
}

/* What they come to together, and PARTITIONS_A_PAGE of them, from the one behind that which `after` names. */
static void put_partitions(xca_visit_t *visit, const xca_repository_state_t *state) {
    const apr_array_header_t *partitions = partitions_of(state, visit->pool);
    const char *after = xca_form_text(visit->form, "after");
    xca_value_t *map, *lists;
    int i, first = 0;

    if (partitions->nelts == 0) {
        return;
    }
    for (i = 0; after != NULL && i < partitions->nelts; i++) {
        first = strcmp(APR_ARRAY_IDX(partitions, i, const xca_crl_record_t *)->name, after) == 0 ? i + 1 : first;
    }
    map = xca_map_map(visit->model, "partitions");
    put_sum(visit, map, partitions);
    lists = xca_map_list(map, "lists");
    for (i = first; i < partitions->nelts && i < first + PARTITIONS_A_PAGE; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(partitions, i, const xca_crl_record_t *);
        xca_value_t *one = xca_list_map(lists);

        put_list(visit, one, list, apr_pstrcat(visit->pool, "/repository/crl/", list->name, ".crl", NULL));
        put_delta(visit, one, list);
        if (i + 1 == first + PARTITIONS_A_PAGE && i + 1 < partitions->nelts) {
            xca_map_text(map, "next", apr_pstrcat(visit->pool, "/repository?after=", list->name, "#partitions", NULL));
        }
    }
}

static void put_directory(xca_visit_t *visit) {
    xca_value_t *map = xca_map_map(visit->model, "ldap");
    const xca_store_t *store = visit->office->store;

    xca_map_text(map, "url", visit->portal->ldap_url);
    xca_map_text(map, "authority_dn", store->ca_dn);
    xca_map_text(map, "mail_dn", xca_branch_dn(store, "mail", visit->pool));
}

xca_error_t *xca_page_repository(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err = get_state(&state, visit);

    if (err != NULL) {
        return err;
    }
    if (state->crl != NULL) {
        put_main_list(visit, xca_map_map(visit->model, "crl"), state->crl);
    }
    put_partitions(visit, state);
    if (state->root_crl != NULL) {
        put_list(visit, xca_map_map(visit->model, "root_crl"), state->root_crl, "/repository/root.crl");
    }
    xca_map_text(visit->model, "ocsp_url", visit->portal->ocsp_url);
    put_directory(visit);
    err = put_certificate(visit, state);
    return err == NULL ? put_former(visit, state) : err;
}
