/* xca-signer: holds the CA key, listens nowhere. It watches the directory by Content Sync (RFC
 * 4533), does what is due and writes the result back; a timed refresh is the safety net. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "operations/public_log.h"
#include "operations/signer_open.h"
#include "operations/signer_order.h"
#include "operations/signer_statistics.h"
#include "operations/signer_watch.h"
#include "outside/crypto.h"

#define ALIVE_EVERY   apr_time_from_sec(10)
#define SWEEP_EVERY   apr_time_from_sec(60)
#define REFRESH_EVERY apr_time_from_sec(10 * 60)
#define POST_EVERY    apr_time_from_sec(5)
#define POST_LIMIT    50
#define RETRY_AFTER   apr_time_from_sec(2)
#define EXIT_KEY      3 /* the token or its PIN: to be started again by a person alone */
#define COUNT_EVERY   apr_time_from_sec(2)
#define LOG_EVERY     apr_time_from_sec(1)
#define LOG_RETRY     apr_time_from_sec(30)

/* What is due of cases and requests; all of it is also found again by the next refresh. */
static const char work_filter[] =
    "(|(&(objectClass=xcaCase)(|(xcaState=filed)(xcaState=reviewed)(xcaState=approved)"
    "(xcaState=issuing)))(&(objectClass=xcaDecisionEntry)(!(xcaVerdict=*)))"
    "(&(|(objectClass=xcaRequestEntry)(objectClass=xcaOfficeOrderEntry))(xcaState=waiting))(objectClass=xcaEventEntry)"
    "(objectClass=xcaOfficer)(objectClass=xcaWindowEntry))";

typedef struct {
    xca_signer_t *signer;
    xca_ldap_config_t ldap;
    apr_interval_time_t clock_offset;
    apr_pool_t *pool;  /* of the queue */
    apr_hash_t *queue; /* id -> "case", "request", "order" or "event" */
    int refreshed;     /* the refresh phase of the sync is over */
    int people_due;    /* an officer or a window was changed */
    apr_time_t queue_due;  /* not before: of what waits for a key */
    apr_time_t alive_due, sweep_due, list_due, refresh_due, post_due, count_due, compare_due, log_due;
    xca_follower_t *follower; /* of certificates, for statistics */
} work_t;

static volatile sig_atomic_t stopping;

static void stop(int signal_number) {
    stopping = signal_number;
}

static apr_time_t clock_of(const work_t *work) {
    return apr_time_now() + work->clock_offset;
}

/* The case number or request id in a DN of ours: the value of `attribute` in its first or second
 * RDN. */
static const char *value_in_dn(const char *dn, const char *attribute, apr_pool_t *pool) {
    apr_size_t length = strlen(attribute);
    const char *at = dn;
    int rdn;

    for (rdn = 0; rdn < 2 && at != NULL; rdn++) {
        if (strncasecmp(at, attribute, length) == 0 && at[length] == '=') {
            const char *value = at + length + 1;

            return apr_pstrmemdup(pool, value, strcspn(value, ","));
        }
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return NULL;
}

static xca_error_t *on_change(void *baton, const char *dn, const xca_entry_t *entry,
                              apr_pool_t *scratch) {
    work_t *work = baton;
    const char *id;

    if (dn == NULL) {
        work->refreshed = 1;
        return NULL;
    }
    if (work->refreshed && (value_in_dn(dn, "uid", scratch) != NULL || value_in_dn(dn, "xcaWindow", scratch) != NULL)) {
        work->people_due = 1; /* at the start the first sweep looks at all of them */
        return NULL;
    }
    if (entry == NULL) {
        return NULL; /* done, or gone */
    }
    id = value_in_dn(dn, "xcaEvent", work->pool);
    if (id != NULL) {
        apr_hash_set(work->queue, id, APR_HASH_KEY_STRING, "event");
        return NULL;
    }
    id = value_in_dn(dn, "xcaRequest", work->pool);
    if (id != NULL) {
        apr_hash_set(work->queue, id, APR_HASH_KEY_STRING, "request");
        return NULL;
    }
    id = value_in_dn(dn, "xcaOfficeOrder", work->pool);
    if (id != NULL) {
        apr_hash_set(work->queue, id, APR_HASH_KEY_STRING, "order");
        return NULL;
    }
    id = value_in_dn(dn, "xcaCaseNumber", work->pool);
    if (id != NULL) {
        apr_hash_set(work->queue, id, APR_HASH_KEY_STRING, "case");
    }
    return NULL;
}

/* One item; a fault of one case does not stop the others, a directory that is away stops the round.
 */
static xca_error_t *do_item(work_t *work, const char *id, const char *kind, apr_pool_t *pool) {
    xca_error_t *err;

    if (strcmp(kind, "request") == 0) {
        err = xca_signer_request(work->signer, id, clock_of(work), pool);
    } else if (strcmp(kind, "order") == 0) {
        err = xca_signer_order(work->signer, id, clock_of(work), pool);
    } else if (strcmp(kind, "event") == 0) {
        err = xca_signer_event(work->signer, id, clock_of(work), pool);
    } else {
        err = xca_signer_case(work->signer, id, clock_of(work), pool);
        if (err == NULL && work->signer->case_left) {
            apr_hash_set(work->queue, apr_pstrdup(work->pool, id), APR_HASH_KEY_STRING, kind);
        }
    }
    if (xca_key_is_away(err)) { /* it waits; what needs no key goes on */
        apr_hash_set(work->queue, apr_pstrdup(work->pool, id), APR_HASH_KEY_STRING, kind);
        work->queue_due = apr_time_now() + RETRY_AFTER;
        return NULL;
    }
    if (err != NULL && err->kind != XCA_E_UNAVAILABLE) {
        xca_log_error(apr_pstrcat(pool, kind, " ", id, NULL), err);
        return NULL;
    }
    return err;
}

/* What the key is away for is due again soon; the key has said so in the log. */
static xca_error_t *wait_for_key(xca_error_t *err, apr_time_t *due) {
    if (!xca_key_is_away(err)) {
        return err;
    }
    *due = apr_time_now() + RETRY_AFTER;
    return NULL;
}

static xca_error_t *do_queue(work_t *work) {
    apr_hash_t *queue = work->queue;
    apr_pool_t *taken = work->pool, *parent = apr_pool_parent_get(taken), *scratch;
    apr_hash_index_t *at;
    xca_error_t *err = NULL;

    if (apr_hash_count(queue) == 0 || apr_time_now() < work->queue_due) {
        return NULL;
    }
    apr_pool_create(&work->pool, parent);
    work->queue = apr_hash_make(work->pool);
    apr_pool_create(&scratch, taken);
    for (at = apr_hash_first(taken, queue); at != NULL && err == NULL && !stopping;
         at = apr_hash_next(at)) {
        const void *id;
        void *kind;

        apr_hash_this(at, &id, NULL, &kind);
        apr_pool_clear(scratch);
        err = do_item(work, id, kind, scratch);
    }
    if (err != NULL) {
        xca_log_error("directory", err);
        err = xca_error_make(parent, XCA_E_UNAVAILABLE, "ldap.down", NULL);
    }
    apr_pool_destroy(taken);
    return err;
}

/* Whether a timer has run out; also one that a clock which was set back has left in the future. */
static int is_due(apr_time_t due, apr_interval_time_t every, apr_time_t tick) {
    return tick >= due || due - tick > every;
}

/* Lists come first and depend on nothing else: whatever is wrong elsewhere, none is missed. A fault of theirs holds up nothing
 * else, unless the directory is away; without the key they wait. */
static xca_error_t *do_lists(work_t *work, apr_pool_t *pool) {
    apr_time_t tick = apr_time_now();
    xca_error_t *err;

    if (!is_due(work->list_due, RETRY_AFTER, tick)) {
        return NULL;
    }
    err = wait_for_key(xca_signer_lists(work->signer, clock_of(work), pool), &work->list_due);
    if (err == NULL || err->kind == XCA_E_UNAVAILABLE) {
        return err;
    }
    xca_log_error("lists", err);
    return NULL;
}

static xca_error_t *do_timed(work_t *work, int all, apr_pool_t *pool) {
    apr_time_t now = clock_of(work);
    apr_time_t tick = apr_time_now(); /* timers run by the real clock */
    xca_error_t *err = do_lists(work, pool);

    if (err == NULL && (all || is_due(work->alive_due, ALIVE_EVERY, tick))) {
        work->alive_due = tick + ALIVE_EVERY;
        err = wait_for_key(xca_signer_alive(work->signer, now, pool), &work->alive_due);
    }
    if (err == NULL && work->people_due) {
        work->people_due = 0;
        err = xca_signer_people(work->signer, now, pool);
        work->people_due |= err != NULL;
    }
    if (err == NULL && (all || is_due(work->sweep_due, SWEEP_EVERY, tick))) {
        work->sweep_due = tick + SWEEP_EVERY;
        err = wait_for_key(xca_signer_sweep(work->signer, now, pool), &work->sweep_due);
    }
    if (err == NULL && work->signer->crl_due) {
        err = do_lists(work, pool);
    }
    if (err == NULL && (all || is_due(work->post_due, POST_EVERY, tick))) {
        work->post_due = tick + POST_EVERY;
        err = xca_signer_questions(work->signer, now, POST_LIMIT, pool);
        if (err == NULL) {
            err = xca_signer_post(work->signer, now, POST_LIMIT, pool);
        }
    }
    return err;
}

/* Statistics: a fault of theirs holds up nothing else, and is taken up again. */
static void do_count(work_t *work, apr_pool_t *pool) {
    apr_time_t now = clock_of(work), tick = apr_time_now();
    int compare = tick >= work->compare_due;
    xca_error_t *err;

    if (tick < work->count_due) {
        return;
    }
    err = xca_follower_poll(work->follower, now, pool);
    if (err == NULL) {
        err = xca_follower_write(work->follower, compare, now, pool);
    }
    if (err == NULL && compare) {
        work->compare_due = tick + REFRESH_EVERY;
    }
    work->count_due = tick + (err != NULL ? RETRY_AFTER : xca_follower_is_reading(work->follower) ? 0 : COUNT_EVERY);
    xca_log_error("statistics", err);
}

/* The public log: like the statistics, nothing waits for it. */
static void do_log(work_t *work, apr_pool_t *pool) {
    apr_time_t tick = apr_time_now();
    int more = 0;
    xca_error_t *err;

    if (tick < work->log_due) {
        return;
    }
    err = xca_public_log_grow(&more, work->signer->public_log, clock_of(work), pool);
    work->log_due = tick + (err != NULL ? LOG_RETRY : more ? 0 : LOG_EVERY);
    xca_log_error("public log", err);
}

/* One life of a sync connection. Returns on a fault, on a stop, or when the refresh is due; with
 * `once` when nothing is left to do. */
static xca_error_t *watch(work_t *work, int once, apr_pool_t *pool) {
    xca_ldap_sync_t *sync;
    apr_pool_t *scratch;
    xca_error_t *err;

    apr_pool_create(&scratch, pool);
    work->refreshed = 0;
    work->refresh_due = apr_time_now() + REFRESH_EVERY;
    err = xca_ldap_sync_start(&sync, &work->ldap, work->signer->office->store->base, work_filter,
                              NULL, on_change, work, pool);
    if (err != NULL) {
        return err;
    }
    while (err == NULL && !stopping && apr_time_now() < work->refresh_due) {
        apr_pool_clear(scratch);
        err = xca_ldap_sync_poll(
            sync, apr_time_from_msec(!once && xca_follower_is_reading(work->follower) ? 5 : 500), scratch);
        if (err == NULL) {
            err = do_queue(work);
        }
        if (err == NULL) {
            err = do_timed(work, 0, scratch);
        }
        if (err == NULL && !once) {
            do_count(work, scratch);
            do_log(work, scratch);
        }
        if (once && work->refreshed && apr_hash_count(work->queue) == 0) {
            break;
        }
    }
    if (err != NULL) {
        xca_log_error("watch", err);
        err = xca_error_make(pool, err->kind, err->message, NULL);
    }
    xca_ldap_sync_stop(sync);
    return err;
}

static void run(work_t *work, apr_pool_t *pool) {
    int begun = 0;

    while (!stopping) {
        apr_pool_t *life;
        xca_error_t *err = NULL;

        apr_pool_create(&life, pool);
        if (!begun) {
            err = xca_signer_begin(work->signer, clock_of(work), life);
            begun = err == NULL;
            if (begun) {
                xca_log(XCA_LOG_INFO, "signer ready");
            } else if (!xca_key_is_away(err)) {
                xca_log_error("begin", err);
            }
        }
        if (err == NULL) {
            err = watch(work, 0, life);
        }
        apr_pool_destroy(life);
        if (err != NULL && !stopping) {
            apr_sleep(RETRY_AFTER);
        }
    }
}

static int run_once(work_t *work, apr_pool_t *pool) {
    int more = 1;
    xca_error_t *err = xca_signer_begin(work->signer, clock_of(work), pool);

    if (err == NULL) {
        err = watch(work, 1, pool);
    }
    if (err == NULL) {
        err = do_timed(work, 1, pool);
    }
    while (err == NULL && !stopping && xca_signer_lists_unread(work->signer)) {
        err = do_lists(work, pool);
    }
    if (err == NULL) {
        err = xca_signer_statistics(work->signer, clock_of(work), pool);
    }
    while (err == NULL && more) {
        err = xca_public_log_grow(&more, work->signer->public_log, clock_of(work), pool);
    }
    xca_log_error("once", err);
    return err == NULL ? 0 : 1;
}

/* One signer a CA: a second one would be no danger (every step is compared and swapped), but no
 * use. */
static int take_lock(const char *path, apr_pool_t *pool) {
    apr_file_t *file;

    if (path == NULL) {
        return 1;
    }
    if (apr_file_open(&file, path, APR_WRITE | APR_CREATE, APR_FPROT_UREAD | APR_FPROT_UWRITE,
                      pool) != APR_SUCCESS) {
        fprintf(stderr, "xca-signer: cannot write %s\n", path);
        return 0;
    }
    if (apr_file_lock(file, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK) != APR_SUCCESS) {
        fprintf(stderr, "xca-signer: another signer holds %s\n", path);
        return 0;
    }
    return 1;
}

static void usage(FILE *to) {
    fputs("usage: xca-signer --settings FILE [--once] [--clock-offset SECONDS] [--debug]\n"
          "  --once           do what is due, then end\n"
          "  --clock-offset   work as if it were that many seconds later (drills and tests)\n",
          to);
}

/* No core dumps and no debugger: the CA key is in this memory. */
static void harden(void) {
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
}

static void log_line(xca_log_level level, const char *line, void *baton) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char when[APR_RFC822_DATE_LEN];

    apr_rfc822_date(when, apr_time_now());
    fprintf(stderr, "[%s] [xca-signer:%s] %s\n", when, names[level], line);
    fflush(stderr);
}

/* Waits for a token that is not there; with anything else the start fails, above all with a PIN that was refused: a service
 * that is started again and again must not lock the token. */
static xca_error_t *open_signer(xca_signer_t **signer, const xca_settings_t *settings, int once, apr_pool_t *pool) {
    int told = 0;

    for (;;) {
        apr_pool_t *life;
        xca_error_t *err;

        apr_pool_create(&life, pool);
        err = xca_signer_open(signer, settings, life);
        if (err == NULL || once || stopping || strcmp(err->message, "hsm.away") != 0) {
            return err;
        }
        if (!told) {
            xca_log_error("start: waiting for the key", err);
            told = 1;
        }
        apr_pool_destroy(life);
        apr_sleep(RETRY_AFTER);
    }
}

static int fail_start(const xca_error_t *err) {
    if (stopping) {
        return 0;
    }
    xca_log_error("start", err);
    fprintf(stderr, "xca-signer: %s %s\n", err->message, err->arg != NULL ? err->arg : "");
    return xca_key_is_away(err) ? EXIT_KEY : 1;
}

int main(int argc, const char *const argv[]) {
    static const apr_getopt_option_t options[] = {
        {"settings", 's', 1, NULL}, {"once", 'o', 0, NULL}, {"clock-offset", 'c', 1, NULL},
        {"debug", 'd', 0, NULL},    {"help", 'h', 0, NULL}, {NULL, 0, 0, NULL}};
    apr_pool_t *pool;
    apr_getopt_t *getopt;
    const char *value, *settings_path = NULL;
    long offset = 0;
    int option, once = 0, offset_given = 0;
    xca_log_level threshold = XCA_LOG_INFO;
    xca_settings_t *settings;
    work_t work;
    apr_status_t status;
    xca_error_t *err;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    apr_getopt_init(&getopt, pool, argc, argv);
    while ((status = apr_getopt_long(getopt, options, &option, &value)) == APR_SUCCESS) {
        switch (option) {
        case 's':
            settings_path = value;
            break;
        case 'o':
            once = 1;
            break;
        case 'c':
            offset = strtol(value, NULL, 10);
            offset_given = 1;
            break;
        case 'd':
            threshold = XCA_LOG_DEBUG;
            break;
        default:
            usage(stdout);
            return 0;
        }
    }
    if (status != APR_EOF || settings_path == NULL || getopt->ind != argc) {
        usage(stderr);
        return 2;
    }
    harden();
    xca_log_set_sink(log_line, NULL, threshold);
    memset(&work, 0, sizeof(work));
    err = xca_settings_read(&settings, settings_path, pool);
    if (err == NULL && !offset_given) {
        err = xca_settings_number(settings, "clock-offset", &offset, 0, -4000000000L, 4000000000L,
                                  pool);
    }
    if (err == NULL) {
        err = xca_ldap_config_of(&work.ldap, settings, "signer", pool);
    }
    if (err == NULL) {
        signal(SIGTERM, stop);
        signal(SIGINT, stop);
        err = open_signer(&work.signer, settings, once, pool);
    }
    if (err != NULL) {
        return fail_start(err);
    }
    if (!take_lock(xca_settings_get(settings, "signer-lock-file", NULL), pool)) {
        return 1;
    }
    work.clock_offset = apr_time_from_sec(offset);
    work.follower = xca_follower_make(work.signer, &work.ldap, pool);
    apr_pool_create(&work.pool, pool);
    work.queue = apr_hash_make(work.pool);
    if (once) {
        return run_once(&work, pool);
    }
    run(&work, pool);
    xca_log(XCA_LOG_INFO, "signer stopped");
    return 0;
}
