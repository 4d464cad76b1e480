#include "operations/signer_open.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/key_open.h"
#include "operations/public_log.h"
#include "operations/signer_ca.h"
#include "outside/crypto_card.h"
#include "wire/card_message.h"

#define CERTIFICATES_MAX (256 * 1024)
#define HOUR             apr_time_from_sec(3600)
#define SECRET_BYTES     32
#define PROOF_DAYS       30 /* how long the proof of the sealing key is good */
#define PROOF_MAX        2048

static xca_error_t *need(const char **value, const xca_settings_t *settings, const char *name,
                         apr_pool_t *pool) {
    *value = xca_settings_get(settings, name, NULL);
    if (*value == NULL || **value == '\0') {
        xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.missing", "%s", name);

        err->arg = name;
        return err;
    }
    return NULL;
}

xca_error_t *xca_profile_of(xca_profile_t **profile, const xca_settings_t *settings,
                            apr_pool_t *pool) {
    xca_profile_t *result = apr_pcalloc(pool, sizeof(*result));
    long years, non_repudiation, ubn, partitions;
    int class;
    xca_error_t *err = xca_settings_number(settings, "validity-years", &years, 5, 1, 10, pool);

    if (err == NULL) {
        err = xca_settings_number(settings, "non-repudiation", &non_repudiation, 1, 0, 1, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "ubn-in-certificate", &ubn, 0, 0, 1, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "crl-partitions", &partitions, 32, 0, XCA_CRL_PARTITIONS_MAX, pool);
    }
    if (err == NULL) {
        err = need(&result->crl_url, settings, "crl-url", pool);
    }
    if (err == NULL) {
        err = need(&result->ca_issuers_url, settings, "ca-issuers-url", pool);
    }
    if (err != NULL) {
        return err;
    }
    result->years = (int)years;
    result->non_repudiation = (int)non_repudiation;
    result->ubn_in_directory_attributes = (int)ubn;
    result->crl_partitions = (int)partitions;
    result->policy = xca_settings_get(settings, "policy-oid", "2.16.886.101.0.3.3");
    result->crl_ldap_url = xca_settings_get(settings, "crl-ldap-url", NULL);
    result->ocsp_url = xca_settings_get(settings, "ocsp-url", NULL);
    for (class = XCA_CLASS_SCHOOL; class < XCA_CLASS_COUNT; class ++) {
        const xca_class_info_t *info = xca_class_get((xca_class) class);
        const char *name = apr_pstrcat(pool, "subject-type-", info->id, NULL);

        result->subject_types[class] = xca_settings_get(settings, name, info->subject_type);
    }
    *profile = result;
    return NULL;
}

xca_error_t *xca_certificates_read(apr_array_header_t **certificates, const char *path,
                                   apr_pool_t *pool) {
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char finish[] = "-----END CERTIFICATE-----";
    const char *data;
    apr_size_t length;
    const char *at;
    xca_error_t *err = xca_file_read(&data, &length, path, CERTIFICATES_MAX, pool);

    if (err != NULL) {
        return err;
    }
    *certificates = apr_array_make(pool, 2, sizeof(xca_bytes_t));
    for (at = strstr(data, begin); at != NULL; at = strstr(at, begin)) {
        const char *body = at + strlen(begin);
        const char *end = strstr(body, finish);
        xca_bytes_t *der = end != NULL ? xca_unbase64(pool, body, (apr_size_t)(end - body)) : NULL;

        if (der == NULL) {
            break;
        }
        APR_ARRAY_PUSH(*certificates, xca_bytes_t) = *der;
        at = end;
    }
    if ((*certificates)->nelts == 0 || at != NULL) {
        err = xca_error_make(pool, XCA_E_INVALID, "certificate.unreadable", "%s", path);
        err->arg = path;
        return err;
    }
    return NULL;
}

static xca_error_t *read_first(xca_bytes_t *certificate, const xca_settings_t *settings,
                               const char *name, apr_pool_t *pool) {
    apr_array_header_t *certificates;
    const char *path;
    xca_error_t *err = need(&path, settings, name, pool);

    if (err == NULL) {
        err = xca_certificates_read(&certificates, path, pool);
    }
    if (err == NULL) {
        *certificate = APR_ARRAY_IDX(certificates, 0, xca_bytes_t);
    }
    return err;
}

static void open_words(xca_signer_t *signer, const xca_settings_t *settings) {
    signer->central_mail = xca_settings_get(settings, "central-mail", NULL);
    signer->holidays = xca_settings_get(settings, "holidays", NULL);
    signer->root_list_file = xca_settings_get(settings, "root-list-file", NULL);
    signer->question_mail = xca_settings_get(settings, "question-mail", xca_settings_get(settings, "service-mail", NULL));
}

/* 32 bytes in a file of mode 0600: made at the first start, the same ever after. */
static xca_error_t *open_secret(xca_secret_t **secret, const xca_settings_t *settings, const char *name,
                                apr_pool_t *pool) {
    const char *path, *data;
    apr_size_t length;
    apr_file_t *file;
    apr_status_t status;
    xca_error_t *err = need(&path, settings, name, pool);

    if (err != NULL) {
        return err;
    }
    *secret = xca_secret_alloc(pool, SECRET_BYTES);
    status = apr_file_open(&file, path, APR_WRITE | APR_CREATE | APR_EXCL | APR_BINARY,
                           APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
    if (status == APR_SUCCESS) {
        err = xca_random((*secret)->bytes, SECRET_BYTES, pool);
        if (err == NULL) {
            status = apr_file_write_full(file, (*secret)->bytes, SECRET_BYTES, NULL);
        }
        if (err == NULL && status == APR_SUCCESS) {
            status = apr_file_sync(file);
        }
        apr_file_close(file);
        if (err == NULL && status == APR_SUCCESS) {
            return NULL;
        }
        apr_file_remove(path, pool);
        if (err == NULL) {
            err = xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);
            err->arg = path;
        }
        return err;
    }
    err = xca_file_read(&data, &length, path, SECRET_BYTES, pool);
    if (err != NULL) {
        return err;
    }
    if (length != SECRET_BYTES) {
        err = xca_error_make(pool, XCA_E_INVALID, "key.unreadable", "%s", path);
        err->arg = path;
        return err;
    }
    memcpy((*secret)->bytes, data, SECRET_BYTES);
    xca_wipe((void *)(size_t)data, length);
    return NULL;
}

/* The X25519 key that codes are sealed to, and the secret that everything of cards is derived from. */
static xca_error_t *open_secrets(xca_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) {
    xca_error_t *err = open_secret(&signer->seal_key, settings, "seal-key-file", pool);

    return err == NULL ? open_secret(&signer->card_key, settings, "card-key-file", pool) : err;
}

/* The key of the audit log: a file of it is made at the first start, in a token it is made by xca-admin. */
static xca_error_t *open_audit(xca_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *path;
    xca_key_t *key = NULL;
    apr_finfo_t info;
    xca_error_t *err = need(&path, settings, "audit-key-file", pool);

    if (err == NULL && !xca_key_is_uri(path) && APR_STATUS_IS_ENOENT(apr_stat(&info, path, APR_FINFO_TYPE, pool))) {
        err = xca_key_make(&key, "ec:P-256", pool);
        if (err == NULL) {
            err = xca_key_write(key, path, pool);
        }
    } else if (err == NULL) {
        err = xca_key_open(&key, settings, path, NULL, pool);
    }
    if (err == NULL) {
        err = xca_audit_make(&signer->audit, signer->office->store, signer->ca, key,
                             xca_settings_get(settings, "audit-head-file", NULL), pool);
    }
    if (err == NULL) {
        xca_audit_trust(signer->audit, signer->certificates, signer->generation + 1);
        signer->public_log = xca_public_log_make(signer->office->store, signer->audit, key, pool);
    }
    return err;
}

static xca_error_t *open_card_key_type(xca_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *type = xca_settings_get(settings, "card-key-type", "rsa:2048");

    if (strcmp(type, "rsa:2048") != 0 && strcmp(type, "ec:P-256") != 0) {
        xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "key.type", "card-key-type = %s", type);

        err->arg = type;
        return err;
    }
    signer->card_key_type = type;
    return NULL;
}

static xca_error_t *open_mail(xca_signer_t *signer, const xca_settings_t *settings,
                              apr_pool_t *pool) {
    xca_mail_config_t *mail = apr_pcalloc(pool, sizeof(*mail));
    const char *password = xca_settings_get(settings, "mail-password-file", NULL);
    xca_secret_t *secret = NULL;
    long require_tls;
    xca_error_t *err = need(&mail->url, settings, "mail-url", pool);

    if (err == NULL) {
        err = need(&mail->from, settings, "mail-from", pool);
    }
    if (err == NULL) {
        err = need(&signer->portal_url, settings, "portal-url", pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "mail-require-tls", &require_tls, 1, 0, 1, pool);
    }
    if (err == NULL && password != NULL) {
        err = xca_secret_read(&secret, password, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (signer->portal_url[strlen(signer->portal_url) - 1] != '/') {
        signer->portal_url = apr_pstrcat(pool, signer->portal_url, "/", NULL);
    }
    mail->user = xca_settings_get(settings, "mail-user", NULL);
    mail->password = secret;
    mail->ca_file = xca_settings_get(settings, "mail-ca-file", NULL);
    mail->require_tls = (int)require_tls;
    signer->mail = mail;
    return NULL;
}

static xca_error_t *open_texts(xca_signer_t *signer, const xca_settings_t *settings,
                               apr_pool_t *pool) {
    xca_catalogue_t *texts;
    const char *folder;
    xca_error_t *err = need(&folder, settings, "htdocs-folder", pool);

    if (err == NULL) {
        err = xca_catalogue_read(&texts, apr_pstrcat(pool, folder, "/catalogue", NULL), pool);
    }
    if (err == NULL) {
        signer->texts = texts;
    }
    return err;
}

xca_error_t *xca_signer_open(xca_signer_t **signer, const xca_settings_t *settings,
                             apr_pool_t *pool) {
    xca_signer_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_profile_t *profile;
    long hours, sheet_days, responder_days, secret_days;
    xca_error_t *err = xca_office_open(&result->office, settings, "signer", pool);

    if (err == NULL) {
        err = xca_profile_of(&profile, settings, pool);
    }
    if (err != NULL) {
        return err;
    }
    result->profile = profile;
    result->pool = pool;
    open_words(result, settings);
    err = xca_signer_open_ca(result, settings, pool);
    if (err == NULL) {
        err = open_audit(result, settings, pool);
    }
    if (err == NULL) {
        err = read_first(&result->officer_anchor, settings, "officer-ca-certificate-file", pool);
    }
    if (err == NULL) {
        err = open_secrets(result, settings, pool);
    }
    if (err == NULL) {
        err = open_card_key_type(result, settings, pool);
    }
    if (err == NULL) {
        err = open_mail(result, settings, pool);
    }
    if (err == NULL) {
        err = open_texts(result, settings, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "crl-hours", &hours, 24, 1, 24, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "sheet-days", &sheet_days, 2, 1, 365, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "ocsp-responder-days", &responder_days, 7, 1, 30, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "device-secret-days", &secret_days, 30, 1, 365, pool);
    }
    if (err != NULL) {
        return err;
    }
    result->crl_life = hours * HOUR;
    result->sheets_life = sheet_days * XCA_DAY;
    result->responder_life = responder_days * XCA_DAY;
    result->device_secret_life = secret_days * XCA_DAY;
    result->crl_due = 1;
    *signer = result;
    return NULL;
}

xca_error_t *xca_signer_begin(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = xca_signer_publish_ca(signer, now, pool);

    if (err == NULL) {
        err = xca_signer_post_recover(signer, now, pool);
    }
    if (err == NULL) {
        err = xca_signer_alive(signer, now, pool);
    }
    signer->crl_due = 1;
    return err;
}

static xca_error_t *log_proof(xca_signer_t *signer, const xca_seal_key_proof_t *proof, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "key-use";
    event.actor = "signer";
    event.key = apr_pstrcat(pool, proof->key, "\n", proof->issued, NULL);
    event.details = xca_audit_details(pool, "use", "seal-key", "key", proof->key, "issued", proof->issued, "until",
                                      proof->until, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* The sealing key vouched for by the CA, so that card helpers believe no other; renewed when half its time is over. */
static xca_error_t *prove_seal_key(xca_signer_t *signer, const unsigned char key[XCA_SEAL_KEY], apr_time_t now,
                                   apr_pool_t *pool) {
    xca_seal_key_proof_t proof;
    xca_bytes_t signature;
    char text[PROOF_MAX];
    size_t length;
    xca_error_t *err;

    if (signer->seal_proof != NULL && now < signer->seal_proof_due &&
        now > signer->seal_proof_due - PROOF_DAYS * XCA_DAY) {
        return NULL;
    }
    proof.key = xca_base64(pool, key, XCA_SEAL_KEY);
    proof.issued = xca_date_format(pool, now, XCA_DATE_WIRE);
    proof.until = xca_date_format(pool, now + PROOF_DAYS * XCA_DAY, XCA_DATE_WIRE);
    length = xca_lines_write(text, sizeof(text), XCA_SEAL_KEY_FIRST, xca_seal_key_proof_fields, &proof);
    /* Signed, logged, and only then given to anyone. A key that is away leaves nothing in the log. */
    err = xca_ca_sign(&signature, signer->ca, text, length, pool);
    if (err == NULL) {
        err = log_proof(signer, &proof, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    length = xca_card_envelope_join(text, sizeof(text) - 1, length, signature.data, signature.length);
    if (length == 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.seal", "proof of the sealing key");
    }
    text[length] = '\0';
    memcpy(signer->seal_proof_text, text, length + 1);
    signer->seal_proof = signer->seal_proof_text;
    signer->seal_proof_due = now + PROOF_DAYS * XCA_DAY / 2;
    return NULL;
}

xca_error_t *xca_signer_alive(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_signer_status_t status;
    xca_error_t *err;

    if (xca_audit_is_stuck(signer->audit)) {
        return NULL; /* nothing is issued: whoever waits is told so by the portal */
    }
    if (!xca_seal_public(status.seal_key, signer->seal_key->bytes)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.seal", NULL);
    }
    err = prove_seal_key(signer, status.seal_key, now, pool);
    if (err != NULL) {
        return err;
    }
    status.seal_proof = signer->seal_proof;
    status.alive = now;
    return xca_signer_status_put(signer->office->store, &status, pool);
}
