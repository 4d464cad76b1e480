#include "domain/status_cache.h"

#include <stdatomic.h>
#include <string.h>

#define SERIAL_MAX 17
#define SIGNED     7 /* where the signature begins */
#define WORDS      40

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

static apr_uint64_t place_of(const xca_status_cache_t *cache, const apr_uint64_t words[5]) {
    apr_uint64_t h = (words[1] * 0x9e3779b97f4a7c15ULL) ^ words[2] ^ (words[3] & 0xff00) << 40;

    h ^= h >> 32;
    h *= 0xff51afd7ed558ccdULL;
    return (h ^ h >> 29) & cache->mask;
}

int xca_status_cache_get(xca_status_made_t *made, const xca_status_cache_t *cache, const xca_status_answer_t *answer) {
    apr_uint64_t wanted[5], found[WORDS], before;
    const place_t *place;
    int i;

    if (!name(wanted, answer)) {
        return 0;
    }
    place = &cache->places[place_of(cache, wanted)];
    before = atomic_load_explicit(&place->words[0], memory_order_acquire);
    for (i = 1; i < WORDS; i++) {
        found[i] = atomic_load_explicit(&place->words[i], memory_order_relaxed);
    }
    atomic_thread_fence(memory_order_acquire);
    if ((before & 1) != 0 || atomic_load_explicit(&place->words[0], memory_order_relaxed) != before) {
        return 0;
    }
    made->length = found[3] >> 16 & 0xffff;
    found[3] &= ~(apr_uint64_t)0xffff0000;
    if (made->length == 0 || made->length > sizeof(made->signature) || memcmp(&found[1], &wanted[1], 4 * sizeof(found[0])) != 0) {
        return 0;
    }
    made->produced = apr_time_from_sec((apr_int64_t)found[5]);
    made->this_update = apr_time_from_sec((apr_int64_t)found[6]);
    memcpy(made->signature, &found[SIGNED], made->length);
    return 1;
}

void xca_status_cache_put(xca_status_cache_t *cache, const xca_status_answer_t *answer, const xca_status_made_t *made) {
    apr_uint64_t words[WORDS], before;
    place_t *place;
    int i;

    if (made->length == 0 || made->length > sizeof(made->signature) || !name(words, answer)) {
        return;
    }
    words[3] |= (apr_uint64_t)made->length << 16;
    words[5] = (apr_uint64_t)apr_time_sec(made->produced);
    words[6] = (apr_uint64_t)apr_time_sec(made->this_update);
    memset(&words[SIGNED], 0, (WORDS - SIGNED) * sizeof(words[0]));
    memcpy(&words[SIGNED], made->signature, made->length);
    place = &cache->places[place_of(cache, words)];
    before = atomic_load_explicit(&place->words[0], memory_order_relaxed);
    if ((before & 1) != 0 || !atomic_compare_exchange_strong(&place->words[0], &before, before + 1)) {
        return; /* a process that was killed here leaves the place odd: it is lost until the next start */
    }
    atomic_thread_fence(memory_order_release);
    for (i = 1; i < WORDS; i++) {
        atomic_store_explicit(&place->words[i], words[i], memory_order_relaxed);
    }
    atomic_store_explicit(&place->words[0], before + 2, memory_order_release);
}
