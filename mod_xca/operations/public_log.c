#include "operations/public_log.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/audit_verify.h"
#include "outside/crypto_audit.h"
#include "outside/crypto_card.h"
#include "outside/crypto_merkle.h"
#include "wire/audit.h"

#define LEVELS     6  /* 256^6 leaves */
#define PAGES      16 /* of the audit log that are taken in at once */
#define HEAD_EVERY apr_time_from_sec(3600)

/* The tree's right edge, as far as the tiles are not whole. */
typedef struct {
    unsigned char hashes[XCA_LOG_TILE * XCA_MERKLE_SIZE];
    int count;
} tile_t;

struct xca_public_log {
    xca_store_t *store;
    xca_audit_t *audit;
    const xca_key_t *key;
    apr_pool_t *pool;
    int known;             /* what follows is what the directory has */
    apr_int64_t size;      /* leaves taken in */
    apr_int64_t entry;     /* entries of the audit log taken in */
    char previous[XCA_LOG_HASH + 1]; /* hash of the last of them */
    apr_time_t entry_time;           /* its time */
    apr_int64_t published; /* size of the head that is there, -1: none */
    apr_time_t head_time;
    tile_t tiles[LEVELS];
    char leaves[XCA_LOG_TILE * (XCA_LOG_LEAF_MAX + 1)]; /* of the part that is not whole */
    apr_size_t leaves_length;
    apr_int64_t leaves_entry; /* the entry that the first of them is about */
    apr_pool_t *signer_pool;
    xca_audit_signer_t *signer; /* the key that signs the audit log at `entry`; NULL before the first */
    xca_bytes_t certificate;    /* its */
};

/* Leaves ---- */

int xca_log_tells(const xca_audit_entry_t *entry) {
    static const char *const kinds[] = {"certificate-issue", "certificate-accept", "certificate-suspend", "certificate-resume",
                                        "certificate-revoke"};
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(entry->kind, kinds[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

int xca_log_names(const xca_audit_entry_t *entry) {
    return xca_log_tells(entry) && strcmp(entry->kind, "certificate-issue") != 0;
}

static const char *number(apr_int64_t value, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

/* The signature has a random part: without it nobody can try what the entry may say. */
static const char *seal_of(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    apr_size_t length = entry->text.length + entry->signature.length;
    unsigned char *both = apr_palloc(pool, length + 1);

    memcpy(both, entry->text.data, entry->text.length);
    if (entry->signature.length > 0) {
        memcpy(both + entry->text.length, entry->signature.data, entry->signature.length);
    }
    return xca_sha256_hex(pool, both, length);
}

xca_error_t *xca_log_leaf_text(xca_bytes_t *text, const xca_audit_entry_t *entry, apr_int64_t index, apr_pool_t *pool) {
    char *buffer = apr_palloc(pool, XCA_LOG_LEAF_MAX);
    xca_log_leaf_t leaf = {0};

    leaf.index = number(index, pool);
    leaf.time = xca_date_format(pool, entry->time, XCA_DATE_WIRE);
    leaf.kind = entry->kind;
    leaf.serial = xca_log_names(entry) ? entry->serial : NULL;
    leaf.certificate = xca_audit_detail(entry->details, "sha256", pool);
    leaf.entry = number(entry->number, pool);
    leaf.seal = seal_of(entry, pool);
    text->length = xca_lines_write(buffer, XCA_LOG_LEAF_MAX, XCA_LOG_LEAF_FIRST, xca_log_leaf_fields, &leaf);
    text->data = (const unsigned char *)buffer;
    if (text->length == 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "log.broken", "entry %" APR_INT64_T_FMT " gives no leaf", entry->number);
    }
    return NULL;
}

/* What the directory has ---- */

static xca_error_t *broken(apr_pool_t *pool, const char *what, apr_int64_t where) {
    return xca_error_make(pool, XCA_E_INTERNAL, "log.broken", "%s %" APR_INT64_T_FMT, what, where);
}

static xca_error_t *take_key(xca_public_log_t *log, xca_bytes_t certificate, apr_pool_t *pool) {
    apr_pool_t *own;
    int count;
    const xca_bytes_t *cas = xca_audit_trusted(log->audit, &count);
    xca_error_t *err;

    apr_pool_create(&own, log->pool);
    certificate.data = apr_pmemdup(own, certificate.data, certificate.length);
    err = xca_audit_signer_make(&log->signer, certificate, cas, count, own);
    if (log->signer_pool != NULL) {
        apr_pool_destroy(log->signer_pool);
    }
    log->signer_pool = own;
    log->certificate = certificate;
    return err != NULL ? broken(pool, "a key that is not the log's, after entry", log->entry) : NULL;
}

static void root_of(unsigned char root[XCA_MERKLE_SIZE], const xca_public_log_t *log) {
    unsigned char hashes[(XCA_LOG_TILE + 1) * XCA_MERKLE_SIZE];
    int level, rest = 0; /* a smaller subtree at the right end */

    xca_merkle_root(root, NULL, 0);
    for (level = 0; level < LEVELS; level++) {
        const tile_t *tile = &log->tiles[level];

        memcpy(hashes, tile->hashes, (size_t)tile->count * XCA_MERKLE_SIZE);
        memcpy(hashes + tile->count * XCA_MERKLE_SIZE, root, XCA_MERKLE_SIZE);
        if (tile->count + rest > 0) {
            xca_merkle_root(root, hashes, (apr_size_t)(tile->count + rest));
            rest = 1;
        }
    }
}

/* The first `count` leaves of a part; each is followed by an empty line. */
static int take_leaves(xca_public_log_t *log, const xca_log_part_t *part, int count) {
    const char *data = (const char *)part->data.data;
    apr_size_t at = 0;

    for (; count > 0; count--) {
        const char *end = at < part->data.length ? strstr(data + at, "\n\n") : NULL;

        if (end == NULL) {
            return 0;
        }
        at = (apr_size_t)(end - data) + 2;
    }
    if (at > sizeof(log->leaves)) {
        return 0;
    }
    memcpy(log->leaves, data, at);
    log->leaves_length = at;
    log->leaves_entry = part->number;
    return 1;
}

static xca_error_t *load_tiles(xca_public_log_t *log, apr_pool_t *pool) {
    apr_int64_t above = log->size;
    xca_log_part_t *part;
    int level;
    xca_error_t *err = NULL;

    for (level = 0; err == NULL && level < LEVELS; level++) {
        tile_t *tile = &log->tiles[level];

        tile->count = (int)(above % XCA_LOG_TILE);
        above /= XCA_LOG_TILE;
        if (tile->count == 0) {
            continue;
        }
        err = xca_log_get(&part, log->store, xca_log_tile_name(level, above, pool), 0, pool);
        if (err == NULL && part->data.length < (apr_size_t)tile->count * XCA_MERKLE_SIZE) {
            err = broken(pool, "a tile is short, level", level);
        }
        if (err == NULL) {
            memcpy(tile->hashes, part->data.data, (size_t)tile->count * XCA_MERKLE_SIZE);
        }
    }
    log->leaves_length = 0;
    if (err == NULL && log->tiles[0].count > 0) {
        err = xca_log_get(&part, log->store, xca_log_entries_name(log->size / XCA_LOG_TILE, pool), 0, pool);
        if (err == NULL && !take_leaves(log, part, log->tiles[0].count)) {
            err = broken(pool, "leaves are missing, part", log->size / XCA_LOG_TILE);
        }
    }
    return err;
}

/* The head must be one that the log's key has signed, and the tiles must lead to its root: nothing is built on what someone else
 * put there. */
static xca_error_t *take_head(xca_public_log_t *log, const xca_log_part_t *part, apr_pool_t *pool) {
    char *storage = apr_palloc(pool, part->data.length + 1);
    unsigned char root[XCA_MERKLE_SIZE];
    xca_audit_entry_t *entry;
    xca_log_head_t head;
    xca_error_t *err;

    if (!xca_log_head_read(&head, storage, (const char *)part->data.data, part->data.length)) {
        return broken(pool, "the head is none, size", part->number);
    }
    log->size = log->published = apr_atoi64(head.size);
    log->entry = apr_atoi64(head.entry);
    log->head_time = xca_date_parse_wire(head.time);
    err = take_key(log, part->certificate, pool);
    if (err == NULL && !xca_audit_signed(log->signer, part->data, part->signature, log->head_time)) {
        err = broken(pool, "the head is not signed by the log's key, size", log->size);
    }
    if (err == NULL) {
        err = load_tiles(log, pool);
    }
    if (err == NULL) {
        root_of(root, log);
        if (strcmp(xca_text_hex(pool, root, sizeof(root)), head.root) != 0) {
            err = broken(pool, "the tiles do not lead to the root of the head, size", log->size);
        }
    }
    if (err == NULL && log->entry > 0) {
        err = xca_audit_get(&entry, log->store, log->entry, pool);
        if (err == NULL) {
            apr_cpystrn(log->previous, xca_sha256_hex(pool, entry->text.data, entry->text.length), sizeof(log->previous));
            log->entry_time = entry->time;
        }
    }
    return err;
}

static xca_error_t *load(xca_public_log_t *log, apr_pool_t *pool) {
    xca_log_part_t *part;
    int level;
    xca_error_t *err = xca_log_get(&part, log->store, "head", 0, pool);

    if (err == NULL) {
        err = take_head(log, part, pool);
    } else if (err->kind == XCA_E_NOT_FOUND) {
        err = NULL;
        log->size = log->entry = log->head_time = log->entry_time = 0;
        log->published = -1;
        log->leaves_length = 0;
        for (level = 0; level < LEVELS; level++) {
            log->tiles[level].count = 0;
        }
        apr_cpystrn(log->previous, XCA_AUDIT_NOTHING, sizeof(log->previous));
        log->signer = NULL;
    }
    log->known = err == NULL;
    return err;
}

/* Growing ---- */

static xca_error_t *put_leaves(xca_public_log_t *log, apr_int64_t part_number, apr_pool_t *pool) {
    xca_log_part_t part = {{(const unsigned char *)log->leaves, log->leaves_length}, log->leaves_entry, {NULL, 0}, {NULL, 0}};

    return xca_log_put(log->store, xca_log_entries_name(part_number, pool), &part, pool);
}

static xca_error_t *put_tile(xca_public_log_t *log, int level, apr_int64_t tile_number, apr_pool_t *pool) {
    const tile_t *tile = &log->tiles[level];
    xca_log_part_t part = {{tile->hashes, (apr_size_t)tile->count * XCA_MERKLE_SIZE}, tile->count, {NULL, 0}, {NULL, 0}};

    return xca_log_put(log->store, xca_log_tile_name(level, tile_number, pool), &part, pool);
}

/* A hash at the right end of a level; a tile that becomes whole is written, and is one of the level above. `place`: its number among
 * those of its level. */
static xca_error_t *push(xca_public_log_t *log, int level, apr_int64_t place, const unsigned char hash[XCA_MERKLE_SIZE],
                         apr_pool_t *pool) {
    tile_t *tile = &log->tiles[level];
    unsigned char root[XCA_MERKLE_SIZE];
    xca_error_t *err;

    memcpy(tile->hashes + tile->count++ * XCA_MERKLE_SIZE, hash, XCA_MERKLE_SIZE);
    if (tile->count < XCA_LOG_TILE) {
        return NULL;
    }
    if (level + 1 == LEVELS) {
        return broken(pool, "no room for more leaves, size", log->size);
    }
    err = put_tile(log, level, place / XCA_LOG_TILE, pool);
    xca_merkle_root(root, tile->hashes, XCA_LOG_TILE);
    tile->count = 0;
    return err == NULL ? push(log, level + 1, place / XCA_LOG_TILE, root, pool) : err;
}

static xca_error_t *add_leaf(xca_public_log_t *log, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    unsigned char hash[XCA_MERKLE_SIZE];
    apr_int64_t index = log->size;
    xca_bytes_t text;
    xca_error_t *err = xca_log_leaf_text(&text, entry, index, pool);

    if (err != NULL) {
        return err;
    }
    if (log->leaves_length == 0) {
        log->leaves_entry = entry->number;
    }
    memcpy(log->leaves + log->leaves_length, text.data, text.length);
    log->leaves[log->leaves_length + text.length] = '\n';
    log->leaves_length += text.length + 1;
    log->size++;
    if (log->size % XCA_LOG_TILE == 0) {
        err = put_leaves(log, index / XCA_LOG_TILE, pool);
        log->leaves_length = 0;
    }
    xca_merkle_leaf(hash, text.data, text.length);
    return err == NULL ? push(log, 0, index, hash, pool) : err;
}

/* The audit log is believed as far as it proves itself. */
static xca_error_t *take_entry(xca_public_log_t *log, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    xca_bytes_t certificate;
    xca_error_t *err = NULL;

    if (entry->wrong != NULL || entry->number != log->entry + 1 || strcmp(entry->previous, log->previous) != 0) {
        return broken(pool, "the audit log is not in order after entry", log->entry);
    }
    if (strcmp(entry->kind, "audit-key") == 0) {
        err = xca_audit_key_of(&certificate, entry, pool);
        if (err == NULL) {
            err = take_key(log, certificate, pool);
        }
    }
    if (err == NULL &&
        (log->signer == NULL || !xca_audit_signed(log->signer, entry->text, entry->signature, entry->time))) {
        err = broken(pool, "the audit log is not signed by its key at entry", entry->number);
    }
    if (err == NULL && xca_log_tells(entry)) {
        err = add_leaf(log, entry, pool);
    }
    log->entry = entry->number;
    log->entry_time = entry->time;
    apr_cpystrn(log->previous, xca_sha256_hex(pool, entry->text.data, entry->text.length), sizeof(log->previous));
    return err;
}

static xca_error_t *take_page(xca_public_log_t *log, apr_int64_t last, apr_pool_t *pool) {
    xca_audit_query_t query = {(log->entry + 1) / XCA_AUDIT_PAGE, NULL, NULL};
    apr_int64_t before = log->entry;
    apr_array_header_t *entries;
    apr_pool_t *scratch;
    int i;
    xca_error_t *err = xca_audit_find(&entries, NULL, log->store, &query, 0, pool);

    apr_pool_create(&scratch, pool);
    for (i = 0; err == NULL && i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);

        if (entry->number > log->entry && entry->number <= last) {
            apr_pool_clear(scratch);
            err = take_entry(log, entry, scratch);
        }
    }
    if (err != NULL) { /* it may be in the scratch pool */
        return xca_error_make(apr_pool_parent_get(pool), err->kind, err->message, "%s", err->detail != NULL ? err->detail : "-");
    }
    return log->entry == before ? broken(apr_pool_parent_get(pool), "the audit log lacks the entry after", before) : NULL;
}

static xca_error_t *put_edge(xca_public_log_t *log, apr_pool_t *pool) {
    apr_int64_t above = log->size;
    int level;
    xca_error_t *err = log->leaves_length > 0 ? put_leaves(log, log->size / XCA_LOG_TILE, pool) : NULL;

    for (level = 0; err == NULL && level < LEVELS; level++) {
        above /= XCA_LOG_TILE;
        if (log->tiles[level].count > 0) {
            err = put_tile(log, level, above, pool);
        }
    }
    return err;
}

/* The head comes last: what it tells of is there. */
static xca_error_t *publish(xca_public_log_t *log, apr_time_t now, apr_pool_t *pool) {
    char *buffer = apr_palloc(pool, XCA_LOG_HEAD_MAX);
    unsigned char root[XCA_MERKLE_SIZE];
    xca_log_part_t part = {{NULL, 0}, log->size, {NULL, 0}, log->certificate};
    xca_log_head_t head;
    xca_error_t *err;

    /* A clock that was set back: times never go back here, as in the audit log. */
    now = now > log->head_time ? now : log->head_time;
    now = now > log->entry_time ? now : log->entry_time;
    root_of(root, log);
    head.size = number(log->size, pool);
    head.root = xca_text_hex(pool, root, sizeof(root));
    head.time = xca_date_format(pool, now, XCA_DATE_WIRE);
    head.entry = number(log->entry, pool);
    part.data.length = xca_lines_write(buffer, XCA_LOG_HEAD_MAX, XCA_LOG_HEAD_FIRST, xca_log_head_fields, &head);
    part.data.data = (const unsigned char *)buffer;
    err = put_edge(log, pool);
    if (err == NULL) {
        err = xca_key_sign(&part.signature, log->key, part.data.data, part.data.length, pool);
    }
    if (err == NULL) {
        err = xca_log_head_put(log->store, &part, log->published, pool);
    }
    if (err == NULL) {
        log->published = log->size;
        log->head_time = now;
    }
    return err;
}

static xca_error_t *grow(int *more, xca_public_log_t *log, apr_time_t now, apr_pool_t *pool) {
    apr_pool_t *page_pool;
    apr_int64_t last;
    int pages;
    xca_error_t *err = xca_audit_number(&last, log->audit, pool);

    if (err == NULL && !log->known) {
        err = load(log, pool);
    }
    if (err == NULL && log->entry > last) {
        err = broken(pool, "the audit log was cut short, it had entry", log->entry);
    }
    apr_pool_create(&page_pool, pool);
    for (pages = 0; err == NULL && pages < PAGES && log->entry < last; pages++) {
        apr_pool_clear(page_pool);
        err = take_page(log, last, page_pool);
    }
    *more = err == NULL && log->entry < last;
    /* The key may be another one from now on; the log tells its certificate before it signs. */
    if (err == NULL && log->signer != NULL && xca_audit_signer_is(log->signer, log->key) &&
        (log->size != log->published || now >= log->head_time + HEAD_EVERY)) {
        err = publish(log, now, pool);
    }
    return err;
}

xca_public_log_t *xca_public_log_make(xca_store_t *store, xca_audit_t *audit, const xca_key_t *key, apr_pool_t *pool) {
    xca_public_log_t *log = apr_pcalloc(pool, sizeof(*log));

    log->store = store;
    log->audit = audit;
    log->key = key;
    log->pool = pool;
    return log;
}

xca_error_t *xca_public_log_grow(int *more, xca_public_log_t *log, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = grow(more, log, now, pool);

    if (err != NULL) {
        log->known = 0;
        *more = 0;
    }
    return err;
}
