#include "operations/office_decision.h"

#include <string.h>
#include "outside/crypto_cms.h"
#include "wire/statement.h"

/* Which case the statement is about, before anything is verified: the decision is then opened as one of that case. */
static xca_error_t *case_of(const char **number, xca_bytes_t cms, apr_pool_t *pool) {
    xca_statement_t *statement = apr_pcalloc(pool, sizeof(*statement));
    const char *text;
    apr_size_t length;
    xca_error_t *err = xca_cms_content(&text, &length, cms, XCA_STATEMENT_MAX, pool);

    if (err != NULL) {
        return err;
    }
    if (!xca_statement_read(statement, text, length)) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.malformed", NULL);
    }
    *number = statement->case_number;
    return NULL;
}

/* The first review that counted, with its officer; both NULL if there is none. */
static xca_error_t *first_of(xca_decision_t **first, xca_officer_t **officer, xca_office_t *office, const char *number,
                             xca_bytes_t anchor, apr_pool_t *pool) {
    apr_array_header_t *decisions;
    int i;
    xca_error_t *err = xca_decision_list(&decisions, office->store, number, pool);

    *first = NULL;
    *officer = NULL;
    for (i = 0; err == NULL && i < decisions->nelts; i++) {
        xca_decision_t *one = APR_ARRAY_IDX(decisions, i, xca_decision_t *);
        xca_officer_t *whose;

        if (one->verdict == NULL || strcmp(one->verdict, "counted") != 0) {
            continue;
        }
        err = xca_decision_open(one, &whose, office, anchor, NULL, pool);
        if (err != NULL && (err->kind == XCA_E_DENIED || err->kind == XCA_E_NOT_FOUND)) {
            err = NULL;
            continue;
        }
        if (err == NULL && one->stage == XCA_STAGE_FIRST && one->kind == XCA_DECISION_ACCEPT) {
            *first = one;
            *officer = whose;
        }
    }
    return err;
}

xca_error_t *xca_office_decision_check(xca_decision_t *decision, xca_case_t **kase, xca_office_t *office,
                                       const xca_officer_t *officer, xca_bytes_t cms, xca_bytes_t anchor, apr_time_t now,
                                       apr_pool_t *pool) {
    xca_officer_t *whose, *first_officer;
    xca_decision_t *first;
    xca_error_t *err;

    memset(decision, 0, sizeof(*decision));
    *kase = NULL;
    decision->cms = cms;
    err = case_of(&decision->case_number, cms, pool);
    if (err == NULL) {
        err = xca_decision_open(decision, &whose, office, anchor, NULL, pool);
    }
    if (err == NULL && strcmp(whose->uid, officer->uid) != 0) {
        err = xca_error_make(pool, XCA_E_DENIED, "decision.other-officer", "%s for %s", whose->uid, officer->uid);
    }
    if (err == NULL) {
        err = xca_case_read(kase, office->store, decision->case_number, pool);
    }
    if (err == NULL) {
        err = first_of(&first, &first_officer, office, decision->case_number, anchor, pool);
    }
    if (err != NULL) {
        return err;
    }
    return xca_decision_judge(decision, whose, *kase, xca_case_digest(pool, *kase), first, first_officer, now, pool);
}

xca_error_t *xca_office_decision_find(xca_decision_t **decision, xca_office_t *office, const char *case_number, const char *id,
                                      apr_pool_t *pool) {
    apr_array_header_t *decisions;
    int i;
    xca_error_t *err = xca_decision_list(&decisions, office->store, case_number, pool);

    *decision = NULL;
    for (i = 0; err == NULL && i < decisions->nelts; i++) {
        xca_decision_t *one = APR_ARRAY_IDX(decisions, i, xca_decision_t *);

        if (strncmp(one->id, id, strlen(id)) == 0) {
            *decision = one;
        }
    }
    return err;
}
