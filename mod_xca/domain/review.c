#include "domain/review.h"

#include <string.h>

/* How far an officer's clock may be ahead of ours. */
#define CLOCK_AHEAD apr_time_from_sec(5 * 60)

const char *xca_role_id(xca_role role) {
    static const char *const ids[] = {"none", "ra", "central", "card-centre", "auditor"};

    return ids[role];
}

xca_role xca_role_by_id(const char *id) {
    if (id != NULL && strcmp(id, "ra") == 0) {
        return XCA_ROLE_RA;
    }
    if (id != NULL && strcmp(id, "central") == 0) {
        return XCA_ROLE_CENTRAL;
    }
    if (id != NULL && strcmp(id, "card-centre") == 0) {
        return XCA_ROLE_CARD_CENTRE;
    }
    if (id != NULL && strcmp(id, "auditor") == 0) {
        return XCA_ROLE_AUDITOR;
    }
    return XCA_ROLE_NONE;
}

const char *xca_stage_id(xca_stage stage) {
    static const char *const ids[] = {"first", "second", "third"};

    return ids[stage];
}

xca_role xca_stage_role(xca_case_kind kind, xca_stage stage) {
    if (kind == XCA_CASE_CODE_RESET) {
        return XCA_ROLE_CENTRAL;
    }
    return stage == XCA_STAGE_FIRST    ? XCA_ROLE_RA
           : stage == XCA_STAGE_SECOND ? XCA_ROLE_CENTRAL
                                       : XCA_ROLE_NONE;
}

int xca_stage_of_state(xca_stage *stage, xca_case_kind kind, xca_case_state state) {
    *stage = state == XCA_STATE_FILED      ? XCA_STAGE_FIRST
             : state == XCA_STATE_REVIEWED ? XCA_STAGE_SECOND
                                           : XCA_STAGE_THIRD;
    return state == XCA_STATE_FILED || state == XCA_STATE_REVIEWED ||
           (state == XCA_STATE_ISSUED && kind == XCA_CASE_CODE_RESET);
}

int xca_window_takes(const xca_window_t *window, xca_class class) {
    const char *id = xca_class_get(class)->id;
    const char *at = window->classes;

    while (at != NULL && *at != '\0') {
        apr_size_t length = strcspn(at, "|");

        if (length == strlen(id) && strncmp(at, id, length) == 0) {
            return 1;
        }
        at += length;
        at += *at == '|';
    }
    return 0;
}

static int is_empty(const char *text) {
    return text == NULL || *text == '\0';
}

static int is_same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static xca_error_t *denied(const char *message, const xca_decision_t *decision, apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_DENIED, message, "case %s, officer %s",
                          decision->case_number ? decision->case_number : "?",
                          decision->officer ? decision->officer : "?");
}

/* Who: role, activity and window of the officer. */
static xca_error_t *judge_officer(const xca_decision_t *decision, const xca_officer_t *officer,
                                  const xca_case_t *kase, apr_pool_t *pool) {
    xca_role needed = xca_stage_role(kase->kind, decision->stage);

    if (needed == XCA_ROLE_NONE || officer->role != needed || !is_same(decision->officer, officer->uid)) {
        return denied("decision.role", decision, pool);
    }
    if (!officer->active) {
        return denied("decision.inactive", decision, pool);
    }
    if (needed == XCA_ROLE_RA && !is_same(officer->window, kase->window)) {
        return denied("decision.window", decision, pool);
    }
    return NULL;
}

/* What and when: the case as it stands now, and the time of the decision. */
static xca_error_t *judge_case(const xca_decision_t *decision, const xca_case_t *kase,
                               const char *present_digest, apr_time_t now, apr_pool_t *pool) {
    xca_stage stage;
    apr_time_t filed = kase->corrected > kase->filed ? kase->corrected : kase->filed;

    if (!xca_stage_of_state(&stage, kase->kind, kase->state) || stage != decision->stage) {
        return denied("decision.state", decision, pool);
    }
    if (!is_same(decision->case_number, kase->number) ||
        !is_same(decision->content_digest, present_digest)) {
        return denied("decision.stale", decision, pool);
    }
    /* A statement's time has whole seconds, a filing has microseconds. */
    if (apr_time_sec(decision->time) < apr_time_sec(filed) || decision->time > now + CLOCK_AHEAD) {
        return denied("decision.time", decision, pool);
    }
    return NULL;
}

xca_error_t *xca_decision_judge(const xca_decision_t *decision, const xca_officer_t *officer,
                                const xca_case_t *kase, const char *present_digest,
                                const xca_decision_t *first, const xca_officer_t *first_officer,
                                apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = judge_officer(decision, officer, kase, pool);

    if (err == NULL) {
        err = judge_case(decision, kase, present_digest, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (decision->stage == XCA_STAGE_SECOND) {
        if (first == NULL || first->stage != XCA_STAGE_FIRST ||
            first->kind != XCA_DECISION_ACCEPT || !is_same(first->case_number, kase->number)) {
            return denied("decision.state", decision, pool);
        }
        if (!is_same(first->content_digest, present_digest)) {
            return denied("decision.stale", decision, pool);
        }
        /* Without both numbers nobody can tell that they are two people. */
        if (first_officer == NULL || is_empty(first_officer->person) || is_empty(officer->person) ||
            is_same(first_officer->person, officer->person)) {
            return denied("decision.same-person", decision, pool);
        }
    }
    if (decision->stage == XCA_STAGE_FIRST && decision->kind == XCA_DECISION_ACCEPT &&
        kase->kind != XCA_CASE_CODE_RESET && is_empty(decision->letter)) {
        return denied("decision.letter", decision, pool);
    }
    if (decision->kind == XCA_DECISION_RETURN && is_empty(decision->reason)) {
        return denied("decision.reason", decision, pool);
    }
    return NULL;
}
