#include "domain/certificate.h"

#include <string.h>

static const char *const use_ids[XCA_USE_COUNT] = {"signature", "encryption", "card-auth"};
static const char *const state_ids[XCA_CERT_STATE_COUNT] = {"pending", "valid", "suspended",
                                                            "revoked"};

/* The place of `id` among `count` names; `count` if it is none of them or NULL. */
static int place_of(const char *id, const char *const *ids, int count) {
    int i;

    for (i = 0; i < count; i++) {
        if (id != NULL && strcmp(id, ids[i]) == 0) {
            return i;
        }
    }
    return count;
}

const char *xca_use_id(xca_use use) {
    return use_ids[use];
}

xca_use xca_use_by_id(const char *id) {
    return (xca_use)place_of(id, use_ids, XCA_USE_COUNT);
}

const char *xca_cert_state_id(xca_cert_state state) {
    return state_ids[state];
}

xca_cert_state xca_cert_state_by_id(const char *id) {
    return (xca_cert_state)place_of(id, state_ids, XCA_CERT_STATE_COUNT);
}

/* RFC 5280 section 4.1.2.5: the validity includes notAfter itself. */
static int is_expired(const xca_cert_t *cert, apr_time_t now) {
    return now > cert->not_after;
}

const char *xca_cert_shown(const xca_cert_t *cert, apr_time_t now) {
    if (is_expired(cert, now) &&
        (cert->state == XCA_CERT_VALID || cert->state == XCA_CERT_SUSPENDED)) {
        return "expired";
    }
    return xca_cert_state_id(cert->state);
}

int xca_cert_listed(const xca_cert_t *cert, apr_time_t since) {
    if (is_expired(cert, since)) {
        return 0;
    }
    return cert->state == XCA_CERT_REVOKED ||
           (cert->state == XCA_CERT_SUSPENDED && cert->published);
}
