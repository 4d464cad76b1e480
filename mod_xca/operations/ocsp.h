/* OCSP: answers from the status table, and the memory that all processes of a server share for it. RFC 6960, 5019, 9654. */
#ifndef XCA_OPERATIONS_OCSP_H
#define XCA_OPERATIONS_OCSP_H

#include "base/settings.h"
#include "domain/status_cache.h"
#include "outside/crypto_ocsp.h"

/* Memory to be shared: `size` bytes, zeroed, aligned to a page, the same in all processes. */
apr_size_t xca_ocsp_memory(void);

typedef struct xca_ocsp {
    const xca_settings_t *settings;
    const xca_key_t *key;
    int generations;                 /* keys that the CA has had, in order (generation.h) */
    xca_bytes_t cas[XCA_GENERATIONS_MAX];                      /* its certificates, DER */
    const xca_ocsp_responder_t *responders[XCA_GENERATIONS_MAX]; /* all with one key */
    xca_status_table_t *table;
    xca_status_cache_t *cache;
    apr_interval_time_t behind;      /* older than that, the table answers nothing */
    apr_interval_time_t valid;       /* nextUpdate - thisUpdate */
    apr_interval_time_t clock_offset;
} xca_ocsp_t;

/* Non-zero if the settings ask for the service ("ocsp-url"). */
int xca_ocsp_is_wanted(const xca_settings_t *settings);

/* The type of key that the settings ask for ("ocsp-key-type"), for xca_key_make(). Error: "key.type". */
xca_error_t *xca_ocsp_key_type(const char **type, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* Reads "ocsp-behind-seconds", "ocsp-valid-minutes", "clock-offset", and the certificates of generation.h. `key`: the responder's. `memory` with
 * what an earlier call has made in it is used on. Errors: of the settings, "certificate.unreadable", "crypto.key". */
xca_error_t *xca_ocsp_make(xca_ocsp_t **ocsp, const xca_settings_t *settings, const xca_key_t *key, void *memory,
                           apr_pool_t *pool) XCA_MUST_USE;

/* What tells services apart that cannot share memory: directory, suffix, CA (by its first certificate) and type of key. */
xca_error_t *xca_ocsp_identity(const char **identity, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

typedef struct xca_ocsp_reply {
    xca_bytes_t body;                    /* OCSPResponse, DER */
    xca_ocsp_verdict verdict;            /* its responseStatus */
    int told[XCA_STATUS_REVOKED + 1];    /* certificates that it tells about, by xca_status_kind */
    int may_be_kept;                     /* by caches: one certificate, no nonce (RFC 5019 section 6) */
    apr_time_t this_update, next_update; /* of such a one */
    long max_age;                        /* seconds, likewise */
    const char *etag;                    /* likewise; with its quotes */
} xca_ocsp_reply_t;

/* Answers a request; never fails: faults become answers (internalError, with a line in the log). `tick`: the real clock. Thread-safe. */
void xca_ocsp_reply(xca_ocsp_reply_t *reply, const xca_ocsp_t *ocsp, xca_bytes_t request, apr_time_t tick, apr_pool_t *pool);

#endif
