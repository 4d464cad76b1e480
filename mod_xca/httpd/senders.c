/* Slow senders. A request that arrives byte by byte holds a thread until it is complete or RequestReadTimeout ends it; this
 * keeps one address from holding them all. Counted in each process by itself, so that nothing is left over when one is killed. */
#include "httpd/mod_xca.h"

#include <string.h>
#include <apr_thread_mutex.h>
#include <http_connection.h>
#include <http_log.h>
#include <http_protocol.h>
#include "base/text.h"
#include "portal/limit.h"

APLOG_USE_MODULE(xca);

#define PLACES 1024 /* addresses that fall on one place share its limit */

static struct {
    int most; /* threads that one address may hold while its requests arrive; 0: no limit */
    apr_thread_mutex_t *lock;
    int arriving[PLACES];
} senders;

/* Of a connection. */
typedef struct {
    int place;
    int arriving; /* it holds a thread that waits for a request */
} sender_t;

static void arrived(sender_t *sender) {
    if (!sender->arriving) {
        return;
    }
    sender->arriving = 0;
    apr_thread_mutex_lock(senders.lock);
    senders.arriving[sender->place]--;
    apr_thread_mutex_unlock(senders.lock);
}

static apr_status_t connection_is_over(void *data) {
    arrived(data);
    return APR_SUCCESS;
}

static sender_t *sender_of(conn_rec *connection) {
    sender_t *sender = ap_get_module_config(connection->conn_config, &xca_module);
    const char *source;

    if (sender == NULL) {
        sender = apr_pcalloc(connection->pool, sizeof(*sender));
        source = xca_limit_source(connection->client_ip, connection->pool);
        sender->place = (int)(xca_text_hash(source, strlen(source)) % PLACES);
        ap_set_module_config(connection->conn_config, &xca_module, sender);
        apr_pool_cleanup_register(connection->pool, sender, connection_is_over, apr_pool_cleanup_null);
    }
    return sender;
}

int xca_senders_begin(conn_rec *connection) {
    sender_t *sender;
    int may;

    if (senders.most == 0 || senders.lock == NULL || connection->master != NULL) {
        return DECLINED;
    }
    sender = sender_of(connection);
    arrived(sender);
    apr_thread_mutex_lock(senders.lock);
    may = senders.arriving[sender->place] < senders.most;
    senders.arriving[sender->place] += may;
    apr_thread_mutex_unlock(senders.lock);
    sender->arriving = may;
    if (may) {
        return DECLINED;
    }
    ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, connection,
                  "mod_xca: %d requests of this address are still arriving: the connection is closed",
                  senders.most);
    connection->keepalive = AP_CONN_CLOSE;
    if (connection->cs != NULL) {
        connection->cs->state = CONN_STATE_LINGER;
    }
    return OK;
}

void xca_senders_end(conn_rec *connection) {
    sender_t *sender = ap_get_module_config(connection->conn_config, &xca_module);

    if (sender != NULL) {
        arrived(sender);
    }
}

void xca_senders_set(int most) {
    senders.most = most;
}

int xca_senders_start(apr_pool_t *child_pool) {
    memset(senders.arriving, 0, sizeof(senders.arriving));
    return apr_thread_mutex_create(&senders.lock, APR_THREAD_MUTEX_DEFAULT, child_pool) == APR_SUCCESS;
}
