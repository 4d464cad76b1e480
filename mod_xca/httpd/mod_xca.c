#include "httpd/mod_xca.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_connection.h>
#include <http_request.h>
#include <mod_status.h>
#include "base/log.h"

APLOG_USE_MODULE(xca);

#define XCA_PLACE  "xca:"
#define SENDERS_MAX 100000
#define OFFSET_MAX 4000000000L /* seconds: a hundred years, for drills and tests */

typedef struct {
    int on; /* -1: not said here */
} place_config_t;

/* One portal a server process; made by the parent, read by all threads of the children. */
static const char *settings_path;
static xca_settings_t *settings;
static xca_portal_t *portal;
static xca_ocsp_t *ocsp; /* or NULL: there is no such service */
static apr_interval_time_t clock_offset;
static int child_is_ready;

static void *make_place_config(apr_pool_t *pool, char *path) {
    place_config_t *config = apr_palloc(pool, sizeof(*config));

    config->on = -1;
    return config;
}

static void *merge_place_config(apr_pool_t *pool, void *outer, void *inner) {
    return ((place_config_t *)inner)->on == -1 ? outer : inner;
}

static const char *set_settings(cmd_parms *cmd, void *config, const char *path) {
    const char *wrong_place = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    if (wrong_place != NULL) {
        return wrong_place;
    }
    settings_path = ap_server_root_relative(cmd->pool, path);
    return settings_path == NULL ? "XCASettings: not a path" : NULL;
}

static const char *set_senders(cmd_parms *cmd, void *config, const char *number) {
    const char *wrong_place = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    apr_int64_t most = apr_atoi64(number);

    if (wrong_place != NULL) {
        return wrong_place;
    }
    if (number[strspn(number, "0123456789")] != '\0' || most > SENDERS_MAX) {
        return "XCASendersPerAddress: a number of threads, or 0 for no limit";
    }
    xca_senders_set((int)most);
    return NULL;
}

static const char *set_portal(cmd_parms *cmd, void *config, int on) {
    ((place_config_t *)config)->on = on;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("XCASettings", set_settings, NULL, RSRC_CONF,
                  "the settings file that xca-admin and xca-signer read too"),
    AP_INIT_TAKE1("XCASendersPerAddress", set_senders, NULL, RSRC_CONF,
                  "threads of a process that one address may hold while its requests arrive"),
    AP_INIT_FLAG("XCAPortal", set_portal, NULL, RSRC_CONF | ACCESS_CONF,
                 "On: requests here are answered by the portal"),
    {NULL}};

static int forget_last_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp) {
    settings_path = NULL;
    settings = NULL;
    portal = NULL;
    ocsp = NULL;
    clock_offset = 0;
    child_is_ready = 0;
    xca_senders_set(0);
    return OK;
}

static xca_error_t *read_everything(apr_pool_t *pool) {
    long seconds;
    xca_error_t *err = xca_settings_read(&settings, settings_path, pool);

    if (err == NULL) {
        err = xca_settings_number(settings, "clock-offset", &seconds, 0, -OFFSET_MAX, OFFSET_MAX,
                                  pool);
    }
    if (err != NULL) {
        return err;
    }
    clock_offset = apr_time_from_sec(seconds);
    return xca_portal_make(&portal, settings, pool);
}

static void tell(server_rec *server, const xca_error_t *err) {
    for (; err != NULL; err = err->next) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, server, "mod_xca: %s%s%s%s%s",
                     err->message, err->arg != NULL ? " " : "", err->arg != NULL ? err->arg : "",
                     err->detail != NULL ? ": " : "", err->detail != NULL ? err->detail : "");
    }
}

/* Runs before httpd opens its logs, and under "apache2 -t": what is wrong with the settings, the
 * pages or the keys is told where the operator looks, and stops the start. */
static int check_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *server) {
    const xca_error_t *err;

    if (settings_path == NULL) {
        return OK;
    }
    xca_httpd_log_start(server);
    err = read_everything(pconf);
    if (err == NULL) {
        return OK;
    }
    tell(server, err);
    return !OK;
}

/* httpd reads its configuration once to check it before it goes to the background: then nothing is started yet. */
static int start_services(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server) {
    xca_error_t *err;

    if (settings == NULL || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    xca_httpd_log_start(server);
    if (!xca_senders_share(pconf)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, server, "mod_xca: no shared memory");
        return !OK;
    }
    err = xca_ocsp_start(&ocsp, settings, server, pconf);
    tell(server, err);
    return err == NULL ? OK : !OK;
}

static void start_child(apr_pool_t *pchild, server_rec *server) {
    xca_error_t *err;

    if (portal == NULL) {
        return;
    }
    err = xca_portal_child(portal, settings, pchild);
    xca_log_error("starting a child process", err);
    child_is_ready = err == NULL && xca_senders_start(pchild);
}

static int portal_is_on(const request_rec *r) {
    const place_config_t *config = ap_get_module_config(r->per_dir_config, &xca_module);

    return config->on == 1;
}

/* The portal's paths are not files: httpd must not look for them on the disk. */
static int translate_name(request_rec *r) {
    if (!portal_is_on(r)) {
        return DECLINED;
    }
    r->filename = apr_pstrcat(r->pool, XCA_PLACE, r->uri, NULL);
    return OK;
}

static int map_to_storage(request_rec *r) {
    if (r->filename == NULL || strncmp(r->filename, XCA_PLACE, strlen(XCA_PLACE)) != 0) {
        return DECLINED;
    }
    return OK;
}

static int answer(request_rec *r) {
    if (!portal_is_on(r)) {
        return DECLINED;
    }
    if (!child_is_ready) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "mod_xca: XCAPortal is on, and there is no portal:"
                      " is XCASettings missing?");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (ocsp != NULL && xca_ocsp_is_asked(r)) {
        return xca_ocsp_exchange(r, ocsp, portal);
    }
    return xca_exchange(r, portal, clock_offset);
}

static int request_is_over(request_rec *r) {
    xca_senders_end(r->connection);
    return DECLINED;
}

static void tell_refusal(request_rec *r) {
    if (portal != NULL) {
        xca_refusals_tell(r, portal);
    }
}

/* For mod_status. */
static int show_status(request_rec *r, int flags) {
    xca_meter_total_t total;
    double mean;

    if (portal == NULL) {
        return OK;
    }
    total = xca_portal_total(portal);
    mean = total.answers > 0 ? (double)total.microseconds / 1000 / (double)total.answers : 0;
    ap_rprintf(r,
               (flags & AP_STATUS_SHORT) != 0
                   ? "XCAAnswers: %" APR_UINT64_T_FMT "\nXCARefused: %" APR_UINT64_T_FMT "\nXCAFailed: %" APR_UINT64_T_FMT
                     "\nXCAMeanMilliseconds: %.3f\n"
                   : "<hr><h2>mod_xca</h2><p>%" APR_UINT64_T_FMT " answers, %" APR_UINT64_T_FMT
                     " refused (4xx), %" APR_UINT64_T_FMT " failed (5xx), %.3f ms on average</p>\n",
               total.answers, total.refused, total.failed, mean);
    return OK;
}

static void register_hooks(apr_pool_t *pool) {
    ap_hook_pre_config(forget_last_configuration, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_configuration, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(start_services, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(start_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(xca_senders_begin, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_pre_close_connection(xca_senders_close, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_log_transaction(request_is_over, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, show_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(translate_name, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    xca_refusals_start();
    ap_hook_insert_error_filter(tell_refusal, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA xca_module = {
    STANDARD20_MODULE_STUFF, make_place_config,  merge_place_config, NULL, NULL, directives,
    register_hooks,          AP_MODULE_FLAG_NONE};
