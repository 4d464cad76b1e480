#include "operations/signer_ca.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/cert_store.h"
#include "operations/generation.h"
#include "operations/key_open.h"
#include "operations/signer_open.h"
#include "outside/crypto_view.h"

const xca_ca_t *xca_signer_ca(const xca_signer_t *signer, int generation) {
    if (generation == signer->generation) {
        return signer->ca;
    }
    return generation >= 0 && generation < XCA_GENERATIONS_MAX ? signer->former[generation] : NULL;
}

static xca_error_t *refuse(const char *message, int number, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, message, "%d", number);

    err->arg = apr_itoa(pool, number);
    return err;
}

static xca_error_t *missing(int number, const char *first, apr_pool_t *pool) {
    xca_error_t *err = refuse("settings.missing", number, pool);

    err->arg = xca_generation_setting(number, first, pool);
    return err;
}

/* The profile says where lists stand, and each key's stand elsewhere. */
static const xca_profile_t *profile_of(const xca_signer_t *signer, const xca_generation_t *generation, apr_pool_t *pool) {
    xca_profile_t *own;

    if (generation->number == 0) {
        return signer->profile;
    }
    own = apr_pmemdup(pool, signer->profile, sizeof(*own));
    own->generation = generation->number;
    own->crl_ldap_url = generation->crl_ldap_url;
    return own;
}

static xca_error_t *open_one(xca_ca_t **ca, const xca_signer_t *signer, xca_generation_t *generation,
                             const xca_settings_t *settings, apr_pool_t *pool) {
    xca_key_t *key;
    xca_error_t *err = xca_generation_read_chain(generation, pool);

    *ca = NULL;
    if (err != NULL || generation->key_place == NULL) {
        return err;
    }
    err = xca_key_open(&key, settings, generation->key_place, generation->password_file, pool);
    return err != NULL ? err
                       : xca_ca_open(ca, key, generation->certificate, (const xca_bytes_t *)generation->chain->elts,
                                     generation->chain->nelts, profile_of(signer, generation, pool), pool);
}

static int is_same(xca_bytes_t a, xca_bytes_t b) {
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static xca_bytes_t root_of(const xca_generation_t *generation) {
    return APR_ARRAY_IDX(generation->chain, generation->chain->nelts - 1, xca_bytes_t);
}

/* All are one authority: of one name, under one root, whose list the signer publishes. */
static xca_error_t *check_alike(const xca_generation_t *first, const xca_generation_t *other, apr_pool_t *pool) {
    xca_cert_view_t *a, *b;
    xca_error_t *err = xca_cert_view(&a, first->certificate, pool);

    if (err == NULL) {
        err = xca_cert_view(&b, other->certificate, pool);
    }
    if (err == NULL && strcmp(a->subject, b->subject) != 0) {
        err = refuse("ca.generation.name", other->number, pool);
    }
    if (err == NULL && !is_same(root_of(first), root_of(other))) {
        err = refuse("ca.generation.root", other->number, pool);
    }
    return err;
}

static void add_once(apr_array_header_t *all, xca_bytes_t certificate) {
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (is_same(APR_ARRAY_IDX(all, i, xca_bytes_t), certificate)) {
            return;
        }
    }
    APR_ARRAY_PUSH(all, xca_bytes_t) = certificate;
}

/* The newest certificate and those above it, up to the root; then those of former keys. */
static xca_error_t *make_chain(xca_signer_t *signer, const apr_array_header_t *generations, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, 8, sizeof(xca_bytes_t));
    int i, j;

    for (i = generations->nelts - 1; i >= 0; i--) {
        const xca_generation_t *one = &APR_ARRAY_IDX(generations, i, xca_generation_t);

        add_once(all, one->certificate);
        for (j = 0; j < one->chain->nelts; j++) {
            add_once(all, APR_ARRAY_IDX(one->chain, j, xca_bytes_t));
        }
    }
    return xca_cert_p7b(&signer->chain_p7b, (const xca_bytes_t *)all->elts, all->nelts, pool);
}

xca_error_t *xca_signer_open_ca(xca_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) {
    apr_array_header_t *generations;
    xca_generation_t *all, *last;
    xca_error_t *err = xca_generations_read(&generations, settings, pool);
    int i;

    if (err != NULL) {
        return err;
    }
    all = (xca_generation_t *)generations->elts;
    last = &all[generations->nelts - 1];
    if (last->key_place == NULL) {
        return missing(last->number, "ca-key-file", pool);
    }
    for (i = 0; err == NULL && i < generations->nelts; i++) {
        err = open_one(&signer->former[i], signer, &all[i], settings, pool);
        if (err == NULL) {
            err = check_alike(&all[0], &all[i], pool);
        }
        signer->certificates[i] = all[i].certificate;
    }
    if (err != NULL) {
        return err;
    }
    signer->generation = last->number;
    signer->ca = signer->former[last->number];
    signer->former[last->number] = NULL;
    signer->profile = profile_of(signer, last, pool);
    signer->root_list_issuer = root_of(last);
    return make_chain(signer, generations, pool);
}

static xca_error_t *check_needed(const xca_signer_t *signer, int generation, apr_time_t now, apr_pool_t *pool) {
    xca_cert_t *good;
    xca_error_t *err = xca_cert_good_of(&good, signer->office->store, generation, now, pool);

    return err == NULL && good != NULL ? refuse("ca.generation.needed", generation, pool) : err;
}

/* That another key issues from now on, once. */
static xca_error_t *log_rollover(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_bytes_t certificate = signer->certificates[signer->generation];
    const char *digest = xca_sha256_hex(pool, certificate.data, certificate.length);
    xca_audit_event_t event = {0};

    if (signer->generation == 0) {
        return NULL;
    }
    event.kind = "key-use";
    event.actor = "signer";
    event.key = apr_pstrcat(pool, "ca-key\n", digest, NULL);
    event.details = xca_audit_details(pool, "use", "ca-key", "key", apr_itoa(pool, signer->generation), "sha256", digest, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

xca_error_t *xca_signer_publish_ca(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_bytes_t certificates[XCA_GENERATIONS_MAX];
    xca_error_t *err = NULL;
    int i, count = 0;

    for (i = signer->generation; err == NULL && i >= 0; i--) {
        if (xca_signer_ca(signer, i) == NULL) {
            err = check_needed(signer, i, now, pool);
        }
        certificates[count++] = signer->certificates[i];
    }
    if (err == NULL) {
        err = log_rollover(signer, now, pool);
    }
    return err != NULL ? err : xca_ca_publish(signer->office->store, certificates, count, signer->chain_p7b, pool);
}
