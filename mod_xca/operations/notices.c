#include "operations/notices.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"

#define MAX_TRIES 12

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static char *fill(xca_signer_t *signer, const char *id, xca_language language,
                  const xca_notice_facts_t *facts, apr_pool_t *pool) {
    const char *until = facts->until != 0 ? xca_date_format(pool, facts->until, XCA_DATE_ISO) : "";

    return xca_catalogue_format(
        signer->texts, id, language, pool, "case", or_empty(facts->case_number), "name",
        or_empty(facts->name), "serial", or_empty(facts->serial), "reason", or_empty(facts->reason),
        "card", or_empty(facts->card), "mail-number", or_empty(facts->mail_number), "until", until,
        "text", or_empty(facts->text), "quote", or_empty(facts->quote),
        "days", apr_itoa(pool, facts->days),
        "portal", signer->portal_url, "rows",
        or_empty(language == XCA_ZH ? facts->rows_zh : facts->rows_en), NULL);
}

xca_error_t *xca_notify(xca_signer_t *signer, const xca_notice_facts_t *facts, apr_time_t now,
                        apr_pool_t *pool) {
    const char *subject_id = apr_pstrcat(pool, "notice.", facts->event, ".subject", NULL);
    const char *body_id = apr_pstrcat(pool, "notice.", facts->event, ".body", NULL);
    xca_notice_t notice = {0};

    if (facts->to == NULL) {
        return NULL;
    }
    notice.id = facts->id;
    notice.to = facts->to;
    notice.subject = apr_pstrcat(pool, fill(signer, subject_id, XCA_ZH, facts, pool), " / ",
                                 fill(signer, subject_id, XCA_EN, facts, pool), NULL);
    notice.body =
        apr_pstrcat(pool, fill(signer, body_id, XCA_ZH, facts, pool), "\n\n",
                    fill(signer, "notice.footer", XCA_ZH, facts, pool), "\n\n--------\n\n",
                    fill(signer, body_id, XCA_EN, facts, pool), "\n\n",
                    fill(signer, "notice.footer", XCA_EN, facts, pool), "\n", NULL);
    notice.state = "waiting";
    notice.created = now;
    notice.next_try = now;
    return xca_notice_add(signer->office->store, &notice, pool);
}

/* 1, 2, 4, ... minutes, at most six hours. */
static apr_interval_time_t back_off(int tries) {
    int minutes = tries < 9 ? 1 << tries : 360;

    return apr_time_from_sec((minutes < 360 ? minutes : 360) * 60);
}

static xca_error_t *send_one(xca_signer_t *signer, xca_notice_t *notice, apr_time_t now,
                             apr_pool_t *pool) {
    xca_store_t *store = signer->office->store;
    xca_mail_t mail;
    xca_error_t *fault;
    /* Taken before it is sent: a crash in between leaves "sending", which is never sent again by
     * itself, because nobody knows whether the server had it. */
    xca_error_t *err =
        xca_notice_move(store, notice, "sending", NULL, notice->tries + 1, now, pool);

    if (err != NULL) {
        return err;
    }
    mail.id = notice->id;
    mail.to = notice->to;
    mail.subject = notice->subject;
    mail.body = notice->body;
    mail.date = now;
    fault = xca_mail_send(signer->mail, &mail, pool);
    notice->state = "sending";
    notice->tries++;
    if (fault == NULL) {
        return xca_notice_move(store, notice, "sent", NULL, notice->tries, now, pool);
    }
    xca_log(XCA_LOG_WARNING, "mail %s not sent: %s: %s", notice->id, fault->message,
            fault->detail != NULL ? fault->detail : "");
    if (fault->kind != XCA_E_UNAVAILABLE || notice->tries >= MAX_TRIES) {
        return xca_notice_move(store, notice, "failed", fault->detail, notice->tries, now, pool);
    }
    return xca_notice_move(store, notice, "waiting", fault->detail, notice->tries,
                           now + back_off(notice->tries), pool);
}

xca_error_t *xca_signer_post(xca_signer_t *signer, apr_time_t now, int limit, apr_pool_t *pool) {
    apr_array_header_t *notices;
    int i;
    /* Those that have to wait for another try hold up none of the others, however many they are. */
    xca_error_t *err = xca_notice_due(&notices, signer->office->store, now, limit, pool);

    for (i = 0; err == NULL && i < notices->nelts; i++) {
        err = send_one(signer, APR_ARRAY_IDX(notices, i, xca_notice_t *), now, pool);
    }
    return err;
}

xca_error_t *xca_signer_post_recover(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *notices;
    int repeatable = strncmp(signer->mail->url, "folder:", 7) == 0;
    int i;
    xca_error_t *err = xca_notice_list(&notices, signer->office->store, "sending", 0, pool);

    for (i = 0; err == NULL && i < notices->nelts; i++) {
        xca_notice_t *notice = APR_ARRAY_IDX(notices, i, xca_notice_t *);

        err = xca_notice_move(signer->office->store, notice, repeatable ? "waiting" : "uncertain",
                              notice->error, notice->tries, now, pool);
    }
    return err;
}
