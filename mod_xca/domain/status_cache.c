#include "domain/status_cache.h"

#include <stdatomic.h>
#include <string.h>

#define SERIAL_MAX 17
#define SIGNED     7 /* where the signature begins */
#define WORDS      40

/* In word [3]. */
#define FORM_MASK    0xffffU /* with the first byte of a serial of 17 */
#define LENGTH_SHIFT 16
#define LENGTH_MASK  ((apr_uint64_t)0xffff << LENGTH_SHIFT)

/* The words of a place, [0] its counter. Of what an answer is made: [1..2] low 16 bytes of the serial, [3] the first byte of one of 17, form,
 * length of the signature and version of the signer, [4] kind, reason and second of the state. When: [5] and [6]. From [7] on: the signature. */
typedef struct {
    _Atomic apr_uint64_t words[WORDS];
} place_t;

struct xca_status_cache {
    apr_uint64_t mask;
    unsigned char rest[sizeof(place_t) - sizeof(apr_uint64_t)]; /* places begin where cache lines do */
    place_t places[];
};

apr_size_t xca_status_cache_size(apr_size_t places) {
    return sizeof(xca_status_cache_t) + places * sizeof(place_t);
}

xca_status_cache_t *xca_status_cache_make(void *memory, apr_size_t places) {
    xca_status_cache_t *cache = memory;

    cache->mask = places - 1;
    return cache;
}

/* The words that name the answer; length of the signature 0. */
static int name(apr_uint64_t words[5], const xca_status_answer_t *answer) {
    apr_size_t i;

    if (answer->serial.length == 0 || answer->serial.length > SERIAL_MAX) {
        return 0;
    }
    words[1] = words[2] = 0;
    for (i = 0; i < answer->serial.length; i++) {
        words[1] = words[1] << 8 | words[2] >> 56;
        words[2] = words[2] << 8 | answer->serial.data[i];
    }
    /* A 17th byte is the sign's, or the number is larger than any of ours: it is told by the length. */
    words[3] = (apr_uint64_t)(answer->serial.length == SERIAL_MAX ? answer->serial.data[0] : 0) |
               (apr_uint64_t)(answer->form & 0xff) << 8 | answer->signer << 32;
    words[4] = (apr_uint64_t)answer->status.kind | (apr_uint64_t)answer->status.reason << 4 |
               (apr_uint64_t)apr_time_sec(answer->status.when) << 8;
    return 1;
}

/* The pair of places that an answer may stand in. */
static apr_uint64_t pair_of(const xca_status_cache_t *cache, const apr_uint64_t words[5]) {
    apr_uint64_t h = (words[1] * 0x9e3779b97f4a7c15ULL) ^ words[2] ^ (words[3] & 0xff00) << 40;

    h ^= h >> 32;
    h *= 0xff51afd7ed558ccdULL;
    return (h ^ h >> 29) & cache->mask & ~(apr_uint64_t)1;
}

static apr_size_t length_in(apr_uint64_t word) {
    return (word & LENGTH_MASK) >> LENGTH_SHIFT;
}

static int is_of(const apr_uint64_t found[5], const apr_uint64_t wanted[5]) {
    return found[1] == wanted[1] && found[2] == wanted[2] && (found[3] & ~LENGTH_MASK) == (wanted[3] & ~LENGTH_MASK) &&
           found[4] == wanted[4];
}

/* The words from `from` up to `end`, as they were when the counter was read. */
static void read_words(apr_uint64_t *found, const place_t *place, apr_size_t from, apr_size_t end) {
    for (; from < end; from++) {
        found[from] = atomic_load_explicit(&place->words[from], memory_order_relaxed);
    }
}

/* No more of a place is read than its signature takes: with one of P-256, two of its five cache lines. */
static int get_at(xca_status_made_t *made, const place_t *place, const apr_uint64_t wanted[5]) {
    apr_uint64_t found[WORDS], before = atomic_load_explicit(&place->words[0], memory_order_acquire);

    read_words(found, place, 1, SIGNED);
    made->length = length_in(found[3]);
    if (made->length == 0 || made->length > sizeof(made->signature) || !is_of(found, wanted)) {
        return 0;
    }
    read_words(found, place, SIGNED, SIGNED + (made->length + sizeof(found[0]) - 1) / sizeof(found[0]));
    atomic_thread_fence(memory_order_acquire);
    if ((before & 1) != 0 || atomic_load_explicit(&place->words[0], memory_order_relaxed) != before) {
        return 0;
    }
    made->produced = apr_time_from_sec((apr_int64_t)found[5]);
    made->this_update = apr_time_from_sec((apr_int64_t)found[6]);
    memcpy(made->signature, &found[SIGNED], made->length);
    return 1;
}

int xca_status_cache_get(xca_status_made_t *made, const xca_status_cache_t *cache, const xca_status_answer_t *answer) {
    apr_uint64_t wanted[5];
    const place_t *pair;

    if (!name(wanted, answer)) {
        return 0;
    }
    pair = &cache->places[pair_of(cache, wanted)];
    return get_at(made, &pair[0], wanted) || get_at(made, &pair[1], wanted);
}

static int is_being_written(const place_t *place) {
    return (atomic_load_explicit(&place->words[0], memory_order_relaxed) & 1) != 0;
}

/* Where the answer stands already, made of something else perhaps; otherwise the one that was made earlier, an empty one before all. A
 * place that someone is writing to is left alone: a process that was killed there leaves it so until the next start. */
static place_t *place_for(place_t *pair, const apr_uint64_t words[5]) {
    apr_uint64_t found[2][SIGNED];
    int i;

    for (i = 0; i < 2; i++) {
        read_words(found[i], &pair[i], 1, SIGNED);
        if (found[i][1] == words[1] && found[i][2] == words[2] && (found[i][3] & FORM_MASK) == (words[3] & FORM_MASK)) {
            return &pair[i];
        }
    }
    if (is_being_written(&pair[0]) || is_being_written(&pair[1])) {
        return is_being_written(&pair[0]) ? &pair[1] : &pair[0];
    }
    return found[0][5] <= found[1][5] ? &pair[0] : &pair[1];
}

void xca_status_cache_put(xca_status_cache_t *cache, const xca_status_answer_t *answer, const xca_status_made_t *made) {
    apr_uint64_t words[WORDS], before;
    place_t *place;
    apr_size_t end, i;

    if (made->length == 0 || made->length > sizeof(made->signature) || !name(words, answer)) {
        return;
    }
    words[3] |= (apr_uint64_t)made->length << LENGTH_SHIFT;
    words[5] = (apr_uint64_t)apr_time_sec(made->produced);
    words[6] = (apr_uint64_t)apr_time_sec(made->this_update);
    end = SIGNED + (made->length + sizeof(words[0]) - 1) / sizeof(words[0]);
    words[end - 1] = 0;
    memcpy(&words[SIGNED], made->signature, made->length);
    place = place_for(&cache->places[pair_of(cache, words)], words);
    before = atomic_load_explicit(&place->words[0], memory_order_relaxed);
    if ((before & 1) != 0 || !atomic_compare_exchange_strong(&place->words[0], &before, before + 1)) {
        return;
    }
    atomic_thread_fence(memory_order_release);
    for (i = 1; i < end; i++) {
        atomic_store_explicit(&place->words[i], words[i], memory_order_relaxed);
    }
    atomic_store_explicit(&place->words[0], before + 2, memory_order_release);
}
