/* Distinguished names from RFC 4514 text, for the set-up certificates. */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_tbs.h"

#define PARTS 20

/* RFC 4514 section 3 and RFC 4519; the string type of RFC 5280 section 4.1.2.4 and appendix A. */
static const struct attribute_type {
    const char *name, *oid;
    int tag;
} types[] = {{"C", "2.5.4.6", XCA_DER_PRINTABLE},
             {"O", "2.5.4.10", XCA_DER_UTF8},
             {"OU", "2.5.4.11", XCA_DER_UTF8},
             {"CN", "2.5.4.3", XCA_DER_UTF8},
             {"L", "2.5.4.7", XCA_DER_UTF8},
             {"ST", "2.5.4.8", XCA_DER_UTF8},
             {"STREET", "2.5.4.9", XCA_DER_UTF8},
             {"serialNumber", "2.5.4.5", XCA_DER_PRINTABLE},
             {"DC", "0.9.2342.19200300.100.1.25", XCA_DER_IA5},
             {"UID", "0.9.2342.19200300.100.1.1", XCA_DER_UTF8},
             {NULL, NULL, 0}};

typedef struct name_part {
    const struct attribute_type *type;
    const char *value;
} name_part_t;

static const struct attribute_type *find_type(const char *name, apr_size_t length) {
    const struct attribute_type *type;

    for (type = types; type->name != NULL; type++) {
        if (strlen(type->name) == length && strncasecmp(type->name, name, length) == 0) {
            return type;
        }
    }
    return NULL;
}

/* Reads what follows a backslash (RFC 4514 section 2.4): a special character or two hex digits; -1 if
 * it is neither. */
static int take_escaped(const char **at, apr_pool_t *pool) {
    if (**at != '\0' && strchr(" \"#+,;<=>\\", **at) != NULL) {
        return (unsigned char)*(*at)++;
    }
    if (**at != '\0' && (*at)[1] != '\0') {
        xca_bytes_t *byte = xca_text_unhex(pool, apr_pstrmemdup(pool, *at, 2));

        *at += 2;
        return byte != NULL && byte->length == 1 ? byte->data[0] : -1;
    }
    return -1;
}

/* Reads the value up to the next comma that is not escaped; NULL if it is malformed. */
static const char *take_value(const char **at, apr_pool_t *pool) {
    char *value = apr_palloc(pool, strlen(*at) + 1);
    apr_size_t used = 0, keep = 0;

    while (**at == ' ') {
        (*at)++;
    }
    while (**at != '\0' && **at != ',') {
        int escaped = **at == '\\';
        int c = (unsigned char)*(*at)++;

        c = escaped ? take_escaped(at, pool) : c;
        if (c <= 0 || (!escaped && strchr("\"+;<>", c) != NULL)) {
            return NULL;
        }
        value[used++] = (char)c;
        keep = escaped || c != ' ' ? used : keep;
    }
    value[keep] = '\0';
    return keep > 0 && xca_text_valid(value, keep, 0) ? value : NULL;
}

static int take_part(name_part_t *part, const char **at, apr_pool_t *pool) {
    const char *equals;

    while (**at == ' ') {
        (*at)++;
    }
    equals = strchr(*at, '=');
    if (equals == NULL) {
        return 0;
    }
    part->type = find_type(*at, (apr_size_t)(equals - *at));
    *at = equals + 1;
    part->value = take_value(at, pool);
    return part->type != NULL && part->value != NULL;
}

xca_error_t *xca_tbs_name(xca_bytes_t *name, const char *text, apr_pool_t *pool) {
    name_part_t parts[PARTS];
    const char *at = text;
    xca_der_t *der = xca_der_make(pool);
    int count = 0, more = *text != '\0';

    while (more) {
        if (count == PARTS || !take_part(&parts[count], &at, pool)) {
            xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "name.malformed", "%s", text);

            err->arg = apr_pstrdup(pool, text);
            return err;
        }
        count++;
        more = *at == ',';
        at += more;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    while (count-- > 0) {
        xca_tbs_put_rdn(der, parts[count].type->oid, parts[count].type->tag, parts[count].value);
    }
    xca_der_close(der);
    return xca_der_finish(name, der, pool);
}
