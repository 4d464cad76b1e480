#include "operations/order.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"
#include "wire/order.h"

#define CLOCK_AHEAD apr_time_from_sec(5 * 60)

static int is_empty(const char *text) {
    return text == NULL || *text == '\0';
}

static int same(const char *a, const char *b) {
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static const char *or_null(const char *text) {
    return is_empty(text) ? NULL : text;
}

/* What was typed. */

static xca_error_t *check_uid(const char *uid, apr_pool_t *pool) {
    if (is_empty(uid) || strlen(uid) > 60 || strspn(uid, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(uid)) {
        return xca_error_field(pool, "subject", "order.subject", NULL);
    }
    return NULL;
}

static xca_error_t *check_person(const char *person, apr_pool_t *pool) {
    if (is_empty(person)) {
        return xca_error_field(pool, "person", "field.required", NULL);
    }
    if (strlen(person) > 60 ||
        strspn(person, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@") != strlen(person)) {
        return xca_error_field(pool, "person", "field.characters", NULL);
    }
    return NULL;
}

static xca_error_t *check_officer(xca_office_t *office, const xca_officer_t *officer, const char *digest, apr_pool_t *pool) {
    xca_window_t *window;
    xca_error_t *err = check_uid(officer->uid, pool);

    err = xca_error_append(err, xca_typed_check(officer->title, 1, 120, "title", pool));
    err = xca_error_append(err, check_person(officer->person, pool));
    if (officer->role == XCA_ROLE_NONE) {
        err = xca_error_append(err, xca_error_field(pool, "role", "field.choose", NULL));
    } else if ((officer->role == XCA_ROLE_RA) != !is_empty(officer->window)) {
        err = xca_error_append(err, xca_error_field(pool, "window", "order.window", NULL));
    }
    if (is_empty(digest)) {
        err = xca_error_append(err, xca_error_field(pool, "certificate", "field.required", NULL));
    }
    if (err != NULL || is_empty(officer->window)) {
        return err;
    }
    err = xca_window_read(&window, office->store, officer->window, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        err->kind = XCA_E_INVALID;
        err->field = "window";
    }
    return err;
}

static int are_classes(const char *classes, apr_pool_t *pool) {
    char *copy = apr_pstrdup(pool, classes), *state;
    char *class = apr_strtok(copy, "|", &state);

    for (; class != NULL; class = apr_strtok(NULL, "|", &state)) {
        if (xca_class_by_id(class) == XCA_CLASS_NONE) {
            return 0;
        }
    }
    return 1;
}

static int is_county(const xca_postal_t *postal, const char *county) {
    const apr_array_header_t *counties = xca_postal_counties(postal);
    int i;

    for (i = 0; i < counties->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(counties, i, const xca_district_t *)->county, county) == 0) {
            return 1;
        }
    }
    return strcmp(county, "中央機關") == 0;
}

static xca_error_t *check_window(xca_office_t *office, const xca_window_t *window, apr_pool_t *pool) {
    xca_error_t *err = check_uid(window->id, pool);

    err = xca_error_append(err, xca_typed_check(window->name, 1, 120, "title", pool));
    err = xca_error_append(err, xca_typed_check(window->address, 0, 180, "address", pool));
    err = xca_error_append(err, xca_typed_check(window->phone, 0, 60, "phone", pool));
    if (is_empty(window->county) || !is_county(office->postal, window->county)) {
        err = xca_error_append(err, xca_error_field(pool, "county", "order.county", NULL));
    }
    if (is_empty(window->classes) || !are_classes(window->classes, pool)) {
        err = xca_error_append(err, xca_error_field(pool, "classes", "order.class", NULL));
    }
    return err;
}

xca_error_t *xca_order_statement(const char **text, xca_office_t *office, const xca_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_order_text_t o;
    char *buffer = apr_palloc(pool, XCA_ORDER_MAX);
    xca_error_t *err = order->is_window ? check_window(office, &order->window, pool)
                                        : check_officer(office, &order->officer, order->certificate_digest, pool);

    if (err != NULL) {
        return err;
    }
    memset(&o, 0, sizeof(o));
    o.order = order->id;
    if (order->is_window) {
        o.kind = "window";
        o.subject = order->window.id;
        o.title = order->window.name;
        o.county = order->window.county;
        o.classes = order->window.classes;
        o.address = order->window.address;
        o.phone = order->window.phone;
    } else {
        o.kind = "officer";
        o.subject = order->officer.uid;
        o.title = order->officer.title;
        o.role = xca_role_id(order->officer.role);
        o.person = order->officer.person;
        o.active = order->officer.active ? "yes" : "no";
        o.certificate = apr_pstrcat(pool, "sha256:", order->certificate_digest, NULL);
        o.window = order->officer.window;
    }
    o.officer = officer->uid;
    o.time = xca_date_format(pool, now, XCA_DATE_WIRE);
    if (xca_order_write(&o, buffer, XCA_ORDER_MAX) == 0) {
        return xca_error_field(pool, "title", "field.characters", NULL);
    }
    *text = buffer;
    return NULL;
}

/* What was signed. */

static xca_order_t *order_of(const xca_order_text_t *o, apr_pool_t *pool) {
    xca_order_t *order = apr_pcalloc(pool, sizeof(*order));

    order->id = o->order;
    order->is_window = strcmp(o->kind, "window") == 0;
    if (order->is_window) {
        order->window.id = o->subject;
        order->window.name = o->title;
        order->window.county = o->county;
        order->window.classes = o->classes;
        order->window.address = or_null(o->address);
        order->window.phone = or_null(o->phone);
        return order;
    }
    order->officer.uid = o->subject;
    order->officer.title = o->title;
    order->officer.role = xca_role_by_id(o->role);
    order->officer.person = o->person;
    order->officer.active = strcmp(o->active, "yes") == 0;
    order->officer.window = or_null(o->window);
    order->certificate_digest = o->certificate + 7; /* behind "sha256:" */
    return order;
}

static int same_order(const xca_order_t *a, const xca_order_t *b) {
    if (a->is_window != b->is_window) {
        return 0;
    }
    if (a->is_window) {
        return same(a->window.id, b->window.id) && same(a->window.name, b->window.name) && same(a->window.county, b->window.county) &&
               same(a->window.classes, b->window.classes) && same(a->window.address, b->window.address) &&
               same(a->window.phone, b->window.phone);
    }
    return same(a->officer.uid, b->officer.uid) && same(a->officer.title, b->officer.title) && a->officer.role == b->officer.role &&
           same(a->officer.person, b->officer.person) && a->officer.active == b->officer.active &&
           same(a->officer.window, b->officer.window) && same(a->certificate_digest, b->certificate_digest);
}

static xca_error_t *denied(apr_pool_t *pool, const char *message, const char *uid) {
    return xca_error_make(pool, XCA_E_DENIED, message, "%s", uid);
}

/* Who and when. Nobody orders about themselves, also not under another name. */
static xca_error_t *judge_signer(const xca_order_t *order, const xca_officer_t *signer, apr_time_t when, apr_time_t now,
                                 apr_pool_t *pool) {
    if (signer->role != XCA_ROLE_CENTRAL) {
        return denied(pool, "order.role", signer->uid);
    }
    if (!signer->active) {
        return denied(pool, "order.inactive", signer->uid);
    }
    if (when == 0 || when > now + CLOCK_AHEAD || when < now - XCA_ORDER_LIFE) {
        return denied(pool, "order.time", signer->uid);
    }
    if (is_empty(signer->person) ||
        (!order->is_window && (same(order->officer.uid, signer->uid) || same(order->officer.person, signer->person)))) {
        return denied(pool, "order.own", signer->uid);
    }
    return NULL;
}

xca_error_t *xca_order_open(xca_order_t **order, xca_officer_t **officer, apr_time_t *signed_at, xca_office_t *office,
                            xca_bytes_t cms, xca_bytes_t anchor, apr_time_t now, apr_pool_t *pool) {
    xca_order_text_t o;
    const char *text;
    apr_size_t length;
    xca_error_t *err = xca_cms_content(&text, &length, cms, XCA_ORDER_MAX, pool);

    *order = NULL;
    *officer = NULL;
    if (err != NULL) {
        return err;
    }
    if (length == 0 || !xca_order_read(&o, apr_palloc(pool, length), text, length)) {
        return xca_error_make(pool, XCA_E_DENIED, "order.malformed", NULL);
    }
    *order = order_of(&o, pool);
    *signed_at = xca_date_parse_wire(o.time);
    err = xca_officer_read(officer, office->store, o.officer, pool);
    if (err == NULL) {
        err = xca_cms_verify(&text, &length, cms, (*officer)->certificate, anchor, *signed_at, XCA_ORDER_MAX, pool);
    }
    return err != NULL ? err : judge_signer(*order, *officer, *signed_at, now, pool);
}

static int by_time(const void *a, const void *b) {
    const xca_order_signature_t *left = *(xca_order_signature_t *const *)a, *right = *(xca_order_signature_t *const *)b;

    return left->time != right->time ? (left->time < right->time ? -1 : 1) : strcmp(left->id, right->id);
}

/* What is over stays as it was judged, also when who signed it is no officer any more. */
static void keep_verdict(xca_order_signature_t *signature, const xca_order_entry_t *entry) {
    if (entry->state != XCA_ORDER_WAITING && signature->verdict != NULL && strcmp(signature->verdict, "counted") == 0 &&
        signature->order != NULL && signature->signer != NULL) {
        signature->err = NULL;
    }
}

static xca_error_t *open_all(xca_order_standing_t *standing, xca_office_t *office, const char *id, xca_bytes_t anchor, apr_time_t now,
                             apr_pool_t *pool) {
    apr_array_header_t *found;
    int i;
    xca_error_t *err = xca_order_signatures(&found, office->store, id, pool);

    standing->signatures = apr_array_make(pool, 4, sizeof(xca_order_signature_t *));
    for (i = 0; err == NULL && i < found->nelts; i++) {
        const xca_decision_t *one = APR_ARRAY_IDX(found, i, const xca_decision_t *);
        xca_order_signature_t *signature = apr_pcalloc(pool, sizeof(*signature));

        signature->id = one->id;
        signature->verdict = one->verdict;
        signature->err =
            xca_order_open(&signature->order, &signature->signer, &signature->time, office, one->cms, anchor, now, pool);
        if (signature->err != NULL && (signature->err->kind == XCA_E_UNAVAILABLE || signature->err->kind == XCA_E_INTERNAL)) {
            return signature->err;
        }
        if (signature->err == NULL && !same(signature->order->id, id)) {
            signature->err = xca_error_make(pool, XCA_E_DENIED, "order.other", NULL);
        }
        keep_verdict(signature, standing->entry);
        APR_ARRAY_PUSH(standing->signatures, xca_order_signature_t *) = signature;
    }
    qsort(standing->signatures->elts, (size_t)standing->signatures->nelts, sizeof(void *), by_time);
    return err;
}

static int is_another_person(const xca_order_standing_t *standing, int count, const xca_officer_t *officer) {
    int i;

    for (i = 0; i < count; i++) {
        const xca_order_signature_t *earlier = APR_ARRAY_IDX(standing->signatures, i, const xca_order_signature_t *);

        if (earlier->err == NULL && same(earlier->signer->person, officer->person)) {
            return 0;
        }
    }
    return 1;
}

static int has_same_window(const xca_window_t *a, const xca_window_t *b) {
    return same(a->name, b->name) && same(a->county, b->county) && same(a->classes, b->classes);
}

static int has_same_officer(const xca_officer_t *a, const xca_officer_t *b) {
    return same(a->title, b->title) && a->role == b->role && same(a->person, b->person) && same(a->window, b->window);
}

static xca_error_t *read_window(int *needed, apr_time_t *changed, xca_office_t *office, const xca_window_t *wanted, apr_pool_t *pool) {
    xca_window_t *window;
    xca_error_t *err = xca_window_read(&window, office->store, wanted->id, pool);

    if (err != NULL) {
        return err;
    }
    *needed = has_same_window(window, wanted) ? 1 : 2;
    if (*needed == 2 || !same(window->address, wanted->address) || !same(window->phone, wanted->phone)) {
        *changed = window->changed;
    }
    return NULL;
}

static xca_error_t *read_officer(int *needed, apr_time_t *changed, xca_office_t *office, const xca_order_t *order, apr_pool_t *pool) {
    xca_officer_t *officer;
    int is_same;
    xca_error_t *err = xca_officer_read(&officer, office->store, order->officer.uid, pool);

    if (err != NULL) {
        return err;
    }
    is_same = has_same_officer(officer, &order->officer) &&
              same(xca_sha256_hex(pool, officer->certificate.data, officer->certificate.length), order->certificate_digest);
    *needed = is_same && !order->officer.active ? 1 : 2;
    if (!is_same || officer->active != order->officer.active) {
        *changed = officer->changed;
    }
    return NULL;
}

/* The record as it is now. One is enough for where a window can be reached, and for taking an officer's rights away. *changed: when it
 * was last changed, 0 if it is what the order wants already (the signer was cut off behind writing it). */
static xca_error_t *read_present(int *needed, apr_time_t *changed, xca_office_t *office, const xca_order_t *order, apr_pool_t *pool) {
    xca_error_t *err;

    *needed = 2;
    *changed = 0;
    err = order->is_window ? read_window(needed, changed, office, &order->window, pool)
                           : read_officer(needed, changed, office, order, pool);
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

/* The earliest one that counts says what the order is; the others must say the same. What was signed before the record was last changed is
 * out of date: whoever holds an order back cannot undo with it what came after. */
static xca_error_t *count_people(xca_order_standing_t *standing, xca_office_t *office, apr_pool_t *pool) {
    apr_time_t changed = 0;
    int i;

    for (i = 0; i < standing->signatures->nelts; i++) {
        xca_order_signature_t *one = APR_ARRAY_IDX(standing->signatures, i, xca_order_signature_t *);

        if (one->err != NULL) {
            continue;
        }
        if (standing->order == NULL || !same_order(standing->order, one->order)) {
            int needed;
            xca_error_t *err = read_present(&needed, &changed, office, one->order, pool);

            if (err != NULL) {
                return err;
            }
            standing->needed = standing->order == NULL ? needed : standing->needed;
        }
        if (apr_time_sec(one->time) < apr_time_sec(changed) && standing->entry->state == XCA_ORDER_WAITING) {
            one->err = xca_error_make(pool, XCA_E_DENIED, "order.stale", NULL);
            continue;
        }
        if (standing->order == NULL) {
            standing->order = one->order;
        } else if (!same_order(standing->order, one->order)) {
            one->err = xca_error_make(pool, XCA_E_DENIED, "order.other", NULL);
            continue;
        }
        if (is_another_person(standing, i, one->signer)) {
            standing->people++;
        } else {
            one->err = xca_error_make(pool, XCA_E_DENIED, "order.same-person", NULL);
        }
    }
    return NULL;
}

xca_error_t *xca_order_stands(xca_order_standing_t *standing, xca_office_t *office, const char *id, xca_bytes_t anchor,
                              apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    memset(standing, 0, sizeof(*standing));
    standing->needed = 2;
    err = xca_order_read_entry(&standing->entry, office->store, id, pool);
    if (err == NULL) {
        err = open_all(standing, office, id, anchor, now, pool);
    }
    if (err == NULL) {
        err = count_people(standing, office, pool);
    }
    if (err == NULL && standing->order != NULL) {
        standing->order->officer.certificate = standing->entry->certificate;
    }
    return err;
}

/* Whether it may be. */

static xca_error_t *check_certificate(const xca_order_t *order, const apr_array_header_t *officers, xca_bytes_t anchor, apr_time_t now,
                                      apr_pool_t *pool) {
    xca_bytes_t certificate = order->officer.certificate;
    int i;
    xca_error_t *err;

    if (certificate.length == 0 || !same(xca_sha256_hex(pool, certificate.data, certificate.length), order->certificate_digest)) {
        return xca_error_make(pool, XCA_E_DENIED, "order.certificate", "not the signed one");
    }
    err = order->officer.active ? xca_cms_may_sign(certificate, anchor, now, pool) : NULL;
    if (err != NULL && err->kind == XCA_E_DENIED) {
        return xca_error_make(pool, XCA_E_DENIED, "order.certificate", "%s", err->detail != NULL ? err->detail : "");
    }
    for (i = 0; err == NULL && i < officers->nelts; i++) {
        const xca_officer_t *other = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        if (!same(other->uid, order->officer.uid) && other->certificate.length == certificate.length &&
            memcmp(other->certificate.data, certificate.data, certificate.length) == 0) {
            return xca_error_make(pool, XCA_E_DENIED, "order.certificate-taken", "%s", other->uid);
        }
    }
    return err;
}

static int may_order(const xca_officer_t *officer) {
    return officer->active && officer->role == XCA_ROLE_CENTRAL && !is_empty(officer->person);
}

/* Two different people who can sign orders stay: otherwise nobody could put anything right any more. */
static int two_stay(const xca_order_t *order, const apr_array_header_t *officers) {
    const char *person = may_order(&order->officer) ? order->officer.person : NULL;
    int i;

    for (i = 0; i < officers->nelts; i++) {
        const xca_officer_t *other = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        if (same(other->uid, order->officer.uid) || !may_order(other)) {
            continue;
        }
        if (person != NULL && !same(person, other->person)) {
            return 1;
        }
        person = other->person;
    }
    return 0;
}

xca_error_t *xca_order_check(xca_office_t *office, const xca_order_t *order, xca_bytes_t anchor, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *officers;
    xca_error_t *err;

    if (order->is_window) {
        err = check_window(office, &order->window, pool);
    } else {
        err = check_officer(office, &order->officer, order->certificate_digest, pool);
    }
    if (err != NULL || order->is_window) {
        return err;
    }
    err = xca_officer_list(&officers, office->store, pool);
    if (err == NULL) {
        err = check_certificate(order, officers, anchor, now, pool);
    }
    if (err == NULL && !two_stay(order, officers)) {
        err = xca_error_make(pool, XCA_E_DENIED, "order.last-central", "%s", order->officer.uid);
    }
    return err;
}

xca_error_t *xca_order_submit(xca_office_t *office, const xca_order_t *order, xca_bytes_t certificate, xca_bytes_t cms,
                              apr_time_t now, apr_pool_t *pool) {
    xca_order_entry_t entry;
    xca_error_t *err;

    if (cms.length == 0 || cms.length > XCA_CMS_MAX) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "cms.malformed", NULL);
    }
    memset(&entry, 0, sizeof(entry));
    entry.id = order->id;
    entry.certificate = certificate;
    entry.filed = now;
    err = xca_order_add(office->store, &entry, pool);
    return err != NULL ? err : xca_order_sign(office->store, order->id, xca_sha256_hex(pool, cms.data, cms.length), cms, pool);
}
