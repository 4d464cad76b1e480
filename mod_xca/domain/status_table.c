#include "domain/status_table.h"

#include <stdatomic.h>
#include <string.h>

#define POWER_FIRST 10
#define POWER_MAX   30
#define PAGE        4096
#define SERIAL_MAX  16
#define READ_TRIES  1000

/* The word of a slot, from its low bits: kind and 1 (2 bits; 0: the slot is empty, 1: UNKNOWN or forgotten), reason (4), the refresh that
 * told it last (16), generation (3), seconds (39). */
#define KIND_BITS   2
#define REASON_BITS 4
#define ROUND_BITS  16
#define KEY_BITS    3
#define ROUND_SHIFT (KIND_BITS + REASON_BITS)
#define KEY_SHIFT   (ROUND_SHIFT + ROUND_BITS)
#define KEY_MASK    ((1U << KEY_BITS) - 1)
#define TIME_SHIFT  (KEY_SHIFT + KEY_BITS)
#define ROUND_MASK  0xffffU
#define TIME_MAX    ((apr_uint64_t)1 << (64 - TIME_SHIFT))

_Static_assert(XCA_GENERATIONS_MAX == 1 << KEY_BITS, "each generation has a number in a slot's word");

typedef _Atomic apr_uint64_t word_t;

typedef struct {
    word_t word; /* 0: empty; written last */
    word_t high, low;
} slot_t;

typedef struct {
    apr_uint64_t length;
    apr_int64_t not_before, not_after;
    unsigned char der[XCA_STATUS_CERTIFICATE_MAX];
} certificate_t;

/* The certificates of one generation, the present one at [version & 1]. */
typedef struct {
    word_t version;
    certificate_t both[2];
} certificates_t;

struct xca_status_table {
    int power_max;
    _Atomic int power;          /* of the present slots: 2^power; those of each power have a place of their own */
    _Atomic apr_int64_t fresh;
    word_t round;               /* counts refreshes; what is in the table and not of the last one that ended is forgotten */
    int telling;
    _Atomic apr_uint64_t count; /* slots in use */
    xca_status_shrink *shrink;  /* the writer's alone */
    certificates_t certificates[XCA_GENERATIONS_MAX];
    apr_size_t cookie_length;
    unsigned char cookie[XCA_STATUS_COOKIE_MAX];
};

/* Mapping of domain ------------------------------------------------------------------------------------------------------ */

xca_status_t xca_status_of_cert(const xca_cert_t *cert) {
    xca_status_t status = {XCA_STATUS_UNKNOWN, XCA_REASON_UNSPECIFIED, 0, cert->generation};

    switch (cert->state) {
    case XCA_CERT_VALID:
        status.kind = XCA_STATUS_GOOD;
        break;
    case XCA_CERT_SUSPENDED:
        if (cert->published) {
            status.kind = XCA_STATUS_REVOKED;
            status.reason = XCA_REASON_HOLD;
            status.when = cert->suspended;
        }
        break;
    case XCA_CERT_REVOKED:
        status.kind = XCA_STATUS_REVOKED;
        status.reason = cert->reason;
        status.when = cert->revoked;
        break;
    case XCA_CERT_PENDING:
    case XCA_CERT_STATE_COUNT:
        break;
    }
    return status;
}

/* Slots -------------------------------------------------------------------------------------------------------------------- */

static apr_size_t header_size(void) {
    return (sizeof(struct xca_status_table) + PAGE - 1) / PAGE * PAGE;
}

/* All smaller powers together take less than one more of this one, so each has a place of its own. */
static apr_size_t slots_at(int power) {
    return header_size() + ((apr_size_t)1 << power) * sizeof(slot_t);
}

static slot_t *slots_of(const xca_status_table_t *table, int power) {
    return (slot_t *)((unsigned char *)(apr_size_t)table + slots_at(power));
}

apr_size_t xca_status_table_size(int power) {
    return slots_at(power + 1);
}

xca_status_table_t *xca_status_table_make(void *memory, int power) {
    xca_status_table_t *table = memory;

    table->power_max = power > POWER_MAX ? POWER_MAX : power;
    if (atomic_load(&table->power) == 0) { /* otherwise there is one already */
        atomic_store(&table->power, power < POWER_FIRST ? power : POWER_FIRST);
    }
    return table;
}

/* The two halves of the serial as 128 bits. */
static int read_serial(apr_uint64_t *high, apr_uint64_t *low, const unsigned char *serial, apr_size_t length) {
    apr_size_t i;

    *high = *low = 0;
    while (length > 0 && *serial == 0) {
        serial++;
        length--;
    }
    if (length == 0 || length > SERIAL_MAX) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        *high = *high << 8 | *low >> 56;
        *low = *low << 8 | serial[i];
    }
    return 1;
}

/* Serials are random; those that someone chose otherwise must not all fall into one place (a finaliser of MurmurHash3's kind). */
static apr_uint64_t scatter(apr_uint64_t high, apr_uint64_t low) {
    apr_uint64_t h = high * 0x9e3779b97f4a7c15ULL ^ low;

    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ h >> 33;
}

/* The slot of the serial, or the empty one where it would stand; NULL in a table that is full. *word is what its word was. */
static slot_t *find(apr_uint64_t *word, slot_t *slots, int power, apr_uint64_t high, apr_uint64_t low) {
    apr_uint64_t mask = ((apr_uint64_t)1 << power) - 1, at = scatter(high, low) & mask, tries;

    for (tries = 0; tries <= mask; tries++, at = (at + 1) & mask) {
        slot_t *slot = &slots[at];

        *word = atomic_load_explicit(&slot->word, memory_order_acquire);
        if (*word == 0 || (atomic_load_explicit(&slot->high, memory_order_relaxed) == high &&
                           atomic_load_explicit(&slot->low, memory_order_relaxed) == low)) {
            return slot;
        }
    }
    return NULL;
}

static apr_uint64_t pack(const xca_status_t *status, apr_uint64_t round) {
    apr_int64_t seconds = apr_time_sec(status->when);
    apr_uint64_t time = seconds < 0 ? 0 : (apr_uint64_t)seconds >= TIME_MAX ? TIME_MAX - 1 : (apr_uint64_t)seconds;

    return ((apr_uint64_t)status->kind + 1) | (apr_uint64_t)((int)status->reason & 0xf) << KIND_BITS |
           (round & ROUND_MASK) << ROUND_SHIFT | (apr_uint64_t)((unsigned int)status->generation & KEY_MASK) << KEY_SHIFT |
           time << TIME_SHIFT;
}

static apr_uint64_t round_of(apr_uint64_t word) {
    return word >> ROUND_SHIFT & ROUND_MASK;
}

/* The writer ---------------------------------------------------------------------------------------------------------------- */

static void set_slot(slot_t *slot, apr_uint64_t high, apr_uint64_t low, apr_uint64_t word) {
    atomic_store_explicit(&slot->high, high, memory_order_relaxed);
    atomic_store_explicit(&slot->low, low, memory_order_relaxed);
    atomic_store_explicit(&slot->word, word, memory_order_release);
}

static void give_back(const xca_status_table_t *table, int power) {
    if (table->shrink != NULL && power > POWER_FIRST) {
        table->shrink(slots_of(table, power), ((apr_size_t)1 << power) * sizeof(slot_t));
    }
}

/* Readers of the old slots find, when they are done, that the power has changed, and begin again. */
static int grow(xca_status_table_t *table) {
    int power = atomic_load(&table->power);
    slot_t *old = slots_of(table, power), *larger = slots_of(table, power + 1);
    apr_uint64_t count = (apr_uint64_t)1 << power, i, word;

    if (power >= table->power_max) {
        return 0;
    }
    memset(larger, 0, sizeof(*larger) << (power + 1)); /* a writer that was killed may have begun here */
    for (i = 0; i < count; i++) {
        apr_uint64_t kept = atomic_load(&old[i].word);

        if (kept != 0) {
            apr_uint64_t high = atomic_load(&old[i].high), low = atomic_load(&old[i].low);

            set_slot(find(&word, larger, power + 1, high, low), high, low, kept);
        }
    }
    atomic_store(&table->power, power + 1);
    give_back(table, power);
    return 1;
}

void xca_status_writer(xca_status_table_t *table, xca_status_shrink *shrink) {
    int power = atomic_load(&table->power);
    const slot_t *slots = slots_of(table, power);
    apr_uint64_t i, count = 0;

    for (i = 0; i < (apr_uint64_t)1 << power; i++) {
        count += atomic_load_explicit(&slots[i].word, memory_order_relaxed) != 0;
    }
    atomic_store(&table->count, count);
    table->shrink = shrink;
    table->telling = 0;
}

void xca_status_tell_all(xca_status_table_t *table) {
    table->telling = 1;
}

static apr_uint64_t round_to_tell(const xca_status_table_t *table) {
    return atomic_load_explicit(&table->round, memory_order_relaxed) + (table->telling ? 1 : 0);
}

static int set(xca_status_table_t *table, const unsigned char *serial, apr_size_t length, const xca_status_t *status) {
    apr_uint64_t high, low, was;
    slot_t *slot;

    if (!read_serial(&high, &low, serial, length)) {
        return 0;
    }
    if (atomic_load(&table->count) >= (apr_uint64_t)1 << (atomic_load(&table->power) - 1)) {
        grow(table); /* one that cannot grow any more is filled up */
    }
    slot = find(&was, slots_of(table, atomic_load(&table->power)), atomic_load(&table->power), high, low);
    if (slot == NULL) {
        return 0;
    }
    if (was == 0) {
        set_slot(slot, high, low, pack(status, round_to_tell(table)));
        atomic_fetch_add(&table->count, 1);
    } else {
        atomic_store_explicit(&slot->word, pack(status, round_to_tell(table)), memory_order_release);
    }
    return 1;
}

int xca_status_put(xca_status_table_t *table, const unsigned char *serial, apr_size_t length, const xca_status_t *status) {
    return set(table, serial, length, status);
}

void xca_status_forget(xca_status_table_t *table, const unsigned char *serial, apr_size_t length) {
    static const xca_status_t gone = {XCA_STATUS_UNKNOWN, XCA_REASON_UNSPECIFIED, 0, 0};

    (void)set(table, serial, length, &gone);
}

/* What an earlier refresh told and this one did not becomes unknown. Its slot stays: other serials may stand behind it. */
void xca_status_told(xca_status_table_t *table) {
    static const xca_status_t gone = {XCA_STATUS_UNKNOWN, XCA_REASON_UNSPECIFIED, 0, 0};
    int power = atomic_load(&table->power);
    slot_t *slots = slots_of(table, power);
    apr_uint64_t round = round_to_tell(table), i;

    for (i = 0; table->telling && i < (apr_uint64_t)1 << power; i++) {
        apr_uint64_t word = atomic_load_explicit(&slots[i].word, memory_order_relaxed);

        if (word != 0 && round_of(word) != (round & ROUND_MASK)) {
            atomic_store_explicit(&slots[i].word, pack(&gone, round), memory_order_release);
        }
    }
    atomic_store(&table->round, round);
    table->telling = 0;
}

void xca_status_in_step(xca_status_table_t *table, apr_time_t when) {
    atomic_store_explicit(&table->fresh, when, memory_order_release);
}

apr_size_t xca_status_count(const xca_status_table_t *table) {
    return (apr_size_t)atomic_load(&table->count);
}

void xca_status_cookie_put(xca_status_table_t *table, xca_bytes_t cookie) {
    table->cookie_length = 0;
    if (cookie.length > 0 && cookie.length <= sizeof(table->cookie)) {
        memcpy(table->cookie, cookie.data, cookie.length);
        atomic_thread_fence(memory_order_seq_cst);
        table->cookie_length = cookie.length;
    }
}

xca_bytes_t xca_status_cookie(const xca_status_table_t *table) {
    xca_bytes_t cookie = {table->cookie, table->cookie_length};

    return cookie;
}

void xca_status_certificate_put(xca_status_table_t *table, int generation, xca_bytes_t certificate, apr_time_t not_before,
                                apr_time_t not_after) {
    certificates_t *of = &table->certificates[generation];
    apr_uint64_t version = atomic_load(&of->version) + 1;
    certificate_t *next = &of->both[version & 1];

    if (certificate.length > sizeof(next->der)) {
        return;
    }
    memcpy(next->der, certificate.data, certificate.length);
    next->length = certificate.length;
    next->not_before = not_before;
    next->not_after = not_after;
    atomic_store_explicit(&of->version, version, memory_order_release);
}

/* Readers -------------------------------------------------------------------------------------------------------------------- */

apr_time_t xca_status_fresh(const xca_status_table_t *table) {
    return atomic_load_explicit(&table->fresh, memory_order_acquire);
}

xca_status_t xca_status_get(const xca_status_table_t *table, const unsigned char *serial, apr_size_t length) {
    xca_status_t status = {XCA_STATUS_UNKNOWN, XCA_REASON_UNSPECIFIED, 0, 0};
    apr_uint64_t high, low, word = 0;
    int power = 0, tries;

    if (!read_serial(&high, &low, serial, length)) {
        return status;
    }
    for (tries = 0; tries < READ_TRIES; tries++) {
        power = atomic_load_explicit(&table->power, memory_order_acquire);
        if (find(&word, slots_of(table, power), power, high, low) == NULL) {
            word = 0;
        }
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&table->power, memory_order_relaxed) == power) {
            break;
        }
    }
    if ((word & 3) <= XCA_STATUS_UNKNOWN + 1) {
        return status;
    }
    status.kind = (xca_status_kind)((word & 3) - 1);
    status.reason = (xca_crl_reason)(word >> KIND_BITS & 0xf);
    status.generation = (int)(word >> KEY_SHIFT & KEY_MASK);
    status.when = apr_time_from_sec((apr_int64_t)(word >> TIME_SHIFT));
    return status;
}

apr_size_t xca_status_certificate(unsigned char *to, apr_time_t *not_before, apr_time_t *not_after, apr_uint64_t *version,
                                  const xca_status_table_t *table, int generation) {
    const certificates_t *of = &table->certificates[generation];
    int tries;

    for (tries = 0; tries < READ_TRIES; tries++) {
        const certificate_t *from;
        apr_size_t length;

        *version = atomic_load_explicit(&of->version, memory_order_acquire);
        from = &of->both[*version & 1];
        length = from->length <= sizeof(from->der) ? from->length : 0;
        memcpy(to, from->der, length);
        *not_before = from->not_before;
        *not_after = from->not_after;
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&of->version, memory_order_relaxed) == *version) {
            return length;
        }
    }
    return 0;
}
