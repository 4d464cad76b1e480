/* Entries, changes and escaping: the part of the LDAP client that needs no connection. */
#include "outside/ldap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_encode.h>
#include <apr_strings.h>
#include "outside/ldap_changes.h"

static xca_bytes_t copy_value(apr_pool_t *pool, xca_bytes_t value) {
    unsigned char *data = apr_palloc(pool, value.length + 1);
    xca_bytes_t copy = {data, value.length};

    if (value.length > 0) {
        memcpy(data, value.data, value.length);
    }
    data[value.length] = '\0';
    return copy;
}

static xca_bytes_t text_bytes(const char *text) {
    xca_bytes_t bytes = {(const unsigned char *)text, strlen(text)};

    return bytes;
}

/* Arrays of values are grown by doubling: `count` values are there, room is the next power of two. */
static xca_bytes_t *append_value(apr_pool_t *pool, xca_bytes_t *values, int count,
                                 xca_bytes_t value) {
    if ((count & (count - 1)) == 0) {
        xca_bytes_t *larger = apr_palloc(pool, (apr_size_t)(count ? 2 * count : 1) * sizeof(*values));

        if (count > 0) {
            memcpy(larger, values, (apr_size_t)count * sizeof(*values));
        }
        values = larger;
    }
    values[count] = copy_value(pool, value);
    return values;
}

xca_entry_t *xca_entry_make(apr_pool_t *pool, const char *dn) {
    xca_entry_t *entry = apr_pcalloc(pool, sizeof(*entry));

    entry->dn = apr_pstrdup(pool, dn);
    entry->attrs = apr_array_make(pool, 16, sizeof(xca_attr_t));
    return entry;
}

const xca_attr_t *xca_entry_attr(const xca_entry_t *entry, const char *name) {
    int i;

    for (i = 0; i < entry->attrs->nelts; i++) {
        const xca_attr_t *attr = &APR_ARRAY_IDX(entry->attrs, i, xca_attr_t);

        if (strcasecmp(attr->name, name) == 0) {
            return attr;
        }
    }
    return NULL;
}

void xca_entry_add_bytes(apr_pool_t *pool, xca_entry_t *entry, const char *name,
                         xca_bytes_t value) {
    xca_attr_t *attr = (xca_attr_t *)xca_entry_attr(entry, name);

    if (value.length == 0) {
        return;
    }
    if (attr == NULL) {
        attr = apr_array_push(entry->attrs);
        attr->name = apr_pstrdup(pool, name);
        attr->count = 0;
        attr->values = NULL;
    }
    attr->values = append_value(pool, attr->values, attr->count, value);
    attr->count++;
}

void xca_entry_add(apr_pool_t *pool, xca_entry_t *entry, const char *name, const char *text) {
    if (text == NULL || text[0] == '\0') {
        return;
    }
    xca_entry_add_bytes(pool, entry, name, text_bytes(text));
}

xca_bytes_t xca_entry_bytes(const xca_entry_t *entry, const char *name) {
    const xca_attr_t *attr = xca_entry_attr(entry, name);
    xca_bytes_t none = {NULL, 0};

    return attr != NULL && attr->count > 0 ? attr->values[0] : none;
}

const char *xca_entry_text(const xca_entry_t *entry, const char *name) {
    xca_bytes_t value = xca_entry_bytes(entry, name);

    if (value.length == 0 || memchr(value.data, '\0', value.length) != NULL) {
        return NULL;
    }
    return (const char *)value.data;
}

long xca_entry_number(const xca_entry_t *entry, const char *name, long fallback) {
    const char *text = xca_entry_text(entry, name);
    char *end;
    long number;

    if (text == NULL || strchr("-0123456789", text[0]) == NULL) {
        return fallback;
    }
    errno = 0;
    number = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' ? number : fallback;
}

/* SAFE-STRING of RFC 2849 that does not end in a space: what needs no base64. */
static int is_safe(xca_bytes_t value) {
    apr_size_t i;

    for (i = 0; i < value.length; i++) {
        unsigned char c = value.data[i];

        if (c == 0 || c == '\n' || c == '\r' || c > 127 ||
            (i == 0 && (c == ' ' || c == ':' || c == '<')) || (i + 1 == value.length && c == ' ')) {
            return 0;
        }
    }
    return 1;
}

static void add_ldif_line(apr_array_header_t *parts, const char *name, xca_bytes_t value) {
    apr_pool_t *pool = parts->pool;

    APR_ARRAY_PUSH(parts, const char *) = name;
    if (is_safe(value)) {
        APR_ARRAY_PUSH(parts, const char *) = ": ";
        APR_ARRAY_PUSH(parts, const char *) =
            apr_pstrmemdup(pool, (const char *)value.data, value.length);
    } else {
        APR_ARRAY_PUSH(parts, const char *) = ":: ";
        APR_ARRAY_PUSH(parts, const char *) = apr_pencode_base64_binary(
            pool, value.data, (apr_ssize_t)value.length, APR_ENCODE_NONE, NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) = "\n";
}

char *xca_entry_ldif(apr_pool_t *pool, const xca_entry_t *entry) {
    apr_array_header_t *parts = apr_array_make(pool, 128, sizeof(char *));
    int i, j;

    add_ldif_line(parts, "dn", text_bytes(entry->dn));
    for (i = 0; i < entry->attrs->nelts; i++) {
        const xca_attr_t *attr = &APR_ARRAY_IDX(entry->attrs, i, xca_attr_t);

        for (j = 0; j < attr->count; j++) {
            add_ldif_line(parts, attr->name, attr->values[j]);
        }
    }
    APR_ARRAY_PUSH(parts, const char *) = "\n";
    return apr_array_pstrcat(pool, parts, '\0');
}

xca_changes_t *xca_changes_make(apr_pool_t *pool) {
    xca_changes_t *changes = apr_pcalloc(pool, sizeof(*changes));

    changes->pool = pool;
    changes->list = apr_array_make(pool, 8, sizeof(xca_change_t));
    return changes;
}

static xca_change_t *push_change(xca_changes_t *changes, xca_change_op op, const char *name) {
    xca_change_t *change = apr_array_push(changes->list);

    memset(change, 0, sizeof(*change));
    change->op = op;
    change->name = apr_pstrdup(changes->pool, name);
    return change;
}

void xca_changes_add_bytes(xca_changes_t *changes, xca_change_op op, const char *name,
                           xca_bytes_t value) {
    xca_change_t *change = push_change(changes, op, name);

    change->values = append_value(changes->pool, NULL, 0, value);
    change->count = 1;
}

void xca_changes_add(xca_changes_t *changes, xca_change_op op, const char *name, const char *text) {
    if (text == NULL) {
        push_change(changes, op, name);
        return;
    }
    xca_changes_add_bytes(changes, op, name, text_bytes(text));
}

void xca_changes_more(xca_changes_t *changes, const char *text) {
    xca_change_t *last =
        &APR_ARRAY_IDX(changes->list, changes->list->nelts - 1, xca_change_t);

    last->values = append_value(changes->pool, last->values, last->count, text_bytes(text));
    last->count++;
}

void xca_changes_more_bytes(xca_changes_t *changes, xca_bytes_t value) {
    xca_change_t *last = &APR_ARRAY_IDX(changes->list, changes->list->nelts - 1, xca_change_t);

    last->values = append_value(changes->pool, last->values, last->count, value);
    last->count++;
}

int xca_changes_empty(const xca_changes_t *changes) {
    return changes->list->nelts == 0;
}

char *xca_filter_escape(apr_pool_t *pool, const char *value) {
    static const char digits[] = "0123456789abcdef";
    char *escaped = apr_palloc(pool, 3 * strlen(value) + 1);
    char *to = escaped;

    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;

        if (c == '*' || c == '(' || c == ')' || c == '\\' || c < 0x20 || c == 0x7f) {
            *to++ = '\\';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        } else {
            *to++ = (char)c;
        }
    }
    *to = '\0';
    return escaped;
}

char *xca_dn_escape(apr_pool_t *pool, const char *value) {
    static const char digits[] = "0123456789abcdef";
    char *escaped = apr_palloc(pool, 3 * strlen(value) + 1);
    char *to = escaped;
    const char *at;

    for (at = value; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        int edge = (c == ' ' && (at == value || at[1] == '\0')) || (c == '#' && at == value);

        if (c < 0x20 || c == 0x7f) {
            *to++ = '\\';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
            continue;
        }
        if (edge || strchr(",+\"\\<>;=", c) != NULL) {
            *to++ = '\\';
        }
        *to++ = (char)c;
    }
    *to = '\0';
    return escaped;
}
