#include "operations/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "operations/audit_verify.h"
#include "outside/crypto_audit.h"
#include "outside/crypto_card.h"
#include "wire/audit.h"

#define TRIES       16 /* of a number that others take too */
#define VALUE_MAX   600
#define STUCK_FOR   apr_time_from_sec(20)
#define RENEW_AHEAD (30 * XCA_DAY) /* of the certificate's end */
#define LINE_SIZE   96

/* The last entry. */
typedef struct {
    int known;
    apr_int64_t number; /* 0: none yet */
    apr_time_t time;
    char hash[XCA_AUDIT_HASH + 1];
} head_t;

struct xca_audit {
    xca_store_t *store;
    const xca_ca_t *ca;
    xca_bytes_t own;
    const xca_bytes_t *trusted; /* certificates of the CA */
    int trusted_count;
    const xca_key_t *key;
    const char *head_file;
    apr_pool_t *pool;
    head_t head;
    int certified;          /* the log's key is this one */
    apr_time_t certified_until;
    apr_time_t stuck;       /* when an entry could not be written, real clock; 0: it could */
};

static const char *one_line(apr_pool_t *pool, const char *value) {
    char *copy = apr_pstrndup(pool, value, VALUE_MAX), *at;
    apr_size_t length = strlen(copy);

    /* Not cut inside a character. */
    while (length > 0 && length == VALUE_MAX && ((unsigned char)value[length] & 0xc0) == 0x80) {
        copy[--length] = '\0';
        if (((unsigned char)value[length] & 0xc0) != 0x80) {
            break;
        }
    }
    for (at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = ' ';
        }
    }
    if (!xca_text_valid(copy, strlen(copy), 0)) {
        for (at = copy; *at != '\0'; at++) {
            if ((unsigned char)*at >= 0x80) {
                *at = '?';
            }
        }
    }
    return copy;
}

const char *xca_audit_details(apr_pool_t *pool, const char *name, ...) {
    const char *text = NULL;
    va_list pairs;

    va_start(pairs, name);
    for (; name != NULL; name = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);

        if (value != NULL) {
            text = apr_pstrcat(pool, text != NULL ? text : "", text != NULL ? "\n" : "", name, "=",
                               one_line(pool, value), NULL);
        }
    }
    va_end(pairs);
    return text;
}

xca_error_t *xca_audit_make(xca_audit_t **audit, xca_store_t *store, const xca_ca_t *ca, const xca_key_t *key,
                            const char *head_file, apr_pool_t *pool) {
    xca_audit_t *made = apr_pcalloc(pool, sizeof(*made));

    made->store = store;
    made->ca = ca;
    made->own = xca_ca_certificate(ca);
    made->trusted = &made->own;
    made->trusted_count = 1;
    made->key = key;
    made->head_file = head_file;
    made->pool = pool;
    *audit = made;
    return NULL;
}

void xca_audit_trust(xca_audit_t *audit, const xca_bytes_t *cas, int count) {
    audit->trusted = cas;
    audit->trusted_count = count;
}

const xca_bytes_t *xca_audit_trusted(const xca_audit_t *audit, int *count) {
    *count = audit->trusted_count;
    return audit->trusted;
}

int xca_audit_is_stuck(const xca_audit_t *audit) {
    return audit->stuck != 0 && apr_time_now() - audit->stuck < STUCK_FOR;
}

/* The log and the work that waits for it: whatever is wrong, it is tried again later. */
static xca_error_t *stuck(xca_audit_t *audit, xca_error_t *err, const char *message, apr_pool_t *pool) {
    audit->stuck = apr_time_now();
    audit->head.known = 0;
    audit->certified = 0;
    if (xca_key_is_away(err) || xca_ldap_is_away(err)) {
        return err;
    }
    return xca_error_make(pool, XCA_E_UNAVAILABLE, message, "%s: %s", err->message,
                          err->detail != NULL ? err->detail : "-");
}

static xca_error_t *broken(apr_pool_t *pool, apr_int64_t number, const char *what) {
    return xca_error_make(pool, XCA_E_UNAVAILABLE, "audit.broken", "entry %" APR_INT64_T_FMT ": %s", number, what);
}

/* The head file: a line "NUMBER HASH". It is not forced to the disk: one that is behind the log after a power cut does no
 * harm. ---- */

static apr_int64_t read_head_file(const xca_audit_t *audit, char hash[XCA_AUDIT_HASH + 1], apr_pool_t *pool) {
    char line[LINE_SIZE + 1];
    apr_size_t length = LINE_SIZE;
    apr_file_t *file;
    const char *space;

    if (audit->head_file == NULL ||
        apr_file_open(&file, audit->head_file, APR_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS) {
        return 0;
    }
    if (apr_file_read(file, line, &length) != APR_SUCCESS) {
        length = 0;
    }
    apr_file_close(file);
    line[length] = '\0';
    space = strrchr(line, ' ');
    if (space == NULL || strspn(space + 1, "0123456789abcdef") != XCA_AUDIT_HASH) {
        return 0;
    }
    apr_cpystrn(hash, space + 1, XCA_AUDIT_HASH + 1);
    return apr_atoi64(line);
}

static void write_head_file(const xca_audit_t *audit, apr_pool_t *pool) {
    apr_file_t *file;
    char line[LINE_SIZE + 1];
    apr_size_t length;

    if (audit->head_file == NULL) {
        return;
    }
    /* Always as long: it is overwritten in place. */
    length = (apr_size_t)apr_snprintf(line, sizeof(line), "%-15" APR_INT64_T_FMT " %s\n", audit->head.number,
                                      audit->head.hash);
    if (apr_file_open(&file, audit->head_file, APR_WRITE | APR_CREATE, APR_FPROT_UREAD | APR_FPROT_UWRITE, pool) !=
            APR_SUCCESS ||
        apr_file_write_full(file, line, length, NULL) != APR_SUCCESS) {
        xca_log(XCA_LOG_WARNING, "%s cannot be written", audit->head_file);
    }
    apr_file_close(file);
}

/* Where the log ends ---- */

/* The greatest number of an unbroken row that begins at `from`, which is there (or 0). */
static xca_error_t *find_last(apr_int64_t *last, xca_audit_t *audit, apr_int64_t from, apr_pool_t *pool) {
    apr_int64_t there = from, missing = 0, stride = 1;
    xca_error_t *err = NULL;

    while (err == NULL && (missing == 0 || missing - there > 1)) {
        apr_int64_t at = missing == 0 ? there + stride : there + (missing - there) / 2;
        int exists;

        err = xca_audit_exists(&exists, audit->store, at, pool);
        if (exists) {
            there = at;
            stride *= 2;
        } else {
            missing = at;
        }
    }
    *last = there;
    return err;
}

/* The certificate of the key that signs the log now, NULL if there is none yet. */
static xca_error_t *find_signer(xca_audit_signer_t **signer, xca_audit_t *audit, apr_int64_t last, apr_pool_t *pool) {
    xca_audit_query_t query = {-1, "audit-key", NULL};
    apr_array_header_t *entries;
    int i;
    xca_error_t *err = xca_audit_find(&entries, NULL, audit->store, &query, 0, pool);

    *signer = NULL;
    for (i = err == NULL ? entries->nelts - 1 : -1; i >= 0; i--) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);
        xca_bytes_t certificate;

        if (entry->number > last) {
            continue;
        }
        err = xca_audit_key_of(&certificate, entry, pool);
        return err == NULL ? xca_audit_signer_make(signer, certificate, audit->trusted, audit->trusted_count, pool) : err;
    }
    return err;
}

/* The last entry must be one that the log's key has signed: nothing is built on what someone else put there. */
static xca_error_t *take_head(xca_audit_t *audit, apr_int64_t last, apr_pool_t *pool) {
    xca_audit_signer_t *signer;
    xca_audit_entry_t *entry;
    xca_error_t *err = xca_audit_get(&entry, audit->store, last, pool);

    if (err == NULL && entry->wrong != NULL) {
        err = broken(pool, last, entry->wrong);
    }
    if (err == NULL) {
        err = find_signer(&signer, audit, last, pool);
    }
    if (err == NULL && (signer == NULL || !xca_audit_signed(signer, entry->text, entry->signature, entry->time))) {
        err = broken(pool, last, "its signature is not the log's");
    }
    if (err != NULL) {
        return err;
    }
    audit->certified = xca_audit_signer_is(signer, audit->key);
    audit->certified_until = xca_audit_signer_until(signer);
    audit->head.number = last;
    audit->head.time = entry->time;
    apr_cpystrn(audit->head.hash, xca_sha256_hex(pool, entry->text.data, entry->text.length), sizeof(audit->head.hash));
    audit->head.known = 1;
    return NULL;
}

static xca_error_t *check_kept(xca_audit_t *audit, apr_int64_t kept, const char *hash, apr_pool_t *pool) {
    xca_audit_entry_t *entry;
    xca_error_t *err = xca_audit_get(&entry, audit->store, kept, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return xca_error_make(pool, XCA_E_UNAVAILABLE, "audit.truncated",
                              "entry %" APR_INT64_T_FMT " was written and is not there (%s)", kept, audit->head_file);
    }
    if (err == NULL && strcmp(xca_sha256_hex(pool, entry->text.data, entry->text.length), hash) != 0) {
        return broken(pool, kept, "not as it was written");
    }
    return err;
}

static xca_error_t *find_head(xca_audit_t *audit, apr_pool_t *pool) {
    char hash[XCA_AUDIT_HASH + 1];
    apr_int64_t kept = read_head_file(audit, hash, pool), last;
    xca_error_t *err = kept > 0 ? check_kept(audit, kept, hash, pool) : NULL;

    if (err == NULL) {
        err = find_last(&last, audit, kept, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (last > 0) {
        return take_head(audit, last, pool);
    }
    memset(&audit->head, 0, sizeof(audit->head));
    apr_cpystrn(audit->head.hash, XCA_AUDIT_NOTHING, sizeof(audit->head.hash));
    audit->head.known = 1;
    audit->certified = 0;
    return NULL;
}

xca_error_t *xca_audit_number(apr_int64_t *number, xca_audit_t *audit, apr_pool_t *pool) {
    xca_error_t *err = audit->head.known ? NULL : find_head(audit, pool);

    *number = err == NULL ? audit->head.number : 0;
    return err;
}

/* Writing ---- */

static xca_error_t *make_text(xca_audit_entry_t *entry, const xca_audit_t *audit, const xca_audit_event_t *event,
                              apr_pool_t *pool) {
    char *buffer = apr_palloc(pool, XCA_AUDIT_MAX);
    xca_audit_text_t record = {0};

    record.number = apr_psprintf(pool, "%" APR_INT64_T_FMT, entry->number);
    record.time = xca_date_format(pool, entry->time, XCA_DATE_WIRE);
    record.kind = event->kind;
    record.actor = event->actor;
    record.case_number = event->case_number;
    record.serial = event->serial;
    record.card = event->card;
    record.organisation = event->organisation;
    record.details = event->details;
    record.event = entry->event;
    record.previous = audit->head.hash;
    entry->text.length = xca_lines_write(buffer, XCA_AUDIT_MAX, XCA_AUDIT_FIRST, xca_audit_fields, &record);
    entry->text.data = (const unsigned char *)buffer;
    if (entry->text.length == 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "audit.unreadable", "%s by %s", event->kind, event->actor);
    }
    return NULL;
}

static xca_error_t *write_next(xca_audit_t *audit, const xca_audit_event_t *event, const char *event_hash,
                               apr_time_t now, apr_pool_t *pool) {
    xca_audit_entry_t entry = {0};
    xca_error_t *err;

    entry.number = audit->head.number + 1;
    entry.time = now > audit->head.time ? apr_time_from_sec(apr_time_sec(now)) : audit->head.time;
    entry.kind = event->kind;
    entry.actor = event->actor;
    entry.case_number = event->case_number;
    entry.serial = event->serial;
    entry.card = event->card;
    entry.organisation = event->organisation;
    entry.details = event->details;
    entry.event = event_hash;
    entry.cms = event->cms;
    err = make_text(&entry, audit, event, pool);
    if (err == NULL) {
        err = xca_key_sign(&entry.signature, audit->key, entry.text.data, entry.text.length, pool);
    }
    if (err == NULL) {
        entry.hash = xca_sha256_hex(pool, entry.text.data, entry.text.length);
        err = xca_audit_add(audit->store, &entry, pool);
    }
    if (err != NULL) {
        return err;
    }
    audit->head.number = entry.number;
    audit->head.time = entry.time;
    apr_cpystrn(audit->head.hash, entry.hash, sizeof(audit->head.hash));
    audit->stuck = 0;
    write_head_file(audit, pool);
    return NULL;
}

static const char *hash_of(const char *kind, const char *key, apr_pool_t *pool) {
    const char *all = apr_pstrcat(pool, kind, "\n", key, NULL);

    return xca_sha256_hex(pool, all, strlen(all));
}

/* Once: "ldap.exists" if someone was faster with the number. */
static xca_error_t *write_event(xca_audit_t *audit, const xca_audit_event_t *event, const char *event_hash, apr_time_t now,
                                apr_pool_t *pool) {
    apr_int64_t there;
    xca_error_t *err = xca_audit_event_number(&there, audit->store, event_hash, pool);

    return err != NULL || there > 0 ? err : write_next(audit, event, event_hash, now, pool);
}

/* The key's certificate stands in the log before the key is used: at its begin, with another key, and before its end. */
static xca_error_t *certify(xca_audit_t *audit, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    xca_bytes_t certificate;
    const char *text;
    xca_error_t *err;

    now = now > audit->head.time ? now : audit->head.time;
    if (audit->certified && now < audit->certified_until - RENEW_AHEAD) {
        return NULL;
    }
    err = xca_audit_certify(&certificate, audit->ca, audit->key, now, pool);
    if (err != NULL) {
        return err;
    }
    text = xca_base64(pool, certificate.data, certificate.length);
    event.kind = "audit-key";
    event.actor = "signer";
    event.details = apr_pstrcat(pool, "certificate=", text, NULL);
    err = write_event(audit, &event, hash_of(event.kind, text, pool), now, pool);
    return err == NULL ? find_head(audit, pool) : err;
}

/* What is not of the form of its field goes without it: who files nonsense must not stop the log. */
static void leave_out_nonsense(xca_audit_event_t *event, apr_pool_t *pool) {
    static const char digits[] = "0123456789";
    const char *number = event->case_number, *serial = event->serial, *card = event->card, *oid = event->organisation;

    event->actor = apr_pstrndup(pool, one_line(pool, event->actor), 100);
    if (!xca_text_valid(event->actor, strlen(event->actor), 0)) {
        event->actor = "unknown";
    }
    if (number != NULL && (strlen(number) != 25 || strspn(number, digits) != 25)) {
        event->case_number = NULL;
    }
    if (serial != NULL && (strlen(serial) < 2 || strlen(serial) > 40 ||
                           strspn(serial, "0123456789abcdef") != strlen(serial))) {
        event->serial = NULL;
    }
    if (card != NULL && (strlen(card) != 16 || strncmp(card, "Xc", 2) != 0 || strspn(card + 2, digits) != 14)) {
        event->card = NULL;
    }
    if (oid != NULL && (strlen(oid) < 3 || strlen(oid) > 120 || strspn(oid, "0123456789.") != strlen(oid))) {
        event->organisation = NULL;
    }
}

xca_error_t *xca_audit_append(xca_audit_t *audit, const xca_audit_event_t *wanted, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = *wanted;
    const char *hash = hash_of(event.kind, event.key, pool), *message = "audit.unwritable";
    xca_error_t *err = NULL;
    int tries;

    leave_out_nonsense(&event, pool);
    for (tries = 0; tries < TRIES; tries++) {
        err = audit->head.known ? NULL : find_head(audit, pool);
        if (err == NULL) {
            err = certify(audit, now, pool);
        }
        if (err == NULL) {
            err = write_event(audit, &event, hash, now, pool);
        }
        if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
            break;
        }
        audit->head.known = 0;
    }
    if (err == NULL) {
        audit->stuck = 0;
        return NULL;
    }
    if (strcmp(err->message, "audit.broken") == 0 || strcmp(err->message, "audit.truncated") == 0) {
        message = err->message;
    }
    return stuck(audit, err, message, pool);
}
