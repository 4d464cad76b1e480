#include "operations/signer_lists.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/crl_store.h"
#include "directory/mappings.h"
#include "domain/calendar.h"
#include "operations/notices.h"
#include "operations/revoked.h"
#include "outside/crypto.h"

#define WAIT_MAX      apr_time_from_sec(5)  /* for Content Sync, in one call */
#define READ_SLICE    apr_time_from_sec(1)  /* while everything is read for the first time */
#define WAIT_STEP     apr_time_from_msec(50)
#define FOLLOW_ANEW   apr_time_from_sec(86400) /* a safety net: everything is read again once a day */
#define REFUSED_FOR   apr_time_from_sec(60) /* a list that the lint refused is tried again then */
#define CLOCK_MARGIN  apr_time_from_sec(3600) /* clocks that are set back by less do no harm */
#define FUTURE_MARGIN apr_time_from_sec(300)
#define GROUP_MAX     16                /* scopes that are signed, logged and written together */
#define GROUP_BYTES   (8 * 1024 * 1024) /* or less, if they are large */
#define ENTRY_BYTES   49                /* of an entry with a serial of ours and a reason */
#define FRAME_BYTES   4096              /* of what is around the entries */
#define NUMBER_TRIES  100

typedef struct {
    int key;
    xca_crl_scope_t id;
    const char *name;
    xca_crl_record_t head; /* what is published; number 0: nothing */
    int dirty;
    apr_uint32_t latest;   /* of the changes, in seconds */
    apr_time_t refused_until; /* real time */
} scope_t;

struct xca_lists {
    apr_pool_t *pool;
    xca_revoked_t *set;
    apr_pool_t *sync_pool;
    xca_ldap_sync_t *sync; /* NULL: not following */
    apr_time_t sync_until; /* by the real clock */
    apr_time_t since;      /* what has expired before is not followed */
    int complete;          /* the set has seen everything once */
    int reading;
    apr_hash_t *scopes;    /* key -> scope_t */
    int over[XCA_GENERATIONS_MAX]; /* the last lists of the key have been made */
    apr_time_t good_until[XCA_GENERATIONS_MAX]; /* a certificate of the key that was found is; 0: none has been looked for */
    int heads_known;
    apr_pool_t *expected_pool;
    apr_array_header_t *expected; /* const char *serial, xca_revoked_item_t */
};

typedef struct {
    const char *serial;
    xca_revoked_item_t item;
} expected_t;

/* Scopes -------------------------------------------------------------------------------------------------------- */

/* Partitions have keys from 2 * XCA_CRL_PARTITIONS_MAX on. */
static int key_of(const xca_crl_scope_t *id) {
    int key = id->kind == XCA_CRL_PARTITION ? id->parts * 2 * XCA_CRL_PARTITIONS_MAX + id->part : (int)id->kind;

    return key * XCA_GENERATIONS_MAX + id->generation;
}

static scope_t *scope_of(struct xca_lists *lists, const xca_crl_scope_t *id) {
    int key = key_of(id);
    scope_t *scope = apr_hash_get(lists->scopes, &key, sizeof(key));

    if (scope == NULL) {
        scope = apr_pcalloc(lists->pool, sizeof(*scope));
        scope->key = key;
        scope->id = *id;
        scope->name = xca_crl_scope_name(id, lists->pool);
        apr_hash_set(lists->scopes, &scope->key, sizeof(scope->key), scope);
    }
    return scope;
}

static scope_t *full_of(struct xca_lists *lists, int generation) {
    xca_crl_scope_t id = {XCA_CRL_FULL, 0, 0, generation};

    return scope_of(lists, &id);
}

static scope_t *rest_of(struct xca_lists *lists, int generation) {
    xca_crl_scope_t id = {XCA_CRL_REST, 0, 0, generation};

    return scope_of(lists, &id);
}

/* All partitions of one number have lists, also those that have no entries yet. */
static void know_partitions(struct xca_lists *lists, int parts, int generation) {
    xca_crl_scope_t id = {XCA_CRL_PARTITION, parts, 0, generation};

    for (; id.part < parts; id.part++) {
        (void)scope_of(lists, &id);
    }
}

static struct xca_lists *lists_of(xca_signer_t *signer) {
    struct xca_lists *lists = signer->lists;
    int generation;

    if (lists != NULL) {
        return lists;
    }
    lists = apr_pcalloc(signer->pool, sizeof(*lists));
    apr_pool_create(&lists->pool, signer->pool);
    apr_pool_create(&lists->expected_pool, lists->pool);
    lists->expected = apr_array_make(lists->expected_pool, 4, sizeof(expected_t));
    lists->set = xca_revoked_make(lists->pool);
    lists->scopes = apr_hash_make(lists->pool);
    for (generation = 0; generation <= signer->generation; generation++) {
        full_of(lists, generation)->dirty = rest_of(lists, generation)->dirty = 1; /* the CA's own entry may have been left behind */
    }
    know_partitions(lists, signer->profile->crl_partitions, signer->generation);
    signer->lists = lists;
    return lists;
}

/* The scopes' marks are set: of what has been read at the beginning by its time, later because it is a change. */
static void touch(struct xca_lists *lists, const xca_revoked_item_t *item) {
    xca_crl_scope_t id = {XCA_CRL_PARTITION, (int)item->parts, xca_revoked_part(item), (int)item->generation};
    unsigned int known = apr_hash_count(lists->scopes);
    scope_t *concerned[2];
    int i;

    concerned[0] = full_of(lists, id.generation);
    concerned[1] = id.part >= 0 ? scope_of(lists, &id) : rest_of(lists, id.generation);
    if (apr_hash_count(lists->scopes) > known) {
        know_partitions(lists, id.parts, id.generation);
    }
    for (i = 0; i < 2; i++) {
        concerned[i]->dirty |= lists->complete;
        if (item->when > concerned[i]->latest) {
            concerned[i]->latest = item->when;
        }
    }
}

/* The published lists, as the directory has them now. */
static xca_error_t *read_heads(struct xca_lists *lists, xca_store_t *store, apr_pool_t *pool) {
    apr_array_header_t *heads;
    apr_hash_index_t *at;
    int i;
    xca_error_t *err = xca_crl_heads(&heads, store, pool);

    if (err != NULL) {
        return err;
    }
    for (at = apr_hash_first(pool, lists->scopes); at != NULL; at = apr_hash_next(at)) {
        scope_t *scope = apr_hash_this_val(at);

        memset(&scope->head, 0, sizeof(scope->head));
    }
    for (i = 0; i < heads->nelts; i++) {
        const xca_crl_record_t *head = APR_ARRAY_IDX(heads, i, const xca_crl_record_t *);
        xca_crl_scope_t id;

        if (xca_crl_scope_parse(&id, head->name)) {
            scope_of(lists, &id)->head = *head;
            scope_of(lists, &id)->head.name = NULL; /* goes with the pool */
            know_partitions(lists, id.parts, id.generation);
        }
    }
    lists->heads_known = 1;
    return NULL;
}

/* Following ------------------------------------------------------------------------------------------------------ */

static xca_error_t *on_change(void *baton, const char *dn, const xca_entry_t *entry, apr_pool_t *scratch) {
    struct xca_lists *lists = baton;
    const xca_cert_t *cert;
    const char *serial;
    xca_revoked_item_t item, before;

    if (dn == NULL) {
        xca_revoked_read(lists->set);
        lists->reading = 0;
        lists->complete = 1;
        return NULL;
    }
    if (entry == NULL) {
        serial = xca_cert_serial_in(dn, scratch);
        if (serial != NULL && xca_revoked_drop(lists->set, serial, &before, scratch)) {
            touch(lists, &before);
        }
        return NULL;
    }
    cert = xca_cert_of_entry(entry, scratch);
    if (cert == NULL || !xca_revoked_item(&item, cert, scratch)) {
        return NULL;
    }
    if (xca_revoked_take(lists->set, &item, &before) != 0) {
        touch(lists, &item);
    }
    return NULL;
}

static void stop_following(struct xca_lists *lists) {
    xca_ldap_sync_stop(lists->sync);
    lists->sync = NULL;
    if (lists->sync_pool != NULL) {
        apr_pool_destroy(lists->sync_pool);
        lists->sync_pool = NULL;
    }
}

void xca_signer_lists_stop(xca_signer_t *signer) {
    if (signer->lists != NULL) {
        stop_following(signer->lists);
        apr_pool_destroy(signer->lists->pool);
        signer->lists = NULL;
    }
}

/* What expired before the oldest base of a delta is on no list any more. */
static apr_time_t oldest_base(struct xca_lists *lists, apr_time_t now, apr_pool_t *pool) {
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, lists->scopes); at != NULL; at = apr_hash_next(at)) {
        const scope_t *scope = apr_hash_this_val(at);

        if (scope->head.base_update != 0 && scope->head.base_update < now) {
            now = scope->head.base_update;
        }
    }
    return now;
}

static xca_error_t *start_following(xca_signer_t *signer, struct xca_lists *lists, apr_time_t now) {
    const xca_store_t *store = signer->office->store;

    apr_pool_create(&lists->sync_pool, lists->pool);
    lists->sync_until = apr_time_now() + FOLLOW_ANEW;
    lists->since = oldest_base(lists, now, lists->sync_pool) - XCA_DAY;
    lists->reading = 1;
    xca_revoked_reading(lists->set);
    return xca_ldap_sync_start(&lists->sync, xca_ldap_config(store->ldap), xca_branch_dn(store, "certificates", lists->sync_pool),
                               xca_cert_listed_filter(lists->since, lists->sync_pool), xca_cert_listed_attrs, on_change,
                               lists, lists->sync_pool);
}

static xca_error_t *poll(xca_signer_t *signer, struct xca_lists *lists, apr_interval_time_t wait, apr_time_t now,
                         apr_pool_t *pool) {
    apr_pool_t *scratch;
    xca_error_t *err = NULL;

    if (lists->sync != NULL && apr_time_now() > lists->sync_until) {
        stop_following(lists);
    }
    if (lists->sync == NULL) {
        err = start_following(signer, lists, now);
    }
    apr_pool_create(&scratch, lists->pool);
    if (err == NULL) {
        err = xca_ldap_sync_poll(lists->sync, wait, scratch);
    }
    if (err != NULL) {
        xca_log_error("following what is revoked", err);
        err = xca_error_make(pool, err->kind, err->message, NULL); /* the other goes with its pool */
        stop_following(lists);
    }
    apr_pool_destroy(scratch);
    return err;
}

void xca_signer_list_expect(xca_signer_t *signer, const xca_cert_t *changed, apr_pool_t *pool) {
    struct xca_lists *lists = lists_of(signer);
    expected_t expected;
    int i;

    if (!xca_revoked_item(&expected.item, changed, pool) || (lists->sync != NULL && changed->not_after < lists->since)) {
        return;
    }
    for (i = 0; i < lists->expected->nelts; i++) {
        expected_t *there = &APR_ARRAY_IDX(lists->expected, i, expected_t);

        if (strcmp(there->serial, changed->serial) == 0) {
            there->item = expected.item;
            return;
        }
    }
    expected.serial = apr_pstrdup(lists->expected_pool, changed->serial);
    APR_ARRAY_PUSH(lists->expected, expected_t) = expected;
}

static void expect_nothing(struct xca_lists *lists) {
    apr_pool_clear(lists->expected_pool);
    lists->expected = apr_array_make(lists->expected_pool, 4, sizeof(expected_t));
}

/* Whether all that this signer has changed has come back to it. */
static int is_up_to_date(struct xca_lists *lists, apr_pool_t *pool) {
    int i;

    if (!lists->complete) {
        return 0;
    }
    for (i = 0; i < lists->expected->nelts; i++) {
        const expected_t *expected = &APR_ARRAY_IDX(lists->expected, i, expected_t);
        const xca_revoked_item_t *there = xca_revoked_find(lists->set, expected->serial, pool);

        if (there == NULL || (there->reason & 0x7f) != expected->item.reason || there->when != expected->item.when) {
            return 0;
        }
    }
    return 1;
}

/* *done: the set is what the directory has. While everything is read, several calls may be needed. */
static xca_error_t *catch_up(int *done, xca_signer_t *signer, struct xca_lists *lists, apr_time_t now, apr_pool_t *pool) {
    apr_time_t until = apr_time_now() + (lists->complete ? WAIT_MAX : READ_SLICE);
    xca_error_t *err = poll(signer, lists, 0, now, pool);

    while (err == NULL && !is_up_to_date(lists, pool) && apr_time_now() < until) {
        err = poll(signer, lists, WAIT_STEP, now, pool);
    }
    *done = err == NULL && is_up_to_date(lists, pool);
    if (err == NULL && !*done && !lists->reading) {
        xca_log(XCA_LOG_WARNING, "lists: a change did not come back by Content Sync; everything is read again");
        expect_nothing(lists);
        stop_following(lists);
    }
    if (*done) {
        expect_nothing(lists);
    }
    return err;
}

/* Making --------------------------------------------------------------------------------------------------------- */

/* A list that this signer's clock has not made yet, or whose half life is over. */
static int is_scheduled(const scope_t *scope, apr_interval_time_t life, apr_time_t now) {
    const xca_crl_record_t *head = &scope->head;

    return head->number == 0 || head->scheduled_number == 0 || now < head->this_update - FUTURE_MARGIN ||
           now < head->scheduled_update - FUTURE_MARGIN || now >= head->scheduled_update + life / 2;
}

/* What was changed while no signer ran, or just before one stopped. */
static int was_left(const scope_t *scope) {
    return scope->latest != 0 && apr_time_from_sec(scope->latest) >= scope->head.this_update - CLOCK_MARGIN;
}

/* At the end of the first reading the times of changes have said what they can. */
static void judge_times(struct xca_lists *lists, apr_pool_t *pool) {
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, lists->scopes); at != NULL; at = apr_hash_next(at)) {
        scope_t *scope = apr_hash_this_val(at);

        scope->dirty |= was_left(scope);
    }
}

static apr_size_t bytes_max(const xca_signer_t *signer) {
    return signer->crl_bytes_max != 0 ? signer->crl_bytes_max : XCA_CRL_BYTES_MAX;
}

/* Whether a list of everything fits. One that did not fit must have become clearly smaller. */
static int full_fits(const xca_signer_t *signer, struct xca_lists *lists, int generation) {
    const scope_t *full = full_of(lists, generation), *rest = rest_of(lists, generation);
    apr_size_t limit = bytes_max(signer) - FRAME_BYTES, bytes = 0;
    xca_revoked_pass_t pass;
    xca_crl_entry_t entry;

    if (rest->head.number != 0 && full->head.number == 0) {
        limit = limit / 5 * 4;
    }
    if (xca_revoked_size(lists->set) * ENTRY_BYTES <= limit) {
        return 1;
    }
    (void)xca_revoked_pass(&pass, lists->set, &full->id, full->head.base_update, 0, 0);
    while (bytes <= limit && xca_revoked_next(&pass, &entry)) {
        bytes += ENTRY_BYTES;
    }
    return bytes <= limit;
}

/* Whether the key of the generation signs lists. */
static int is_signed(const xca_signer_t *signer, const struct xca_lists *lists, int generation) {
    return xca_signer_ca(signer, generation) != NULL && !lists->over[generation];
}

typedef struct {
    xca_signer_t *signer;
    struct xca_lists *lists;
    apr_time_t now;
    apr_uint64_t number; /* of this run, 0: none taken yet */
    struct {
        scope_t *scope;
        xca_crl_record_t record;
    } group[GROUP_MAX];
    int count;
    apr_size_t bytes;
    apr_pool_t *pool; /* of the group */
} run_t;

/* One number a run: a complete list and its delta share it (RFC 5280 section 5.2.3), and it is larger than all before. */
static xca_error_t *take_number(run_t *run) {
    apr_hash_index_t *at;
    apr_uint64_t largest = 0;
    apr_int64_t number = 0;
    int tries;
    xca_error_t *err = NULL;

    if (run->number != 0) {
        return NULL;
    }
    for (at = apr_hash_first(run->pool, run->lists->scopes); at != NULL; at = apr_hash_next(at)) {
        const scope_t *scope = apr_hash_this_val(at);

        largest = scope->head.number > largest ? scope->head.number : largest;
    }
    for (tries = 0; err == NULL && (apr_uint64_t)number <= largest && tries < NUMBER_TRIES; tries++) {
        err = xca_counter_next(&number, run->signer->office->store, "crl", run->pool);
    }
    if (err == NULL && (apr_uint64_t)number <= largest) {
        return xca_error_make(run->pool, XCA_E_INTERNAL, "crl.counter", "%" APR_INT64_T_FMT " is not behind %" APR_UINT64_T_FMT,
                              number, largest);
    }
    run->number = (apr_uint64_t)number;
    return err;
}

/* Numbers and times of the new lists of a scope. */
static void fill_record(xca_crl_record_t *record, const scope_t *scope, const run_t *run) {
    apr_time_t this_update = apr_time_from_sec(apr_time_sec(run->now));

    *record = scope->head;
    record->name = scope->name;
    record->number = run->number;
    record->this_update = this_update;
    record->next_update = this_update + run->signer->crl_life;
    if (is_scheduled(scope, run->signer->crl_life, run->now)) {
        int known = scope->head.scheduled_number != 0 && scope->head.scheduled_update <= this_update;

        record->base_number = known ? scope->head.scheduled_number : run->number;
        record->base_update = known ? scope->head.scheduled_update : this_update;
        record->scheduled_number = run->number;
        record->scheduled_update = this_update;
    }
}

/* What the list is about. A list without a scope is about all certificates of an issuer of its name, whatever key they are signed with
 * (RFC 5280 sections 5 and 6.3.3; OpenSSL takes it so): where there is more than one key, the full list says whose it is by the
 * addresses that certificates of this key alone name. */
static void put_scope(xca_list_order_t *order, const run_t *run, const scope_t *scope) {
    const char *url = run->signer->profile->crl_url;
    xca_crl_scope_t rest = {XCA_CRL_REST, 0, 0, scope->id.generation};

    if (scope->id.kind == XCA_CRL_FULL && run->signer->generation == 0) {
        return;
    }
    order->point = xca_crl_url(url, &scope->id, 0, run->pool);
    order->other_point = scope->id.kind == XCA_CRL_FULL ? xca_crl_url(url, &rest, 0, run->pool) : NULL;
}

static xca_error_t *sign_list(xca_list_t *list, const run_t *run, const scope_t *scope, const xca_crl_record_t *record,
                              int is_delta) {
    const char *url = run->signer->profile->crl_url;
    xca_revoked_pass_t pass;
    xca_list_order_t order = {0};

    order.number = record->number;
    order.this_update = record->this_update;
    order.next_update = record->next_update;
    order.is_delta = is_delta;
    order.base = is_delta ? record->base_number : 0;
    put_scope(&order, run, scope);
    order.freshest = is_delta ? NULL : xca_crl_url(url, &scope->id, 1, run->pool);
    order.count = xca_revoked_pass(&pass, run->lists->set, &scope->id, record->base_update, is_delta,
                                   record->base_update - CLOCK_MARGIN);
    pass.latest = record->this_update;
    order.next = xca_revoked_next;
    order.baton = &pass;
    order.bytes_max = bytes_max(run->signer);
    order.life_max = XCA_DAY;
    return xca_ca_list(list, xca_signer_ca(run->signer, scope->id.generation), &order, run->pool);
}

/* A finding of the lint stops the publication of this scope's lists, and the central office is told. */
static void refuse(run_t *run, scope_t *scope, const xca_error_t *err) {
    xca_notice_facts_t facts = {0};
    xca_error_t *fault;

    xca_log_error(apr_psprintf(run->pool, "list %s is not published", scope->name), err);
    scope->refused_until = apr_time_now() + REFUSED_FOR;
    facts.event = "list-refused";
    facts.id = apr_psprintf(run->pool, "list-%s-refused-%s", scope->name, xca_date_format(run->pool, run->now, XCA_DATE_ISO));
    facts.to = run->signer->central_mail;
    facts.name = scope->name;
    facts.reason = err->message;
    facts.text = err->detail;
    facts.until = scope->head.next_update;
    fault = xca_notify(run->signer, &facts, run->now, run->pool);
    xca_log_error("telling of a refused list", fault);
}

static xca_error_t *sign_both(run_t *run, scope_t *scope, xca_crl_record_t *record) {
    xca_list_t complete, delta;
    xca_error_t *err;

    fill_record(record, scope, run);
    err = sign_list(&complete, run, scope, record, 0);
    if (err == NULL) {
        err = sign_list(&delta, run, scope, record, 1);
    }
    if (err != NULL) {
        return err;
    }
    record->der = complete.der;
    record->entries = (long)complete.count;
    record->bytes = (long)complete.der.length;
    record->delta = delta.der;
    record->delta_entries = (long)delta.count;
    record->delta_bytes = (long)delta.der.length;
    if (record->der.length > bytes_max(run->signer) / 5 * 4 && scope->id.kind == XCA_CRL_PARTITION) {
        xca_log(XCA_LOG_WARNING, "list %s has %" APR_SIZE_T_FMT " bytes: raise crl-partitions for new certificates", scope->name,
                record->der.length);
    }
    return NULL;
}

/* The CA's key has signed them; they are not given out before the log has them. */
static xca_error_t *log_lists(run_t *run) {
    xca_audit_event_t event = {0};
    const char *lines, *key = "";
    int i;

    lines = xca_audit_details(run->pool, "number", apr_psprintf(run->pool, "%" APR_UINT64_T_FMT, run->number), "this-update",
                              xca_date_format(run->pool, run->group[0].record.this_update, XCA_DATE_RFC3339), "next-update",
                              xca_date_format(run->pool, run->group[0].record.next_update, XCA_DATE_RFC3339), NULL);
    for (i = 0; i < run->count; i++) {
        const xca_crl_record_t *record = &run->group[i].record;
        const char *complete = xca_sha256_hex(run->pool, record->der.data, record->der.length);
        const char *delta = xca_sha256_hex(run->pool, record->delta.data, record->delta.length);

        lines = apr_psprintf(run->pool, "%s\n%s=%ld %s\n%s-delta=%ld %s", lines, record->name, record->entries, complete,
                             record->name, record->delta_entries, delta);
        key = apr_pstrcat(run->pool, key, complete, delta, NULL);
    }
    event.kind = "list-sign";
    event.actor = "signer";
    event.key = key;
    event.details = lines;
    return xca_audit_append(run->signer->audit, &event, run->now, run->pool);
}

/* The main list of each key that still signs lists stands in the CA's entry: `made` is one, the others are what is published. */
static xca_error_t *publish_of_ca(run_t *run, const scope_t *made, xca_bytes_t der) {
    xca_bytes_t lists[XCA_GENERATIONS_MAX];
    int generation, count = 0;
    xca_error_t *err = NULL;

    for (generation = 0; err == NULL && generation <= run->signer->generation; generation++) {
        const scope_t *full = full_of(run->lists, generation), *main_one = full->head.number != 0 ? full : rest_of(run->lists, generation);
        xca_crl_record_t *there;

        if (generation == made->id.generation) {
            lists[count++] = der;
        } else if (is_signed(run->signer, run->lists, generation) && main_one->head.number != 0) {
            err = xca_crl_read(&there, run->signer->office->store, main_one->name, XCA_CRL_COMPLETE, run->pool);
            if (err == NULL && there->der.length > 0) {
                lists[count++] = there->der;
            }
        }
    }
    return err == NULL ? xca_crl_put_of_ca(run->signer->office->store, lists, count, run->pool) : err;
}

static xca_error_t *publish(run_t *run, scope_t *scope, const xca_crl_record_t *record) {
    xca_store_t *store = run->signer->office->store;
    xca_error_t *err = xca_crl_put(store, record, scope->head.number, run->pool);

    if (err != NULL && err->kind == XCA_E_CONFLICT) {
        xca_log_error("another signer has made a list", err);
        run->lists->heads_known = 0;
        return NULL; /* still due: after a look at what is there now */
    }
    if (err != NULL) {
        run->lists->heads_known = 0; /* whether it was written is not known */
        return err;
    }
    scope->head = *record;
    memset(&scope->head.der, 0, sizeof(scope->head.der));
    memset(&scope->head.delta, 0, sizeof(scope->head.delta));
    if (scope->id.kind != XCA_CRL_PARTITION) {
        err = publish_of_ca(run, scope, record->der);
    }
    scope->dirty = err != NULL;
    return err;
}

static xca_error_t *publish_group(run_t *run) {
    int i;
    xca_error_t *err = run->count > 0 ? log_lists(run) : NULL;

    for (i = 0; err == NULL && i < run->count; i++) {
        err = publish(run, run->group[i].scope, &run->group[i].record);
    }
    if (err == NULL && run->count > 0) {
        xca_log(XCA_LOG_INFO, "lists %" APR_UINT64_T_FMT " made: %s%s, %ld entries", run->number, run->group[0].scope->name,
                run->count > 1 ? apr_psprintf(run->pool, " and %d more", run->count - 1) : "", run->group[0].record.entries);
    }
    run->count = 0;
    run->bytes = 0;
    return err;
}

static xca_error_t *make_lists_of(run_t *run, scope_t *scope) {
    xca_crl_record_t *record = &run->group[run->count].record;
    xca_error_t *err = take_number(run);

    if (err != NULL) {
        return err;
    }
    err = sign_both(run, scope, record);
    if (err != NULL && xca_key_is_away(err)) {
        return err;
    }
    if (err != NULL) {
        refuse(run, scope, err);
        return NULL;
    }
    run->group[run->count++].scope = scope;
    run->bytes += record->der.length + record->delta.length;
    if (run->count < GROUP_MAX && run->bytes < GROUP_BYTES) {
        return NULL;
    }
    err = publish_group(run);
    if (err == NULL) {
        apr_pool_clear(run->pool);
    }
    return err;
}

/* The full list and that of the rest stand in each other's place. */
static xca_error_t *remove_other(xca_signer_t *signer, scope_t *made, scope_t *other, apr_pool_t *pool) {
    xca_error_t *err;

    if (made->head.number == 0 || other->head.number == 0) {
        return NULL;
    }
    err = xca_crl_remove(signer->office->store, other->name, pool);
    if (err == NULL) {
        memset(&other->head, 0, sizeof(other->head));
    }
    return err;
}

static int is_due(const scope_t *scope, const xca_signer_t *signer, apr_time_t now) {
    return (scope->dirty || is_scheduled(scope, signer->crl_life, now)) && apr_time_now() >= scope->refused_until;
}

/* When the oldest of the generation's newest lists on schedule was made; 0: one has none yet. */
static apr_time_t last_schedule(const struct xca_lists *lists, int generation, apr_time_t now, apr_pool_t *pool) {
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, lists->scopes); at != NULL; at = apr_hash_next(at)) {
        const scope_t *scope = apr_hash_this_val(at);

        if (scope->id.generation == generation && (scope->id.kind == XCA_CRL_PARTITION || scope->head.number != 0) &&
            scope->head.scheduled_update < now) {
            now = scope->head.scheduled_update;
        }
    }
    return now;
}

static xca_error_t *note_last(xca_signer_t *signer, struct xca_lists *lists, int generation, apr_pool_t *pool) {
    apr_hash_index_t *at;
    xca_error_t *err = NULL;

    for (at = apr_hash_first(pool, lists->scopes); err == NULL && at != NULL; at = apr_hash_next(at)) {
        scope_t *scope = apr_hash_this_val(at);

        if (scope->id.generation == generation && scope->head.number != 0 && !scope->head.is_last) {
            err = xca_crl_end(signer->office->store, scope->name, pool);
            scope->head.is_last = err == NULL;
        }
    }
    return err;
}

/* A former key has signed its last lists when all that it issued had expired before they were made on schedule: whoever was revoked has
 * then been on a list behind its end (RFC 5280 section 3.3). Those have a nextUpdate like all before, not one that never comes: no
 * certificate is left that anyone could ask about, and a list that is good for ever would go on speaking for a key that is destroyed, or
 * stolen. They stay published for whoever wants to look at what was signed then, and are marked, so that nobody waits for the next. */
static xca_error_t *see_whether_over(xca_signer_t *signer, struct xca_lists *lists, int generation, apr_time_t now, apr_pool_t *pool) {
    apr_time_t made = last_schedule(lists, generation, now, pool);
    xca_cert_t *good;
    xca_error_t *err;

    if (generation == signer->generation || lists->over[generation] || made == 0 || now < made + signer->crl_life / 2 ||
        made <= lists->good_until[generation]) {
        return NULL;
    }
    err = xca_cert_good_of(&good, signer->office->store, generation, made, pool);
    if (err == NULL && good != NULL) {
        lists->good_until[generation] = good->not_after;
    } else if (err == NULL) {
        err = note_last(signer, lists, generation, pool);
        lists->over[generation] = err == NULL;
    }
    if (lists->over[generation]) {
        xca_log(XCA_LOG_INFO, "key %d of the CA has signed its last lists: all that it issued has expired; it can be retired", generation);
    }
    return err;
}

/* The lists of one key. */
static xca_error_t *make_due_of(run_t *run, int generation, apr_pool_t *pool) {
    xca_signer_t *signer = run->signer;
    struct xca_lists *lists = run->lists;
    scope_t *full = full_of(lists, generation), *rest = rest_of(lists, generation);
    scope_t *main_one = full_fits(signer, lists, generation) ? full : rest, *other = main_one == full ? rest : full;
    apr_hash_index_t *at;
    xca_error_t *err = NULL;

    if (is_due(main_one, signer, run->now)) {
        err = make_lists_of(run, main_one);
    }
    for (at = apr_hash_first(pool, lists->scopes); err == NULL && at != NULL; at = apr_hash_next(at)) {
        scope_t *scope = apr_hash_this_val(at);

        if (scope->id.generation == generation && scope != main_one && scope != other && is_due(scope, signer, run->now)) {
            err = make_lists_of(run, scope);
        }
    }
    if (err == NULL) {
        err = publish_group(run);
    }
    other->dirty = 0;
    return err != NULL ? err : remove_other(signer, main_one, other, pool);
}

static xca_error_t *make_due(xca_signer_t *signer, struct xca_lists *lists, apr_time_t now, apr_pool_t *pool) {
    run_t run = {.signer = signer, .lists = lists, .now = now};
    apr_hash_index_t *at;
    int generation, left = 0;
    xca_error_t *err = NULL;

    apr_pool_create(&run.pool, pool);
    for (generation = 0; err == NULL && generation <= signer->generation; generation++) {
        err = see_whether_over(signer, lists, generation, now, pool);
        if (err == NULL && is_signed(signer, lists, generation)) {
            err = make_due_of(&run, generation, pool);
        }
    }
    for (at = apr_hash_first(pool, lists->scopes); at != NULL; at = apr_hash_next(at)) {
        const scope_t *scope = apr_hash_this_val(at);

        left |= scope->dirty && is_signed(signer, lists, scope->id.generation);
    }
    signer->crl_due = left || err != NULL;
    if (err == NULL) { /* which lives there */
        apr_pool_destroy(run.pool);
    }
    return err;
}

int xca_signer_lists_unread(const xca_signer_t *signer) {
    return signer->lists == NULL || !signer->lists->complete;
}

xca_error_t *xca_signer_lists(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    struct xca_lists *lists = lists_of(signer);
    int was_complete = lists->complete, done = 0;
    xca_error_t *err = lists->heads_known ? NULL : read_heads(lists, signer->office->store, pool);

    if (err == NULL) {
        err = catch_up(&done, signer, lists, now, pool);
    }
    if (lists->complete && !was_complete) {
        judge_times(lists, pool);
    }
    if (err != NULL || !done) {
        signer->crl_due = 1;
        return err;
    }
    return make_due(signer, lists, now, pool);
}
