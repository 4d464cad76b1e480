/* The three certificates of a card. Serial numbers and start are recorded with the digest of the keys before anything is
 * issued, and a certificate is recorded before it is given: the same keys again get the same certificates. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/signer_card_parts.h"
#include "operations/signer_issue.h"
#include "outside/crypto_card.h"
#include "outside/crypto_csr.h"

typedef struct {
    xca_csr_t *of[XCA_USE_COUNT];
} keys_t;

static xca_error_t *read_request(xca_csr_t **csr, xca_card_task_t *task, const char *text) {
    xca_bytes_t *der = text != NULL ? xca_unbase64(task->pool, text, strlen(text)) : NULL;

    if (der == NULL) {
        return xca_error_field(task->pool, "csr", "csr.empty", NULL);
    }
    return xca_csr_read(csr, der->data, der->length, task->pool);
}

/* An encryption key that cannot sign comes alone, with its proof by key agreement. */
static xca_error_t *read_encryption_key(xca_csr_t **csr, xca_card_task_t *task) {
    const char *text = task->message.encryption_request, *proof = task->message.pop;
    xca_bytes_t *spki, *mac;
    xca_error_t *err;

    if (proof == NULL || text == NULL) {
        return read_request(csr, task, text);
    }
    spki = xca_unbase64(task->pool, text, strlen(text));
    mac = xca_unbase64(task->pool, proof, strlen(proof));
    if (spki == NULL || mac == NULL) {
        return xca_error_field(task->pool, "csr", "card.pop", NULL);
    }
    err = xca_csr_key_read(csr, spki->data, spki->length, task->pool);
    if (err == NULL) {
        err = xca_pop_check(task->signer->card_key, task->card->number, *spki, *mac, task->pool);
    }
    return err;
}

/* A key of a card is of nothing else: no other certificate, no open application. */
static xca_error_t *check_fresh(xca_card_task_t *task, const char *key_hash) {
    apr_array_header_t *certs, *cases;
    int i;
    xca_error_t *err = xca_cert_search(&certs, NULL, task->signer->office->store, XCA_CERT_BY_KEY, key_hash, 0,
                                       task->pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (cert->card_number == NULL || strcmp(cert->card_number, task->card->number) != 0) {
            return xca_error_field(task->pool, "csr",
                                   cert->state == XCA_CERT_REVOKED ? "key.revoked" : "key.in-use", NULL);
        }
    }
    if (err == NULL) {
        err = xca_case_by_key(&cases, task->signer->office->store, key_hash, task->pool);
    }
    return err == NULL && cases->nelts > 0 ? xca_error_field(task->pool, "csr", "key.in-use", NULL) : err;
}

static xca_error_t *read_keys(keys_t *keys, xca_card_task_t *task) {
    int use;
    xca_error_t *err = read_request(&keys->of[XCA_USE_SIGNATURE], task, task->message.signature_request);

    if (err == NULL) {
        err = read_encryption_key(&keys->of[XCA_USE_ENCRYPTION], task);
    }
    if (err == NULL) {
        err = read_request(&keys->of[XCA_USE_CARD_AUTH], task, task->message.card_auth_request);
    }
    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        if (strcmp(keys->of[use]->key_hash, keys->of[(use + 1) % XCA_USE_COUNT]->key_hash) == 0) {
            return xca_error_field(task->pool, "csr", "card.keys-same", NULL);
        }
        err = check_fresh(task, keys->of[use]->key_hash);
    }
    return err;
}

/* Keys that were made again: what the earlier ones got is revoked, it never left the table. */
static xca_error_t *revoke_earlier(xca_card_task_t *task) {
    static const xca_cause_t cause = {.actor = "card-centre"};
    apr_array_header_t *certs;
    int i;
    xca_error_t *err = xca_cert_search(&certs, NULL, task->signer->office->store, XCA_CERT_BY_CARD,
                                       task->card->number, 0, task->pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);
        int use, is_present = 0;

        for (use = 0; use < XCA_USE_COUNT; use++) {
            is_present |= strcmp(cert->serial, task->card->serials[use]) == 0;
        }
        if (!is_present && cert->state == XCA_CERT_PENDING) {
            err = xca_signer_cert_state(task->signer, cert, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED,
                                        "discarded", &cause, NULL, task->now, task->pool);
        }
    }
    return err;
}

/* Serial numbers for these keys, unless they have theirs. */
static xca_error_t *reserve(xca_card_task_t *task, const keys_t *keys) {
    xca_card_t changed = *task->card;
    const char *all = apr_pstrcat(task->pool, keys->of[0]->key_hash, keys->of[1]->key_hash,
                                  keys->of[2]->key_hash, NULL);
    int use;
    xca_error_t *err = NULL;

    changed.key_digest = xca_sha256_hex(task->pool, all, strlen(all));
    if (task->card->key_digest != NULL && strcmp(task->card->key_digest, changed.key_digest) == 0) {
        return NULL;
    }
    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        err = xca_signer_new_serial(&changed.serials[use], task->pool);
    }
    if (err != NULL) {
        return err;
    }
    changed.not_before = apr_time_from_sec(apr_time_sec(task->now));
    err = xca_card_move(task, &changed);
    memset(task->certs, 0, sizeof(task->certs));
    return err;
}

static void fill_order(xca_cert_order_t *order, const xca_card_task_t *task, const xca_case_t *kase,
                       xca_use use, const xca_csr_t *key) {
    order->serial = task->card->serials[use];
    order->not_before = task->card->not_before;
    order->not_after = xca_date_add_years(order->not_before, task->signer->profile->years) -
                       apr_time_from_sec(1);
    order->use = use;
    order->org_name = kase->org_name;
    order->oid = task->card->oid;
    order->ubn = kase->ubn;
    order->class = kase->class;
    order->email = use == XCA_USE_CARD_AUTH ? NULL : kase->email;
    order->card_rank = xca_card_rank_id(task->card->rank);
    order->card_number = task->card->number;
    order->spki = key->spki;
}

static xca_error_t *issue_one(xca_card_task_t *task, const xca_case_t *kase, xca_use use,
                              const xca_csr_t *key) {
    xca_cert_order_t order = {0};
    xca_cert_t cert = {0};
    xca_store_t *store = task->signer->office->store;
    xca_error_t *err = xca_signer_place_of(&order.county, task->signer, kase, task->pool);

    if (err != NULL) {
        return err;
    }
    fill_order(&order, task, kase, use, key);
    err = xca_ca_issue(&cert.der, task->signer->ca, &order, task->pool);
    if (err != NULL) {
        return err;
    }
    cert.serial = order.serial;
    cert.state = XCA_CERT_PENDING;
    cert.use = use;
    cert.case_number = kase->number;
    cert.oid = order.oid;
    cert.org_name = kase->org_name;
    cert.class = kase->class;
    cert.county = order.county;
    cert.email = order.email;
    cert.contact_email = task->card->contact_email;
    cert.card_number = task->card->number;
    cert.key_hash = key->key_hash;
    cert.not_before = order.not_before;
    cert.not_after = order.not_after;
    cert.crl_partitions = task->signer->profile->crl_partitions;
    cert.generation = task->signer->generation;
    err = xca_signer_log_issue(task->signer, &cert, task->now, task->pool);
    if (err == NULL) {
        err = xca_cert_add(store, &cert, task->pool);
    }
    if (err != NULL && err->kind == XCA_E_CONFLICT) {
        err = NULL; /* a stopped signer recorded it */
    }
    /* What is given is what the directory has. */
    return err == NULL ? xca_cert_read(&task->certs[use], store, order.serial, task->pool) : err;
}

xca_error_t *xca_card_issue(xca_card_task_t *task, const xca_case_t *kase) {
    keys_t keys;
    int use;
    xca_error_t *err = read_keys(&keys, task);

    if (err != NULL) {
        return xca_card_refuse(task, err);
    }
    err = reserve(task, &keys);
    err = err == NULL ? revoke_earlier(task) : err;
    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        if (task->certs[use] == NULL) {
            err = issue_one(task, kase, (xca_use)use, keys.of[use]);
        }
    }
    if (err != NULL && err->kind == XCA_E_INTERNAL) {
        /* The lint or the library stops the issue: the operator has to hear why. */
        xca_log_error(apr_psprintf(task->pool, "issue for card %s", task->card->number), err);
        task->answer = apr_pstrcat(task->pool, "card.issue ", xca_error_ids(err, task->pool), NULL);
        return NULL;
    }
    if (err == NULL) {
        xca_log(XCA_LOG_INFO, "card %s: certificates %s, %s, %s issued", task->card->number,
                task->card->serials[0], task->card->serials[1], task->card->serials[2]);
    }
    return err;
}
