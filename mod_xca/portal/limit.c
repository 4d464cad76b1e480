#include "portal/limit.h"

#include <stdatomic.h>
#include <string.h>
#include <arpa/inet.h>
#include <apr_strings.h>
#include <apr_shm.h>
#include "base/text.h"

#define PLACES     4096
#define TAKEN_BITS 28 /* of a place's word; the others are the second in which its window began */
#define TAKEN_MAX  (((apr_uint64_t)1 << TAKEN_BITS) - 1)

struct xca_limit {
    apr_shm_t *memory;
    _Atomic apr_uint64_t *places; /* shared */
    apr_uint64_t most;
    apr_interval_time_t window;
};

xca_error_t *xca_limit_make(xca_limit_t **limit, int most, apr_interval_time_t window, apr_pool_t *pool) {
    xca_limit_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_size_t size = PLACES * sizeof(*made->places);

    if (apr_shm_create(&made->memory, size, NULL, pool) != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "portal.start", "%" APR_SIZE_T_FMT " bytes", size);
    }
    made->places = apr_shm_baseaddr_get(made->memory);
    memset((void *)made->places, 0, size);
    made->most = (apr_uint64_t)most < TAKEN_MAX ? (apr_uint64_t)most : TAKEN_MAX;
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
    _Atomic apr_uint64_t *place = &limit->places[xca_text_hash(source, strlen(source)) % PLACES];
    apr_uint64_t before = atomic_load(place), after;

    do {
        apr_time_t began = apr_time_from_sec((apr_int64_t)(before >> TAKEN_BITS));

        after = before + 1;
        /* Also a clock that was set back begins anew. */
        if (now < began || now >= began + limit->window) {
            after = ((apr_uint64_t)apr_time_sec(now) << TAKEN_BITS) + 1;
        } else if ((before & TAKEN_MAX) >= limit->most) {
            return 0;
        }
    } while (!atomic_compare_exchange_weak(place, &before, after));
    return 1;
}
