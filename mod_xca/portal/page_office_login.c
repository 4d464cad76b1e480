/* Login by a challenge that the officer's card or key file signs through the bridge, or by a certificate that the browser shows. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "operations/audit_report.h"
#include "operations/login.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/page_card_desk.h"
#include "portal/page_office.h"
#include "portal/token.h"

static const char *portal_name(const xca_visit_t *visit) {
    return visit->portal->url != NULL ? visit->portal->url : "-";
}

static xca_error_t *show(xca_visit_t *visit) {
    unsigned char nonce[16];
    xca_error_t *err = xca_random(nonce, sizeof(nonce), visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_map_text(visit->model, "token", xca_visit_token(visit, "office-login"));
    xca_map_text(visit->model, "to", xca_office_target(xca_form_text(visit->form, "to")));
    xca_map_text(visit->model, "challenge",
                 xca_login_challenge(visit->pool, visit->portal->key, portal_name(visit), visit->visitor, visit->now, nonce));
    xca_map_true(visit->model, "_certificate", visit->request->client_certificate != NULL);
    if (visit->portal->office_tls_url != NULL && visit->request->client_certificate == NULL) {
        xca_map_text(visit->model, "_tls", apr_pstrcat(visit->pool, visit->portal->office_tls_url, "/office/login", NULL));
    }
    return xca_page_card_desk(visit);
}

xca_error_t *xca_page_office_login(xca_visit_t *visit) {
    xca_map_true(visit->model, "_over", xca_form_text(visit->form, "over") != NULL);
    xca_map_true(visit->model, "_out", xca_form_text(visit->form, "out") != NULL);
    return show(visit);
}

/* A login, and whose it claims to be. */
typedef struct {
    const char *way;
    xca_bytes_t certificate; /* or length 0 */
    xca_officer_t *officer;  /* whose certificate it is, or NULL */
} claim_t;

/* For the audit log: a login with an officer's certificate, or with one of the officers' CA that is no officer's. What came along may be
 * a stranger's copy: of each officer, and of all others together, few an hour are reported, so that nobody fills the log. */
static void report_refused(xca_visit_t *visit, const claim_t *claim, const char *reason) {
    const xca_officer_t *officer = claim->officer;
    xca_audit_event_t event = {0};

    if (officer == NULL && (claim->certificate.length == 0 ||
                            xca_cms_may_sign(claim->certificate, visit->portal->officer_anchor, visit->now, visit->pool) != NULL)) {
        return;
    }
    if (!xca_limit_take(visit->portal->refused_limit, officer != NULL ? officer->uid : "", visit->now)) {
        return;
    }
    event.kind = "officer-login-refused";
    event.actor = "portal";
    event.details = xca_audit_details(
        visit->pool, "officer", officer != NULL ? officer->uid : NULL, "certificate",
        xca_sha256_hex(visit->pool, claim->certificate.data, claim->certificate.length), "way", claim->way, "address",
        visit->request->client, "reason", reason, NULL);
    xca_log_error("refused login", xca_audit_report(visit->office->store, &event, visit->now, visit->pool));
}

/* What is wrong with the login is told on its page, with a new challenge; that the directory is down is a page of its own. */
static xca_error_t *shown_again(xca_visit_t *visit, const claim_t *claim, xca_error_t *err) {
    if (err->kind != XCA_E_DENIED && err->kind != XCA_E_INVALID && err->kind != XCA_E_LOCKED) {
        return err;
    }
    xca_log(XCA_LOG_WARNING, "login refused: %s, from %s", err->message,
            visit->request->client != NULL ? visit->request->client : "?");
    if (err->kind != XCA_E_LOCKED) {
        report_refused(visit, claim, err->message);
    }
    xca_visit_errors(visit, err);
    return show(visit);
}

static xca_error_t *take_turn(xca_visit_t *visit) {
    if (!xca_limit_take(visit->portal->office_limit, xca_code_door_source(visit), visit->now)) {
        return xca_error_make(visit->pool, XCA_E_LOCKED, "login.too-many", NULL);
    }
    return NULL;
}

/* For the audit log: before the browser has the session, and before it has lost it. `cms`: what the officer has signed, or NULL. */
static xca_error_t *report(xca_visit_t *visit, const char *kind, const xca_officer_t *officer, const char *way,
                           const xca_bytes_t *cms) {
    xca_audit_event_t event = {0};

    event.kind = kind;
    event.actor = apr_pstrcat(visit->pool, "officer ", officer->uid, NULL);
    event.details = xca_audit_details(visit->pool, "way", way, NULL);
    if (cms != NULL) {
        event.cms = *cms;
    }
    return xca_audit_report(visit->office->store, &event, visit->now, visit->pool);
}

static xca_error_t *begin(xca_visit_t *visit, const claim_t *claim, const char *nonce, const xca_bytes_t *cms) {
    const char *secret;
    xca_error_t *err = xca_session_begin(&secret, visit->office, claim->officer, nonce, visit->now, visit->pool);

    if (err == NULL) {
        err = report(visit, "officer-login", claim->officer, claim->way, cms);
    }
    if (err != NULL) {
        return err;
    }
    xca_office_give_cookie(visit, secret);
    visit->redirect = xca_office_target(xca_form_text(visit->form, "to"));
    return NULL;
}

static xca_error_t *log_in(claim_t *claim, xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "signed");
    const xca_bytes_t *cms = typed != NULL ? xca_unbase64(visit->pool, typed, strlen(typed)) : NULL;
    const char *challenge, *nonce;
    apr_size_t length;
    xca_error_t *err = take_turn(visit);

    if (err != NULL) {
        return err;
    }
    if (cms == NULL || cms->length == 0) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "login.nothing-signed", NULL);
    }
    err = xca_login_claimed(&claim->certificate, *cms, visit->pool);
    if (err == NULL) {
        err = xca_login_officer(&claim->officer, visit->office, claim->certificate, visit->pool);
    }
    if (err == NULL) {
        err = xca_login_verify(&challenge, &length, claim->officer, *cms, visit->portal->officer_anchor, visit->now,
                               visit->pool);
    }
    if (err == NULL) {
        err = xca_login_challenge_check(&nonce, visit->portal->key, portal_name(visit), visit->visitor, challenge, length,
                                        visit->now, visit->pool);
    }
    return err != NULL ? err : begin(visit, claim, nonce, cms);
}

xca_error_t *xca_page_office_login_sent(xca_visit_t *visit) {
    claim_t claim = {"challenge", {NULL, 0}, NULL};
    xca_error_t *err = log_in(&claim, visit);

    return err != NULL ? shown_again(visit, &claim, err) : NULL;
}

xca_error_t *xca_page_office_login_certificate(xca_visit_t *visit) {
    claim_t claim = {"certificate", xca_office_client_certificate(visit), NULL};
    xca_error_t *err = take_turn(visit);

    if (err == NULL && claim.certificate.length == 0) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "login.no-certificate", NULL);
    }
    if (err == NULL) {
        err = xca_login_officer(&claim.officer, visit->office, claim.certificate, visit->pool);
    }
    if (err == NULL) {
        err = begin(visit, &claim, NULL, NULL);
    }
    return err != NULL ? shown_again(visit, &claim, err) : NULL;
}

xca_error_t *xca_page_office_logout(xca_visit_t *visit) {
    xca_error_t *err = report(visit, "officer-logout", visit->officer, NULL, NULL);

    if (err == NULL) {
        err = xca_session_end(visit->office->store, visit->session, visit->pool);
    }
    if (err != NULL) {
        return err; /* said, so that nobody leaves a session open that seems to be closed */
    }
    xca_log(XCA_LOG_INFO, "officer %s logged out", visit->officer->uid);
    xca_office_drop_cookie(visit);
    visit->redirect = "/office/login?out=1";
    return NULL;
}

/* Who loads such an answer again, follows the language switch on it or comes back from a login is not left with "405". */
xca_error_t *xca_page_office_back(xca_visit_t *visit) {
    static const struct {
        const char *from, *to;
    } ways[] = {{"/office/decide", "/office/cases?again=1"},
                {"/office/signed", "/office/cases?again=1"},
                {"/office/sheets/file", "/office/sheets?again=1"},
                {"/office/login/certificate", "/office/login"},
                {"/office/logout", "/office"}};
    apr_size_t i;

    visit->redirect = "/office";
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(visit->request->path, ways[i].from) == 0) {
            visit->redirect = ways[i].to;
        }
    }
    return NULL;
}
