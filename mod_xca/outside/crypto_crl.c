/* The full revocation list (RFC 5280 section 5), written in one pass over the sorted entries: OpenSSL's list
 * of entries takes seconds and hundreds of megabytes for a million. */
#include <stdlib.h>
#include <string.h>
#include "outside/crypto_tbs.h"

/* crlEntryExtensions with a reasonCode (section 5.3.1); the last byte is the reason. */
static const unsigned char reason_extension[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                                 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01, 0x00};

/* Room for the longest entry: SEQUENCE, INTEGER of 21 bytes, GeneralizedTime, reason. */
#define ENTRY_MAX (2 + 2 + XCA_SERIAL_MAX + 1 + 2 + 15 + sizeof(reason_extension))

static int compare_serials(const void *left, const void *right) {
    const xca_crl_entry_t *a = left, *b = right;

    if (a->serial_length != b->serial_length) {
        return a->serial_length < b->serial_length ? -1 : 1;
    }
    return memcmp(a->serial, b->serial, a->serial_length);
}

/* Writes an entry; every length in it is below 128, one byte. Returns the bytes written. */
static apr_size_t write_entry(unsigned char *to, const xca_crl_entry_t *entry) {
    const unsigned char *serial = entry->serial;
    apr_size_t length = entry->serial_length, used = 2;
    char time[16];
    int time_tag = xca_der_time_text(time, entry->when);
    apr_size_t time_length = strlen(time);

    while (length > 1 && serial[0] == 0) {
        serial++;
        length--;
    }
    to[used++] = XCA_DER_INTEGER;
    to[used++] = (unsigned char)(length + (serial[0] >= 0x80));
    if (serial[0] >= 0x80) {
        to[used++] = 0;
    }
    memcpy(to + used, serial, length);
    used += length;
    to[used++] = (unsigned char)time_tag;
    to[used++] = (unsigned char)time_length;
    memcpy(to + used, time, time_length);
    used += time_length;
    if (entry->reason != XCA_REASON_UNSPECIFIED) {
        memcpy(to + used, reason_extension, sizeof(reason_extension));
        used += sizeof(reason_extension);
        to[used - 1] = entry->reason;
    }
    to[0] = XCA_DER_SEQUENCE;
    to[1] = (unsigned char)(used - 2);
    return used;
}

static xca_error_t *check_entry(const xca_crl_entry_t *entries, apr_size_t i, apr_pool_t *pool) {
    const xca_crl_entry_t *entry = &entries[i];

    if (entry->serial_length == 0 || entry->serial_length > XCA_SERIAL_MAX ||
        entry->reason > 10 || entry->reason == 7 || entry->reason == 8) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crl.entry", "serial of %d bytes, reason %d",
                              entry->serial_length, entry->reason);
    }
    if (i > 0 && compare_serials(entry - 1, entry) == 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crl.entry", "serial %s twice",
                              xca_text_hex(pool, entry->serial, entry->serial_length));
    }
    return NULL;
}

/* All entries one behind the other: the content of revokedCertificates. */
static xca_error_t *write_entries(xca_bytes_t *content, xca_crl_entry_t *entries, apr_size_t count,
                                  apr_pool_t *pool) {
    unsigned char *to = apr_palloc(pool, count * ENTRY_MAX + 1);
    apr_size_t used = 0, i;

    if (count > 0) { /* an empty list may have no array at all */
        qsort(entries, count, sizeof(*entries), compare_serials);
    }
    for (i = 0; i < count; i++) {
        xca_error_t *err = check_entry(entries, i, pool);

        if (err != NULL) {
            return err;
        }
        used += write_entry(to + used, &entries[i]);
    }
    content->data = to;
    content->length = used;
    return NULL;
}

static void put_extensions(xca_der_t *der, const xca_ca_t *ca, apr_uint64_t number) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_authority_key_id(der, ca->key_id);
    xca_tbs_extension_open(der, "2.5.29.20", 0);
    xca_der_put_number(der, number);
    xca_tbs_extension_close(der);
    xca_der_close(der);
    xca_der_close(der);
}

static xca_error_t *build(xca_bytes_t *tbs, const xca_ca_t *ca, xca_bytes_t content,
                          apr_uint64_t number, apr_time_t this_update, apr_time_t next_update,
                          apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, 1);
    xca_tbs_put_algorithm(der, ca->key);
    xca_der_put_raw(der, ca->name);
    xca_der_put_time(der, this_update);
    xca_der_put_time(der, next_update);
    if (content.length > 0) {
        xca_der_put(der, XCA_DER_SEQUENCE, content.data, content.length);
    }
    put_extensions(der, ca, number);
    xca_der_close(der);
    return xca_der_finish(tbs, der, pool);
}

xca_error_t *xca_ca_crl(xca_bytes_t *list, const xca_ca_t *ca, xca_crl_entry_t *entries,
                        apr_size_t count, apr_uint64_t number, apr_time_t this_update,
                        apr_time_t next_update, apr_pool_t *pool) {
    apr_pool_t *scratch; /* a list of a million is 40 MB: nothing but the result may stay */
    xca_bytes_t content, tbs;
    xca_error_t *err;

    apr_pool_create(&scratch, pool);
    err = write_entries(&content, entries, count, scratch);
    if (err == NULL) {
        err = build(&tbs, ca, content, number, this_update, next_update, scratch);
    }
    if (err != NULL) {
        return err; /* lives in scratch, which goes with pool */
    }
    err = xca_tbs_sign(list, tbs, ca->key, pool);
    apr_pool_destroy(scratch);
    return err;
}
