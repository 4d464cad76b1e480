#include "operations/application.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/card_store.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/case_file.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

#define XCA_ORGANIZATION_NAME_MAX 64 /* code points, RFC 5280 appendix A.1 ub-organization-name */

/* A hash to compare with when there is no such case, so that asking takes as long (made once a
 * process; a race only makes it twice). */
static const char *nobodys_hash(apr_pool_t *pool, xca_error_t **err) {
    static char kept[256];
    static volatile int ready;
    const char *hash = NULL;
    unsigned char random[16];

    *err = NULL;
    if (ready) {
        return kept;
    }
    *err = xca_random(random, sizeof(random), pool);
    if (*err == NULL) {
        *err = xca_code_hash(&hash, xca_secret_make(pool, random, sizeof(random)), pool);
    }
    if (*err != NULL) {
        return NULL;
    }
    apr_cpystrn(kept, hash, sizeof(kept));
    __sync_synchronize();
    ready = 1;
    return kept;
}

void xca_org_barred(apr_time_t *until, const xca_org_t *org, apr_time_t when) {
    /* By days: people are told the day from which they may apply again. */
    apr_time_t end = org->banned_from != 0 ? xca_date_add_months(xca_day_begin(org->banned_from), XCA_BAN_MONTHS) : 0;

    *until = when >= org->banned_from && when < end ? end : 0;
}

/* Fills in what the OID tree knows of a known organisation. */
static xca_error_t *check_organisation(xca_office_t *office, xca_case_t *kase, apr_time_t now,
                                       xca_error_t **wrong, apr_pool_t *pool) {
    apr_time_t barred_until;
    xca_org_t *org;
    xca_error_t *err;

    if (kase->oid == NULL) {
        return NULL;
    }
    err = xca_oid_check(kase->oid, XCA_OID_ROOT, "oid", pool);
    if (err != NULL) {
        *wrong = xca_error_append(*wrong, err);
        return NULL;
    }
    err = xca_org_read(&org, office->store, kase->oid, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "oid", "org.not-found", kase->oid));
        return NULL;
    }
    if (err != NULL) {
        return err;
    }
    kase->class = org->class;
    kase->org_name = org->name;
    kase->ubn = org->ubn;
    kase->org_county = org->county;
    kase->org_district = org->district;
    if (xca_text_length(org->name) > XCA_ORGANIZATION_NAME_MAX) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "oid", "org.name-too-long", NULL));
    }
    if (org->class == XCA_CLASS_NONE) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "oid", "org.no-class", org->name));
    } else if (org->state == XCA_ORG_ABOLISHED) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "oid", "org.abolished", org->name));
    } else if (org->state == XCA_ORG_UNIT) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "oid", "org.unit", org->name));
    }
    /* Who applied before the card was lost is not barred by that. */
    xca_org_barred(&barred_until, org, kase->filed != 0 ? kase->filed : now);
    if (barred_until != 0) {
        *wrong = xca_error_append(
            *wrong, xca_error_field(pool, "oid", "org.barred",
                                    xca_date_format(pool, barred_until, XCA_DATE_ISO)));
    }
    return NULL;
}

static int is_wrong(const xca_error_t *wrong, const char *field) {
    for (; wrong != NULL; wrong = wrong->next) {
        if (wrong->field != NULL && strcmp(wrong->field, field) == 0) {
            return 1;
        }
    }
    return 0;
}

static int same_text(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

char *xca_case_source_key(apr_pool_t *pool, const char *number) {
    return apr_pstrcat(pool, "case:", number, NULL);
}

/* Whether an organisation came into the tree with this very case: it was approved, or the signer was stopped after it had
 * assigned the OID. The portal may not read the source: to it the OID tells. */
static int came_with(const xca_org_t *org, const xca_case_t *kase, const char *this_case, apr_pool_t *pool) {
    return org->source_key != NULL ? this_case != NULL && strcmp(org->source_key, xca_case_source_key(pool, this_case)) == 0
                                   : same_text(org->oid, kase->assigned_oid);
}

/* A new organisation whose unified number is in the tree already is not new. */
static xca_error_t *check_not_known(xca_office_t *office, const xca_case_t *kase,
                                    const char *this_case, xca_error_t **wrong, apr_pool_t *pool) {
    apr_array_header_t *same;
    const xca_org_t *org;
    xca_error_t *err;

    if (kase->oid != NULL || kase->ubn == NULL || is_wrong(*wrong, "ubn")) {
        return NULL;
    }
    err = xca_org_search(&same, NULL, office->store, NULL, kase->ubn, 1, pool);
    if (err != NULL || same->nelts == 0) {
        return err;
    }
    org = APR_ARRAY_IDX(same, 0, const xca_org_t *);
    if (came_with(org, kase, this_case, pool)) {
        return NULL;
    }
    *wrong = xca_error_append(
        *wrong, xca_error_field(pool, "ubn", "org.ubn-known",
                                apr_pstrcat(pool, org->name, " (", org->oid, ")", NULL)));
    return NULL;
}

static xca_error_t *check_window(xca_office_t *office, xca_case_t *kase, xca_error_t **wrong,
                                 apr_pool_t *pool) {
    xca_window_t *window;
    xca_error_t *err;

    if (kase->window == NULL || *kase->window == '\0') {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "window", "window.required", NULL));
        return NULL;
    }
    if (is_wrong(*wrong, "window")) {
        return NULL;
    }
    err = xca_window_read(&window, office->store, kase->window, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *wrong =
            xca_error_append(*wrong, xca_error_field(pool, "window", "window.not-found", NULL));
        return NULL;
    }
    if (err != NULL) {
        return err;
    }
    if (kase->class != XCA_CLASS_NONE && !xca_window_takes(window, kase->class)) {
        *wrong =
            xca_error_append(*wrong, xca_error_field(pool, "window", "window.class", window->name));
    }
    return NULL;
}

xca_error_t *xca_key_check_free(xca_office_t *office, const char *key_hash, const char *oid,
                                xca_use use, const char *except_case, apr_time_t now,
                                apr_pool_t *pool) {
    apr_array_header_t *certs, *cases;
    int i;
    xca_error_t *err =
        xca_cert_search(&certs, NULL, office->store, XCA_CERT_BY_KEY, key_hash, 0, pool);

    if (err != NULL) {
        return err;
    }
    for (i = 0; i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (same_text(cert->case_number, except_case)) {
            continue;
        }
        if (cert->state == XCA_CERT_REVOKED) {
            return xca_error_field(pool, "csr", "key.revoked", NULL);
        }
        if (!same_text(cert->oid, oid)) {
            return xca_error_field(pool, "csr", "key.other-organisation", NULL);
        }
        if (cert->use == use && cert->not_after > now) {
            return xca_error_field(pool, "csr", "key.in-use", NULL);
        }
    }
    err = xca_case_by_key(&cases, office->store, key_hash, pool);
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < cases->nelts; i++) {
        const xca_case_t *other = APR_ARRAY_IDX(cases, i, const xca_case_t *);
        int same_organisation = same_text(other->oid, oid) || same_text(other->assigned_oid, oid);

        /* A returned one has to pass this check again before it comes back. */
        if (same_text(other->number, except_case) || other->state == XCA_STATE_RETURNED) {
            continue;
        }
        if (!same_organisation || other->use == use) {
            return xca_error_field(pool, "csr", "key.in-use", NULL);
        }
    }
    return NULL;
}

/* Whether a card stands in the way of another primary one at `now`. */
static xca_error_t *counts(int *it_does, xca_office_t *office, const xca_card_t *card, apr_time_t now,
                           apr_pool_t *pool) {
    xca_cert_t *cert;
    xca_error_t *err;

    *it_does = card->rank == XCA_RANK_PRIMARY && xca_card_lives(card->state);
    if (!*it_does || card->serials[XCA_USE_SIGNATURE] == NULL) {
        return NULL;
    }
    err = xca_cert_read(&cert, office->store, card->serials[XCA_USE_SIGNATURE], pool);
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    /* Nor one that will be revoked because its organisation has changed. */
    *it_does = cert->not_after - XCA_RENEW_DAYS * XCA_DAY > now && cert->ends_on == 0;
    return NULL;
}

static int is_under_way(const xca_case_t *kase, int by_signer) {
    switch (kase->state) {
    case XCA_STATE_FILED:
    case XCA_STATE_REVIEWED:
        return !by_signer;
    case XCA_STATE_APPROVED:
    case XCA_STATE_ISSUING:
    case XCA_STATE_MADE:
    case XCA_STATE_DISPATCHED:
        return 1;
    default:
        return 0;
    }
}

xca_error_t *xca_card_check_free(xca_office_t *office, xca_card_rank rank, const char *oid,
                                 const char *except_case, int by_signer, apr_time_t now,
                                 apr_pool_t *pool) {
    apr_array_header_t *cards, *cases;
    int i;
    xca_error_t *err;

    if (rank != XCA_RANK_PRIMARY || oid == NULL) {
        return NULL;
    }
    err = xca_card_search(&cards, NULL, office->store, XCA_CARD_BY_OID, oid, 0, pool);
    for (i = 0; err == NULL && i < cards->nelts; i++) {
        const xca_card_t *card = APR_ARRAY_IDX(cards, i, const xca_card_t *);
        int it_does;

        if (same_text(card->case_number, except_case)) {
            continue;
        }
        err = counts(&it_does, office, card, now, pool);
        if (err == NULL && it_does) {
            return xca_error_field(pool, "rank", "card.primary-exists", card->number);
        }
    }
    if (err == NULL) {
        err = xca_case_list(&cases, NULL, office->store, XCA_STATE_COUNT, NULL, oid, 0, pool);
    }
    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *other = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (other->kind == XCA_CASE_CARD && same_text(other->rank, "primary") &&
            !same_text(other->number, except_case) && is_under_way(other, by_signer)) {
            return xca_error_field(pool, "rank", "card.primary-under-way", other->number);
        }
    }
    return err;
}

static xca_error_t *check_card(xca_office_t *office, const xca_case_t *kase, const char *except_case,
                               apr_time_t now, xca_error_t **wrong, apr_pool_t *pool) {
    int by_signer = kase->state == XCA_STATE_APPROVED || kase->state == XCA_STATE_ISSUING;
    xca_error_t *err = NULL;

    if (kase->kind == XCA_CASE_CARD) {
        err = xca_card_check_free(office, xca_card_rank_by_id(kase->rank), kase->oid, except_case,
                                  by_signer, now, pool);
    }
    if (err != NULL && err->kind == XCA_E_INVALID) {
        *wrong = xca_error_append(*wrong, err);
        return NULL;
    }
    return err;
}

static xca_error_t *check_request(xca_office_t *office, xca_case_t *kase,
                                  const xca_bytes_t *csr_file, const char *except_case,
                                  apr_time_t now, xca_error_t **wrong, apr_pool_t *pool) {
    xca_csr_t *csr;
    xca_bytes_t given = csr_file != NULL ? *csr_file : kase->csr;
    xca_error_t *err;

    if (kase->kind != XCA_CASE_CERTIFICATE) {
        kase->csr.length = 0; /* a card makes its keys itself */
        kase->key_hash = NULL;
        return NULL;
    }
    if (given.length == 0) {
        *wrong = xca_error_append(*wrong, xca_error_field(pool, "csr", "csr.empty", NULL));
        return NULL;
    }
    err = xca_csr_read(&csr, given.data, given.length, pool);
    if (err != NULL) {
        kase->csr.length = 0;
        if (err->kind == XCA_E_INVALID || err->kind == XCA_E_TOO_LARGE) {
            *wrong = xca_error_append(*wrong, err);
            return NULL;
        }
        return err;
    }
    kase->csr = csr->der;
    kase->key_hash = csr->key_hash;
    err = xca_key_check_free(office, csr->key_hash, kase->oid, kase->use, except_case, now, pool);
    if (err != NULL && err->kind == XCA_E_INVALID) {
        *wrong = xca_error_append(*wrong, err);
        return NULL;
    }
    return err;
}

xca_error_t *xca_application_check(xca_office_t *office, xca_case_t *kase,
                                   const xca_bytes_t *csr_file, const char *except_case,
                                   apr_time_t now, apr_pool_t *pool) {
    xca_error_t *wrong = NULL;
    xca_error_t *err = check_organisation(office, kase, now, &wrong, pool);

    if (err != NULL) {
        return err;
    }
    wrong = xca_error_append(wrong, xca_case_check(kase, office->postal, pool));
    err = check_not_known(office, kase, except_case, &wrong, pool);
    if (err != NULL) {
        return err;
    }
    err = check_window(office, kase, &wrong, pool);
    if (err != NULL) {
        return err;
    }
    err = check_card(office, kase, except_case, now, &wrong, pool);
    if (err != NULL) {
        return err;
    }
    err = check_request(office, kase, csr_file, except_case, now, &wrong, pool);
    if (err != NULL) {
        return err;
    }
    return wrong;
}

xca_error_t *xca_application_file(const char **number, xca_office_t *office, xca_case_t *kase,
                                  const xca_secret_t *code, const char *nonce, apr_time_t now,
                                  apr_pool_t *pool) {
    xca_case_t *filed;
    xca_error_t *err = code != NULL ? xca_user_code_check(code, "code", pool) : NULL;

    if (err == NULL && code != NULL) {
        err = xca_code_hash(&kase->code_hash, code, pool);
    }
    if (err == NULL) {
        err = xca_case_file(&filed, office, kase, nonce, now, pool);
    }
    if (err == NULL) {
        *number = filed->number;
    }
    return err;
}

static xca_error_t *wrong_code(xca_office_t *office, const xca_case_t *kase, apr_time_t now,
                               apr_pool_t *pool) {
    int tries;
    xca_error_t *refusal;
    xca_error_t *err = xca_case_code_wrong(&tries, office->store, kase->number, pool);

    if (err != NULL) {
        return err;
    }
    if (tries >= XCA_CODE_TRIES) {
        err = xca_case_code_lock(office->store, kase->number, now + XCA_CODE_LOCK_TIME, pool);
        if (err != NULL) {
            return err;
        }
        refusal = xca_error_make(pool, XCA_E_LOCKED, "code.locked", NULL);
        refusal->arg = apr_psprintf(pool, "%d", (int)(apr_time_sec(XCA_CODE_LOCK_TIME) / 60));
        return refusal;
    }
    refusal = xca_error_make(pool, XCA_E_DENIED, "code.wrong", NULL);
    refusal->arg = apr_itoa(pool, XCA_CODE_TRIES - tries);
    return refusal;
}

/* Also a case that has no code, a revocation or a change of OIDs: whoever tries its number does not learn that there is one. */
static xca_error_t *unknown_case(const xca_secret_t *code, apr_pool_t *pool) {
    int matches;
    xca_error_t *err;
    const char *hash = nobodys_hash(pool, &err);

    if (err == NULL) {
        err = xca_code_verify(&matches, hash, code, pool);
    }
    if (err != NULL) {
        return err;
    }
    return xca_error_make(pool, XCA_E_DENIED, "code.wrong-case", NULL);
}

static xca_error_t *locked(const xca_case_t *kase, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_LOCKED, "code.locked", "case %s", kase->number);
    apr_time_t left = kase->code_locked_until > now ? kase->code_locked_until - now : XCA_CODE_LOCK_TIME;

    err->arg = apr_psprintf(pool, "%d", (int)((apr_time_sec(left) + 59) / 60));
    return err;
}

/* A lock that has run out gives three new tries: to one of those who come in that moment, the others find them there. */
static xca_error_t *lift_lock(xca_case_t **kase, xca_office_t *office, apr_time_t now,
                              apr_pool_t *pool) {
    xca_error_t *err;

    if ((*kase)->code_locked_until == 0) {
        return NULL;
    }
    if ((*kase)->code_locked_until <= now) {
        err = xca_case_code_right(office->store, (*kase)->number, (*kase)->code_locked_until, pool);
        if (err != NULL && err->kind != XCA_E_CONFLICT) {
            return err;
        }
        err = xca_case_read(kase, office->store, (*kase)->number, pool);
        if (err != NULL) {
            return err;
        }
    }
    return (*kase)->code_locked_until != 0 ? locked(*kase, now, pool) : NULL;
}

/* The code was right. Who tries many codes at once gets no more of them answered than who tries them one by one: what the
 * others have counted meanwhile counts here too. */
static xca_error_t *count_again(xca_case_t **kase, xca_office_t *office, apr_time_t now,
                                apr_pool_t *pool) {
    xca_error_t *err = xca_case_read(kase, office->store, (*kase)->number, pool);

    if (err != NULL) {
        return err;
    }
    if ((*kase)->code_locked_until != 0 || (*kase)->code_tries >= XCA_CODE_TRIES) {
        return locked(*kase, now, pool);
    }
    if ((*kase)->code_tries == 0) {
        return NULL;
    }
    err = xca_case_code_right(office->store, (*kase)->number, 0, pool);
    return err != NULL && err->kind == XCA_E_CONFLICT ? locked(*kase, now, pool) : err;
}

xca_error_t *xca_application_open(xca_case_t **kase, xca_office_t *office, const char *number,
                                  const xca_secret_t *code, apr_time_t now, apr_pool_t *pool) {
    xca_case_t *found;
    int matches;
    xca_error_t *err = xca_case_number_check(number, "case_number", pool);

    if (err != NULL) {
        return err;
    }
    err = xca_case_read(&found, office->store, number, pool);
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    if (err != NULL || found->code_hash == NULL) {
        return unknown_case(code, pool);
    }
    err = lift_lock(&found, office, now, pool);
    if (err != NULL) {
        return err;
    }
    err = xca_code_verify(&matches, found->code_hash, code, pool);
    if (err != NULL) {
        return err;
    }
    if (!matches) {
        return wrong_code(office, found, now, pool);
    }
    err = count_again(&found, office, now, pool);
    if (err != NULL) {
        return err;
    }
    *kase = found;
    return NULL;
}

xca_error_t *xca_application_correct(xca_office_t *office, const xca_case_t *old,
                                     xca_case_t *corrected, const xca_secret_t *code,
                                     apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    if (!xca_case_correctable(old->state)) {
        return xca_error_make(pool, XCA_E_CONFLICT, "case.review-begun", "case %s is %s",
                              old->number, xca_case_state_id(old->state));
    }
    corrected->number = old->number;
    corrected->kind = old->kind;
    corrected->filed = old->filed;
    corrected->corrected = now;
    corrected->state_changed = now;
    corrected->code_hash = old->code_hash;
    if (code != NULL) {
        err = xca_user_code_check(code, "code", pool);
        if (err != NULL) {
            return err;
        }
        err = xca_code_hash(&corrected->code_hash, code, pool);
        if (err != NULL) {
            return err;
        }
    }
    return xca_case_correct(office->store, old, corrected, pool);
}
