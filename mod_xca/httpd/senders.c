/* Slow senders. A connection that says nothing, or whose handshake or request arrives byte by byte, holds a thread until the request is
 * complete or RequestReadTimeout ends it. This keeps one address from holding them all, and all addresses together from holding the
 * last quarter: for the next one that comes another has to go. Threads are counted in each process by itself, so that nothing is left
 * over when one is killed; which addresses flood all of them know. */
#include "httpd/mod_xca.h"

#include <string.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <ap_mpm.h>
#include <apr_atomic.h>
#include <apr_portable.h>
#include <apr_ring.h>
#include <apr_shm.h>
#include <apr_thread_mutex.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include "base/text.h"
#include "portal/limit.h"

APLOG_USE_MODULE(xca);

#define PLACES 16384 /* addresses that fall on one place share its limit */
#define MEMORY 60u /* seconds */
#define LOOKS  16 /* connections that are asked whether they have said anything, for one that is closed */

/* Of a connection. */
typedef struct sender {
    APR_RING_ENTRY(sender) link;
    apr_socket_t *socket;
    int place;
    int arriving; /* it holds a thread that waits for a request, and is in the ring */
} sender_t;

/* Of all processes: connections that were closed in the last MEMORY; an address that floods is known by them. */
typedef struct {
    apr_uint32_t since; /* seconds */
    apr_uint32_t of[PLACES];
} refused_t;

static struct {
    int most; /* threads that one address may hold while its requests arrive; 0: no limit */
    int room; /* threads that all of them may hold; 0: no limit */
    apr_thread_mutex_t *lock;
    int arriving[PLACES];
    refused_t *refused;
    int waiting;                              /* length of the ring */
    APR_RING_HEAD(senders_ring, sender) ring; /* who has waited longest is first */
    apr_time_t told;
    int sent_away; /* since then */
} senders;

/* With the lock held. */
static void leave(sender_t *sender) {
    APR_RING_REMOVE(sender, link);
    sender->arriving = 0;
    senders.arriving[sender->place]--;
    senders.waiting--;
}

static void arrived(sender_t *sender) {
    if (senders.lock == NULL) {
        return;
    }
    apr_thread_mutex_lock(senders.lock);
    if (sender->arriving) {
        leave(sender);
    }
    apr_thread_mutex_unlock(senders.lock);
}

/* Threads that an address holds, and how often it wanted more than there were. */
static apr_uint32_t weight(const sender_t *sender) {
    return (apr_uint32_t)senders.arriving[sender->place] + apr_atomic_read32(&senders.refused->of[sender->place]);
}

static int is_silent(const sender_t *sender) {
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    apr_os_sock_t descriptor;

    return apr_os_sock_get(&descriptor, sender->socket) == APR_SUCCESS &&
           getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_bytes_received == 0;
}

static sender_t *next_of(const sender_t *sender) {
    sender_t *next = APR_RING_NEXT(sender, link);

    return next == APR_RING_SENTINEL(&senders.ring, sender, link) ? NULL : next;
}

/* Who is to go: of the addresses with the greatest weight the connection that has waited longest, those before others that have not said
 * a word. A visitor whose address did nothing else stays where a few addresses flood; where each connection has an address of its
 * own time alone decides. The ring is not empty. With the lock held. */
static sender_t *who_goes(void) {
    sender_t *oldest = APR_RING_FIRST(&senders.ring);
    sender_t *one;
    int looks = 0;

    for (one = oldest; one != NULL; one = next_of(one)) {
        if (weight(one) > weight(oldest)) {
            oldest = one;
        }
    }
    for (one = oldest; one != NULL && looks < LOOKS; one = next_of(one)) {
        if (weight(one) < weight(oldest)) {
            continue;
        }
        if (is_silent(one)) {
            return one;
        }
        looks++;
    }
    return oldest;
}

/* Ends the wait of a connection if there are enough of them: what waits for it reads the end. What has arrived meanwhile is read before
 * (shutdown(2) of Linux), so that a request that is complete is still answered. With the lock held. */
static void make_room(void) {
    sender_t *first;

    if (senders.room == 0 || senders.waiting < senders.room) {
        return;
    }
    first = who_goes();
    leave(first);
    apr_socket_shutdown(first->socket, APR_SHUTDOWN_READ);
    apr_atomic_inc32(&senders.refused->of[first->place]);
    senders.sent_away++;
}

static void forget(apr_time_t now) {
    apr_uint32_t seconds = (apr_uint32_t)apr_time_sec(now);
    apr_uint32_t since = apr_atomic_read32(&senders.refused->since);

    if (seconds - since >= MEMORY && apr_atomic_cas32(&senders.refused->since, seconds, since) == since) {
        memset(senders.refused->of, 0, sizeof(senders.refused->of));
    }
}

/* One line a second, however many there are: 0, or how many to tell of. With the lock held. */
static int to_tell(apr_time_t now) {
    int count = senders.sent_away;

    if (count == 0 || now < senders.told + apr_time_from_sec(1)) {
        return 0;
    }
    senders.told = now;
    senders.sent_away = 0;
    return count;
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
        sender->socket = ap_get_conn_socket(connection);
        ap_set_module_config(connection->conn_config, &xca_module, sender);
        apr_pool_cleanup_register(connection->pool, sender, connection_is_over, apr_pool_cleanup_null);
    }
    return sender;
}

/* Non-zero if the address may hold one more thread. */
static int enter(sender_t *sender, int *sent_away) {
    apr_time_t now = apr_time_now();
    int may;

    apr_thread_mutex_lock(senders.lock);
    forget(now);
    if (sender->arriving) {
        leave(sender);
    }
    may = senders.most == 0 || senders.arriving[sender->place] < senders.most;
    if (!may) {
        apr_atomic_inc32(&senders.refused->of[sender->place]);
    } else {
        make_room();
        sender->arriving = 1;
        senders.arriving[sender->place]++;
        senders.waiting++;
        APR_RING_INSERT_TAIL(&senders.ring, sender, sender, link);
    }
    *sent_away = to_tell(now);
    apr_thread_mutex_unlock(senders.lock);
    return may;
}

int xca_senders_begin(conn_rec *connection) {
    int may;
    int sent_away;

    if ((senders.most == 0 && senders.room == 0) || senders.lock == NULL || connection->master != NULL) {
        return DECLINED;
    }
    may = enter(sender_of(connection), &sent_away);
    if (sent_away > 0) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, connection,
                      "mod_xca: %d threads wait for requests: of %d connections the wait was ended before its time",
                      senders.room, sent_away);
    }
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

int xca_senders_close(conn_rec *connection) {
    xca_senders_end(connection);
    return DECLINED;
}

void xca_senders_set(int most) {
    senders.most = most;
}

int xca_senders_share(apr_pool_t *pool) {
    apr_shm_t *memory;

    if (apr_shm_create(&memory, sizeof(refused_t), NULL, pool) != APR_SUCCESS) {
        return 0;
    }
    senders.refused = apr_shm_baseaddr_get(memory);
    memset(senders.refused, 0, sizeof(*senders.refused));
    return 1;
}

/* Connections that are open when a child ends are cleaned up after it. */
static apr_status_t child_is_over(void *data) {
    senders.lock = NULL;
    return APR_SUCCESS;
}

int xca_senders_start(apr_pool_t *child_pool) {
    int threads;

    if (ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS) {
        threads = 0;
    }
    senders.room = threads * 3 / 4;
    senders.waiting = 0;
    senders.sent_away = 0;
    senders.told = 0;
    APR_RING_INIT(&senders.ring, sender, link);
    memset(senders.arriving, 0, sizeof(senders.arriving));
    if (apr_thread_mutex_create(&senders.lock, APR_THREAD_MUTEX_DEFAULT, child_pool) != APR_SUCCESS) {
        return 0;
    }
    apr_pool_cleanup_register(child_pool, NULL, child_is_over, apr_pool_cleanup_null);
    return 1;
}
