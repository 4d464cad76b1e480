/* 新增 gets a number under the arc of its class, as new organisations that come in with an application. 改隸, 修改 and 裁撤 never
 * touch a number: an OID names one organisation for ever (ITU-T X.660: an arc is not given again, and what was signed or issued
 * under it still refers to it), and the tree stands by class and place, not by authority. So 改隸 changes the authority that is
 * recorded, and what the row says of name and address. */
#include "operations/signer_xds.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/xds_store.h"
#include "operations/notices.h"
#include "operations/signer_ending.h"
#include "operations/xds.h"
#include "outside/crypto.h"

#define ROWS_AT_ONCE 50   /* the signer looks after everything else in between */
#define NUMBER_TRIES 1000 /* numbers that others may take while we look */

typedef struct {
    xca_signer_t *signer;
    const xca_case_t *kase;
    const xca_window_t *window;
    const apr_array_header_t *windows;
    apr_time_t now;
    apr_pool_t *pool; /* of one row */
} work_t;

static int is_message(const xca_error_t *err, const char *message) {
    return err != NULL && strcmp(err->message, message) == 0;
}

/* ---- Beginning ---- */

/* What the row begins with, or why it does not. */
static xca_error_t *judge(xca_row_result_t *result, work_t *work, const xca_xds_row_t *row) {
    xca_office_t *office = work->signer->office;
    xca_xds_line_t line;
    xca_error_t *err;

    memset(&line, 0, sizeof(line));
    memset(result, 0, sizeof(*result));
    line.row = *row;
    line.wrong = xca_xds_row_check(&line.row, office->postal, work->pool);
    result->row = row->number;
    err = xca_xds_check_row(&line, office, work->window, work->windows, work->pool);
    if (err != NULL) {
        return err;
    }
    if (line.wrong != NULL) {
        result->state = XCA_ROW_REFUSED;
        result->answer = line.wrong->message;
        result->column = line.wrong->field;
        result->arg = line.wrong->arg;
        return NULL;
    }
    result->state = XCA_ROW_BEGUN;
    if (row->kind != XCA_XDS_ADD) {
        result->oid = line.org->oid;
        result->ends = xca_xds_ends(&line.row, line.org, work->pool);
        return NULL;
    }
    return xca_org_next(&result->oid, office->store,
                        xca_xds_parent(xca_xds_apply(row, NULL, office->postal, work->pool), work->pool), work->pool);
}

/* The record of a row: as it is, or made now. */
static xca_error_t *begin(xca_row_result_t **result, work_t *work, const xca_xds_row_t *row) {
    xca_store_t *store = work->signer->office->store;
    xca_row_result_t *made = apr_palloc(work->pool, sizeof(*made));
    xca_error_t *err = judge(made, work, row);

    if (err != NULL) {
        return err;
    }
    *result = made;
    err = xca_row_add(store, work->kase->number, made, work->pool);
    if (is_message(err, "ldap.exists")) {
        err = xca_row_read(result, store, work->kase->number, row->number, work->pool);
    }
    return err;
}

/* ---- Carrying out ---- */

static xca_error_t *finish(work_t *work, xca_row_result_t *result, xca_row_state state, const char *answer,
                           const char *arg) {
    xca_row_result_t changed = *result;
    xca_error_t *err;

    changed.state = state;
    changed.answer = answer;
    changed.arg = arg;
    err = xca_row_update(work->signer->office->store, work->kase->number, result, &changed, work->pool);
    if (err == NULL) {
        *result = changed;
    }
    return err;
}

/* Takes another number for the new organisation: someone else has this one. */
static xca_error_t *renumber(work_t *work, xca_row_result_t *result, const char *parent) {
    xca_row_result_t changed = *result;
    xca_error_t *err = xca_org_next(&changed.oid, work->signer->office->store, parent, work->pool);

    if (err == NULL) {
        err = xca_row_update(work->signer->office->store, work->kase->number, result, &changed, work->pool);
    }
    if (err == NULL) {
        *result = changed;
    }
    return err;
}

/* In the audit log before the tree is changed. */
static xca_error_t *log_row(work_t *work, const xca_xds_row_t *row, const xca_row_result_t *result) {
    xca_audit_event_t event = {0};
    const char *number = apr_itoa(work->pool, row->number);

    event.kind = "oid-change";
    event.actor = "officers";
    event.key = apr_pstrcat(work->pool, work->kase->number, "\n", number, "\n", result->oid, NULL);
    event.case_number = work->kase->number;
    event.organisation = result->oid;
    event.details = xca_audit_details(work->pool, "row", number, "change", xca_xds_kind_id(row->kind), "ends", result->ends, NULL);
    return xca_audit_append(work->signer->audit, &event, work->now, work->pool);
}

static xca_error_t *carry_out_add(work_t *work, const xca_xds_row_t *row, xca_row_result_t *result) {
    xca_store_t *store = work->signer->office->store;
    xca_org_t *org = xca_xds_apply(row, NULL, work->signer->office->postal, work->pool), *there;
    int tries;
    xca_error_t *err = NULL;

    org->source_key = apr_psprintf(work->pool, "xds:%s:%d", work->kase->number, row->number);
    for (tries = 0; err == NULL && tries < NUMBER_TRIES; tries++) {
        org->oid = result->oid;
        err = log_row(work, row, result);
        err = err == NULL ? xca_org_add(store, org, work->pool) : err;
        if (err == NULL) {
            break;
        }
        if (!is_message(err, "ldap.exists")) {
            return err;
        }
        err = xca_org_read(&there, store, result->oid, work->pool);
        if (err == NULL && there->source_key != NULL && strcmp(there->source_key, org->source_key) == 0) {
            break; /* from a try before */
        }
        if (err == NULL) {
            err = renumber(work, result, xca_xds_parent(org, work->pool));
        }
    }
    if (err == NULL && tries == NUMBER_TRIES) {
        err = xca_error_make(work->pool, XCA_E_CONFLICT, "org.no-number", NULL);
    }
    return err == NULL ? finish(work, result, XCA_ROW_DONE, "xds.done-add", result->oid) : err;
}

static const char *done_message(const xca_row_result_t *result) {
    return result->ends == NULL                        ? "xds.done-change"
           : strcmp(result->ends, "abolished") == 0    ? "xds.done-abolish"
           : strcmp(result->ends, "moved") == 0        ? "xds.done-move"
                                                       : "xds.done-rename";
}

static xca_error_t *carry_out_change(work_t *work, const xca_xds_row_t *row, xca_row_result_t *result) {
    xca_store_t *store = work->signer->office->store;
    xca_org_t *org;
    int count = 0;
    xca_error_t *err = xca_org_read(&org, store, result->oid, work->pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return finish(work, result, XCA_ROW_REFUSED, "xds.unknown", NULL);
    }
    if (err == NULL) {
        err = log_row(work, row, result);
    }
    if (err == NULL) {
        err = xca_org_update(store, org, xca_xds_apply(row, org, work->signer->office->postal, work->pool), work->pool);
    }
    if (err == NULL && result->ends != NULL) {
        err = xca_signer_end(&count, work->signer, result->oid, result->ends, work->now, work->pool);
    }
    return err == NULL ? finish(work, result, XCA_ROW_DONE, done_message(result), apr_itoa(work->pool, count)) : err;
}

static xca_error_t *do_row(work_t *work, const xca_xds_row_t *row, xca_row_result_t *result) {
    xca_error_t *err = result == NULL ? begin(&result, work, row) : NULL;

    if (err == NULL && result->state == XCA_ROW_BEGUN) {
        err = row->kind == XCA_XDS_ADD ? carry_out_add(work, row, result) : carry_out_change(work, row, result);
    }
    if (err != NULL && err->kind == XCA_E_INTERNAL && result != NULL && result->state == XCA_ROW_BEGUN) {
        /* The directory does not take what it says: the others do not wait for it. */
        xca_log_error(apr_psprintf(work->pool, "case %s, row %d", work->kase->number, row->number), err);
        err = finish(work, result, XCA_ROW_REFUSED, "xds.fault", NULL);
    }
    if (err == NULL) {
        xca_log(XCA_LOG_INFO, "case %s, row %d: %s %s", work->kase->number, row->number,
                result->oid != NULL ? result->oid : "-", result->answer != NULL ? result->answer : "?");
    }
    return err;
}

/* ---- The end ---- */

/* "第 5 列 組織及團體裁撤「名稱」：結果" */
static const char *line_of(work_t *work, const xca_xds_row_t *row, const xca_row_result_t *result, xca_language language,
                           apr_pool_t *pool) {
    const xca_catalogue_t *texts = work->signer->texts;
    const char *kind = xca_catalogue_text(texts, apr_pstrcat(pool, "xds.kind.", xca_xds_kind_id(row->kind), NULL), language);
    const char *name = xca_xds_known_name(row), *column = "";
    xca_error_t said = {XCA_E_INVALID, result->answer != NULL ? result->answer : "xds.fault", result->arg, NULL, NULL, NULL};

    if (result->column != NULL) {
        column = xca_catalogue_text(texts, apr_pstrcat(pool, "xds.column.", result->column, NULL), language);
    }
    return xca_catalogue_format(texts, result->state == XCA_ROW_DONE ? "xds.line-done" : "xds.line-refused", language, pool,
                                "row", apr_itoa(pool, row->number), "kind", kind != NULL ? kind : "", "name",
                                name != NULL ? name : "", "column", column != NULL ? column : "", "text",
                                xca_catalogue_error(texts, &said, language, pool), NULL);
}

/* The lines of all rows, or of those that have this contact. */
static const char *lines_of(work_t *work, const apr_array_header_t *rows, apr_hash_t *results, const char *contact,
                            xca_language language, apr_pool_t *pool) {
    apr_array_header_t *lines = apr_array_make(pool, rows->nelts * 2 + 1, sizeof(const char *));
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const xca_xds_row_t *row = &APR_ARRAY_IDX(rows, i, xca_xds_row_t);
        const char *mail = row->values[XCA_XDS_CONTACT_EMAIL];

        if (contact == NULL || (mail != NULL && strcmp(mail, contact) == 0)) {
            APR_ARRAY_PUSH(lines, const char *) =
                line_of(work, row, apr_hash_get(results, &row->number, sizeof(row->number)), language, pool);
            APR_ARRAY_PUSH(lines, const char *) = "\n";
        }
    }
    return apr_array_pstrcat(pool, lines, '\0');
}

static xca_error_t *tell(work_t *work, const apr_array_header_t *rows, apr_hash_t *results, const char *to, int all,
                         apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = all ? "xds-done" : "xds-row-done";
    facts.id = all ? apr_pstrcat(pool, work->kase->number, "-done", NULL)
                   : apr_psprintf(pool, "%s-done-%.16s", work->kase->number, xca_sha256_hex(pool, to, strlen(to)));
    facts.to = to;
    facts.case_number = work->kase->number;
    facts.rows_zh = lines_of(work, rows, results, all ? NULL : to, XCA_ZH, pool);
    facts.rows_en = lines_of(work, rows, results, all ? NULL : to, XCA_EN, pool);
    return xca_notify(work->signer, &facts, work->now, pool);
}

/* The one who filed is told of all rows, each contact of his own ones. */
static xca_error_t *tell_all(work_t *work, const apr_array_header_t *rows, apr_hash_t *results, apr_pool_t *pool) {
    apr_hash_t *told = apr_hash_make(pool);
    apr_pool_t *scratch;
    int i;
    xca_error_t *err;

    apr_pool_create(&scratch, pool);
    err = tell(work, rows, results, work->kase->contact_email, 1, scratch);
    apr_hash_set(told, work->kase->contact_email != NULL ? work->kase->contact_email : "", APR_HASH_KEY_STRING, told);
    for (i = 0; err == NULL && i < rows->nelts; i++) {
        const char *mail = APR_ARRAY_IDX(rows, i, xca_xds_row_t).values[XCA_XDS_CONTACT_EMAIL];

        if (mail == NULL || apr_hash_get(told, mail, APR_HASH_KEY_STRING) != NULL) {
            continue;
        }
        apr_hash_set(told, mail, APR_HASH_KEY_STRING, told);
        apr_pool_clear(scratch);
        err = tell(work, rows, results, mail, 0, scratch);
    }
    return err;
}

/* ---- The sheet ---- */

static xca_error_t *find_window(work_t *work, apr_pool_t *pool) {
    apr_array_header_t *windows;
    int i;
    xca_error_t *err = xca_window_list(&windows, work->signer->office->store, NULL, pool);

    if (err != NULL) {
        return err;
    }
    work->windows = windows;
    for (i = 0; i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        if (work->kase->window != NULL && strcmp(window->id, work->kase->window) == 0) {
            work->window = window;
            return NULL;
        }
    }
    return xca_error_make(pool, XCA_E_NOT_FOUND, "window.not-found", "%s", work->kase->window ? work->kase->window : "-");
}

/* Officers are told why it stands still. */
static xca_error_t *stuck(work_t *work, const xca_error_t *err, apr_pool_t *pool) {
    xca_log_error(apr_psprintf(pool, "case %s", work->kase->number), err);
    if (work->kase->problem != NULL && strcmp(work->kase->problem, err->message) == 0) {
        return NULL;
    }
    return xca_case_problem(work->signer->office->store, work->kase->number, err->message, pool);
}

static apr_hash_t *by_number(const apr_array_header_t *results, apr_pool_t *pool) {
    apr_hash_t *hash = apr_hash_make(pool);
    int i;

    for (i = 0; i < results->nelts; i++) {
        xca_row_result_t *result = APR_ARRAY_IDX(results, i, xca_row_result_t *);

        apr_hash_set(hash, &result->row, sizeof(result->row), result);
    }
    return hash;
}

/* Some of the rows that are left. *left: whether any are. */
static xca_error_t *do_some(int *left, work_t *work, const apr_array_header_t *rows, apr_hash_t *results,
                            apr_pool_t *pool) {
    int i, done = 0;
    xca_error_t *err = NULL;

    *left = 0;
    apr_pool_create(&work->pool, pool);
    for (i = 0; err == NULL && i < rows->nelts; i++) {
        const xca_xds_row_t *row = &APR_ARRAY_IDX(rows, i, xca_xds_row_t);
        xca_row_result_t *result = apr_hash_get(results, &row->number, sizeof(row->number));

        if (result != NULL && result->state != XCA_ROW_BEGUN) {
            continue;
        }
        if (done == ROWS_AT_ONCE) {
            *left = 1;
            break;
        }
        apr_pool_clear(work->pool);
        err = do_row(work, row, result);
        done++;
    }
    return err;
}

xca_error_t *xca_signer_xds(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now, apr_pool_t *pool) {
    work_t work = {signer, kase, NULL, NULL, now, pool};
    xca_store_t *store = signer->office->store;
    apr_array_header_t *rows, *results;
    int left;
    xca_error_t *err = xca_xds_rows_of(&rows, signer->office, kase, pool);

    if (err == NULL) {
        err = find_window(&work, pool);
    }
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND || err->kind == XCA_E_INVALID ? stuck(&work, err, pool) : err;
    }
    err = xca_row_list(&results, store, kase->number, pool);
    if (err == NULL) {
        err = do_some(&left, &work, rows, by_number(results, pool), pool);
    }
    if (err == NULL) {
        err = xca_row_list(&results, store, kase->number, pool);
    }
    signer->case_left = err == NULL && left;
    if (err != NULL || left) {
        return err != NULL ? err : xca_case_rows_done(store, kase->number, results->nelts, pool);
    }
    err = tell_all(&work, rows, by_number(results, pool), pool);
    if (err == NULL) {
        err = xca_case_rows_done(store, kase->number, results->nelts, pool);
    }
    return err == NULL ? xca_case_move(store, kase, XCA_STATE_COMPLETED, NULL, now, pool) : err;
}
