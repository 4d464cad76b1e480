#include "portal/limit.h"

#include <string.h>
#include <arpa/inet.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "base/text.h"

#define PLACES 4096

struct xca_limit {
    apr_thread_mutex_t *lock;
    int most;
    apr_interval_time_t window;
    struct {
        apr_time_t began;
        int taken;
    } places[PLACES];
};

xca_error_t *xca_limit_make(xca_limit_t **limit, int most, apr_interval_time_t window, apr_pool_t *pool) {
    xca_limit_t *made = apr_pcalloc(pool, sizeof(*made));

    if (apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "portal.lock", "apr_thread_mutex_create");
    }
    made->most = most;
    made->window = window;
    *limit = made;
    return NULL;
}

const char *xca_limit_source(const char *address, apr_pool_t *pool) {
    struct in6_addr six;

    if (address == NULL || inet_pton(AF_INET6, address, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six)) {
        return address != NULL ? address : "";
    }
    return apr_pstrcat(pool, "net ", xca_text_hex(pool, six.s6_addr, 8), NULL);
}

int xca_limit_take(xca_limit_t *limit, const char *source, apr_time_t now) {
    apr_uint32_t place = xca_text_hash(source, strlen(source)) % PLACES;
    int may;

    apr_thread_mutex_lock(limit->lock);
    /* Also a clock that was set back begins anew. */
    if (now < limit->places[place].began || now >= limit->places[place].began + limit->window) {
        limit->places[place].began = now;
        limit->places[place].taken = 0;
    }
    may = limit->places[place].taken < limit->most;
    limit->places[place].taken += may;
    apr_thread_mutex_unlock(limit->lock);
    return may;
}
