/* The lint's rules of encoding: X.690, the distinguished encoding rules. */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_lint_rule.h"

#define DEPTH 24

xca_der_at_t xca_lint_raw_begin(const xca_linted_t *linted) {
    xca_der_at_t at = xca_der_at(linted->extensions.content), none = {NULL, NULL};
    xca_der_item_t list;

    if (linted->extensions.tag == 0 || !xca_der_take(&at, XCA_DER_SEQUENCE, &list)) {
        return none;
    }
    return xca_der_at(list.content);
}

int xca_lint_raw_next(xca_der_at_t *at, xca_lint_raw_extension_t *extension) {
    xca_der_item_t item;
    xca_der_at_t inner;

    memset(extension, 0, sizeof(*extension));
    if (at->at == NULL || !xca_der_take(at, XCA_DER_SEQUENCE, &item)) {
        return 0;
    }
    inner = xca_der_at(item.content);
    return xca_der_take(&inner, XCA_DER_OID, &extension->oid) &&
           (xca_der_peek(&inner) != 0x01 || xca_der_next(&inner, &extension->critical)) &&
           xca_der_take(&inner, XCA_DER_OCTET_STRING, &extension->value);
}

/* Whether a value is encoded as it must be. */
typedef int fine_t(const xca_der_item_t *item);

/* The first value that is not, as hex. */
static const char *look(xca_bytes_t bytes, fine_t *fine, int depth, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(bytes);
    xca_der_item_t item;

    while (xca_der_next(&at, &item)) {
        const char *found = NULL;

        if (!fine(&item)) {
            found = xca_text_hex(pool, item.whole.data, item.whole.length < 24 ? item.whole.length : 24);
        } else if ((item.tag & 0x20) != 0 && depth > 0) {
            found = look(item.content, fine, depth - 1, pool);
        }
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* The certificate, and what is inside its extensions. */
static const char *look_at_all(const xca_linted_t *linted, fine_t *fine) {
    const char *found = look(linted->der, fine, DEPTH, linted->pool);
    xca_lint_raw_extension_t extension;
    xca_der_at_t at = xca_lint_raw_begin(linted);

    while (found == NULL && xca_lint_raw_next(&at, &extension)) {
        found = look(extension.value.content, fine, DEPTH, linted->pool);
    }
    return found;
}

const char *xca_rule_der_strict(const xca_linted_t *linted) {
    xca_lint_raw_extension_t extension;
    xca_der_at_t at;

    if (!linted->readable || !xca_der_well_formed(linted->der, DEPTH)) {
        return "";
    }
    at = xca_lint_raw_begin(linted);
    while (at.at != NULL && !xca_der_ended(&at)) {
        if (!xca_lint_raw_next(&at, &extension)) {
            return "extension";
        }
        if (!xca_der_well_formed(extension.value.content, DEPTH)) {
            const char *oid = xca_der_oid_text(linted->pool, extension.oid.content);

            return oid != NULL ? oid : "extension";
        }
    }
    return NULL;
}

static int fine_boolean(const xca_der_item_t *item) {
    return item->tag != 0x01 ||
           (item->content.length == 1 && (item->content.data[0] == 0 || item->content.data[0] == 0xff));
}

const char *xca_rule_der_boolean(const xca_linted_t *linted) {
    return look_at_all(linted, fine_boolean);
}

static int fine_integer(const xca_der_item_t *item) {
    const unsigned char *bytes = item->content.data;
    apr_size_t length = item->content.length;

    if (item->tag != 0x02) {
        return 1;
    }
    return length > 0 && (length == 1 || !((bytes[0] == 0 && bytes[1] < 0x80) || (bytes[0] == 0xff && bytes[1] >= 0x80)));
}

const char *xca_rule_der_integer(const xca_linted_t *linted) {
    return look_at_all(linted, fine_integer);
}

static int fine_bits(const xca_der_item_t *item) {
    const unsigned char *bytes = item->content.data;
    apr_size_t length = item->content.length;

    if (item->tag != XCA_DER_BIT_STRING) {
        return 1;
    }
    return length > 0 && bytes[0] < 8 && (length > 1 || bytes[0] == 0) &&
           (bytes[length - 1] & ((1 << bytes[0]) - 1) & (length > 1 ? 0xff : 0)) == 0;
}

const char *xca_rule_der_bits(const xca_linted_t *linted) {
    return look_at_all(linted, fine_bits);
}

static int fine_oid(const xca_der_item_t *item) {
    const unsigned char *bytes = item->content.data;
    apr_size_t length = item->content.length, i;

    if (item->tag != XCA_DER_OID) {
        return 1;
    }
    for (i = 0; i < length; i++) {
        if (bytes[i] == 0x80 && (i == 0 || bytes[i - 1] < 0x80)) {
            return 0; /* an arc that begins with zeros */
        }
    }
    return length > 0 && bytes[length - 1] < 0x80;
}

const char *xca_rule_der_oid(const xca_linted_t *linted) {
    return look_at_all(linted, fine_oid);
}

/* X.690 clause 11.6: the elements of a SET OF ascend as byte strings, the shorter one padded with zeros. */
static int fine_set(const xca_der_item_t *item) {
    xca_der_at_t at = xca_der_at(item->content);
    xca_der_item_t one, before = {0};

    if (item->tag != XCA_DER_SET) {
        return 1;
    }
    while (xca_der_next(&at, &one)) {
        if (before.tag != 0) {
            apr_size_t shorter = before.whole.length < one.whole.length ? before.whole.length : one.whole.length;
            int order = memcmp(before.whole.data, one.whole.data, shorter);

            if (order > 0 || (order == 0 && before.whole.length > one.whole.length)) {
                return 0;
            }
        }
        before = one;
    }
    return 1;
}

const char *xca_rule_der_set(const xca_linted_t *linted) {
    return look_at_all(linted, fine_set);
}

const char *xca_rule_der_default(const xca_linted_t *linted) {
    xca_lint_raw_extension_t extension;
    xca_der_at_t at = xca_der_at(linted->version.content);
    xca_der_item_t number;

    if (linted->version.tag != 0 && xca_der_next(&at, &number) && number.content.length == 1 && number.content.data[0] == 0) {
        return "version";
    }
    at = xca_lint_raw_begin(linted);
    while (xca_lint_raw_next(&at, &extension)) {
        if (extension.critical.tag != 0 && extension.critical.content.length == 1 && extension.critical.content.data[0] == 0) {
            return "critical";
        }
        if (xca_der_oid_is(extension.oid.content, "2.5.29.19") && extension.value.content.length >= 5 &&
            memcmp(extension.value.content.data + 2, "\x01\x01\x00", 3) == 0) {
            return "cA";
        }
    }
    return NULL;
}

const char *xca_rule_named_bits(const xca_linted_t *linted) {
    xca_lint_raw_extension_t extension;
    xca_der_at_t at = xca_lint_raw_begin(linted), inner;
    xca_der_item_t bits;

    while (xca_lint_raw_next(&at, &extension)) {
        if (!xca_der_oid_is(extension.oid.content, "2.5.29.15")) {
            continue;
        }
        inner = xca_der_at(extension.value.content);
        if (!xca_der_take(&inner, XCA_DER_BIT_STRING, &bits) || bits.content.length < 2 || bits.content.data[0] > 7 ||
            (bits.content.data[bits.content.length - 1] >> bits.content.data[0] & 1) == 0) {
            return xca_text_hex(linted->pool, extension.value.content.data,
                                extension.value.content.length < 8 ? extension.value.content.length : 8);
        }
    }
    return NULL;
}
