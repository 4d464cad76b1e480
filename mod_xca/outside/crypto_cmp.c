#include "outside/crypto_cmp.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/cmp.h>
#include <openssl/err.h>
#include "base/log.h"
#include "outside/crypto_der.h"
#include "outside/crypto_openssl.h"

#define REQUEST_ID 0 /* certReqId of ir, cr, kur: RFC 9483 section 4.1.1 */

/* One run of OpenSSL's server. */
typedef struct {
    const xca_cmp_exchange_t *exchange;
    int replaying;             /* the transaction's first message runs again, to bring the server to where it was */
    int asked;                 /* the judge was called: the protection is good */
    xca_cmp_verdict_t verdict;
    xca_error_t *err;          /* the judge's */
    apr_pool_t *pool;
} run_t;

static apr_status_t free_message(void *message) {
    OSSL_CMP_MSG_free(message);
    return APR_SUCCESS;
}

static apr_status_t free_server(void *server) {
    OSSL_CMP_SRV_CTX_free(server);
    return APR_SUCCESS;
}

static apr_status_t free_context(void *context) {
    OSSL_CMP_CTX_free(context);
    return APR_SUCCESS;
}

static OSSL_CMP_MSG *read_message(xca_bytes_t der, apr_pool_t *pool) {
    BIO *bio = xca_openssl_keep_bio(pool, BIO_new_mem_buf(der.data, (int)der.length));
    OSSL_CMP_MSG *message = bio != NULL ? d2i_OSSL_CMP_MSG_bio(bio, NULL) : NULL;

    if (message != NULL) {
        apr_pool_cleanup_register(pool, message, free_message, apr_pool_cleanup_null);
    }
    return message;
}

/* Without one OpenSSL writes to standard error. */
static int quiet(const char *function, const char *file, int line, OSSL_CMP_severity level, const char *text) {
    if (level <= OSSL_CMP_LOG_ERR) {
        xca_log(XCA_LOG_INFO, "CMP: %s", text);
    }
    return 1;
}

static void ask(run_t *run) {
    if (!run->asked) {
        run->asked = 1;
        run->err = run->exchange->judge(&run->verdict, run->exchange->baton);
    }
}

/* What the callbacks tell the server ---- */

static OSSL_CMP_PKISI *rejection(const run_t *run) {
    xca_cmp_failure failure;
    const char *text = run->exchange->tell(&failure, run->err, run->exchange->baton);

    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection, 1 << failure, text);
}

/* A kur may name the certificate that it renews: the one that signs the message, as here always (RFC 9483 section 4.1.3). */
static void check_old(run_t *run, const OSSL_CRMF_MSG *request) {
    const OSSL_CRMF_CERTID *old = request != NULL ? OSSL_CRMF_MSG_get0_regCtrl_oldCertID(request) : NULL;
    X509 *sender = run->exchange->secret == NULL ? xca_openssl_x509(run->pool, run->exchange->sender) : NULL;

    if (old != NULL && sender != NULL &&
        ASN1_INTEGER_cmp(OSSL_CRMF_CERTID_get0_serialNumber(old), X509_get0_serialNumber(sender)) != 0) {
        run->asked = 1;
        run->err = xca_error_make(run->pool, XCA_E_INVALID, "cmp.old-certificate", NULL);
    }
}

/* The last of the chain: what a device that has no certificate yet is to trust, under its secret (RFC 4210 section 5.3.4). OpenSSL writes it for ir
 * alone, as RFC 9483 section 4.1.1 has it. */
static int give_root(const run_t *run, STACK_OF(X509) **ca) {
    const apr_array_header_t *chain = run->exchange->chain;
    X509 *root;

    if (run->exchange->secret == NULL || chain->nelts == 0) {
        return 1;
    }
    root = xca_openssl_x509(run->pool, APR_ARRAY_IDX(chain, chain->nelts - 1, xca_bytes_t));
    *ca = sk_X509_new_null();
    return root != NULL && *ca != NULL && X509_up_ref(root) && sk_X509_push(*ca, root) > 0;
}

static OSSL_CMP_PKISI *on_request(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, int id, const OSSL_CRMF_MSG *crmf,
                                  const X509_REQ *p10, X509 **certificate, STACK_OF(X509) **chain, STACK_OF(X509) **ca) {
    run_t *run = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);

    if (run->replaying) {
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_waiting, 0, NULL);
    }
    check_old(run, crmf);
    ask(run);
    if (run->err != NULL) {
        return rejection(run);
    }
    if (run->verdict.waits > 0) {
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_waiting, 0, run->verdict.text);
    }
    *certificate = xca_openssl_x509(run->pool, run->verdict.certificate);
    if (*certificate == NULL || !X509_up_ref(*certificate) || !give_root(run, ca)) {
        *certificate = NULL;
        return NULL;
    }
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, run->verdict.text);
}

static int on_poll(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, int id, OSSL_CMP_MSG **first, int64_t *after) {
    run_t *run = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);

    *first = NULL;
    ask(run);
    if (run->err == NULL && run->verdict.waits > 0) {
        *after = run->verdict.waits;
        return 1;
    }
    /* The server answers the request itself now, and frees it. */
    *first = OSSL_CMP_MSG_dup(read_message(run->exchange->first->whole, run->pool));
    return *first != NULL;
}

static OSSL_CMP_PKISI *on_revocation(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, const X509_NAME *issuer,
                                     const ASN1_INTEGER *serial) {
    run_t *run = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);

    ask(run);
    if (run->err != NULL) {
        return rejection(run);
    }
    return OSSL_CMP_STATUSINFO_new(
        run->verdict.warns ? OSSL_CMP_PKISTATUS_revocationWarning : OSSL_CMP_PKISTATUS_accepted, 0, run->verdict.text);
}

static int on_confirmation(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, int id, const ASN1_OCTET_STRING *hash,
                           const OSSL_CMP_PKISI *status) {
    run_t *run = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);

    ask(run);
    return run->err == NULL;
}

/* The client gives up: nothing is to be done, and it is answered. */
static void on_error(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, const OSSL_CMP_PKISI *status,
                     const ASN1_INTEGER *code, const OSSL_CMP_PKIFREETEXT *details) {
    ((run_t *)OSSL_CMP_SRV_CTX_get0_custom_ctx(server))->asked = 1;
}

/* id-it-caCerts (RFC 9480 section 2.14): a SEQUENCE OF the CA's certificate and those above it. */
static OSSL_CMP_ITAV *ca_certificates(const run_t *run) {
    xca_der_t *der = xca_der_make(run->pool);
    const unsigned char *at;
    xca_bytes_t list;
    ASN1_TYPE *value;
    int i;

    xca_der_open(der, XCA_DER_SEQUENCE);
    for (i = 0; i < run->exchange->chain->nelts; i++) {
        xca_der_put_raw(der, APR_ARRAY_IDX(run->exchange->chain, i, xca_bytes_t));
    }
    xca_der_close(der);
    if (xca_der_finish(&list, der, run->pool) != NULL) {
        return NULL;
    }
    at = list.data;
    value = d2i_ASN1_TYPE(NULL, &at, (long)list.length);
    return value != NULL ? OSSL_CMP_ITAV_create(OBJ_nid2obj(NID_id_it_caCerts), value) : NULL;
}

/* What is not known is left out: RFC 4210 section 5.3.20. */
static int on_general(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *message, const STACK_OF(OSSL_CMP_ITAV) *in,
                      STACK_OF(OSSL_CMP_ITAV) **out) {
    run_t *run = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);
    int i;

    ask(run);
    *out = run->err == NULL ? sk_OSSL_CMP_ITAV_new_null() : NULL;
    for (i = 0; *out != NULL && i < sk_OSSL_CMP_ITAV_num(in); i++) {
        if (OBJ_obj2nid(OSSL_CMP_ITAV_get0_type(sk_OSSL_CMP_ITAV_value(in, i))) == NID_id_it_caCerts) {
            return OSSL_CMP_ITAV_push0_stack_item(out, ca_certificates(run));
        }
    }
    return *out != NULL;
}

/* The run ---- */

static int add_chain(OSSL_CMP_CTX *context, const xca_cmp_exchange_t *exchange, apr_pool_t *pool) {
    STACK_OF(X509) *certificates = sk_X509_new_null();
    int i, fine = certificates != NULL;

    for (i = 0; fine && i < exchange->chain->nelts; i++) {
        X509 *one = xca_openssl_x509(pool, APR_ARRAY_IDX(exchange->chain, i, xca_bytes_t));

        fine = one != NULL && sk_X509_push(certificates, one) > 0;
    }
    fine = fine && OSSL_CMP_CTX_set1_extraCertsOut(context, certificates);
    sk_X509_free(certificates);
    return fine;
}

/* What verifies the sender's messages, and protects ours: the one secret, or their key and ours. */
static int set_protection(OSSL_CMP_CTX *context, const xca_cmp_exchange_t *exchange, apr_pool_t *pool) {
    const xca_secret_t *secret = exchange->secret;
    X509 *sender;

    if (secret != NULL) {
        return OSSL_CMP_CTX_set1_secretValue(context, secret->bytes, (int)secret->length) &&
               OSSL_CMP_CTX_set1_referenceValue(context, exchange->message->reference.data, (int)exchange->message->reference.length) &&
               OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_MAC_ALGNID, NID_hmacWithSHA256);
    }
    sender = xca_openssl_x509(pool, exchange->sender);
    return sender != NULL && OSSL_CMP_CTX_set1_srvCert(context, sender) && OSSL_CMP_CTX_set1_pkey(context, exchange->key->pkey);
}

static OSSL_CMP_SRV_CTX *make_server(run_t *run) {
    const xca_cmp_exchange_t *exchange = run->exchange;
    OSSL_CMP_SRV_CTX *server = OSSL_CMP_SRV_CTX_new(NULL, NULL);
    X509 *own = xca_openssl_x509(run->pool, exchange->certificate);
    OSSL_CMP_CTX *context;

    if (server == NULL) {
        return NULL;
    }
    apr_pool_cleanup_register(run->pool, server, free_server, apr_pool_cleanup_null);
    context = OSSL_CMP_SRV_CTX_get0_cmp_ctx(server);
    if (own == NULL ||
        !OSSL_CMP_SRV_CTX_init(server, run, on_request, on_revocation, on_general, on_error, on_confirmation, on_poll) ||
        !OSSL_CMP_CTX_set_log_cb(context, quiet) || !OSSL_CMP_CTX_set1_cert(context, own) ||
        !set_protection(context, exchange, run->pool) || !add_chain(context, exchange, run->pool)) {
        return NULL;
    }
    return server;
}

/* Brings the server to where it was when our last message went out. */
static xca_error_t *take_up(run_t *run, OSSL_CMP_SRV_CTX *server) {
    OSSL_CMP_MSG *first = read_message(run->exchange->first->whole, run->pool), *dropped;
    ASN1_OCTET_STRING *nonce = ASN1_OCTET_STRING_new();
    int fine;

    run->replaying = 1;
    dropped = first != NULL ? OSSL_CMP_SRV_process_request(server, first) : NULL;
    run->replaying = 0;
    fine = dropped != NULL && nonce != NULL &&
           ASN1_OCTET_STRING_set(nonce, run->exchange->nonce.data, (int)run->exchange->nonce.length) &&
           OSSL_CMP_CTX_set1_senderNonce(OSSL_CMP_SRV_CTX_get0_cmp_ctx(server), nonce);
    OSSL_CMP_MSG_free(dropped);
    ASN1_OCTET_STRING_free(nonce);
    ERR_clear_error();
    return fine ? NULL : xca_openssl_error(run->pool, XCA_E_INTERNAL, "cmp.unreadable", "the first message of a transaction");
}

static xca_error_t *check_order(const xca_cmp_exchange_t *exchange, apr_pool_t *pool) {
    const xca_cmp_message_t *message = exchange->message;

    if (exchange->secret != NULL ? !message->is_mac_bounded || message->reference.length == 0 : !message->is_signed) {
        return xca_error_make(pool, XCA_E_DENIED, "cmp.protection", "another protection");
    }
    switch (message->body) {
    case XCA_CMP_IR:
    case XCA_CMP_CR:
    case XCA_CMP_P10CR:
    case XCA_CMP_KUR:
    case XCA_CMP_RR:
    case XCA_CMP_GENM:
    case XCA_CMP_ERROR:
        return NULL;
    case XCA_CMP_CERTCONF:
    case XCA_CMP_POLLREQ:
        break;
    default:
        return xca_error_make(pool, XCA_E_INVALID, "cmp.body", "%d", message->body);
    }
    if (exchange->first == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "cmp.body", "%d without a transaction", message->body);
    }
    if (message->recipient_nonce.length != exchange->nonce.length ||
        memcmp(message->recipient_nonce.data, exchange->nonce.data, exchange->nonce.length) != 0) {
        return xca_error_make(pool, XCA_E_INVALID, "cmp.nonce", NULL);
    }
    return NULL;
}

/* An answer of the server's own is none of the judge's. */
static xca_error_t *what_failed(const run_t *run, const OSSL_CMP_MSG *answer) {
    int body = answer != NULL ? OSSL_CMP_MSG_get_bodytype(answer) : XCA_CMP_ERROR;

    if (body != XCA_CMP_ERROR) {
        return NULL;
    }
    if (run->err != NULL) {
        return run->err;
    }
    return run->asked ? xca_error_make(run->pool, XCA_E_INVALID, "cmp.body", "%d", run->exchange->message->body)
                      : xca_error_make(run->pool, XCA_E_DENIED, "cmp.protection", NULL);
}

xca_error_t *xca_cmp_exchange(xca_bytes_t *answer, const xca_cmp_exchange_t *exchange, apr_pool_t *pool) {
    run_t run = {exchange, 0, 0, {0}, NULL, pool};
    OSSL_CMP_SRV_CTX *server;
    OSSL_CMP_MSG *message, *made;
    BIO *out;
    xca_error_t *err = check_order(exchange, pool);

    if (err != NULL) {
        return err;
    }
    ERR_clear_error();
    server = make_server(&run);
    message = read_message(exchange->message->whole, pool);
    if (server == NULL || message == NULL) {
        return xca_openssl_error(pool, server == NULL ? XCA_E_INTERNAL : XCA_E_INVALID, "cmp.unreadable", "message");
    }
    err = exchange->first != NULL ? take_up(&run, server) : NULL;
    if (err != NULL) {
        return err;
    }
    made = OSSL_CMP_SRV_process_request(server, message);
    if (made != NULL) {
        apr_pool_cleanup_register(pool, made, free_message, apr_pool_cleanup_null);
    }
    ERR_clear_error();
    err = what_failed(&run, made);
    if (err != NULL) {
        return err;
    }
    out = xca_openssl_keep_bio(pool, BIO_new(BIO_s_mem()));
    if (out == NULL || i2d_OSSL_CMP_MSG_bio(out, made) <= 0) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.der", "an answer of CMP");
    }
    *answer = xca_openssl_bio_bytes(pool, out);
    return NULL;
}

/* Evidence ---- */

static OSSL_CMP_CTX *make_context(apr_pool_t *pool) {
    OSSL_CMP_CTX *context = OSSL_CMP_CTX_new(NULL, NULL);

    if (context != NULL) {
        apr_pool_cleanup_register(pool, context, free_context, apr_pool_cleanup_null);
    }
    return context != NULL && OSSL_CMP_CTX_set_log_cb(context, quiet) ? context : NULL;
}

xca_error_t *xca_cmp_verify(const xca_cmp_message_t *message, xca_bytes_t certificate, apr_pool_t *pool) {
    OSSL_CMP_CTX *context = make_context(pool);
    OSSL_CMP_MSG *read = read_message(message->whole, pool);
    X509 *sender = xca_openssl_x509(pool, certificate);

    if (context == NULL || read == NULL || sender == NULL || !message->is_signed || !OSSL_CMP_CTX_set1_srvCert(context, sender) ||
        OSSL_CMP_validate_msg(context, read) != 1) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cmp.protection", "verifying a message");
    }
    ERR_clear_error();
    return NULL;
}

xca_error_t *xca_cmp_verify_mac(const xca_cmp_message_t *message, const xca_secret_t *secret, apr_pool_t *pool) {
    OSSL_CMP_CTX *context;
    OSSL_CMP_MSG *read;

    if (!message->is_mac_bounded) {
        return xca_error_make(pool, XCA_E_DENIED, "cmp.protection", "MAC without bounds");
    }
    context = make_context(pool);
    read = read_message(message->whole, pool);
    if (context == NULL || read == NULL || !OSSL_CMP_CTX_set1_secretValue(context, secret->bytes, (int)secret->length) ||
        OSSL_CMP_validate_msg(context, read) != 1) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cmp.protection", "verifying a message");
    }
    ERR_clear_error();
    return NULL;
}

int xca_cmp_hash_is(xca_bytes_t hash, xca_bytes_t certificate, apr_pool_t *pool) {
    X509 *read = xca_openssl_x509(pool, certificate);
    ASN1_OCTET_STRING *digest = read != NULL ? X509_digest_sig(read, NULL, NULL) : NULL;
    int same = digest != NULL && (apr_size_t)ASN1_STRING_length(digest) == hash.length &&
               memcmp(ASN1_STRING_get0_data(digest), hash.data, hash.length) == 0;

    ASN1_OCTET_STRING_free(digest);
    ERR_clear_error();
    return same;
}
