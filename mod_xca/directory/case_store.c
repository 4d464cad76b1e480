/* ou=cases: class xcaCase.
 *   xcaCaseNumber (RDN), xcaKind, xcaState, xcaRevision, xcaFiled, xcaCorrected, xcaStateChanged
 *   the applicant's fields                 xca_case_fields (domain/case.c) names their attributes
 *   xcaOrgClass, xcaUse, xcaCsr, xcaKeyHash
 *   xcaCodeHash, xcaTries, xcaLockedUntil  portal
 *   xcaAssignedOid, xcaSerial, xcaNotBefore, xcaCardNumber, xcaProblem, xcaReturnReason, xcaRowsDone   signer
 *   xcaEnvelope, xcaNewCodeHash            signer, of code resets
 *   xcaDeviceSecret, xcaDeviceSecretUntil  signer */
#include "directory/case_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/record.h"
#include "domain/calendar.h"
#include "domain/names.h"

char *xca_case_dn(const xca_store_t *store, const char *number, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaCaseNumber=", xca_dn_escape(pool, number), ",",
                       xca_branch_dn(store, "cases", pool), NULL);
}

static const char *class_id(const xca_case_t *kase) {
    return kase->class != XCA_CLASS_NONE ? xca_class_get(kase->class)->id : NULL;
}

static const char *use_id(const xca_case_t *kase) {
    return kase->kind == XCA_CASE_CERTIFICATE && kase->use < XCA_USE_COUNT ? xca_use_id(kase->use)
                                                                           : NULL;
}

/* For the search by keyword. */
static void add_name_keys(apr_pool_t *pool, xca_entry_t *entry, const char *name) {
    const char *folded = xca_name_fold(pool, name != NULL ? name : "");
    apr_array_header_t *grams = xca_name_grams(pool, folded);
    int i;

    xca_entry_add(pool, entry, "xcaNameKey", folded);
    for (i = 0; i < grams->nelts; i++) {
        xca_entry_add(pool, entry, "xcaNameGram", APR_ARRAY_IDX(grams, i, const char *));
    }
}

static void change_name_keys(apr_pool_t *pool, xca_changes_t *changes, const char *name) {
    const char *folded = xca_name_fold(pool, name != NULL ? name : "");
    apr_array_header_t *grams = xca_name_grams(pool, folded);
    int i;

    xca_changes_text(changes, "xcaNameKey", folded);
    xca_changes_text(changes, "xcaNameGram", grams->nelts > 0 ? APR_ARRAY_IDX(grams, 0, const char *) : NULL);
    for (i = 1; i < grams->nelts; i++) {
        xca_changes_more(changes, APR_ARRAY_IDX(grams, i, const char *));
    }
}

xca_error_t *xca_case_add(xca_store_t *store, const xca_case_t *kase, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, xca_case_dn(store, kase->number, pool));
    const xca_case_field_t *field;

    xca_entry_add(pool, entry, "objectClass", "xcaCase");
    xca_entry_add(pool, entry, "xcaCaseNumber", kase->number);
    xca_entry_add(pool, entry, "xcaKind", xca_case_kind_id(kase->kind));
    xca_entry_add(pool, entry, "xcaState", xca_case_state_id(kase->state));
    xca_entry_add_number(pool, entry, "xcaRevision", kase->revision);
    xca_entry_add_time(pool, entry, "xcaFiled", kase->filed);
    xca_entry_add_time(pool, entry, "xcaStateChanged", kase->state_changed);
    xca_entry_add(pool, entry, "xcaOrgClass", class_id(kase));
    xca_entry_add(pool, entry, "xcaUse", use_id(kase));
    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_entry_add(pool, entry, field->attribute, xca_case_get(kase, field));
    }
    add_name_keys(pool, entry, kase->org_name);
    if (kase->csr.length > 0) {
        xca_entry_add_bytes(pool, entry, "xcaCsr", kase->csr);
    }
    xca_entry_add(pool, entry, "xcaKeyHash", kase->key_hash);
    xca_entry_add(pool, entry, "xcaCodeHash", kase->code_hash);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_case_t *xca_case_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_case_t *kase = apr_pcalloc(pool, sizeof(*kase));
    const char *number = xca_entry_text(entry, "xcaCaseNumber");
    const char *kind = xca_entry_text(entry, "xcaKind");
    const char *state = xca_entry_text(entry, "xcaState");
    const char *class = xca_entry_text(entry, "xcaOrgClass");
    const char *use = xca_entry_text(entry, "xcaUse");
    const xca_case_field_t *field;
    xca_bytes_t csr = xca_entry_bytes(entry, "xcaCsr"), envelope, secret;

    if (number == NULL || kind == NULL || state == NULL) {
        return NULL;
    }
    kase->number = apr_pstrdup(pool, number);
    kase->kind = xca_case_kind_by_id(kind);
    kase->state = xca_case_state_by_id(state);
    if (kase->kind == XCA_CASE_KIND_COUNT || kase->state == XCA_STATE_COUNT) {
        return NULL;
    }
    kase->revision = xca_entry_number(entry, "xcaRevision", 0);
    kase->filed = xca_entry_time(entry, "xcaFiled");
    kase->corrected = xca_entry_time(entry, "xcaCorrected");
    kase->state_changed = xca_entry_time(entry, "xcaStateChanged");
    kase->version = apr_pstrdup(pool, xca_entry_text(entry, "entryCSN"));
    kase->class = class != NULL ? xca_class_by_id(class) : XCA_CLASS_NONE;
    kase->use = use != NULL ? xca_use_by_id(use) : XCA_USE_COUNT;
    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_case_set(kase, field, apr_pstrdup(pool, xca_entry_text(entry, field->attribute)));
    }
    kase->csr.length = csr.length;
    kase->csr.data = csr.length > 0 ? apr_pmemdup(pool, csr.data, csr.length) : NULL;
    kase->earlier = apr_pstrdup(pool, xca_entry_text(entry, "xcaEarlier"));
    kase->key_hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaKeyHash"));
    kase->code_hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaCodeHash"));
    kase->code_tries = (int)xca_entry_number(entry, "xcaTries", 0);
    kase->code_locked_until = xca_entry_time(entry, "xcaLockedUntil");
    kase->assigned_oid = apr_pstrdup(pool, xca_entry_text(entry, "xcaAssignedOid"));
    kase->serial = apr_pstrdup(pool, xca_entry_text(entry, "xcaSerial"));
    kase->not_before = xca_entry_time(entry, "xcaNotBefore");
    kase->card_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCardNumber"));
    kase->rows_done = xca_entry_number(entry, "xcaRowsDone", 0);
    kase->problem = apr_pstrdup(pool, xca_entry_text(entry, "xcaProblem"));
    kase->return_reason = apr_pstrdup(pool, xca_entry_text(entry, "xcaReturnReason"));
    kase->new_code_hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaNewCodeHash"));
    secret = xca_entry_bytes(entry, "xcaDeviceSecret");
    kase->device_secret = secret.length > 0 ? xca_secret_make(pool, secret.data, secret.length) : NULL;
    kase->device_secret_until = xca_entry_time(entry, "xcaDeviceSecretUntil");
    envelope = xca_entry_bytes(entry, "xcaEnvelope");
    kase->envelope.length = envelope.length;
    kase->envelope.data = envelope.length > 0 ? apr_pmemdup(pool, envelope.data, envelope.length) : NULL;
    return kase;
}

xca_error_t *xca_case_read(xca_case_t **kase, xca_store_t *store, const char *number,
                           apr_pool_t *pool) {
    static const char *const wanted[] = {"*", "entryCSN", NULL};
    xca_entry_t *entry;
    xca_error_t *err =
        xca_ldap_read(&entry, store->ldap, xca_case_dn(store, number, pool), wanted, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "case.not-found");
    }
    *kase = xca_case_of_entry(entry, pool);
    if (*kase == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no case", entry->dn);
    }
    return NULL;
}

/* Only a case that is still as it was read: the revision moves with every correction, the state
 * with every decision. */
static char *as_it_was(apr_pool_t *pool, const xca_case_t *old) {
    return apr_psprintf(pool, "(&(xcaRevision=%ld)(xcaState=%s))", old->revision,
                        xca_case_state_id(old->state));
}

/* What the signer moves on. While a case is filed, who holds the portal's identity can change its content without counting
 * the revision up: nothing at all may have changed since it was judged. */
static char *as_it_was_judged(apr_pool_t *pool, const xca_case_t *kase) {
    if (kase->state == XCA_STATE_FILED && kase->version != NULL) {
        return apr_pstrcat(pool, "(entryCSN=", xca_filter_escape(pool, kase->version), ")", NULL);
    }
    return kase->revision > 0 ? as_it_was(pool, kase) : NULL;
}

xca_error_t *xca_case_correct(xca_store_t *store, const xca_case_t *old,
                              const xca_case_t *corrected, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    const xca_case_field_t *field;
    xca_error_t *err;

    if (old->state != XCA_STATE_FILED) {
        xca_changes_swap(changes, "xcaState", xca_case_state_id(old->state),
                         xca_case_state_id(XCA_STATE_FILED));
    }
    xca_changes_swap(changes, "xcaRevision", apr_ltoa(pool, old->revision),
                     apr_ltoa(pool, old->revision + 1));
    xca_changes_time(pool, changes, "xcaCorrected", corrected->corrected);
    xca_changes_time(pool, changes, "xcaStateChanged", corrected->state_changed);
    xca_changes_text(changes, "xcaOrgClass", class_id(corrected));
    xca_changes_text(changes, "xcaUse", use_id(corrected));
    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_changes_text(changes, field->attribute, xca_case_get(corrected, field));
    }
    if (corrected->csr.length > 0) {
        xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaCsr", corrected->csr);
    } else {
        xca_changes_text(changes, "xcaCsr", NULL);
    }
    change_name_keys(pool, changes, corrected->org_name);
    /* What an officer has returned, or what was filed first: the review shows what has changed since. */
    if (old->state == XCA_STATE_RETURNED || old->earlier == NULL) {
        xca_changes_text(changes, "xcaEarlier", xca_case_canonical(pool, old));
    }
    xca_changes_text(changes, "xcaKeyHash", corrected->key_hash);
    xca_changes_text(changes, "xcaCodeHash", corrected->code_hash);
    err = xca_ldap_modify(store->ldap, xca_case_dn(store, old->number, pool), changes,
                          as_it_was(pool, old), NULL, NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "case.changed");
}

xca_error_t *xca_case_code_wrong(int *tries, xca_store_t *store, const char *number,
                                 apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaTries", NULL};
    const char *dn = xca_case_dn(store, number, pool);
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *after;
    xca_error_t *err;

    xca_changes_add(changes, XCA_CHANGE_INCREMENT, "xcaTries", "1");
    err = xca_ldap_modify(store->ldap, dn, changes, NULL, wanted, &after, pool);
    if (err != NULL && err->kind == XCA_E_CONFLICT) {
        /* No count yet: the first one to add it wins, the others increment. */
        changes = xca_changes_make(pool);
        xca_changes_add(changes, XCA_CHANGE_ADD, "xcaTries", "0");
        err = xca_ldap_modify(store->ldap, dn, changes, "(!(xcaTries=*))", NULL, NULL, pool);
        if (err == NULL || err->kind == XCA_E_CONFLICT) {
            changes = xca_changes_make(pool);
            xca_changes_add(changes, XCA_CHANGE_INCREMENT, "xcaTries", "1");
            err = xca_ldap_modify(store->ldap, dn, changes, NULL, wanted, &after, pool);
        }
    }
    if (err == NULL) {
        *tries = (int)xca_entry_number(after, "xcaTries", 1);
    }
    return err;
}

xca_error_t *xca_case_code_lock(xca_store_t *store, const char *number, apr_time_t until,
                                apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_time(pool, changes, "xcaLockedUntil", until);
    return xca_ldap_modify(store->ldap, xca_case_dn(store, number, pool), changes, NULL, NULL, NULL,
                           pool);
}

xca_error_t *xca_case_code_right(xca_store_t *store, const char *number, apr_time_t locked_until,
                                 apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    const char *assertion = "(!(xcaLockedUntil=*))";
    xca_error_t *err;

    if (locked_until != 0) {
        assertion = apr_pstrcat(pool, "(xcaLockedUntil=",
                                xca_date_format(pool, locked_until, XCA_DATE_LDAP), ")", NULL);
    }
    xca_changes_text(changes, "xcaTries", NULL);
    xca_changes_text(changes, "xcaLockedUntil", NULL);
    err = xca_ldap_modify(store->ldap, xca_case_dn(store, number, pool), changes, assertion, NULL,
                          NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "case.changed");
}

static void changes_if(xca_changes_t *changes, const char *name, const char *text) {
    if (text != NULL) {
        xca_changes_text(changes, name, text);
    }
}

xca_error_t *xca_case_move(xca_store_t *store, const xca_case_t *kase, xca_case_state to,
                           const xca_case_t *with, apr_time_t now, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaState", xca_case_state_id(kase->state), xca_case_state_id(to));
    xca_changes_time(pool, changes, "xcaStateChanged", now);
    if (with != NULL) {
        changes_if(changes, "xcaAssignedOid", with->assigned_oid);
        changes_if(changes, "xcaSerial", with->serial);
        changes_if(changes, "xcaCardNumber", with->card_number);
        changes_if(changes, "xcaProblem", with->problem);
        changes_if(changes, "xcaReturnReason", with->return_reason);
        if (with->not_before != 0) {
            xca_changes_time(pool, changes, "xcaNotBefore", with->not_before);
        }
        changes_if(changes, "xcaNewCodeHash", with->new_code_hash);
        if (with->new_code_hash != NULL) {
            if (with->envelope.length > 0) {
                xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaEnvelope", with->envelope);
            } else {
                xca_changes_text(changes, "xcaEnvelope", NULL);
            }
        }
    }
    err = xca_ldap_modify(store->ldap, xca_case_dn(store, kase->number, pool), changes,
                          as_it_was_judged(pool, kase), NULL, NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "case.changed");
}

xca_error_t *xca_case_assign_oid(xca_store_t *store, const xca_case_t *kase, const char *oid,
                                 apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    const char *before = kase->assigned_oid != NULL
                             ? apr_pstrcat(pool, "(xcaAssignedOid=",
                                           xca_filter_escape(pool, kase->assigned_oid), ")", NULL)
                             : "(!(xcaAssignedOid=*))";
    xca_error_t *err;

    xca_changes_text(changes, "xcaAssignedOid", oid);
    err = xca_ldap_modify(store->ldap, xca_case_dn(store, kase->number, pool), changes,
                          apr_pstrcat(pool, "(&", as_it_was(pool, kase), before, ")", NULL), NULL,
                          NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "case.changed");
}

xca_error_t *xca_case_problem(xca_store_t *store, const char *number, const char *problem,
                              apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaProblem", problem);
    return xca_ldap_modify(store->ldap, xca_case_dn(store, number, pool), changes, NULL, NULL, NULL,
                           pool);
}

xca_error_t *xca_case_device_secret(xca_store_t *store, const char *number, const xca_secret_t *secret, apr_time_t until,
                                    apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    if (secret != NULL) {
        xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaDeviceSecret", (xca_bytes_t){secret->bytes, secret->length});
        xca_changes_time(pool, changes, "xcaDeviceSecretUntil", until);
    } else {
        xca_changes_text(changes, "xcaDeviceSecret", NULL);
        xca_changes_text(changes, "xcaDeviceSecretUntil", NULL);
    }
    return xca_store_error(xca_ldap_modify(store->ldap, xca_case_dn(store, number, pool), changes, NULL, NULL, NULL, pool),
                           XCA_E_NOT_FOUND, "case.not-found");
}

static void *make_case(const xca_entry_t *entry, apr_pool_t *pool) {
    return xca_case_of_entry(entry, pool);
}

static int by_number(const void *a, const void *b) {
    /* The sequence counts; 0000 and 0400 tell only whether the OID was known. */
    return strcmp((*(xca_case_t *const *)a)->number + 4, (*(xca_case_t *const *)b)->number + 4);
}

static xca_error_t *find_cases(apr_array_header_t **cases, int *more, xca_store_t *store,
                               const char *filter, int limit, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = make_case;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "cases", pool), XCA_SCOPE_ONE, filter,
                          NULL, limit, more, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_number);
        *cases = into.list;
    }
    return err;
}

xca_error_t *xca_case_list(apr_array_header_t **cases, int *more, xca_store_t *store,
                           xca_case_state state, const char *window, const char *oid, int limit,
                           apr_pool_t *pool) {
    const char *filter = "(objectClass=xcaCase)";

    if (state != XCA_STATE_COUNT) {
        filter = apr_pstrcat(pool, filter, "(xcaState=", xca_case_state_id(state), ")", NULL);
    }
    if (window != NULL) {
        filter =
            apr_pstrcat(pool, filter, "(xcaWindow=", xca_filter_escape(pool, window), ")", NULL);
    }
    if (oid != NULL) {
        oid = xca_filter_escape(pool, oid);
        filter = apr_pstrcat(pool, filter, "(|(xcaOid=", oid, ")(xcaAssignedOid=", oid, "))", NULL);
    }
    return find_cases(cases, more, store, apr_pstrcat(pool, "(&", filter, ")", NULL), limit, pool);
}

xca_error_t *xca_case_old_secrets(apr_array_header_t **cases, xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    return find_cases(cases, NULL, store,
                      apr_pstrcat(pool, "(&(objectClass=xcaCase)(xcaDeviceSecretUntil<=", xca_date_format(pool, now, XCA_DATE_LDAP), "))", NULL),
                      0, pool);
}

xca_error_t *xca_case_by_key(apr_array_header_t **cases, xca_store_t *store, const char *key_hash,
                             apr_pool_t *pool) {
    const char *filter =
        apr_pstrcat(pool, "(&(xcaKeyHash=", xca_filter_escape(pool, key_hash),
                    ")(|(xcaState=filed)(xcaState=reviewed)(xcaState=approved)(xcaState=issuing)",
                    "(xcaState=issued)(xcaState=returned)))", NULL);

    return find_cases(cases, NULL, store, filter, 0, pool);
}

xca_error_t *xca_case_by_target(apr_array_header_t **cases, xca_store_t *store, const char *serial,
                                apr_pool_t *pool) {
    const char *filter =
        apr_pstrcat(pool, "(&(xcaTargetSerial=", xca_filter_escape(pool, serial),
                    ")(|(xcaState=filed)(xcaState=reviewed)(xcaState=approved)(xcaState=issuing)))", NULL);

    return find_cases(cases, NULL, store, filter, 0, pool);
}

xca_error_t *xca_case_of_kind(apr_array_header_t **cases, xca_store_t *store, xca_case_kind kind,
                              xca_case_state state, apr_pool_t *pool) {
    const char *filter = apr_pstrcat(pool, "(&(xcaKind=", xca_case_kind_id(kind), ")(xcaState=",
                                     xca_case_state_id(state), "))", NULL);

    return find_cases(cases, NULL, store, filter, 0, pool);
}
