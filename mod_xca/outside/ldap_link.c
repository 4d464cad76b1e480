/* Connections to slapd: opened with a deadline, shared by threads, dropped after a fault. */
#include "outside/ldap_link.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

/* A connection that was idle this long is closed: the other ones are enough. */
#define IDLE_MAX apr_time_from_sec(300)

typedef struct idle_link {
    LDAP *ld;
    apr_time_t since;
} idle_link_t;

struct xca_ldap {
    xca_ldap_config_t config;
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *returned;
    int open;          /* connections that count: in use or idle */
    int idle_count;
    idle_link_t *idle; /* config.connections places; the last one was used last */
};

/* A server that dies between two packets must be an error code, not a signal that ends the program. Programs
 * that have set their own handler keep it. */
static void ignore_sigpipe(void) {
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

/* libldap reads its configuration when it is first used; once, before threads do. */
static void initialise_library(void) {
    LDAPAPIInfo info;

    memset(&info, 0, sizeof(info));
    info.ldapai_info_version = LDAP_API_INFO_VERSION;
    if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) == LDAP_OPT_SUCCESS) {
        ldap_memfree(info.ldapai_vendor_name);
        ldap_memvfree((void **)info.ldapai_extensions);
    }
    ignore_sigpipe();
}

static void initialise_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, initialise_library);
}

static struct timeval until(apr_time_t deadline) {
    apr_time_t left = deadline - apr_time_now();
    struct timeval time;

    if (left < 1000) {
        left = 1000; /* libldap takes zero for "for ever" in some places */
    }
    time.tv_sec = apr_time_sec(left);
    time.tv_usec = apr_time_usec(left);
    return time;
}

static int set_tls(LDAP *ld, const char *ca_file) {
    int demand = LDAP_OPT_X_TLS_DEMAND;
    int as_client = 0;

    if (ca_file != NULL &&
        ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, ca_file) != LDAP_OPT_SUCCESS) {
        return LDAP_PARAM_ERROR;
    }
    if (ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_OPT_SUCCESS) {
        return LDAP_LOCAL_ERROR;
    }
    return LDAP_SUCCESS;
}

/* Everything that ldap.conf or the environment could have changed is set again. */
static int set_options(LDAP *ld, const xca_ldap_config_t *config, apr_time_t deadline) {
    int version = LDAP_VERSION3;
    int none = 0;
    int never = LDAP_DEREF_NEVER;
    int probe_after = 60, probes = 3, probe_every = 10;
    struct timeval time = until(deadline);

    if (ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_DEREF, &never) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_SIZELIMIT, &none) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_TIMELIMIT, &none) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &time) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_TIMEOUT, &time) != LDAP_OPT_SUCCESS) {
        return LDAP_LOCAL_ERROR;
    }
    ldap_set_option(ld, LDAP_OPT_X_KEEPALIVE_IDLE, &probe_after);
    ldap_set_option(ld, LDAP_OPT_X_KEEPALIVE_PROBES, &probes);
    ldap_set_option(ld, LDAP_OPT_X_KEEPALIVE_INTERVAL, &probe_every);
    return strncmp(config->uri, "ldaps:", 6) == 0 ? set_tls(ld, config->ca_file) : LDAP_SUCCESS;
}

/* A server that stops in the middle of a message must not hold a reading or writing thread: the socket gives up
 * after a second and libldap looks at its own clock. */
static void bound_socket(LDAP *ld) {
    struct timeval second = {1, 0};
    ber_len_t largest = XCA_LDAP_PDU_MAX;
    Sockbuf *buffer = NULL;
    int fd = -1;

    if (ldap_get_option(ld, LDAP_OPT_DESC, &fd) == LDAP_OPT_SUCCESS && fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
    }
    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS && buffer != NULL) {
        ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &largest);
    }
}

static int last_code(LDAP *ld) {
    int code = LDAP_OTHER;

    ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
    return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
}

int xca_link_wait(LDAP *ld, int msgid, int all, apr_time_t deadline, LDAPMessage **message) {
    struct timeval time = until(deadline);
    int kind;

    *message = NULL;
    kind = ldap_result(ld, msgid, all, &time, message);
    if (kind == 0) {
        return LDAP_TIMEOUT;
    }
    return kind < 0 ? last_code(ld) : LDAP_SUCCESS;
}

static int bind_link(LDAP *ld, const xca_ldap_config_t *config, apr_time_t deadline,
                     char **diagnostic) {
    struct berval password = {0, NULL};
    LDAPMessage *message;
    int msgid, code, result = LDAP_OTHER;

    if (config->bind_dn != NULL) {
        password.bv_val = (char *)config->password->bytes;
        password.bv_len = config->password->length;
    }
    code = ldap_sasl_bind(ld, config->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, &msgid);
    if (code != LDAP_SUCCESS) {
        return code;
    }
    code = xca_link_wait(ld, msgid, LDAP_MSG_ALL, deadline, &message);
    if (code != LDAP_SUCCESS) {
        return code;
    }
    code = ldap_parse_result(ld, message, &result, NULL, diagnostic, NULL, NULL, 1);
    return code == LDAP_SUCCESS ? result : code;
}

xca_error_t *xca_link_open(LDAP **ld, const xca_ldap_config_t *config, apr_time_t deadline,
                           apr_pool_t *pool) {
    LDAP *made = NULL;
    char *diagnostic = NULL;
    xca_error_t *err;
    int code;

    *ld = NULL;
    code = ldap_initialize(&made, config->uri);
    if (code != LDAP_SUCCESS) {
        return xca_link_error(code, XCA_LDAP_READING, "open", config->uri, NULL, pool);
    }
    code = set_options(made, config, deadline);
    if (code == LDAP_SUCCESS) {
        code = ldap_connect(made);
    }
    if (code == LDAP_SUCCESS) {
        bound_socket(made);
        code = bind_link(made, config, deadline, &diagnostic);
    }
    if (code == LDAP_SUCCESS) {
        ldap_memfree(diagnostic);
        *ld = made;
        return NULL;
    }
    err = xca_link_error(code, XCA_LDAP_READING, "connect", config->uri, diagnostic, pool);
    ldap_memfree(diagnostic);
    xca_link_close(made);
    return err;
}

void xca_link_close(LDAP *ld) {
    if (ld != NULL) {
        ldap_unbind_ext(ld, NULL, NULL);
    }
}

int xca_link_dead(LDAP *ld) {
    struct pollfd wait = {-1, POLLIN, 0};

    if (ldap_get_option(ld, LDAP_OPT_DESC, &wait.fd) != LDAP_OPT_SUCCESS || wait.fd < 0) {
        return 1;
    }
    /* Nothing was asked, so whatever there is to read is the end of the connection. */
    return poll(&wait, 1, 0) != 0;
}

static apr_status_t close_all(void *data) {
    xca_ldap_t *ldap = data;

    while (ldap->idle_count > 0) {
        xca_link_close(ldap->idle[--ldap->idle_count].ld);
    }
    return APR_SUCCESS;
}

static xca_error_t *check_config(const xca_ldap_config_t *config, apr_pool_t *pool) {
    if (config->uri == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "no URI of the directory");
    }
    if (config->bind_dn != NULL &&
        (config->password == NULL || config->password->length == 0)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault",
                              "a DN without a password is no login (RFC 4513 section 5.1.2): %s",
                              config->bind_dn);
    }
    return NULL;
}

static void copy_config(xca_ldap_config_t *to, const xca_ldap_config_t *from, apr_pool_t *pool) {
    *to = *from;
    to->uri = apr_pstrdup(pool, from->uri);
    to->ca_file = apr_pstrdup(pool, from->ca_file);
    to->bind_dn = apr_pstrdup(pool, from->bind_dn);
    if (from->password != NULL) {
        to->password = xca_secret_make(pool, from->password->bytes, from->password->length);
    }
    if (to->timeout <= 0) {
        to->timeout = XCA_LDAP_TIMEOUT;
    }
    if (to->connections <= 0) {
        to->connections = XCA_LDAP_CONNECTIONS;
    }
}

xca_error_t *xca_ldap_make(xca_ldap_t **ldap, const xca_ldap_config_t *config, apr_pool_t *pool) {
    xca_ldap_t *made = apr_pcalloc(pool, sizeof(*made));
    xca_error_t *err = check_config(config, pool);

    if (err != NULL) {
        return err;
    }
    initialise_once();
    copy_config(&made->config, config, pool);
    made->idle = apr_pcalloc(pool, (apr_size_t)made->config.connections * sizeof(*made->idle));
    if (apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&made->returned, pool) != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "no lock");
    }
    apr_pool_cleanup_register(pool, made, close_all, apr_pool_cleanup_null);
    *ldap = made;
    return NULL;
}

const xca_ldap_config_t *xca_ldap_config(const xca_ldap_t *ldap) {
    return &ldap->config;
}

apr_interval_time_t xca_link_timeout(const xca_ldap_t *ldap) {
    return ldap->config.timeout;
}

/* The idle connection that was used last, if it is alive; dead ones go. Called with the lock held. */
static LDAP *take_idle(xca_ldap_t *ldap) {
    while (ldap->idle_count > 0) {
        idle_link_t *last = &ldap->idle[--ldap->idle_count];

        if (apr_time_now() - last->since < IDLE_MAX && !xca_link_dead(last->ld)) {
            return last->ld;
        }
        xca_link_close(last->ld);
        ldap->open--;
    }
    return NULL;
}

/* Waits for a place; *ld gets an idle connection, or NULL where the caller may open one. */
static xca_error_t *take_place(LDAP **ld, xca_ldap_t *ldap, int extra, apr_time_t deadline,
                               apr_pool_t *pool) {
    xca_error_t *err = NULL;

    apr_thread_mutex_lock(ldap->lock);
    *ld = take_idle(ldap);
    while (*ld == NULL && !extra && ldap->open >= ldap->config.connections) {
        apr_interval_time_t left = deadline - apr_time_now();

        if (left <= 0) {
            err = xca_error_make(pool, XCA_E_UNAVAILABLE, "ldap.down",
                                 "all %d connections are in use", ldap->config.connections);
            break;
        }
        apr_thread_cond_timedwait(ldap->returned, ldap->lock, left);
        *ld = take_idle(ldap);
    }
    if (*ld != NULL && extra) {
        ldap->open--;
        apr_thread_cond_signal(ldap->returned);
    }
    if (*ld == NULL && err == NULL && !extra) {
        ldap->open++;
    }
    apr_thread_mutex_unlock(ldap->lock);
    return err;
}

static void give_up_place(xca_ldap_t *ldap) {
    apr_thread_mutex_lock(ldap->lock);
    ldap->open--;
    apr_thread_cond_signal(ldap->returned);
    apr_thread_mutex_unlock(ldap->lock);
}

xca_error_t *xca_link_take(LDAP **ld, xca_ldap_t *ldap, int extra, apr_time_t deadline,
                           apr_pool_t *pool) {
    xca_error_t *err = take_place(ld, ldap, extra, deadline, pool);

    if (err != NULL || *ld != NULL) {
        return err;
    }
    err = xca_link_open(ld, &ldap->config, deadline, pool);
    if (err != NULL && !extra) {
        give_up_place(ldap);
    }
    return err;
}

void xca_link_give(xca_ldap_t *ldap, LDAP *ld, int extra, int broken) {
    int keep;

    apr_thread_mutex_lock(ldap->lock);
    ldap->open += extra != 0;
    keep = !broken && ldap->idle_count < ldap->config.connections &&
           ldap->open <= ldap->config.connections;
    if (keep) {
        ldap->idle[ldap->idle_count].ld = ld;
        ldap->idle[ldap->idle_count].since = apr_time_now();
        ldap->idle_count++;
    } else {
        ldap->open--;
    }
    apr_thread_cond_signal(ldap->returned);
    apr_thread_mutex_unlock(ldap->lock);
    if (!keep) {
        xca_link_close(ld);
    }
}
