/* ca rollover: a new key of the CA. Its settings name it ("ca-1-key-file" and what goes with it, operations/generation.h); a request, the
 * certificate that comes back, and then the signer issues with it, while the key before it signs lists until all that it issued has
 * expired. Every step can be repeated. */
#include <stdio.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include "ca_files.h"
#include "command.h"
#include "directory/cert_store.h"
#include "directory/crl_store.h"
#include "domain/calendar.h"
#include "operations/generation.h"
#include "operations/key_open.h"
#include "outside/crypto_view.h"

static xca_error_t *refuse(admin_t *admin, xca_error_kind kind, const char *message, const char *arg) {
    xca_error_t *err = xca_error_make(admin->pool, kind, message, NULL);

    err->arg = arg;
    return err;
}

/* The last key that the settings name, and that is not the first one. */
static xca_error_t *newest_of(xca_generation_t *newest, admin_t *admin) {
    int i;

    for (i = XCA_GENERATIONS_MAX - 1; admin->settings != NULL && i > 0; i--) {
        xca_generation_of(newest, admin->settings, i, admin->pool);
        if (newest->key_place != NULL && newest->certificate_path != NULL && newest->chain_path != NULL) {
            return NULL;
        }
    }
    return refuse(admin, XCA_E_INVALID, "ca.rollover.settings", NULL);
}

/* What a try before has made is used. */
static xca_error_t *make_or_open(xca_key_t **key, admin_t *admin, const xca_generation_t *of, const char *type) {
    apr_finfo_t info;
    xca_error_t *err;

    if (!xca_key_is_uri(of->key_place) && apr_stat(&info, of->key_place, APR_FINFO_TYPE, admin->pool) == APR_SUCCESS) {
        return ca_open_key(key, admin, of->key_place, of->password_file);
    }
    err = ca_make_key(key, admin, of->key_place, type != NULL ? type : "rsa:4096");
    return err != NULL && strcmp(err->message, "hsm.key-exists") == 0 ? ca_open_key(key, admin, of->key_place, of->password_file) : err;
}

static xca_error_t *request(admin_t *admin, const arguments_t *arguments) {
    xca_generation_t newest;
    const char *out;
    xca_key_t *key;
    xca_error_t *err = argument_needed(&out, arguments, "out", admin->pool);

    if (err == NULL) {
        err = newest_of(&newest, admin);
    }
    if (err == NULL) {
        err = make_or_open(&key, admin, &newest, argument(arguments, "key-type"));
    }
    return err == NULL ? ca_request(admin, newest.key_place, key, xca_settings_get(admin->settings, "ca-dn", ""), out, 1) : err;
}

static xca_error_t *install(admin_t *admin, const arguments_t *arguments) {
    xca_generation_t newest;
    xca_error_t *err = newest_of(&newest, admin);

    return err == NULL ? ca_install(admin, arguments, newest.number, argument_plain(arguments, 1)) : err;
}

/* Until when the last certificate of the key is good; 0: it has none that is good now. */
static xca_error_t *last_end(apr_time_t *end, admin_t *admin, const xca_generation_t *of) {
    xca_cert_view_t *ca;
    xca_cert_t *good;
    apr_time_t from = admin->now, to;
    xca_error_t *err = xca_cert_view(&ca, of->certificate, admin->pool);

    *end = 0;
    if (err != NULL) {
        return err;
    }
    for (to = ca->not_after + XCA_DAY; err == NULL && (*end == 0 ? from < to : from + APR_USEC_PER_SEC < to);) {
        apr_time_t middle = *end == 0 ? from : from + (to - from) / 2;

        err = xca_cert_good_of(&good, admin->office->store, of->number, middle, admin->pool);
        if (err == NULL && good == NULL) {
            to = middle;
        } else if (err == NULL) {
            from = *end = good->not_after > middle ? good->not_after : middle;
        }
    }
    return err;
}

/* Whether there are lists of the key, and all of them are its last ones. */
static xca_error_t *has_ended(int *ended, admin_t *admin, int generation) {
    apr_array_header_t *heads;
    int i, lists = 0, last = 0;
    xca_error_t *err = xca_crl_heads(&heads, admin->office->store, admin->pool);

    for (i = 0; err == NULL && i < heads->nelts; i++) {
        const xca_crl_record_t *head = APR_ARRAY_IDX(heads, i, const xca_crl_record_t *);
        xca_crl_scope_t scope;

        if (xca_crl_scope_parse(&scope, head->name) && scope.generation == generation && head->number != 0) {
            lists++;
            last += head->is_last;
        }
    }
    *ended = err == NULL && lists > 0 && last == lists;
    return err;
}

static xca_error_t *open_directory(admin_t *admin) {
    if (admin->settings == NULL) {
        return refuse(admin, XCA_E_INVALID, "admin.argument-missing", "--settings");
    }
    return xca_office_open(&admin->office, admin->settings, "admin", admin->pool);
}

static void print_state(const admin_t *admin, const char *state, const char *arg) {
    xca_error_t shown = {.message = apr_pstrcat(admin->pool, "admin.ca.rollover.", state, NULL), .arg = arg};

    printf("    %s\n", admin->catalogue != NULL ? xca_catalogue_error(admin->catalogue, &shown, admin->language, admin->pool)
                                                : apr_pstrcat(admin->pool, state, arg != NULL ? " " : "", arg != NULL ? arg : "", NULL));
}

/* One that is installed; the newest issues. */
static xca_error_t *print_one(admin_t *admin, const xca_generation_t *one, int is_newest) {
    xca_cert_view_t *view;
    apr_time_t end = 0;
    int ended = 0;
    xca_error_t *err = xca_cert_view(&view, one->certificate, admin->pool);

    if (err == NULL && !is_newest) {
        err = last_end(&end, admin, one);
    }
    if (err == NULL && !is_newest) {
        err = has_ended(&ended, admin, one->number);
    }
    if (err != NULL) {
        return err;
    }
    printf("%d  %s - %s  SHA-256 %s\n", one->number, xca_date_format(admin->pool, view->not_before, XCA_DATE_ISO),
           xca_date_format(admin->pool, view->not_after, XCA_DATE_ISO), view->sha256);
    if (is_newest) {
        print_state(admin, "issues", NULL);
    } else if (one->key_place == NULL) {
        print_state(admin, "retired", NULL);
    } else if (end != 0) {
        print_state(admin, "lists", xca_date_format(admin->pool, end, XCA_DATE_ISO_TIME));
    } else {
        print_state(admin, ended ? "over" : "last-lists", apr_itoa(admin->pool, one->number));
    }
    return NULL;
}

static xca_error_t *status(admin_t *admin) {
    apr_array_header_t *generations;
    xca_generation_t next;
    int i;
    xca_error_t *err = open_directory(admin);

    if (err == NULL) {
        err = xca_generations_read(&generations, admin->settings, admin->pool);
    }
    for (i = 0; err == NULL && i < generations->nelts; i++) {
        err = print_one(admin, &APR_ARRAY_IDX(generations, i, xca_generation_t), i == generations->nelts - 1);
    }
    if (err == NULL && newest_of(&next, admin) == NULL && next.number >= generations->nelts) {
        printf("%d  %s\n", next.number, next.key_place);
        print_state(admin, "prepared", NULL);
    }
    return err;
}

/* Says whether the key can go, and how. The settings are the operator's to change, and the key to destroy. */
static xca_error_t *retire(admin_t *admin, const char *number) {
    apr_array_header_t *generations;
    const xca_generation_t *one;
    apr_time_t end;
    int ended;
    xca_error_t *err = open_directory(admin);

    if (err == NULL) {
        err = xca_generations_read(&generations, admin->settings, admin->pool);
    }
    if (err == NULL && (number == NULL || strspn(number, "0123456789") != strlen(number) || *number == '\0' || strlen(number) > 1 ||
                        *number - '0' >= generations->nelts - 1)) {
        err = refuse(admin, XCA_E_INVALID, "ca.rollover.no-former", number != NULL ? number : "-");
    }
    if (err != NULL) {
        return err;
    }
    one = &APR_ARRAY_IDX(generations, *number - '0', xca_generation_t);
    err = last_end(&end, admin, one);
    if (err == NULL) {
        err = has_ended(&ended, admin, one->number);
    }
    if (err == NULL && end != 0) {
        err = refuse(admin, XCA_E_CONFLICT, "ca.rollover.not-over", xca_date_format(admin->pool, end, XCA_DATE_ISO_TIME));
    }
    if (err == NULL && !ended) {
        err = refuse(admin, XCA_E_CONFLICT, "ca.rollover.lists-left", number);
    }
    if (err == NULL && one->key_place == NULL) {
        print_state(admin, "retired", NULL);
    } else if (err == NULL) {
        print_state(admin, "retire", apr_pstrcat(admin->pool, xca_generation_setting(one->number, "ca-key-file", admin->pool), " = ",
                                                 one->key_place, NULL));
    }
    return err;
}

xca_error_t *command_ca_rollover(admin_t *admin, const arguments_t *arguments) {
    const char *step = arguments->argc > 0 ? arguments->argv[0] : "status";

    if (strcmp(step, "request") == 0) {
        return request(admin, arguments);
    }
    if (strcmp(step, "install") == 0) {
        return install(admin, arguments);
    }
    if (strcmp(step, "retire") == 0) {
        return retire(admin, argument_plain(arguments, 1));
    }
    return strcmp(step, "status") == 0 ? status(admin) : refuse(admin, XCA_E_INVALID, "ca.rollover.step", step);
}
