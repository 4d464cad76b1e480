#include "portal/repository.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "base/log.h"
#include "outside/crypto.h"

#define KEEP apr_time_from_sec(1)
/* After a fault of the directory what is known is not asked for again before this. */
#define RETRY apr_time_from_sec(3)

/* A state in a pool of its own, which goes when the last visitor has left it. */
typedef struct {
    xca_repository_state_t state;
    apr_pool_t *pool;
    int users; /* the repository itself, and visits; under the lock */
} snapshot_t;

struct xca_repository {
    apr_thread_mutex_t *lock;
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

static const char *etag_of(xca_bytes_t bytes, apr_pool_t *pool) {
    return apr_psprintf(pool, "\"%.32s\"", xca_sha256_hex(pool, bytes.data, bytes.length));
}

static int is_missing(const xca_error_t *err) {
    return err != NULL && err->kind == XCA_E_NOT_FOUND;
}

static xca_bytes_t copy(xca_bytes_t bytes, apr_pool_t *pool) {
    bytes.data = apr_pmemdup(pool, bytes.data, bytes.length);
    return bytes;
}

/* The list itself is fetched only if it is another one than `before` (or NULL) has. */
static xca_error_t *read_list(xca_repository_list_t *list, const xca_repository_list_t *before,
                              const char *name, xca_store_t *store, apr_pool_t *pool) {
    xca_crl_record_t *crl;
    xca_error_t *err = xca_crl_read(&crl, store, name, 1, pool);

    if (is_missing(err)) {
        return NULL;
    }
    if (err != NULL) {
        return err;
    }
    if (before != NULL && before->der.length > 0 && before->number == crl->number &&
        before->this_update == crl->this_update) {
        list->der = copy(before->der, pool);
        list->etag = apr_pstrdup(pool, before->etag);
    } else {
        err = xca_crl_read(&crl, store, name, 0, pool);
        if (err != NULL) {
            return err;
        }
        list->der = crl->der;
        list->etag = etag_of(crl->der, pool);
    }
    list->number = crl->number;
    list->this_update = crl->this_update;
    list->next_update = crl->next_update;
    return NULL;
}

static xca_error_t *read_all(xca_repository_state_t *state, const xca_repository_state_t *before,
                             xca_store_t *store, apr_pool_t *pool) {
    xca_signer_status_t signer;
    xca_error_t *err = xca_ca_read(&state->certificate, &state->chain, store, pool);

    if (err != NULL && !is_missing(err)) {
        return err;
    }
    if (err == NULL) {
        state->certificate_etag = etag_of(state->certificate, pool);
        state->chain_etag = etag_of(state->chain, pool);
    }
    err = read_list(&state->crl, before != NULL ? &before->crl : NULL, "full", store, pool);
    if (err == NULL) {
        err = read_list(&state->root_crl, before != NULL ? &before->root_crl : NULL, "root", store,
                        pool);
    }
    if (err != NULL) {
        return err;
    }
    err = xca_signer_status_read(&signer, store, pool);
    if (err == NULL) {
        state->signer_alive = signer.alive;
    }
    return is_missing(err) ? NULL : err;
}

/* Reads a new state next to the present one, without the lock. */
static xca_error_t *read_snapshot(snapshot_t **snapshot, const xca_repository_state_t *before,
                                  xca_store_t *store, apr_pool_t *pool) {
    apr_pool_t *own;
    snapshot_t *fresh;
    xca_error_t *err;

    apr_pool_create(&own, NULL); /* visits of any thread let go of it */
    fresh = apr_pcalloc(own, sizeof(*fresh));
    fresh->pool = own;
    fresh->users = 1;
    err = read_all(&fresh->state, before, store, own);
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
    return repository->present != NULL && now < repository->present->state.crl.next_update;
}

xca_error_t *xca_repository_get(const xca_repository_state_t **state, xca_repository_t *repository,
                                xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    apr_time_t clock = apr_time_now();
    const xca_repository_state_t *before = NULL;
    snapshot_t *fresh = NULL;
    xca_error_t *err;

    apr_thread_mutex_lock(repository->lock);
    if (repository->present != NULL) {
        before = hold_present(repository, pool);
        if (clock < repository->due || repository->reading) {
            *state = before;
            apr_thread_mutex_unlock(repository->lock);
            return NULL;
        }
    }
    repository->reading = 1;
    apr_thread_mutex_unlock(repository->lock);

    err = read_snapshot(&fresh, before, store, pool);

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
