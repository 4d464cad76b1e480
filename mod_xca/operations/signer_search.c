#include "operations/signer_search.h"

#include "base/log.h"
#include "directory/search_store.h"

#define AT_ONCE apr_time_from_sec(10) /* then the signer looks after its other work */

xca_error_t *xca_signer_search_keys(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    int left, filled;
    xca_error_t *err;

    if (signer->search_keys_there) {
        return NULL;
    }
    err = xca_search_fill(&left, &filled, signer->office->store, apr_time_now() + AT_ONCE, now, pool);
    if (filled > 0) {
        xca_log(XCA_LOG_INFO, "search keys of %d certificates were filled in%s", filled, left ? ", more are to come" : "");
    }
    signer->search_keys_there = err == NULL && !left;
    return err;
}
