#include "domain/census.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"

#define FIRST_ROOM 1024 /* a power of two */
#define NO_MONTH   (-1)
#define NEVER      APR_INT64_MAX
#define DIGITS_MAX 15

static const char *const tally_ids[XCA_TALLY_COUNT] = {"issued",  "pending", "valid",       "suspended",
                                                       "revoked", "expired", "revocations", "expiries"};

const char *xca_tally_id(xca_tally tally) {
    return tally_ids[tally];
}

void xca_count_add(xca_count_t *sum, const xca_count_t *part) {
    int i;

    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        sum->of[i] += part->of[i];
    }
}

char *xca_count_format(apr_pool_t *pool, const xca_count_t *count) {
    const char *text = count->class == XCA_CLASS_NONE ? "none" : xca_class_get(count->class)->id;
    int i;

    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        text = apr_psprintf(pool, "%s %" APR_INT64_T_FMT, text, count->of[i]);
    }
    return apr_pstrcat(pool, text, " ", count->county != NULL ? count->county : "-", NULL);
}

/* Reads a number and the space behind it; NULL if there is none. */
static const char *take_number(apr_int64_t *number, const char *at) {
    apr_size_t length = strspn(at, "0123456789");

    if (length == 0 || length > DIGITS_MAX || at[length] != ' ') {
        return NULL;
    }
    *number = apr_strtoi64(at, NULL, 10);
    return at + length + 1;
}

int xca_count_parse(xca_count_t *count, const char *text, apr_pool_t *pool) {
    apr_size_t length = strcspn(text, " ");
    const char *id = apr_pstrmemdup(pool, text, length), *at = text + length;
    int i;

    memset(count, 0, sizeof(*count));
    count->class = xca_class_by_id(id);
    if (*at != ' ' || (count->class == XCA_CLASS_NONE && strcmp(id, "none") != 0)) {
        return 0;
    }
    at++;
    for (i = 0; at != NULL && i < XCA_TALLY_COUNT; i++) {
        at = take_number(&count->of[i], at);
    }
    if (at == NULL || *at == '\0') {
        return 0;
    }
    count->county = strcmp(at, "-") == 0 ? NULL : apr_pstrdup(pool, at);
    return 1;
}

/* What is known of a certificate. */
typedef struct {
    unsigned char serial[XCA_SERIAL_MAX];
    unsigned char length; /* of the serial; 0: dropped */
    unsigned char state, class;
    unsigned char shown;  /* the xca_tally it is counted under */
    unsigned short county;
    int issued, revoked;  /* months; revoked: NO_MONTH where it was not */
    apr_time_t not_after;
} known_t;

typedef struct {
    int month;
    int changed;
    apr_hash_t *cells; /* cell_key_t -> xca_count_t */
} month_t;

typedef struct {
    int class, county;
} cell_key_t;

struct xca_census {
    apr_pool_t *pool;
    known_t *known;
    apr_uint32_t *slots;    /* number of the record + 1, 0: free; a power of two of them, open addressing */
    apr_size_t count, room; /* of records; slots: twice the room */
    apr_int64_t live;
    apr_hash_t *months;     /* int -> month_t */
    apr_hash_t *county_of;  /* name -> unsigned short */
    apr_array_header_t *counties; /* const char *; the first is NULL */
    apr_time_t next_expiry; /* of those that are counted as not expired */
};

static apr_status_t release(void *data) {
    xca_census_t *census = data;

    free(census->known);
    free(census->slots);
    return APR_SUCCESS;
}

xca_census_t *xca_census_make(apr_pool_t *pool) {
    xca_census_t *census = apr_pcalloc(pool, sizeof(*census));

    census->pool = pool;
    census->months = apr_hash_make(pool);
    census->county_of = apr_hash_make(pool);
    census->counties = apr_array_make(pool, 32, sizeof(const char *));
    APR_ARRAY_PUSH(census->counties, const char *) = NULL;
    census->next_expiry = NEVER;
    apr_pool_cleanup_register(pool, census, release, apr_pool_cleanup_null);
    return census;
}

/* The slot of the serial, or the free one where it would stand. */
static apr_size_t slot_of(const xca_census_t *census, const unsigned char *serial, apr_size_t length) {
    apr_size_t mask = census->room * 2 - 1, slot = xca_text_hash(serial, length) & mask;

    while (census->slots[slot] != 0) {
        const known_t *known = &census->known[census->slots[slot] - 1];

        if (known->length == length && memcmp(known->serial, serial, length) == 0) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* Memory that is not there ends the program, as it does in APR. */
static void *must(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void grow(xca_census_t *census) {
    apr_size_t i;

    census->room = census->room == 0 ? FIRST_ROOM : census->room * 2;
    census->known = must(realloc(census->known, census->room * sizeof(*census->known)));
    free(census->slots);
    census->slots = must(calloc(census->room * 2, sizeof(*census->slots)));
    for (i = 0; i < census->count; i++) {
        const known_t *known = &census->known[i];

        census->slots[slot_of(census, known->serial, known->length)] = (apr_uint32_t)i + 1;
    }
}

static unsigned short county_number(xca_census_t *census, const char *county) {
    const unsigned short *there;
    unsigned short *number;

    if (county == NULL || *county == '\0') {
        return 0;
    }
    there = apr_hash_get(census->county_of, county, APR_HASH_KEY_STRING);
    if (there != NULL) {
        return *there;
    }
    if (census->counties->nelts > 0xffff) {
        return 0;
    }
    county = apr_pstrdup(census->pool, county);
    number = apr_palloc(census->pool, sizeof(*number));
    *number = (unsigned short)census->counties->nelts;
    APR_ARRAY_PUSH(census->counties, const char *) = county;
    apr_hash_set(census->county_of, county, APR_HASH_KEY_STRING, number);
    return *number;
}

static month_t *month_at(xca_census_t *census, int number) {
    month_t *month = apr_hash_get(census->months, &number, sizeof(number));

    if (month == NULL) {
        month = apr_pcalloc(census->pool, sizeof(*month));
        month->month = number;
        month->cells = apr_hash_make(census->pool);
        apr_hash_set(census->months, &month->month, sizeof(month->month), month);
    }
    return month;
}

static void count(xca_census_t *census, int number, const known_t *known, xca_tally tally, int by) {
    month_t *month = month_at(census, number);
    cell_key_t key = {known->class, known->county};
    xca_count_t *cell = apr_hash_get(month->cells, &key, sizeof(key));

    if (cell == NULL) {
        cell = apr_pcalloc(census->pool, sizeof(*cell));
        cell->class = (xca_class)known->class;
        cell->county = APR_ARRAY_IDX(census->counties, known->county, const char *);
        apr_hash_set(month->cells, apr_pmemdup(census->pool, &key, sizeof(key)), sizeof(key), cell);
    }
    cell->of[tally] += by;
    month->changed = 1;
}

/* All that one certificate counts for, added (1) or taken back (-1). */
static void count_all(xca_census_t *census, const known_t *known, int by) {
    count(census, known->issued, known, XCA_TALLY_ISSUED, by);
    count(census, known->issued, known, (xca_tally)known->shown, by);
    if (known->revoked != NO_MONTH) {
        count(census, known->revoked, known, XCA_TALLY_REVOCATIONS, by);
    }
    if (known->shown == XCA_TALLY_EXPIRED) {
        count(census, xca_month_of(known->not_after), known, XCA_TALLY_EXPIRIES, by);
    }
}

static unsigned char shown_as(const known_t *known, apr_time_t now) {
    xca_cert_t cert = {0};
    const char *shown;
    int tally;

    cert.state = (xca_cert_state)known->state;
    cert.not_after = known->not_after;
    shown = xca_cert_shown(&cert, now);
    for (tally = XCA_TALLY_PENDING; tally < XCA_TALLY_EXPIRED && strcmp(shown, tally_ids[tally]) != 0; tally++) {
    }
    return (unsigned char)tally;
}

/* Only what is valid or suspended ever expires. */
static void remember_expiry(xca_census_t *census, const known_t *known) {
    if ((known->shown == XCA_TALLY_VALID || known->shown == XCA_TALLY_SUSPENDED) &&
        known->not_after < census->next_expiry) {
        census->next_expiry = known->not_after;
    }
}

static int differ(const known_t *a, const known_t *b) {
    return a->shown != b->shown || a->state != b->state || a->class != b->class || a->county != b->county ||
           a->issued != b->issued || a->revoked != b->revoked || a->not_after != b->not_after;
}

static int read_serial(known_t *known, const char *serial, apr_pool_t *pool) {
    xca_bytes_t *bytes = xca_text_unhex(pool, serial);

    if (bytes == NULL || bytes->length == 0 || bytes->length > XCA_SERIAL_MAX) {
        return 0;
    }
    memcpy(known->serial, bytes->data, bytes->length);
    known->length = (unsigned char)bytes->length;
    return 1;
}

void xca_census_take(xca_census_t *census, const xca_cert_t *cert, apr_time_t now) {
    known_t fresh;
    known_t *known;
    apr_size_t slot;
    apr_pool_t *scratch;
    int readable;

    memset(&fresh, 0, sizeof(fresh));
    apr_pool_create(&scratch, census->pool);
    readable = read_serial(&fresh, cert->serial, scratch);
    apr_pool_destroy(scratch);
    if (!readable) {
        return;
    }
    fresh.state = (unsigned char)cert->state;
    fresh.class = (unsigned char)cert->class;
    fresh.county = county_number(census, cert->county);
    fresh.issued = xca_month_of(cert->not_before);
    fresh.revoked = cert->state == XCA_CERT_REVOKED ? xca_month_of(cert->revoked) : NO_MONTH;
    fresh.not_after = cert->not_after;
    fresh.shown = shown_as(&fresh, now);
    if (census->count == census->room) {
        grow(census);
    }
    slot = slot_of(census, fresh.serial, fresh.length);
    if (census->slots[slot] == 0) {
        census->slots[slot] = (apr_uint32_t)++census->count;
        known = &census->known[census->count - 1];
        census->live++;
    } else {
        known = &census->known[census->slots[slot] - 1];
        if (!differ(known, &fresh)) {
            return;
        }
        count_all(census, known, -1);
    }
    *known = fresh;
    count_all(census, known, 1);
    remember_expiry(census, known);
}

void xca_census_drop(xca_census_t *census, const char *serial) {
    known_t wanted, *known;
    apr_pool_t *scratch;
    apr_size_t slot;
    int readable;

    apr_pool_create(&scratch, census->pool);
    readable = read_serial(&wanted, serial, scratch);
    apr_pool_destroy(scratch);
    if (!readable || census->room == 0) {
        return;
    }
    slot = slot_of(census, wanted.serial, wanted.length);
    if (census->slots[slot] == 0) {
        return;
    }
    known = &census->known[census->slots[slot] - 1];
    count_all(census, known, -1);
    census->live--;
    known->length = 0; /* its slot leads others past it */
}

void xca_census_pass(xca_census_t *census, apr_time_t now) {
    apr_size_t i;

    if (now <= census->next_expiry) {
        return;
    }
    census->next_expiry = NEVER;
    for (i = 0; i < census->count; i++) {
        known_t *known = &census->known[i];
        unsigned char shown = known->length == 0 ? known->shown : shown_as(known, now);

        if (shown != known->shown) {
            count_all(census, known, -1);
            known->shown = shown;
            count_all(census, known, 1);
        }
        if (known->length > 0) {
            remember_expiry(census, known);
        }
    }
}

apr_int64_t xca_census_size(const xca_census_t *census) {
    return census->live;
}

static int ascending(const void *a, const void *b) {
    int left = *(const int *)a, right = *(const int *)b;

    return left < right ? -1 : left > right;
}

apr_array_header_t *xca_census_months(const xca_census_t *census, apr_pool_t *pool) {
    apr_array_header_t *months = apr_array_make(pool, 64, sizeof(int));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, census->months); at != NULL; at = apr_hash_next(at)) {
        void *month;

        apr_hash_this(at, NULL, NULL, &month);
        APR_ARRAY_PUSH(months, int) = ((month_t *)month)->month;
    }
    qsort(months->elts, (size_t)months->nelts, sizeof(int), ascending);
    return months;
}

/* Adds the month's cells to sums by class and county. */
static void sum_up(apr_hash_t *sums, const xca_census_t *census, int number, apr_pool_t *pool) {
    const month_t *month = apr_hash_get(census->months, &number, sizeof(number));
    apr_hash_index_t *at;

    for (at = month != NULL ? apr_hash_first(pool, month->cells) : NULL; at != NULL; at = apr_hash_next(at)) {
        const void *key;
        apr_ssize_t length;
        void *cell;
        xca_count_t *sum;

        apr_hash_this(at, &key, &length, &cell);
        sum = apr_hash_get(sums, key, length);
        if (sum == NULL) {
            sum = apr_pmemdup(pool, cell, sizeof(*sum));
            apr_hash_set(sums, key, length, sum);
        } else {
            xca_count_add(sum, cell);
        }
    }
}

static int is_empty(const xca_count_t *cell) {
    int i;

    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        if (cell->of[i] != 0) {
            return 0;
        }
    }
    return 1;
}

static apr_array_header_t *texts_of(apr_hash_t *sums, apr_pool_t *pool) {
    apr_array_header_t *texts = apr_array_make(pool, 64, sizeof(const char *));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, sums); at != NULL; at = apr_hash_next(at)) {
        void *sum;

        apr_hash_this(at, NULL, NULL, &sum);
        if (!is_empty(sum)) {
            APR_ARRAY_PUSH(texts, const char *) = xca_count_format(pool, sum);
        }
    }
    qsort(texts->elts, (size_t)texts->nelts, sizeof(const char *), xca_text_order);
    return texts;
}

apr_array_header_t *xca_census_month(const xca_census_t *census, int month, apr_pool_t *pool) {
    apr_hash_t *sums = apr_hash_make(pool);

    sum_up(sums, census, month, pool);
    return texts_of(sums, pool);
}

apr_array_header_t *xca_census_year(const xca_census_t *census, int year, apr_pool_t *pool) {
    apr_hash_t *sums = apr_hash_make(pool);
    int month;

    for (month = 0; month < 12; month++) {
        sum_up(sums, census, year * 12 + month, pool);
    }
    return texts_of(sums, pool);
}

int xca_census_month_changed(xca_census_t *census, int number) {
    month_t *month = apr_hash_get(census->months, &number, sizeof(number));
    int changed = month != NULL && month->changed;

    if (changed) {
        month->changed = 0;
    }
    return changed;
}
