#include "portal/code_door.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/source_store.h"
#include "domain/codes.h"
#include "outside/crypto.h"
#include "portal/engine.h"

const char *xca_code_door_source(const xca_visit_t *visit) {
    const char *text = apr_pstrcat(visit->pool, "xca-source-1\n", xca_limit_source(visit->request->client, visit->pool), "\n", NULL);
    unsigned char mac[32];

    xca_hmac(mac, visit->portal->key, text, strlen(text));
    return xca_text_hex(visit->pool, mac, sizeof(mac));
}

static xca_error_t *locked(const xca_visit_t *visit, apr_time_t until) {
    xca_error_t *err = xca_error_make(visit->pool, XCA_E_LOCKED, "code.source-locked", NULL);

    err->arg = apr_psprintf(visit->pool, "%d", (int)((apr_time_sec(until - visit->now) + 59) / 60));
    return err;
}

xca_error_t *xca_code_door_open(xca_visit_t *visit) {
    apr_time_t until;
    xca_error_t *err =
        xca_source_locked(&until, visit->office->store, xca_code_door_source(visit), visit->pool);

    return err == NULL && until > visit->now ? locked(visit, until) : err;
}

xca_error_t *xca_code_door_take(xca_secret_t **code, xca_visit_t *visit, const char *field) {
    xca_error_t *err;

    *code = xca_form_secret(visit->form, field, visit->pool);
    if (*code == NULL) {
        return xca_error_field(visit->pool, field, "field.required", NULL);
    }
    err = xca_user_code_check(*code, field, visit->pool);
    if (err == NULL) {
        err = xca_code_door_open(visit);
        if (err != NULL && err->kind == XCA_E_LOCKED) {
            err->field = field;
        }
    }
    return err;
}

static int is_wrong_code(const xca_error_t *err) {
    return strcmp(err->message, "code.wrong") == 0 || strcmp(err->message, "cmp.secret") == 0 || strcmp(err->message, "code.wrong-case") == 0 ||
           strcmp(err->message, "code.locked") == 0 ||
           strcmp(err->message, "code.locked-for-good") == 0;
}

xca_error_t *xca_code_door_close(xca_visit_t *visit, xca_error_t *err) {
    const char *source;
    apr_time_t until = visit->now + XCA_SOURCE_LOCK_TIME;
    xca_error_t *fault;
    int tries;

    if (err == NULL || !is_wrong_code(err)) {
        return err;
    }
    source = xca_code_door_source(visit);
    fault = xca_source_wrong(&tries, visit->office->store, source, visit->now, XCA_SOURCE_WINDOW,
                             visit->pool);
    if (fault == NULL && tries >= XCA_SOURCE_TRIES) {
        fault = xca_source_lock(visit->office->store, source, until, visit->pool);
        if (fault == NULL) {
            fault = locked(visit, until);
            fault->field = err->field;
        }
    }
    return fault != NULL ? fault : err;
}
