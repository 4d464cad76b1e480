#include "operations/signer_issue.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/application.h"
#include "operations/notices.h"
#include "operations/signer_card.h"
#include "operations/signer_content.h"
#include "operations/signer_lists.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

#define CENTRAL "中央機關"

#define ASSIGN_TRIES 100

static xca_error_t *organisation_of(xca_org_t **made, xca_signer_t *signer, const xca_case_t *kase,
                                    apr_pool_t *pool) {
    xca_org_t *org = apr_pcalloc(pool, sizeof(*org));
    xca_window_t *window;
    xca_error_t *err = xca_window_read(&window, signer->office->store, kase->window, pool);

    if (err != NULL) {
        return err;
    }
    org->name = kase->org_name;
    org->class = kase->class;
    org->ubn = kase->ubn;
    org->school_code = kase->school_code;
    org->source_key = xca_case_source_key(pool, kase->number);
    /* A body that a central authority registers is a national one: no L in its name. */
    if (strcmp(window->county, CENTRAL) != 0) {
        org->county = kase->org_county;
        org->district = kase->org_district;
    }
    org->zip = kase->org_zip;
    org->address = apr_pstrcat(pool, kase->org_county, kase->org_district, kase->org_street, NULL);
    org->phone = kase->org_phone;
    org->fax = kase->org_fax;
    org->email = kase->email;
    *made = org;
    return NULL;
}

/* The next free number is recorded in the case. */
static xca_error_t *choose_oid(xca_signer_t *signer, xca_case_t *kase, apr_pool_t *pool) {
    const char *oid;
    xca_error_t *err = xca_org_next(
        &oid, signer->office->store,
        apr_pstrcat(pool, XCA_OID_ROOT ".", xca_class_get(kase->class)->arc, NULL), pool);

    if (err == NULL) {
        err = xca_case_assign_oid(signer->office->store, kase, oid, pool);
    }
    if (err == NULL) {
        kase->assigned_oid = oid;
    }
    return err;
}

/* The arc of the case's number: added, or there from a try before. *taken if it is another organisation's. */
static xca_error_t *add_arc(int *taken, xca_signer_t *signer, const xca_case_t *kase, xca_org_t *org,
                            apr_pool_t *pool) {
    xca_org_t *there;
    xca_error_t *err;

    *taken = 0;
    org->oid = kase->assigned_oid;
    err = xca_org_add(signer->office->store, org, pool);
    if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
        return err;
    }
    err = xca_org_read(&there, signer->office->store, kase->assigned_oid, pool);
    if (err == NULL) {
        *taken = there->source_key == NULL || strcmp(there->source_key, org->source_key) != 0;
    }
    return err;
}

/* The OID of a new organisation. The case records it first and the arc is added then, so that a second try, or a second
 * signer, cannot give the organisation a second arc. */
xca_error_t *xca_signer_assign_oid(xca_signer_t *signer, xca_case_t *kase, apr_pool_t *pool) {
    xca_org_t *org;
    int tries, taken = kase->assigned_oid == NULL;
    xca_error_t *err = organisation_of(&org, signer, kase, pool);

    for (tries = 0; err == NULL && tries < ASSIGN_TRIES; tries++) {
        err = taken ? choose_oid(signer, kase, pool) : NULL;
        if (err == NULL) {
            err = add_arc(&taken, signer, kase, org, pool);
        }
        if (err == NULL && !taken) {
            return NULL;
        }
    }
    return err != NULL ? err : xca_error_make(pool, XCA_E_CONFLICT, "org.no-number", NULL);
}

xca_error_t *xca_signer_new_serial(const char **serial, apr_pool_t *pool) {
    unsigned char bytes[XCA_SERIAL_BYTES];
    xca_error_t *err = xca_random(bytes, sizeof(bytes), pool);

    if (err != NULL) {
        return err;
    }
    /* Positive, and always of the same length (RFC 5280 section 4.1.2.2). */
    bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
    *serial = xca_text_hex(pool, bytes, sizeof(bytes));
    return NULL;
}

xca_error_t *xca_signer_reserve(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                apr_pool_t *pool) {
    xca_case_t with = {0};
    /* Before an OID is assigned: what is given back leaves nothing in the tree. */
    xca_error_t *err = xca_signer_check_application(signer, kase, now, pool);

    if (err == NULL && kase->oid == NULL) {
        err = xca_signer_assign_oid(signer, kase, pool);
    }
    if (err != NULL) {
        return err;
    }
    err = xca_signer_new_serial(&with.serial, pool);
    if (err != NULL) {
        return err;
    }
    with.not_before = apr_time_from_sec(apr_time_sec(now));
    with.problem = "";
    return xca_case_move(signer->office->store, kase, XCA_STATE_ISSUING, &with, now, pool);
}

/* Where the subject's L comes from: of a known organisation the OID tree's county as filed, of a
 * new one as its arc was made. */
xca_error_t *xca_signer_place_of(const char **county, xca_signer_t *signer, const xca_case_t *kase,
                             apr_pool_t *pool) {
    xca_org_t *org;
    xca_error_t *err;

    if (kase->oid != NULL) {
        *county = kase->org_county;
        return NULL;
    }
    err = xca_org_read(&org, signer->office->store, kase->assigned_oid, pool);
    if (err == NULL) {
        *county = org->county;
    }
    return err;
}

static xca_error_t *make_certificate(xca_cert_t *cert, xca_signer_t *signer, const xca_case_t *kase,
                                     apr_pool_t *pool) {
    xca_cert_order_t order = {0};
    xca_csr_t *csr;
    /* Judged again from the bytes that the officers' digest covers. */
    xca_error_t *err = xca_csr_read(&csr, kase->csr.data, kase->csr.length, pool);

    if (err != NULL) {
        return err;
    }
    err = xca_signer_place_of(&order.county, signer, kase, pool);
    if (err != NULL) {
        return err;
    }
    order.serial = kase->serial;
    order.not_before = kase->not_before;
    order.not_after =
        xca_date_add_years(kase->not_before, signer->profile->years) - apr_time_from_sec(1);
    order.use = kase->use;
    order.org_name = kase->org_name;
    order.oid = kase->oid != NULL ? kase->oid : kase->assigned_oid;
    order.ubn = kase->ubn;
    order.class = kase->class;
    order.email = kase->email;
    order.spki = csr->spki;
    err = xca_ca_issue(&cert->der, signer->ca, &order, pool);
    if (err != NULL) {
        return err;
    }
    cert->serial = kase->serial;
    cert->state = XCA_CERT_PENDING;
    cert->use = kase->use;
    cert->case_number = kase->number;
    cert->oid = order.oid;
    cert->org_name = kase->org_name;
    cert->class = kase->class;
    cert->county = order.county;
    cert->email = kase->email;
    cert->contact_email = kase->contact_email;
    cert->key_hash = csr->key_hash;
    cert->not_before = order.not_before;
    cert->not_after = order.not_after;
    cert->code_hash = kase->code_hash;
    cert->crl_partitions = signer->profile->crl_partitions;
    cert->generation = signer->generation;
    return NULL;
}

/* *recorded: whether a signer that was stopped, or another one, has recorded the case's certificate. */
static xca_error_t *is_recorded(int *recorded, xca_signer_t *signer, const xca_case_t *kase, apr_pool_t *pool) {
    xca_cert_t *there;
    xca_error_t *err = xca_cert_read(&there, signer->office->store, kase->serial, pool);

    *recorded = err == NULL;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (there->case_number == NULL || strcmp(there->case_number, kase->number) != 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "issue.serial-taken", "%s of case %s",
                              kase->serial, there->case_number != NULL ? there->case_number : "-");
    }
    return NULL;
}

xca_error_t *xca_signer_log_issue(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    const char *digest = xca_sha256_hex(pool, cert->der.data, cert->der.length);

    event.kind = "certificate-issue";
    event.actor = cert->card_number != NULL ? "card-centre" : "officers";
    event.key = apr_pstrcat(pool, cert->serial, "\n", digest, NULL);
    event.case_number = cert->case_number;
    event.serial = cert->serial;
    event.card = cert->card_number;
    event.organisation = cert->oid;
    event.details = xca_audit_details(
        pool, "sha256", digest, "use", xca_use_id(cert->use), "not-before",
        xca_date_format(pool, cert->not_before, XCA_DATE_RFC3339), "not-after",
        xca_date_format(pool, cert->not_after, XCA_DATE_RFC3339), "key", cert->key_hash, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* The log's key is a digest that has the salt of the code's hash in it: nobody can try codes on it. */
xca_error_t *xca_signer_log_lock(xca_signer_t *signer, const char *serial, const char *card, const char *code_hash,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "code-lock";
    event.actor = "holder";
    event.key = apr_pstrcat(pool, card != NULL ? card : serial, "\n", code_hash != NULL ? code_hash : "", NULL);
    event.serial = serial;
    event.card = card;
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* Made, logged, recorded: in this order, and none of it twice. */
static xca_error_t *make_and_record(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now, apr_pool_t *pool) {
    xca_cert_t cert = {0};
    int recorded;
    xca_error_t *err = is_recorded(&recorded, signer, kase, pool);

    if (err != NULL || recorded) {
        return err;
    }
    err = make_certificate(&cert, signer, kase, pool);
    if (err == NULL) {
        err = xca_signer_log_issue(signer, &cert, now, pool);
    }
    if (err == NULL) {
        err = xca_cert_add(signer->office->store, &cert, pool);
    }
    /* Another signer's, in this very moment: the next look finds it. */
    return err != NULL && err->kind == XCA_E_CONFLICT ? is_recorded(&recorded, signer, kase, pool) : err;
}

xca_error_t *xca_signer_issue(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                              apr_pool_t *pool) {
    xca_store_t *store = signer->office->store;
    xca_case_t with = {0};
    xca_notice_facts_t facts = {0};
    const char *problem;
    xca_error_t *err = make_and_record(signer, kase, now, pool);

    if (err != NULL && (err->kind != XCA_E_UNAVAILABLE || xca_key_is_away(err))) {
        /* The lint's or the library's finding stops the issue and is told to the officers; so is that the key is away, which
         * the key itself has logged. */
        if (!xca_key_is_away(err)) {
            xca_log_error(apr_psprintf(pool, "issue for case %s", kase->number), err);
        }
        problem = xca_error_ids(err, pool);
        if (kase->problem == NULL || strcmp(kase->problem, problem) != 0) {
            xca_error_t *fault = xca_case_problem(store, kase->number, problem, pool);

            if (fault != NULL) {
                return fault;
            }
        }
    }
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "case %s: certificate %s issued", kase->number, kase->serial);
    facts.event = "issued";
    facts.id = apr_pstrcat(pool, kase->serial, "-issued", NULL);
    facts.to = kase->contact_email;
    facts.case_number = kase->number;
    facts.name = kase->org_name;
    facts.serial = kase->serial;
    facts.until = kase->not_before + XCA_ACCEPT_DAYS * XCA_DAY;
    err = xca_notify(signer, &facts, now, pool);
    if (err != NULL) {
        return err;
    }
    with.problem = "";
    return xca_case_move(store, kase, XCA_STATE_ISSUED, &with, now, pool);
}

xca_error_t *xca_signer_close_case(xca_signer_t *signer, const xca_cert_t *cert, xca_case_state to, apr_time_t now,
                                   apr_pool_t *pool) {
    xca_case_t *kase;
    xca_error_t *err;

    if (cert->case_number == NULL) {
        return NULL;
    }
    err = xca_case_read(&kase, signer->office->store, cert->case_number, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return NULL;
    }
    if (err != NULL || kase->state != XCA_STATE_ISSUED) {
        return err;
    }
    return xca_case_move(signer->office->store, kase, to, NULL, now, pool);
}

static xca_error_t *what_follows(xca_signer_t *signer, const xca_cert_t *cert, const char *event,
                                 apr_time_t when, apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};
    xca_error_t *err;

    signer->crl_due = 1;
    if (cert->use != XCA_USE_CARD_AUTH && cert->email != NULL) {
        err = xca_mail_entry_refresh(signer->office->store, cert->email, cert->use, now, pool);
        if (err != NULL) {
            return err;
        }
    }
    if (event == NULL) {
        return NULL;
    }
    facts.event = event;
    facts.id =
        apr_psprintf(pool, "%s-%s-%" APR_INT64_T_FMT, cert->serial, event, apr_time_sec(when));
    facts.to = cert->contact_email;
    facts.case_number = cert->case_number;
    facts.name = cert->org_name;
    facts.serial = cert->serial;
    return xca_notify(signer, &facts, now, pool);
}

static int same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *kind_of_change(xca_cert_state from, xca_cert_state to) {
    return to == XCA_CERT_REVOKED     ? "certificate-revoke"
           : to == XCA_CERT_SUSPENDED ? "certificate-suspend"
           : from == XCA_CERT_PENDING ? "certificate-accept"
                                      : "certificate-resume";
}

static xca_error_t *log_change(xca_signer_t *signer, const xca_cert_t *cert, xca_cert_state to, const char *reason_note,
                               const xca_cause_t *cause, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = kind_of_change(cert->state, to);
    event.actor = cause->actor;
    event.key = apr_pstrcat(pool, cert->serial, "\n", cause->key != NULL ? cause->key : "", NULL);
    event.case_number = cause->case_number != NULL ? cause->case_number : cert->case_number;
    event.serial = cert->serial;
    event.card = cert->card_number;
    event.organisation = cert->oid;
    event.details = xca_audit_details(pool, "from", xca_cert_state_id(cert->state), "reason", reason_note, "sha256",
                                      xca_sha256_hex(pool, cert->der.data, cert->der.length), "kept",
                                      cause->evidence.length > 0 ? xca_sha256_hex(pool, cause->evidence.data, cause->evidence.length) : NULL,
                                      NULL);
    event.cms = cause->evidence;
    return xca_audit_append(signer->audit, &event, now, pool);
}

xca_error_t *xca_signer_cert_state(xca_signer_t *signer, const xca_cert_t *cert,
                                   xca_cert_state state, xca_crl_reason reason,
                                   const char *reason_note, const xca_cause_t *cause, const char *event,
                                   apr_time_t now, apr_pool_t *pool) {
    xca_cert_t changed = *cert;
    apr_time_t when;
    xca_error_t *err;

    changed.state = state;
    changed.reason = XCA_REASON_UNSPECIFIED;
    changed.reason_note = NULL;
    changed.resumed = 0;
    if (state == XCA_CERT_VALID) {
        changed.resumed = cert->state == XCA_CERT_SUSPENDED ? now : cert->resumed;
        changed.accepted = cert->accepted != 0 ? cert->accepted : now;
        changed.suspended = 0;
        changed.published = 1;
    } else if (state == XCA_CERT_SUSPENDED) {
        changed.suspended = cert->suspended != 0 ? cert->suspended : now;
        changed.reason = XCA_REASON_HOLD;
        changed.reason_note = reason_note != NULL ? reason_note : cert->reason_note;
    } else if (state == XCA_CERT_REVOKED) {
        changed.revoked = cert->revoked != 0 ? cert->revoked : now;
        changed.suspended = 0;
        changed.reason = reason;
        changed.reason_note = reason_note;
    }
    when = state == XCA_CERT_REVOKED           ? changed.revoked
           : state == XCA_CERT_SUSPENDED       ? changed.suspended
           : cert->state == XCA_CERT_SUSPENDED ? now /* each resumption is an event of its own */
                                               : changed.accepted;
    if (cert->state != state ||
        (state == XCA_CERT_SUSPENDED && !same(cert->reason_note, changed.reason_note))) {
        err = log_change(signer, cert, state, reason_note, cause, now, pool);
        if (err != NULL) {
            return err;
        }
        err = xca_cert_update(signer->office->store, cert, &changed, pool);
        if (err != NULL) {
            return err;
        }
        xca_signer_list_expect(signer, &changed, pool);
        xca_log(XCA_LOG_INFO, "certificate %s: %s -> %s", cert->serial,
                xca_cert_state_id(cert->state), xca_cert_state_id(state));
    }
    return what_follows(signer, &changed, event, when, now, pool);
}
