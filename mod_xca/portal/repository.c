#include "portal/repository.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "base/log.h"
#include "portal/files.h"

#define KEEP apr_time_from_sec(1)
/* After a fault of the directory what is known is not asked for again before this. */
#define RETRY apr_time_from_sec(3)

/* A state in a pool of its own, which goes when the last visitor has left it. */
typedef struct {
    xca_repository_state_t state;
    apr_pool_t *pool;
    int users; /* the repository itself, and visits; under the lock */
} snapshot_t;

/* A list that was fetched, in a pool of its own, likewise. */
typedef struct {
    xca_repository_list_t list;
    apr_pool_t *pool;
    int users;
} kept_t;

/* What is known of a list by its name; stays as long as the process. */
typedef struct {
    kept_t *kept;  /* NULL: not asked for yet */
    int reading;
} place_t;

struct xca_repository {
    apr_thread_mutex_t *lock;
    apr_pool_t *pool;
    apr_hash_t *places; /* "full", "full-delta" -> place_t; under the lock */
    snapshot_t *present; /* NULL: nothing is known yet */
    apr_time_t due;      /* when it is read again; real time, not the visit's */
    int away;            /* the last try failed */
    int reading;         /* one visit reads, the others take what is there */
};

typedef struct {
    xca_repository_t *repository;
    snapshot_t *snapshot;
} hold_t;

xca_error_t *xca_repository_make(xca_repository_t **repository, apr_pool_t *pool) {
    xca_repository_t *result = apr_pcalloc(pool, sizeof(*result));

    if (apr_thread_mutex_create(&result->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "portal.start", "no mutex");
    }
    apr_pool_create(&result->pool, pool);
    result->places = apr_hash_make(result->pool);
    *repository = result;
    return NULL;
}

/* Under the lock. */
static void let_go(snapshot_t *snapshot) {
    snapshot->users--;
    if (snapshot->users == 0) {
        apr_pool_destroy(snapshot->pool);
    }
}

static apr_status_t visit_is_over(void *data) {
    hold_t *hold = data;

    apr_thread_mutex_lock(hold->repository->lock);
    let_go(hold->snapshot);
    apr_thread_mutex_unlock(hold->repository->lock);
    return APR_SUCCESS;
}

/* Under the lock: the present state for as long as `pool` lives. */
static const xca_repository_state_t *hold_present(xca_repository_t *repository, apr_pool_t *pool) {
    hold_t *hold = apr_palloc(pool, sizeof(*hold));

    hold->repository = repository;
    hold->snapshot = repository->present;
    hold->snapshot->users++;
    apr_pool_cleanup_register(pool, hold, visit_is_over, apr_pool_cleanup_null);
    return &hold->snapshot->state;
}

static int is_missing(const xca_error_t *err) {
    return err != NULL && err->kind == XCA_E_NOT_FOUND;
}

/* Of the newest key first: full or rest, then partitions in order; then what is none of ours. */
static int rank_of(const xca_crl_record_t *list) {
    xca_crl_scope_t scope;
    int rank;

    if (!xca_crl_scope_parse(&scope, list->name)) {
        return INT_MAX;
    }
    rank = scope.kind == XCA_CRL_PARTITION ? scope.parts * 2 * XCA_CRL_PARTITIONS_MAX + scope.part : (int)scope.kind;
    return (XCA_GENERATIONS_MAX - scope.generation) * 4 * XCA_CRL_PARTITIONS_MAX * XCA_CRL_PARTITIONS_MAX + rank;
}

static int in_order(const void *a, const void *b) {
    int left = rank_of(*(xca_crl_record_t *const *)a), right = rank_of(*(xca_crl_record_t *const *)b);

    return left < right ? -1 : left > right;
}

static const xca_crl_record_t *find_list(const xca_repository_state_t *state, const char *name) {
    int i;

    for (i = 0; i < state->lists->nelts; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(state->lists, i, const xca_crl_record_t *);

        if (strcmp(list->name, name) == 0 && list->number != 0) {
            return list;
        }
    }
    return NULL;
}

/* Of each key the full list, or that of the rest. */
static void find_main_lists(xca_repository_state_t *state, apr_pool_t *pool) {
    xca_crl_scope_t full = {XCA_CRL_FULL, 0, 0, 0}, rest = {XCA_CRL_REST, 0, 0, 0};
    int i;

    for (i = 0; i < XCA_GENERATIONS_MAX; i++) {
        full.generation = rest.generation = i;
        state->crls[i] = find_list(state, xca_crl_scope_name(&full, pool));
        if (state->crls[i] == NULL) {
            state->crls[i] = find_list(state, xca_crl_scope_name(&rest, pool));
        }
        if (state->crls[i] != NULL) {
            state->crl = state->crls[i];
        }
    }
}

static xca_error_t *read_all(xca_repository_state_t *state, xca_store_t *store, apr_pool_t *pool) {
    xca_signer_status_t signer;
    xca_error_t *err = xca_ca_read(&state->certificates, &state->chain, store, pool);

    if (err != NULL && !is_missing(err)) {
        return err;
    }
    if (err == NULL) {
        state->certificate = APR_ARRAY_IDX(state->certificates, 0, xca_bytes_t);
        state->certificate_etag = xca_etag(state->certificate, pool);
        state->chain_etag = xca_etag(state->chain, pool);
    }
    err = xca_crl_heads(&state->lists, store, pool);
    if (err != NULL) {
        return err;
    }
    qsort(state->lists->elts, (size_t)state->lists->nelts, sizeof(void *), in_order);
    find_main_lists(state, pool);
    state->root_crl = find_list(state, "root");
    err = xca_signer_status_read(&signer, store, pool);
    if (err == NULL) {
        state->signer_alive = signer.alive;
    }
    return is_missing(err) ? NULL : err;
}

/* Reads a new state next to the present one, without the lock. */
static xca_error_t *read_snapshot(snapshot_t **snapshot, xca_store_t *store, apr_pool_t *pool) {
    apr_pool_t *own;
    snapshot_t *fresh;
    xca_error_t *err;

    apr_pool_create(&own, NULL); /* visits of any thread let go of it */
    fresh = apr_pcalloc(own, sizeof(*fresh));
    fresh->pool = own;
    fresh->users = 1;
    err = read_all(&fresh->state, store, own);
    if (err != NULL) {
        err = xca_error_make(pool, err->kind, err->message, "%s", err->detail != NULL ? err->detail : "-");
        apr_pool_destroy(own);
        return err;
    }
    *snapshot = fresh;
    return NULL;
}

/* Takes the new state in, or keeps the old one for a while. Under the lock. */
static void settle(xca_repository_t *repository, snapshot_t *fresh, apr_time_t clock) {
    repository->reading = 0;
    repository->away = fresh == NULL;
    repository->due = clock + (fresh != NULL ? KEEP : RETRY);
    if (fresh == NULL) {
        return;
    }
    if (repository->present != NULL) {
        let_go(repository->present);
    }
    repository->present = fresh;
}

static int still_good(const xca_repository_t *repository, apr_time_t now) {
    const xca_crl_record_t *crl = repository->present != NULL ? repository->present->state.crl : NULL;

    return crl != NULL && now < crl->next_update;
}

xca_error_t *xca_repository_get(const xca_repository_state_t **state, xca_repository_t *repository,
                                xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    apr_time_t clock = apr_time_now();
    snapshot_t *fresh = NULL;
    xca_error_t *err;

    apr_thread_mutex_lock(repository->lock);
    if (repository->present != NULL && (clock < repository->due || repository->reading)) {
        *state = hold_present(repository, pool);
        apr_thread_mutex_unlock(repository->lock);
        return NULL;
    }
    repository->reading = 1;
    apr_thread_mutex_unlock(repository->lock);

    err = read_snapshot(&fresh, store, pool);

    apr_thread_mutex_lock(repository->lock);
    settle(repository, fresh, apr_time_now());
    if (fresh != NULL || still_good(repository, now)) {
        xca_log_error("reading the repository; the last known state is shown", err);
        *state = hold_present(repository, pool);
        err = NULL;
    }
    apr_thread_mutex_unlock(repository->lock);
    return err;
}

/* Lists ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    xca_repository_t *repository;
    kept_t *kept;
} list_hold_t;

/* Under the lock. */
static void let_list_go(kept_t *kept) {
    if (--kept->users == 0) {
        apr_pool_destroy(kept->pool);
    }
}

static apr_status_t list_visit_is_over(void *data) {
    list_hold_t *hold = data;

    apr_thread_mutex_lock(hold->repository->lock);
    let_list_go(hold->kept);
    apr_thread_mutex_unlock(hold->repository->lock);
    return APR_SUCCESS;
}

/* Under the lock. */
static const xca_repository_list_t *hold_list(xca_repository_t *repository, kept_t *kept, apr_pool_t *pool) {
    list_hold_t *hold = apr_palloc(pool, sizeof(*hold));

    hold->repository = repository;
    hold->kept = kept;
    kept->users++;
    apr_pool_cleanup_register(pool, hold, list_visit_is_over, apr_pool_cleanup_null);
    return &kept->list;
}

/* Only for names that the directory has: there is an end of them. Under the lock. */
static place_t *place_of(xca_repository_t *repository, const char *key) {
    place_t *place = apr_hash_get(repository->places, key, APR_HASH_KEY_STRING);

    if (place == NULL) {
        place = apr_pcalloc(repository->pool, sizeof(*place));
        apr_hash_set(repository->places, apr_pstrdup(repository->pool, key), APR_HASH_KEY_STRING, place);
    }
    return place;
}

/* Without the lock. */
static xca_error_t *fetch(kept_t **kept, xca_store_t *store, const char *name, int delta, apr_pool_t *pool) {
    apr_pool_t *own;
    xca_crl_record_t *crl;
    kept_t *fresh;
    xca_error_t *err;

    apr_pool_create(&own, NULL); /* visits of any thread let go of it */
    err = xca_crl_read(&crl, store, name, delta ? XCA_CRL_DELTA : XCA_CRL_COMPLETE, own);
    if (err == NULL && (delta ? crl->delta.length : crl->der.length) == 0) {
        err = xca_error_make(own, XCA_E_NOT_FOUND, "crl.not-found", "%s is empty", name);
    }
    if (err != NULL) {
        err = xca_error_make(pool, err->kind, err->message, "%s", err->detail != NULL ? err->detail : name);
        apr_pool_destroy(own);
        return err;
    }
    fresh = apr_pcalloc(own, sizeof(*fresh));
    fresh->pool = own;
    fresh->users = 1;
    fresh->list.der = delta ? crl->delta : crl->der;
    fresh->list.etag = xca_etag(fresh->list.der, own);
    fresh->list.number = crl->number;
    fresh->list.this_update = crl->this_update;
    fresh->list.next_update = crl->next_update;
    *kept = fresh;
    return NULL;
}

/* What is there is what is published, or the last that is good while another visit fetches. Under the lock. */
static int is_present(const place_t *place, const xca_crl_record_t *head, apr_time_t now) {
    const xca_repository_list_t *list = place->kept != NULL ? &place->kept->list : NULL;

    return list != NULL && ((list->number == head->number && list->this_update == head->this_update) ||
                            (place->reading && now < list->next_update));
}

xca_error_t *xca_repository_list(const xca_repository_list_t **list, xca_repository_t *repository, xca_store_t *store,
                                 const char *name, int delta, apr_time_t now, apr_pool_t *pool) {
    const xca_repository_state_t *state;
    const xca_crl_record_t *head;
    kept_t *fresh = NULL;
    place_t *place;
    xca_error_t *err = xca_repository_get(&state, repository, store, now, pool);

    if (err != NULL) {
        return err;
    }
    head = find_list(state, name);
    if (head == NULL) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "crl.not-found", "%s", name);
    }
    apr_thread_mutex_lock(repository->lock);
    place = place_of(repository, apr_pstrcat(pool, name, delta ? "-delta" : "", NULL));
    /* A directory that has just not answered for the state of all is not waited for once more. */
    if (is_present(place, head, now) || (repository->away && place->kept != NULL && now < place->kept->list.next_update)) {
        *list = hold_list(repository, place->kept, pool);
        apr_thread_mutex_unlock(repository->lock);
        return NULL;
    }
    if (repository->away) {
        apr_thread_mutex_unlock(repository->lock);
        return xca_error_make(pool, XCA_E_UNAVAILABLE, "ldap.down", "%s has not been read yet", name);
    }
    place->reading = 1;
    apr_thread_mutex_unlock(repository->lock);

    err = fetch(&fresh, store, name, delta, pool);

    apr_thread_mutex_lock(repository->lock);
    place->reading = 0;
    if (fresh != NULL) {
        if (place->kept != NULL) {
            let_list_go(place->kept);
        }
        place->kept = fresh;
    }
    if (fresh != NULL || (place->kept != NULL && err->kind == XCA_E_UNAVAILABLE && now < place->kept->list.next_update)) {
        xca_log_error("reading a list; the last known one is given", err);
        *list = hold_list(repository, place->kept, pool);
        err = NULL;
    }
    apr_thread_mutex_unlock(repository->lock);
    return err;
}

int xca_repository_directory_is_away(xca_repository_t *repository) {
    int away;

    apr_thread_mutex_lock(repository->lock);
    away = repository->away;
    apr_thread_mutex_unlock(repository->lock);
    return away;
}

int xca_repository_signer_is_silent(const xca_repository_state_t *state, apr_time_t now) {
    return now - state->signer_alive > XCA_SIGNER_SILENT;
}
