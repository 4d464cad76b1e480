#include "portal/page_cmp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "operations/cmp.h"
#include "portal/api.h"
#include "portal/code_door.h"
#include "portal/engine.h"

#define TYPE "application/pkixcmp"

/* Operation labels, RFC 9483 section 6.1: of what is answered here. The message itself says what it is. */
static const char *const operations[] = {"initialization", "certification", "keyupdate", "pkcs10", "revocation", "getcacerts", NULL};

static xca_error_t *check_operation(xca_visit_t *visit) {
    int i;

    for (i = 0; visit->arg != NULL && operations[i] != NULL; i++) {
        if (strcmp(visit->arg, operations[i]) == 0) {
            return NULL;
        }
    }
    return visit->arg == NULL ? NULL : xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->request->path);
}

static xca_error_t *check_type(xca_visit_t *visit) {
    const char *type = visit->request->content_type;
    xca_error_t *err;

    if (type != NULL && strncasecmp(type, TYPE, strlen(TYPE)) == 0 && strchr("; \t", type[strlen(TYPE)]) != NULL) {
        return NULL;
    }
    err = xca_error_make(visit->pool, XCA_E_TYPE, "api.type", NULL);
    err->arg = TYPE;
    return err;
}

static xca_error_t *tell(xca_visit_t *visit, xca_error_t *err) {
    xca_log_error(visit->request->path, err);
    visit->status = err->kind == XCA_E_INVALID ? 400 : xca_status_of(err);
    if (err->kind == XCA_E_LOCKED || err->kind == XCA_E_UNAVAILABLE) {
        apr_table_setn(visit->headers, "Retry-After", err->kind == XCA_E_LOCKED ? "60" : "30");
    }
    xca_visit_give_text(visit, xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool), "text/plain; charset=utf-8");
    return NULL;
}

/* Who protects by a secret could guess: wrong ones are counted by address, as wrong user codes are. */
static xca_error_t *open_door(xca_visit_t *visit, xca_bytes_t message) {
    xca_cmp_message_t *read;

    return xca_cmp_read(&read, message, visit->pool) == NULL && read->is_mac ? xca_code_door_open(visit) : NULL;
}

/* What was refused is told already: an address that is locked now hears of it with its next message. */
static void close_door(xca_visit_t *visit, xca_error_t *refused) {
    xca_error_t *err = xca_code_door_close(visit, refused);

    if (err != refused) {
        xca_log_error(visit->request->path, err);
    }
}

xca_error_t *xca_page_cmp(xca_visit_t *visit) {
    const xca_cmp_service_t service = {visit->office, visit->portal->cmp_signer, visit->portal->texts, visit->language,
                                       atoi(visit->portal->enrol_retry)};
    const xca_bytes_t message = {(const unsigned char *)visit->request->body, visit->request->body_length};
    xca_bytes_t answer;
    xca_error_t *refused = NULL, *err = check_operation(visit);

    if (err == NULL) {
        err = check_type(visit);
    }
    if (err == NULL) {
        err = xca_api_limit(visit);
    }
    if (err == NULL) {
        err = open_door(visit, message);
    }
    if (err == NULL) {
        err = xca_cmp_answer(&answer, &refused, &service, message, visit->now, visit->pool);
    }
    if (err != NULL) {
        return tell(visit, err);
    }
    if (refused != NULL) {
        close_door(visit, refused);
        xca_log_error(visit->request->path, refused);
    }
    /* The next message comes when the device has waited: a connection kept until then would be one that was closed meanwhile, which OpenSSL's
     * client takes for a failure. */
    apr_table_setn(visit->headers, "Connection", "close");
    xca_visit_give(visit, answer, TYPE);
    return NULL;
}
