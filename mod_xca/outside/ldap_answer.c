/* What slapd answers: result codes as errors, messages as entries. */
#include "outside/ldap_link.h"

#include <string.h>
#include <apr_strings.h>

typedef struct code_meaning {
    int code;
    xca_error_kind kind;
    const char *message;
} code_meaning_t;

static const code_meaning_t meanings[] = {
    {LDAP_NO_SUCH_OBJECT, XCA_E_NOT_FOUND, "ldap.no-entry"},
    {LDAP_ALREADY_EXISTS, XCA_E_CONFLICT, "ldap.exists"},
    {LDAP_NO_SUCH_ATTRIBUTE, XCA_E_CONFLICT, "ldap.changed"},
    {LDAP_TYPE_OR_VALUE_EXISTS, XCA_E_CONFLICT, "ldap.changed"},
    {LDAP_ASSERTION_FAILED, XCA_E_CONFLICT, "ldap.changed"},
    {LDAP_INSUFFICIENT_ACCESS, XCA_E_DENIED, "ldap.access"},
    {LDAP_INVALID_CREDENTIALS, XCA_E_DENIED, "ldap.access"},
    {LDAP_BUSY, XCA_E_UNAVAILABLE, "ldap.down"},
    {LDAP_UNAVAILABLE, XCA_E_UNAVAILABLE, "ldap.down"},
    {LDAP_SERVER_DOWN, XCA_E_UNAVAILABLE, "ldap.down"},
    {LDAP_CONNECT_ERROR, XCA_E_UNAVAILABLE, "ldap.down"},
    {LDAP_TIMEOUT, XCA_E_UNAVAILABLE, "ldap.down"},
    {LDAP_UNWILLING_TO_PERFORM, XCA_E_UNAVAILABLE, "ldap.read-only"},
    {LDAP_REFERRAL, XCA_E_UNAVAILABLE, "ldap.read-only"},
    {LDAP_TIMELIMIT_EXCEEDED, XCA_E_TOO_LARGE, "ldap.limit"},
    {LDAP_SIZELIMIT_EXCEEDED, XCA_E_TOO_LARGE, "ldap.limit"},
};

static code_meaning_t meaning_of(int code, xca_ldap_doing doing) {
    code_meaning_t meaning = {code, XCA_E_INTERNAL, "ldap.fault"};
    apr_size_t i;

    if (doing == XCA_LDAP_WRITING && (code == LDAP_OTHER || code == LDAP_ADMINLIMIT_EXCEEDED)) {
        meaning.kind = XCA_E_UNAVAILABLE;
        meaning.message = "ldap.full";
        return meaning;
    }
    if (code == LDAP_ADMINLIMIT_EXCEEDED) {
        meaning.kind = XCA_E_TOO_LARGE;
        meaning.message = "ldap.limit";
        return meaning;
    }
    for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            return meanings[i];
        }
    }
    return meaning;
}

xca_error_t *xca_link_error(int code, xca_ldap_doing doing, const char *operation, const char *dn,
                            const char *text, apr_pool_t *pool) {
    code_meaning_t meaning = meaning_of(code, doing);

    if (code == LDAP_SUCCESS) {
        return NULL;
    }
    return xca_error_make(pool, meaning.kind, meaning.message, "%s %s: %s (%d)%s%s", operation, dn,
                          ldap_err2string(code), code, text != NULL && text[0] != '\0' ? ": " : "",
                          text != NULL ? text : "");
}

int xca_link_broken_by(int code) {
    switch (code) {
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
    case LDAP_TIMEOUT:
    case LDAP_UNAVAILABLE:
    case LDAP_DECODING_ERROR:
    case LDAP_ENCODING_ERROR:
    case LDAP_LOCAL_ERROR:
    case LDAP_NO_MEMORY:
        return 1;
    default:
        return 0;
    }
}

static void add_values(xca_entry_t *entry, const char *name, struct berval **values,
                       apr_pool_t *pool) {
    int i;

    for (i = 0; values != NULL && values[i] != NULL; i++) {
        xca_bytes_t value = {(const unsigned char *)values[i]->bv_val, values[i]->bv_len};

        xca_entry_add_bytes(pool, entry, name, value);
    }
}

xca_entry_t *xca_link_entry(LDAP *ld, LDAPMessage *message, apr_pool_t *pool) {
    BerElement *ber = NULL;
    char *dn = ldap_get_dn(ld, message);
    char *name;
    xca_entry_t *entry;

    if (dn == NULL) {
        return NULL;
    }
    entry = xca_entry_make(pool, dn);
    ldap_memfree(dn);
    for (name = ldap_first_attribute(ld, message, &ber); name != NULL;
         name = ldap_next_attribute(ld, message, ber)) {
        struct berval **values = ldap_get_values_len(ld, message, name);

        add_values(entry, name, values, pool);
        ldap_value_free_len(values);
        ldap_memfree(name);
    }
    ber_free(ber, 0);
    return entry;
}

/* SearchResultEntry of RFC 4511 section 4.5.2 as it stands in the control. */
static xca_entry_t *decode_entry(BerElement *ber, apr_pool_t *pool) {
    struct berval text;
    xca_entry_t *entry;
    ber_len_t length;
    ber_tag_t tag;
    char *last;

    if (ber_scanf(ber, "{m", &text) == LBER_ERROR) {
        return NULL;
    }
    entry = xca_entry_make(pool, apr_pstrmemdup(pool, text.bv_val, text.bv_len));
    for (tag = ber_first_element(ber, &length, &last); tag != LBER_DEFAULT;
         tag = ber_next_element(ber, &length, last)) {
        BerVarray values = NULL;
        const char *name;
        int i;

        if (ber_scanf(ber, "{m[W]}", &text, &values) == LBER_ERROR) {
            return NULL;
        }
        name = apr_pstrmemdup(pool, text.bv_val, text.bv_len);
        for (i = 0; values != NULL && values[i].bv_val != NULL; i++) {
            xca_bytes_t value = {(const unsigned char *)values[i].bv_val, values[i].bv_len};

            xca_entry_add_bytes(pool, entry, name, value);
        }
        ber_bvarray_free(values);
    }
    return entry;
}

xca_entry_t *xca_link_post_read(LDAPControl **controls, apr_pool_t *pool) {
    LDAPControl *control = ldap_control_find(LDAP_CONTROL_POST_READ, controls, NULL);
    BerElement *ber;
    xca_entry_t *entry;

    if (control == NULL) {
        return NULL;
    }
    ber = ber_init(&control->ldctl_value);
    if (ber == NULL) {
        return NULL;
    }
    entry = decode_entry(ber, pool);
    ber_free(ber, 1);
    return entry;
}
