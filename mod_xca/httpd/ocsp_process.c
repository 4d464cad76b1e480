/* What stands behind OCSP in a server: memory that all its processes share, the responder's key, and a process that follows the directory. A
 * graceful restart loads the module anew, and its last children answer on beside the first ones of the new generation: so memory and key are the
 * parent process's, not the configuration's, and only the follower is started anew. */
#include "httpd/mod_xca.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_signal.h>
#include <apr_thread_proc.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <http_log.h>
#include <mpm_common.h>
#include "base/secret.h"
#include "operations/office.h"
#include "operations/status_follower.h"

APLOG_USE_MODULE(xca);

#define KEPT      "xca-ocsp-2 " /* with the form of what stands in the memory */
#define KEY_MAX   4096
#define LIFE_MIN  apr_time_from_sec(1) /* a follower that ended sooner is started again a second later */

/* In the pool of the process: bytes alone, no pointer into a module that is loaded anew. */
typedef struct {
    void *memory; /* shared with the children */
    unsigned char *key; /* PKCS#8, copied with the parent's memory to children alone */
    apr_size_t key_length;
} kept_t;

typedef struct {
    const xca_ocsp_t *ocsp;
    xca_ldap_config_t directory;
    server_rec *server;
    apr_pool_t *pconf;
    apr_proc_t process;
    apr_time_t started;
} follower_t;

static xca_error_t *no_memory(apr_pool_t *pool, apr_size_t length) {
    char reason[120];

    return xca_error_make(pool, XCA_E_INTERNAL, "ocsp.memory", "%" APR_SIZE_T_FMT " bytes: %s", length,
                          apr_strerror(APR_FROM_OS_ERROR(errno), reason, sizeof(reason)));
}

/* Address space; memory is taken as it is written. */
static xca_error_t *map(void **memory, apr_size_t length, int sharing, apr_pool_t *pool) {
    *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return *memory == MAP_FAILED ? no_memory(pool, length) : NULL;
}

static void shrink(void *memory, apr_size_t length) {
    (void)madvise(memory, length, MADV_REMOVE);
}

/* A key of this process's own: in no core dump, and not swapped where the system allows that. */
static xca_error_t *make_key(kept_t *kept, const char *type, apr_pool_t *pool) {
    xca_key_t *key;
    xca_secret_t *private;
    void *page;
    xca_error_t *err = xca_key_make(&key, type, pool);

    if (err == NULL) {
        err = xca_key_private(&private, key, pool);
    }
    if (err == NULL) {
        err = map(&page, KEY_MAX, MAP_PRIVATE, pool);
    }
    if (err != NULL) {
        return err;
    }
    (void)madvise(page, KEY_MAX, MADV_DONTDUMP);
    (void)mlock(page, KEY_MAX);
    kept->key = page;
    kept->key_length = private->length < KEY_MAX ? private->length : 0;
    memcpy(kept->key, private->bytes, kept->key_length);
    return NULL;
}

static xca_error_t *keep(kept_t **kept, const char *name, const char *type, apr_pool_t *process_pool, apr_pool_t *pconf) {
    void *found = NULL;
    xca_error_t *err;

    apr_pool_userdata_get(&found, name, process_pool);
    *kept = found;
    if (found != NULL) {
        return NULL;
    }
    *kept = apr_pcalloc(process_pool, sizeof(**kept));
    err = map(&(*kept)->memory, xca_ocsp_memory(), MAP_SHARED, pconf);
    if (err == NULL) {
        err = make_key(*kept, type, pconf);
    }
    if (err == NULL) {
        apr_pool_userdata_set(*kept, name, apr_pool_cleanup_null, process_pool);
    }
    return err;
}

/* The follower ------------------------------------------------------------------------------------------------------------ */

/* What the parent's signals mean is the parent's matter: it ends its follower by SIGTERM, and so does its own end. */
static void take_signals(pid_t parent) {
    apr_signal(SIGTERM, SIG_DFL);
    apr_signal(SIGHUP, SIG_IGN);
    apr_signal(SIGINT, SIG_IGN);
    apr_signal(SIGUSR1, SIG_IGN);
    apr_signal(SIGWINCH, SIG_IGN);
    apr_signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(0);
    }
}

static void be_follower(follower_t *own, pid_t parent) {
    xca_status_follower_t *follower;
    xca_error_t *err;

    take_signals(parent);
    ap_close_listeners();
    if (ap_run_drop_privileges(own->pconf, own->server) != OK && geteuid() == 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, own->server, "mod_xca: the follower of the directory does not run as root");
        _exit(1);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* another user's process has lost it */
    if (apr_time_now() < own->started + LIFE_MIN) {
        apr_sleep(LIFE_MIN);
    }
    err = xca_status_follower_make(&follower, own->ocsp, &own->directory, shrink, own->pconf);
    if (err != NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, own->server, "mod_xca: %s %s", err->message, err->detail != NULL ? err->detail : "");
        _exit(1);
    }
    for (;;) {
        xca_status_follower_step(follower);
    }
}

static void start_follower(follower_t *own);

static void follower_ended(int reason, void *data, int status) {
    follower_t *own = data;
    int state = AP_MPMQ_STOPPING;

    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) {
        return; /* the configuration's pool ends it */
    }
    apr_proc_other_child_unregister(own);
    if (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state != AP_MPMQ_STOPPING) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, own->server, "mod_xca: the follower of the directory has ended (%d); it is started again",
                     status);
        start_follower(own);
    }
}

static void start_follower(follower_t *own) {
    pid_t parent = getpid();
    apr_status_t status = apr_proc_fork(&own->process, own->pconf);

    if (status == APR_INCHILD) {
        be_follower(own, parent);
    }
    if (status != APR_INPARENT) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, own->server, "mod_xca: no process for following the directory");
        return;
    }
    own->started = apr_time_now();
    apr_pool_note_subprocess(own->pconf, &own->process, APR_KILL_AFTER_TIMEOUT);
    apr_proc_other_child_register(&own->process, follower_ended, own, NULL, own->pconf);
}

xca_error_t *xca_ocsp_start(xca_ocsp_t **ocsp, const xca_settings_t *settings, server_rec *server, apr_pool_t *pconf) {
    follower_t *own = apr_pcalloc(pconf, sizeof(*own));
    const char *identity, *type;
    xca_secret_t *private;
    xca_key_t *key;
    kept_t *kept;
    xca_error_t *err;

    *ocsp = NULL;
    if (!xca_ocsp_is_wanted(settings)) {
        return NULL;
    }
    err = xca_ocsp_identity(&identity, settings, pconf);
    if (err == NULL) {
        err = xca_ocsp_key_type(&type, settings, pconf);
    }
    if (err == NULL) {
        err = keep(&kept, apr_pstrcat(pconf, KEPT, identity, NULL), type, server->process->pool, pconf);
    }
    if (err == NULL) {
        private = xca_secret_make(pconf, kept->key, kept->key_length);
        err = xca_key_of_private(&key, private, pconf);
    }
    if (err == NULL) {
        err = xca_ocsp_make(ocsp, settings, key, kept->memory, pconf);
    }
    if (err == NULL) {
        err = xca_ldap_config_of(&own->directory, settings, "portal", pconf);
    }
    if (err != NULL) {
        return err;
    }
    own->ocsp = *ocsp;
    own->server = server;
    own->pconf = pconf;
    start_follower(own);
    return NULL;
}
