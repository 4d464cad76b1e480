#include "operations/acceptance.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/sealing.h"
#include "wire/seal.h"

/* Between two looks at a request: an eighth of what it has waited already, so that no answer lies there for longer than that. */
#define LOOK_SHARE    8
#define SHORTEST_LOOK apr_time_from_msec(2)
#define LONGEST_LOOK  apr_time_from_msec(250)

apr_size_t xca_request_code_max(xca_request_kind kind) {
    return kind == XCA_REQUEST_CODE ? XCA_USER_CODE_MAX * 4 * 2 + 1 : XCA_USER_CODE_MAX * 4;
}

char *xca_request_binding(apr_pool_t *pool, const char *id, xca_request_kind kind,
                          const char *serial, const char *card_number) {
    return apr_pstrcat(pool, id, "\n", xca_request_kind_id(kind), "\n", serial ? serial : "", "\n",
                       card_number ? card_number : "", NULL);
}

xca_error_t *xca_request_prepare(xca_request_t **request, xca_office_t *office,
                                 xca_request_kind kind, const char *serial, const char *card_number,
                                 const xca_secret_t *code, const char *id, apr_time_t now,
                                 apr_pool_t *pool) {
    xca_signer_status_t status;
    xca_request_t *made = apr_pcalloc(pool, sizeof(*made));
    unsigned char *sealed;
    const char *binding;
    xca_error_t *err = xca_signer_status_read(&status, office->store, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return xca_error_make(pool, XCA_E_UNAVAILABLE, "signer.never-ran", NULL);
    }
    if (err != NULL) {
        return err;
    }
    if (code->length > xca_request_code_max(kind)) {
        return xca_error_field(pool, "code", "user-code.long", NULL);
    }
    binding = xca_request_binding(pool, id, kind, serial, card_number);
    sealed = apr_palloc(pool, code->length + XCA_SEAL_OVERHEAD);
    if (!xca_seal(sealed, code->bytes, code->length, status.seal_key, XCA_REQUEST_INFO,
                  (const unsigned char *)binding, strlen(binding))) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.seal", NULL);
    }
    made->id = id;
    made->kind = kind;
    made->state = XCA_REQUEST_WAITING;
    made->serial = xca_request_is_of_case(kind) ? NULL : serial;
    made->case_number = xca_request_is_of_case(kind) ? serial : NULL;
    made->card_number = card_number;
    made->sealed_code.data = sealed;
    made->sealed_code.length = code->length + XCA_SEAL_OVERHEAD;
    made->created = now;
    *request = made;
    return NULL;
}

xca_error_t *xca_request_hand_in(xca_office_t *office, const xca_request_t *request,
                                 apr_pool_t *pool) {
    xca_error_t *err = xca_request_add(office->store, request, pool);

    if (err != NULL && strcmp(err->message, "ldap.exists") == 0) {
        return NULL; /* the same form sent twice */
    }
    return err;
}

xca_error_t *xca_request_submit(xca_office_t *office, xca_request_kind kind, const char *serial,
                                const char *card_number, const xca_secret_t *code, const char *id,
                                apr_time_t now, apr_pool_t *pool) {
    xca_request_t *request;
    xca_error_t *err = xca_request_prepare(&request, office, kind, serial, card_number, code, id,
                                           now, pool);

    return err == NULL ? xca_request_hand_in(office, request, pool) : err;
}

xca_error_t *xca_request_await(xca_request_t **request, xca_office_t *office, const char *id,
                               apr_interval_time_t wait, apr_pool_t *pool) {
    apr_time_t began = apr_time_now();
    apr_pool_t *scratch;

    apr_pool_create(&scratch, pool);
    for (;;) {
        xca_error_t *err = xca_request_read(request, office->store, id, scratch);
        apr_interval_time_t waited = apr_time_now() - began, pause = waited / LOOK_SHARE;

        if (err != NULL || (*request)->state != XCA_REQUEST_WAITING || waited >= wait) {
            return err; /* scratch goes with the pool */
        }
        apr_pool_clear(scratch);
        pause = pause < SHORTEST_LOOK ? SHORTEST_LOOK : pause;
        apr_sleep(pause > LONGEST_LOOK ? LONGEST_LOOK : pause);
    }
}

xca_error_t *xca_signer_is_silent(int *silent, xca_office_t *office, apr_time_t now,
                                  apr_pool_t *pool) {
    xca_signer_status_t status;
    xca_error_t *err = xca_signer_status_read(&status, office->store, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *silent = 1;
        return NULL;
    }
    if (err != NULL) {
        return err;
    }
    *silent = now - status.alive > XCA_SIGNER_SILENT;
    return NULL;
}
