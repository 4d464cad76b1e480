#include "operations/decision.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"
#include "wire/statement.h"

char *xca_case_digest(apr_pool_t *pool, const xca_case_t *kase) {
    const char *text = xca_case_canonical(pool, kase);

    return xca_sha256_hex(pool, text, strlen(text));
}

/* YYYYMMDDTHHMMSSZ to and from a time. */
static void put_time(char to[17], apr_time_t when, apr_pool_t *pool) {
    const char *ldap = xca_date_format(pool, when, XCA_DATE_LDAP); /* YYYYMMDDHHMMSSZ */

    memcpy(to, ldap, 8);
    to[8] = 'T';
    memcpy(to + 9, ldap + 8, 7);
    to[16] = '\0';
}

static xca_error_t *stage_of(xca_stage *stage, const xca_case_t *kase, const xca_officer_t *officer,
                             apr_pool_t *pool) {
    int open = xca_stage_of_state(stage, kase->kind, kase->state);

    if (officer->role != XCA_ROLE_RA && officer->role != XCA_ROLE_CENTRAL) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.role", "%s", officer->uid);
    }
    if (!open || xca_stage_role(kase->kind, *stage) != officer->role) {
        return xca_error_make(pool, XCA_E_CONFLICT, "decision.state", "case %s is %s", kase->number,
                              xca_case_state_id(kase->state));
    }
    return NULL;
}

static int is_letter(const char *letter) {
    return strlen(letter) < sizeof(((xca_statement_t *)NULL)->letter) && xca_text_valid(letter, strlen(letter), 0);
}

xca_error_t *xca_decision_letter_check(const char *letter, xca_case_kind kind, apr_pool_t *pool) {
    int is_there = letter != NULL && *letter != '\0';

    return (is_there && is_letter(letter)) || (!is_there && kind == XCA_CASE_CODE_RESET)
               ? NULL
               : xca_error_field(pool, "letter", "decision.letter", NULL);
}

xca_error_t *xca_decision_statement(const char **text, const xca_case_t *kase,
                                    const xca_officer_t *officer, xca_decision_kind kind,
                                    const char *letter, const char *reason, apr_time_t now,
                                    apr_pool_t *pool) {
    xca_statement_t *statement = apr_pcalloc(pool, sizeof(*statement));
    xca_stage stage = XCA_STAGE_FIRST;
    char *buffer;
    size_t length;
    xca_error_t *err = stage_of(&stage, kase, officer, pool);

    if (err != NULL) {
        return err;
    }
    letter = letter != NULL ? letter : "";
    reason = reason != NULL ? reason : "";
    if (stage == XCA_STAGE_FIRST && kind == XCA_DECISION_ACCEPT) {
        err = xca_decision_letter_check(letter, kase->kind, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (kind == XCA_DECISION_RETURN && *reason == '\0') {
        return xca_error_field(pool, "reason", "decision.reason", NULL);
    }
    if (!is_letter(letter)) {
        return xca_error_field(pool, "letter", "decision.letter", NULL);
    }
    if (strlen(reason) >= sizeof(statement->reason) || !xca_text_valid(reason, strlen(reason), 1)) {
        return xca_error_field(pool, "reason", "decision.reason-long", NULL);
    }
    apr_cpystrn(statement->case_number, kase->number, sizeof(statement->case_number));
    apr_cpystrn(statement->content, xca_case_digest(pool, kase), sizeof(statement->content));
    apr_cpystrn(statement->stage, xca_stage_id(stage), sizeof(statement->stage));
    apr_cpystrn(statement->decision, kind == XCA_DECISION_ACCEPT ? "accept" : "return",
                sizeof(statement->decision));
    apr_cpystrn(statement->letter, letter, sizeof(statement->letter));
    apr_cpystrn(statement->reason, reason, sizeof(statement->reason));
    apr_cpystrn(statement->officer, officer->uid, sizeof(statement->officer));
    put_time(statement->time, now, pool);
    buffer = apr_palloc(pool, XCA_STATEMENT_MAX + 1);
    length = xca_statement_write(statement, buffer, XCA_STATEMENT_MAX);
    if (length == 0) {
        return xca_error_field(pool, "reason", "decision.reason-long", NULL);
    }
    buffer[length] = '\0';
    *text = buffer;
    return NULL;
}

xca_error_t *xca_decision_submit(xca_office_t *office, const char *case_number, xca_bytes_t cms,
                                 apr_pool_t *pool) {
    xca_decision_t decision = {0};

    if (cms.length == 0 || cms.length > XCA_CMS_MAX) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "cms.malformed", NULL);
    }
    decision.id = xca_sha256_hex(pool, cms.data, cms.length);
    decision.case_number = case_number;
    decision.cms = cms;
    return xca_decision_add(office->store, &decision, pool);
}

static xca_error_t *fill(xca_decision_t *decision, const char *text, apr_size_t length,
                         apr_pool_t *pool) {
    xca_statement_t *statement = apr_pcalloc(pool, sizeof(*statement));

    if (!xca_statement_read(statement, text, length)) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.malformed", NULL);
    }
    decision->content_digest = statement->content;
    decision->stage = strcmp(statement->stage, "first") == 0    ? XCA_STAGE_FIRST
                      : strcmp(statement->stage, "second") == 0 ? XCA_STAGE_SECOND
                                                                : XCA_STAGE_THIRD;
    decision->kind =
        strcmp(statement->decision, "accept") == 0 ? XCA_DECISION_ACCEPT : XCA_DECISION_RETURN;
    decision->letter = *statement->letter != '\0' ? statement->letter : NULL;
    decision->reason = *statement->reason != '\0' ? statement->reason : NULL;
    decision->officer = statement->officer;
    decision->time = xca_date_parse_wire(statement->time);
    /* A statement about another case, put under this one, is worth nothing here. */
    if (strcmp(statement->case_number, decision->case_number) != 0 || decision->time == 0) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.other-case", "%s under %s",
                              statement->case_number, decision->case_number);
    }
    return NULL;
}

xca_error_t *xca_decision_peek(xca_decision_t *decision, apr_pool_t *pool) {
    const char *text;
    apr_size_t length;
    xca_error_t *err = xca_cms_content(&text, &length, decision->cms, XCA_STATEMENT_MAX, pool);

    if (err != NULL) {
        return err;
    }
    return fill(decision, text, length, pool);
}

/* A statement whose signature was verified, and by which certificate. */
typedef struct {
    const char *text, *certificate_hash;
    apr_size_t length;
} kept_t;

static void keep(apr_hash_t *verified, const char *cms_hash, const char *certificate_hash,
                 const char *text, apr_size_t length) {
    apr_pool_t *pool = apr_hash_pool_get(verified);
    kept_t *kept = apr_palloc(pool, sizeof(*kept));

    kept->text = apr_pstrmemdup(pool, text, length);
    kept->length = length;
    kept->certificate_hash = apr_pstrdup(pool, certificate_hash);
    apr_hash_set(verified, apr_pstrdup(pool, cms_hash), APR_HASH_KEY_STRING, kept);
}

xca_error_t *xca_decision_open(xca_decision_t *decision, xca_officer_t **officer,
                               xca_office_t *office, xca_bytes_t anchor, apr_hash_t *verified,
                               apr_pool_t *pool) {
    const char *cms_hash = xca_sha256_hex(pool, decision->cms.data, decision->cms.length);
    const kept_t *kept =
        verified != NULL ? apr_hash_get(verified, cms_hash, APR_HASH_KEY_STRING) : NULL;
    const char *text, *certificate_hash;
    apr_size_t length;
    xca_error_t *err = kept != NULL ? fill(decision, kept->text, kept->length, pool)
                                    : xca_decision_peek(decision, pool);

    if (err != NULL) {
        return err;
    }
    err = xca_officer_read(officer, office->store, decision->officer, pool);
    if (err != NULL) {
        return err;
    }
    certificate_hash =
        xca_sha256_hex(pool, (*officer)->certificate.data, (*officer)->certificate.length);
    if (kept != NULL && strcmp(kept->certificate_hash, certificate_hash) == 0) {
        return NULL;
    }
    err = xca_cms_verify(&text, &length, decision->cms, (*officer)->certificate, anchor,
                         decision->time, XCA_STATEMENT_MAX, pool);
    if (err != NULL) {
        return err;
    }
    if (verified != NULL) {
        keep(verified, cms_hash, certificate_hash, text, length);
    }
    return fill(decision, text, length, pool);
}
