#include "portal/cert_show.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_view.h"

static const char *labelled(apr_pool_t *pool, const char *prefix, const char *id) {
    return apr_pstrcat(pool, prefix, id, NULL);
}

/* Colour of the state: good, bad, waiting, or none. */
static const char *tag_of(const char *shown) {
    if (strcmp(shown, "valid") == 0) {
        return "good";
    }
    if (strcmp(shown, "revoked") == 0) {
        return "bad";
    }
    return strcmp(shown, "expired") == 0 ? "off" : "wait";
}

/* Its organisation has changed: when it will be revoked for that. Told as long as that is to come. */
static void put_coming_end(xca_value_t *map, const xca_cert_t *cert, const char *shown, apr_pool_t *pool) {
    if (cert->ends_on == 0 || cert->ends_on >= cert->not_after || strcmp(shown, "revoked") == 0 || strcmp(shown, "expired") == 0) {
        return;
    }
    xca_map_when(map, "ends_on", cert->ends_on);
    if (cert->ends_why != NULL) {
        xca_map_text(map, "ends_why", cert->ends_why);
        xca_map_text(map, "_ends_why", labelled(pool, "reason.", cert->ends_why));
    }
}

void xca_cert_show(xca_visit_t *visit, xca_value_t *map, const xca_cert_t *cert) {
    apr_pool_t *pool = visit->pool;
    const char *shown = xca_cert_shown(cert, visit->now);

    xca_map_text(map, "serial", cert->serial);
    xca_map_text(map, "name", cert->org_name);
    xca_map_text(map, "oid", cert->oid);
    xca_map_text(map, "card_number", cert->card_number);
    if (cert->use < XCA_USE_COUNT) {
        xca_map_text(map, "use", xca_use_id(cert->use));
        xca_map_text(map, "_use_label", labelled(pool, "use.", xca_use_id(cert->use)));
    }
    xca_map_text(map, "state", shown);
    xca_map_text(map, "_state_label", labelled(pool, "shown.", shown));
    xca_map_text(map, "_tag", tag_of(shown));
    xca_map_true(map, "published", cert->published && cert->der.length > 0);
    xca_map_when(map, "not_before", cert->not_before);
    xca_map_when(map, "not_after", cert->not_after);
    xca_map_when(map, "accepted", cert->accepted);
    if (strcmp(shown, "suspended") == 0) {
        xca_map_when(map, "suspended", cert->suspended);
    }
    if (strcmp(shown, "revoked") == 0) {
        xca_map_when(map, "revoked", cert->revoked);
    }
    if (cert->reason_note != NULL && *cert->reason_note != '\0' && strcmp(shown, "expired") != 0) {
        xca_map_text(map, "reason", cert->reason_note);
        xca_map_text(map, "_reason", labelled(pool, "reason.", cert->reason_note));
    }
    put_coming_end(map, cert, shown, pool);
}

static void put_texts(xca_value_t *map, const char *key, const apr_array_header_t *texts) {
    xca_value_t *list = xca_map_list(map, key);
    int i;

    for (i = 0; texts != NULL && i < texts->nelts; i++) {
        xca_list_text(list, APR_ARRAY_IDX(texts, i, const char *));
    }
}

xca_error_t *xca_cert_show_content(xca_visit_t *visit, xca_value_t *map, xca_bytes_t der) {
    xca_value_t *content;
    xca_cert_view_t *view;
    xca_error_t *err = xca_cert_view(&view, der, visit->pool);

    if (err != NULL) {
        return err;
    }
    content = xca_map_map(map, "content");
    xca_map_text(content, "subject", view->subject);
    xca_map_text(content, "issuer", view->issuer);
    xca_map_text(content, "serial", view->serial);
    xca_map_when(content, "not_before", view->not_before);
    xca_map_when(content, "not_after", view->not_after);
    xca_map_text(content, "key", view->key_text);
    xca_map_text(content, "email", view->email);
    xca_map_text(content, "policy", view->policy);
    xca_map_text(content, "org_oid", view->org_oid);
    xca_map_text(content, "algorithm", view->signature_algorithm);
    xca_map_text(content, "sha256", view->sha256);
    xca_map_text(content, "sha1", view->sha1);
    xca_map_text(content, "ski", view->ski);
    xca_map_text(content, "aki", view->aki);
    put_texts(content, "key_usage", view->key_usage);
    put_texts(content, "ext_key_usage", view->ext_key_usage);
    put_texts(content, "crl_urls", view->crl_urls);
    put_texts(content, "ocsp_urls", view->ocsp_urls);
    put_texts(content, "issuer_urls", view->issuer_urls);
    return NULL;
}
