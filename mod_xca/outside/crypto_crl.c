/* Revocation lists (RFC 5280 section 5), written in one pass over the sorted entries into one piece of memory: OpenSSL's list of
 * entries takes seconds and hundreds of megabytes for a million. What stands before the entries has lengths in it that are known
 * only behind them, so it is written backwards into room that was left for it. */
#include <stdlib.h>
#include <string.h>
#include "outside/crypto_lint.h"
#include "outside/crypto_tbs.h"

/* crlEntryExtensions with a reasonCode (section 5.3.1); the last byte is the reason. */
static const unsigned char reason_extension[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                                 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01, 0x00};

/* Room for the longest entry: SEQUENCE, INTEGER of 21 bytes, GeneralizedTime, reason. */
#define ENTRY_MAX (2 + 2 + XCA_SERIAL_MAX + 1 + 2 + 15 + sizeof(reason_extension))

#define HEADER_MAX    (2 + 4) /* of a value */
#define SIGNATURE_MAX 1024

/* The list while it grows: [start, end) of `room` bytes is written. */
typedef struct {
    unsigned char *data;
    apr_size_t start, end, room;
} sheet_t;

static apr_status_t free_sheet(void *data) {
    free(data);
    return APR_SUCCESS;
}

/* malloc and not the pool: it goes back to the system with the list. What is not written costs no memory. */
static xca_error_t *make_sheet(sheet_t *sheet, apr_size_t before, apr_size_t room, apr_pool_t *pool) {
    sheet->data = malloc(before + room);
    if (sheet->data == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.der", "no memory for a list");
    }
    sheet->start = sheet->end = before;
    sheet->room = before + room;
    apr_pool_cleanup_register(pool, sheet->data, free_sheet, apr_pool_cleanup_null);
    return NULL;
}

static void append(sheet_t *sheet, const void *data, apr_size_t length) {
    memcpy(sheet->data + sheet->end, data, length);
    sheet->end += length;
}

static void prepend(sheet_t *sheet, const void *data, apr_size_t length) {
    sheet->start -= length;
    memcpy(sheet->data + sheet->start, data, length);
}

/* The header of what is written so far. */
static void prepend_header(sheet_t *sheet, int tag) {
    apr_size_t length = sheet->end - sheet->start, rest;
    unsigned char header[HEADER_MAX], *at = header + sizeof(header);
    unsigned char bytes = 0;

    for (rest = length; length >= 0x80 && rest > 0; rest >>= 8) {
        *--at = (unsigned char)rest;
        bytes++;
    }
    *--at = (unsigned char)(bytes > 0 ? 0x80 | bytes : length);
    *--at = (unsigned char)tag;
    prepend(sheet, at, (apr_size_t)(header + sizeof(header) - at));
}

/* As numbers: without leading zeros, a longer one is larger. */
static int compare_serials(const void *left, const void *right) {
    const xca_crl_entry_t *a = left, *b = right;
    const unsigned char *at = a->serial, *bt = b->serial;
    apr_size_t a_length = a->serial_length, b_length = b->serial_length;

    for (; a_length > 1 && *at == 0; a_length--) {
        at++;
    }
    for (; b_length > 1 && *bt == 0; b_length--) {
        bt++;
    }
    if (a_length != b_length) {
        return a_length < b_length ? -1 : 1;
    }
    return memcmp(at, bt, a_length);
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

static xca_error_t *check_entry(const xca_crl_entry_t *entry, const xca_crl_entry_t *before, int first, int is_delta,
                                apr_pool_t *pool) {
    if (entry->serial_length == 0 || entry->serial_length > XCA_SERIAL_MAX || entry->reason > 10 ||
        entry->reason == 7 || (entry->reason == XCA_REASON_REMOVED && !is_delta)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crl.entry", "serial of %d bytes, reason %d",
                              entry->serial_length, entry->reason);
    }
    if (!first && compare_serials(before, entry) >= 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crl.entry", "serial %s twice, or not in order",
                              xca_text_hex(pool, entry->serial, entry->serial_length));
    }
    return NULL;
}

/* All entries one behind the other: the content of revokedCertificates. */
static xca_error_t *write_entries(apr_size_t *count, sheet_t *sheet, const xca_list_order_t *order, apr_pool_t *pool) {
    xca_crl_entry_t entries[2]; /* this one and the one before */
    int at = 0;

    for (*count = 0; order->next != NULL && order->next(order->baton, &entries[at]); at = !at, ++*count) {
        xca_error_t *err = *count == order->count
                               ? xca_error_make(pool, XCA_E_INTERNAL, "crl.entry", "more than were announced")
                               : check_entry(&entries[at], &entries[!at], *count == 0, order->is_delta, pool);

        if (err != NULL) {
            return err;
        }
        sheet->end += write_entry(sheet->data + sheet->end, &entries[at]);
    }
    return NULL;
}

static void put_point(xca_der_t *der, const char *url, const char *other) {
    xca_tbs_extension_open(der, "2.5.29.28", 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_full_name(der, url, other);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

/* What stands behind the entries: crlExtensions, section 5.2. */
static xca_error_t *extensions_of(xca_bytes_t *tail, const xca_ca_t *ca, const xca_list_order_t *order,
                                  apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);

    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_authority_key_id(der, ca->key_id);
    xca_tbs_extension_open(der, "2.5.29.20", 0);
    xca_der_put_number(der, order->number);
    xca_tbs_extension_close(der);
    if (order->is_delta) {
        xca_tbs_extension_open(der, "2.5.29.27", 1);
        xca_der_put_number(der, order->base);
        xca_tbs_extension_close(der);
    }
    if (order->point != NULL) {
        put_point(der, order->point, order->other_point);
    }
    if (order->freshest != NULL) {
        xca_tbs_put_crl_points(der, XCA_OID_FRESHEST, NULL, order->freshest, NULL);
    }
    xca_der_close(der);
    xca_der_close(der);
    return xca_der_finish(tail, der, pool);
}

/* What stands before them: version, signature, issuer, thisUpdate, nextUpdate. */
static xca_error_t *head_of(xca_bytes_t *head, const xca_ca_t *ca, const xca_list_order_t *order, apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);

    xca_der_put_number(der, 1);
    xca_tbs_put_algorithm(der, ca->key);
    xca_der_put_raw(der, ca->name);
    xca_der_put_time(der, order->this_update);
    xca_der_put_time(der, order->next_update);
    return xca_der_finish(head, der, pool);
}

/* The TBSCertList, in the middle of the sheet. */
static xca_error_t *write_tbs(sheet_t *sheet, apr_size_t *count, const xca_ca_t *ca, const xca_list_order_t *order,
                              apr_pool_t *pool) {
    xca_bytes_t head, tail;
    xca_error_t *err = head_of(&head, ca, order, pool);

    if (err == NULL) {
        err = extensions_of(&tail, ca, order, pool);
    }
    if (err == NULL) {
        err = make_sheet(sheet, head.length + 3 * HEADER_MAX,
                         order->count * ENTRY_MAX + tail.length + SIGNATURE_MAX, pool);
    }
    if (err == NULL) {
        err = write_entries(count, sheet, order, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (*count > 0) { /* an empty list has no such part: section 5.1.2.6 */
        prepend_header(sheet, XCA_DER_SEQUENCE);
    }
    append(sheet, tail.data, tail.length);
    prepend(sheet, head.data, head.length);
    prepend_header(sheet, XCA_DER_SEQUENCE);
    return NULL;
}

static xca_error_t *seal(xca_list_t *list, sheet_t *sheet, const xca_ca_t *ca, apr_pool_t *pool) {
    xca_bytes_t tbs = {sheet->data + sheet->start, sheet->end - sheet->start}, signature, tail;
    xca_der_t *der = xca_der_make(pool);
    xca_error_t *err = xca_tbs_signature(&signature, tbs, ca->key, pool);

    if (err != NULL) {
        return err;
    }
    xca_tbs_put_algorithm(der, ca->key);
    xca_der_put_bits(der, signature);
    err = xca_der_finish(&tail, der, pool);
    if (err != NULL) {
        return err;
    }
    if (tail.length > SIGNATURE_MAX) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.der", "a signature of %" APR_SIZE_T_FMT " bytes", tail.length);
    }
    append(sheet, tail.data, tail.length);
    prepend_header(sheet, XCA_DER_SEQUENCE);
    list->der.data = sheet->data + sheet->start;
    list->der.length = sheet->end - sheet->start;
    return NULL;
}

xca_error_t *xca_ca_list(xca_list_t *list, const xca_ca_t *ca, const xca_list_order_t *order, apr_pool_t *pool) {
    sheet_t sheet;
    xca_error_t *err = write_tbs(&sheet, &list->count, ca, order, pool);

    if (err == NULL) {
        err = xca_lint_list((xca_bytes_t){sheet.data + sheet.start, sheet.end - sheet.start}, order, list->count,
                            ca->certificate, pool);
    }
    return err == NULL ? seal(list, &sheet, ca, pool) : err;
}

typedef struct {
    const xca_crl_entry_t *entries;
    apr_size_t at, count;
} array_t;

static int next_of_array(void *baton, xca_crl_entry_t *entry) {
    array_t *array = baton;

    if (array->at == array->count) {
        return 0;
    }
    *entry = array->entries[array->at++];
    return 1;
}

xca_error_t *xca_ca_crl(xca_bytes_t *der, const xca_ca_t *ca, xca_crl_entry_t *entries,
                        apr_size_t count, apr_uint64_t number, apr_time_t this_update,
                        apr_time_t next_update, apr_pool_t *pool) {
    array_t array = {entries, 0, count};
    xca_list_order_t order = {.number = number, .this_update = this_update, .next_update = next_update,
                              .next = next_of_array, .baton = &array, .count = count};
    xca_list_t list;
    xca_error_t *err;

    if (count > 0) { /* an empty list may have no array at all */
        qsort(entries, count, sizeof(*entries), compare_serials);
    }
    err = xca_ca_list(&list, ca, &order, pool);
    if (err == NULL) {
        *der = list.der;
    }
    return err;
}
