#include "outside/crypto_pkcs11.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include "base/log.h"
#include "base/settings.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

#define REST          apr_time_from_sec(2) /* between two tries to reach a token that is away */
#define PIN_MAX       256
#define SLOTS_MAX     64
#define ATTRIBUTE_MAX 1024 /* a modulus of 8192 bits */
#define SIGNATURE_MAX 1024
#define DIGEST_INFO   19
#define SHA256_LENGTH 32
#define NEW_ID        20

/* DigestInfo before the digest: RFC 8017 section 9.2 note 1. */
static const unsigned char digest_info_256[DIGEST_INFO] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                           0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
static const unsigned char digest_info_384[DIGEST_INFO] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                           0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30};

/* A PKCS#11 library, loaded once a process: it outlives all pools. */
typedef struct module {
    char *path;
    CK_FUNCTION_LIST *call;
    unsigned generation;  /* grows when it is initialised anew: all sessions from before are void */
    xca_secret_t refused; /* the PIN that a token of it refused last; length 0: none */
    unsigned char refused_bytes[PIN_MAX];
    struct module *next;
} module_t;

typedef struct token_key {
    module_t *module;
    const xca_token_access_t *access;
    const char *uri;
    P11KitUri *parsed;
    unsigned generation; /* of the session; 0: none */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    int asks_each_time; /* CKA_ALWAYS_AUTHENTICATE: the PIN for each signature, such as PIV's key 9C */
    int in_use;         /* opened: from now on the log tells of it */
    const char *away;   /* why it could not be used last: a message id, or NULL */
    const char *away_arg;
    CK_RV answer; /* of the last call that failed */
    apr_time_t rest_until;
    apr_pool_t *pool;
} token_key_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static module_t *modules;

static xca_error_t *make_error(apr_pool_t *pool, xca_error_kind kind, const char *message, const char *arg,
                               const char *detail) {
    xca_error_t *err = xca_error_make(pool, kind, message, "%s: %s", arg, detail);

    err->arg = apr_pstrdup(pool, arg);
    return err;
}

/* Modules ---- */

static module_t *load(const char *path) {
    module_t *module;

    for (module = modules; module != NULL; module = module->next) {
        if (strcmp(module->path, path) == 0) {
            return module;
        }
    }
    module = calloc(1, sizeof(*module));
    if (module == NULL) {
        return NULL;
    }
    module->path = strdup(path);
    module->call = module->path != NULL ? p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED) : NULL;
    if (module->call == NULL) {
        free(module->path);
        free(module);
        return NULL;
    }
    module->refused.bytes = module->refused_bytes;
    module->next = modules;
    modules = module;
    return module;
}

/* When the process ends, before what the libraries do then, and before pools go: keys in these close nothing any more. */
static void end_modules(void) {
    module_t *module;

    pthread_mutex_lock(&lock);
    for (module = modules; module != NULL; module = module->next) {
        p11_kit_module_finalize(module->call);
        module->generation++;
        xca_wipe(module->refused_bytes, sizeof(module->refused_bytes));
    }
    pthread_mutex_unlock(&lock);
}

/* Libraries look for tokens at C_Initialize, and some only then. */
static CK_RV start(module_t *module) {
    static int ends;
    CK_RV rv;

    if (module->generation > 0) {
        p11_kit_module_finalize(module->call);
    }
    rv = p11_kit_module_initialize(module->call);
    module->generation++;
    ERR_clear_error(); /* libraries that use OpenSSL themselves leave theirs behind */
    if (!ends) {
        ends = 1;
        atexit(end_modules); /* behind the library's own, and so called first */
    }
    return rv;
}

/* From here on: functions that give NULL, or a message id and the library's answer in the key. ---- */

static const char *trouble(token_key_t *key, const char *message, CK_RV rv) {
    key->answer = rv;
    key->away_arg = key->uri;
    return message;
}

static const char *find_slot(token_key_t *key) {
    CK_FUNCTION_LIST *call = key->module->call;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX, i;
    int found = 0;
    CK_RV rv = call->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv != CKR_OK) {
        return trouble(key, "hsm.away", rv);
    }
    for (i = 0; i < count; i++) {
        CK_TOKEN_INFO token;

        if (call->C_GetTokenInfo(slots[i], &token) == CKR_OK && (token.flags & CKF_TOKEN_INITIALIZED) != 0 &&
            p11_kit_uri_match_token_info(key->parsed, &token) == 1) {
            key->slot = slots[i];
            found++;
        }
    }
    return found == 1  ? NULL
           : found > 1 ? trouble(key, "hsm.ambiguous", CKR_OK)
                       : trouble(key, "hsm.away", CKR_TOKEN_NOT_PRESENT);
}

/* The first line of the file. */
static const char *read_pin(xca_secret_t **pin, token_key_t *key, apr_pool_t *pool) {
    const char *data;
    apr_size_t length;
    xca_error_t *err = xca_file_read(&data, &length, key->access->pin_file, PIN_MAX, pool);

    if (err != NULL) {
        trouble(key, "hsm.pin-file", CKR_PIN_INVALID);
        key->away_arg = key->access->pin_file;
        return "hsm.pin-file";
    }
    *pin = xca_secret_make(pool, data, strcspn(data, "\r\n"));
    xca_wipe((void *)(size_t)data, length);
    return NULL;
}

/* Whether a PIN may be given: none is wasted that an operator may need. */
static const char *may_log_in(token_key_t *key, CK_FLAGS flags) {
    int known = key->module->refused.length > 0; /* the wrong one was ours, and the file has another by now */

    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        return trouble(key, "hsm.pin-locked", CKR_PIN_LOCKED);
    }
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && key->access->low_count < 2) {
        return trouble(key, "hsm.pin-last-try", CKR_OK);
    }
    if ((flags & CKF_USER_PIN_COUNT_LOW) != 0 && key->access->low_count < 1 && !known) {
        return trouble(key, "hsm.pin-count-low", CKR_OK);
    }
    return NULL;
}

static const char *give_pin(token_key_t *key, CK_USER_TYPE user, xca_secret_t *pin) {
    module_t *module = key->module;
    CK_RV rv = module->call->C_Login(key->session, user, pin != NULL ? pin->bytes : NULL,
                                     pin != NULL ? (CK_ULONG)pin->length : 0);

    switch (rv) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
        return NULL;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_EXPIRED:
        if (pin != NULL) {
            memcpy(module->refused.bytes, pin->bytes, pin->length);
            module->refused.length = pin->length;
        }
        return trouble(key, "hsm.pin", rv);
    case CKR_PIN_LOCKED:
        return trouble(key, "hsm.pin-locked", rv);
    default:
        return trouble(key, "hsm.away", rv);
    }
}

static const char *log_in(token_key_t *key, CK_USER_TYPE user) {
    CK_SESSION_INFO session;
    CK_TOKEN_INFO token;
    xca_secret_t *pin = NULL;
    apr_pool_t *scratch;
    const char *message;
    CK_RV rv = key->module->call->C_GetTokenInfo(key->slot, &token);

    if (rv != CKR_OK) {
        return trouble(key, "hsm.away", rv);
    }
    if (user == CKU_USER) {
        int in = key->module->call->C_GetSessionInfo(key->session, &session) == CKR_OK &&
                 (session.state == CKS_RO_USER_FUNCTIONS || session.state == CKS_RW_USER_FUNCTIONS);

        if (in || (token.flags & CKF_LOGIN_REQUIRED) == 0) {
            return NULL; /* a session of this process has logged in: that counts for all */
        }
    }
    if (key->access->pin_file == NULL && (token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0) {
        return trouble(key, "hsm.pin-missing", CKR_OK);
    }
    apr_pool_create(&scratch, key->pool); /* the PIN is wiped with it */
    message = key->access->pin_file != NULL ? read_pin(&pin, key, scratch) : NULL;
    if (message == NULL && pin != NULL && pin->length > 0 && xca_secret_equal(pin, &key->module->refused)) {
        message = trouble(key, "hsm.pin", CKR_PIN_INCORRECT);
    }
    if (message == NULL) {
        message = may_log_in(key, token.flags);
    }
    if (message == NULL) {
        message = give_pin(key, user, pin);
    }
    apr_pool_destroy(scratch);
    return message;
}

/* The one object of a class that the URI's name and id fit. `message` is what zero of them means. */
static const char *find_object(CK_OBJECT_HANDLE *object, token_key_t *key, CK_OBJECT_CLASS class,
                               const char *message) {
    CK_FUNCTION_LIST *call = key->module->call;
    CK_ATTRIBUTE template[3] = {{CKA_CLASS, &class, sizeof(class)}};
    CK_ATTRIBUTE *name = p11_kit_uri_get_attribute(key->parsed, CKA_LABEL);
    CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(key->parsed, CKA_ID);
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 1, fitting = 0;
    CK_RV rv;

    if (name != NULL) {
        template[count++] = *name;
    }
    if (id != NULL) {
        template[count++] = *id;
    }
    rv = call->C_FindObjectsInit(key->session, template, count);
    if (rv == CKR_OK) {
        rv = call->C_FindObjects(key->session, found, 2, &fitting);
        call->C_FindObjectsFinal(key->session);
    }
    if (rv != CKR_OK) {
        return trouble(key, "hsm.away", rv);
    }
    *object = found[0];
    return fitting == 1  ? NULL
           : fitting > 1 ? trouble(key, "hsm.ambiguous", CKR_OK)
                         : trouble(key, message, CKR_OK);
}

static CK_RV read_attribute(xca_bytes_t *value, const token_key_t *key, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type, apr_pool_t *pool) {
    unsigned char buffer[ATTRIBUTE_MAX];
    CK_ATTRIBUTE attribute = {type, buffer, sizeof(buffer)};
    CK_RV rv = key->module->call->C_GetAttributeValue(key->session, object, &attribute, 1);

    if (rv == CKR_OK && attribute.ulValueLen <= sizeof(buffer)) {
        value->data = apr_pmemdup(pool, buffer, attribute.ulValueLen);
        value->length = attribute.ulValueLen;
        return CKR_OK;
    }
    return rv != CKR_OK ? rv : CKR_ATTRIBUTE_TYPE_INVALID;
}

/* A session in which the URI's token can be used. */
static const char *open_session(token_key_t *key, CK_FLAGS more) {
    CK_RV rv = key->module->generation == 0 ? start(key->module) : CKR_OK;
    const char *message = rv == CKR_OK ? find_slot(key) : trouble(key, "hsm.away", rv);

    if (message != NULL) {
        return message;
    }
    rv = key->module->call->C_OpenSession(key->slot, CKF_SERIAL_SESSION | more, NULL, NULL, &key->session);
    if (rv != CKR_OK) {
        return trouble(key, "hsm.away", rv);
    }
    key->generation = key->module->generation;
    return log_in(key, CKU_USER);
}

static void close_session(token_key_t *key) {
    if (key->generation != 0 && key->generation == key->module->generation) {
        key->module->call->C_CloseSession(key->session);
    }
    key->generation = 0;
}

/* Session, login and key, if they are not there yet. */
static const char *make_ready(token_key_t *key) {
    const char *message;
    xca_bytes_t asks;

    if (key->generation != 0 && key->generation == key->module->generation) {
        return NULL;
    }
    message = open_session(key, 0);
    if (message == NULL) {
        message = find_object(&key->object, key, CKO_PRIVATE_KEY, "hsm.no-key");
    }
    if (message != NULL) {
        close_session(key);
        return message;
    }
    key->asks_each_time =
        read_attribute(&asks, key, key->object, CKA_ALWAYS_AUTHENTICATE, key->pool) == CKR_OK && asks.length == 1 &&
        asks.data[0] != 0;
    return NULL;
}

/* What the token refuses for good, or a person must see to, does not become better with a new session. */
static int is_lasting(const char *message) {
    return strcmp(message, "hsm.away") != 0 && strcmp(message, "hsm.no-key") != 0 &&
           strcmp(message, "hsm.signature") != 0;
}

typedef const char *step_t(token_key_t *key, void *baton);

/* Does `step` in a session that is ready; once more from C_Initialize on if that was lost. */
static const char *do_step(token_key_t *key, step_t *step, void *baton) {
    const char *message = make_ready(key);

    if (message == NULL) {
        message = step(key, baton);
    }
    if (message == NULL || is_lasting(message)) {
        return message;
    }
    close_session(key);
    start(key->module);
    message = make_ready(key);
    if (message == NULL) {
        message = step(key, baton);
    }
    if (message != NULL) {
        close_session(key);
    }
    return message;
}

/* The same with its rest after a failure, and a word in the log when the key goes and when it comes back. */
static xca_error_t *use(token_key_t *key, step_t *step, void *baton, apr_pool_t *pool) {
    const char *message = key->away;

    pthread_mutex_lock(&lock);
    if (message == NULL || apr_time_now() >= key->rest_until || apr_time_now() < key->rest_until - REST) {
        message = do_step(key, step, baton);
        if (message != NULL && key->in_use && (key->away == NULL || strcmp(key->away, message) != 0)) {
            xca_log(XCA_LOG_ERROR, "key %s cannot be used, what needs it waits: %s (%s)", key->uri, message,
                    p11_kit_strerror(key->answer));
        } else if (message == NULL && key->away != NULL) {
            xca_log(XCA_LOG_INFO, "key %s can be used again", key->uri);
        }
        key->away = message;
        key->rest_until = apr_time_now() + REST;
    }
    pthread_mutex_unlock(&lock);
    ERR_clear_error();
    return message == NULL ? NULL
                           : make_error(pool, XCA_E_UNAVAILABLE, message, key->away_arg, p11_kit_strerror(key->answer));
}

/* Signing ---- */

typedef struct signing {
    const EVP_MD *digest;
    EVP_PKEY *public_key;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int hash_length;
    xca_bytes_t signature;
    apr_pool_t *pool;
} signing_t;

/* What CKM_ECDSA gives, r and s of equal length, as ECDSA-Sig-Value (RFC 3279 section 2.2.3). */
static xca_bytes_t ecdsa_value(const unsigned char *raw, CK_ULONG length, apr_pool_t *pool) {
    ECDSA_SIG *value = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)(length / 2), NULL);
    BIGNUM *s = BN_bin2bn(raw + length / 2, (int)(length / 2), NULL);
    unsigned char *der = NULL;
    xca_bytes_t bytes = {NULL, 0};
    int written = 0;

    if (value != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(value, r, s)) {
        written = i2d_ECDSA_SIG(value, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    if (written > 0) {
        bytes.data = apr_pmemdup(pool, der, (apr_size_t)written);
        bytes.length = (apr_size_t)written;
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(value);
    return bytes;
}

static int verifies(const signing_t *signing) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signing->public_key, NULL);
    int right = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context, signing->digest) == 1 &&
                EVP_PKEY_verify(context, signing->signature.data, signing->signature.length, signing->hash,
                                signing->hash_length) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return right;
}

static const char *sign_step(token_key_t *key, void *baton) {
    signing_t *signing = baton;
    CK_FUNCTION_LIST *call = key->module->call;
    int is_rsa = EVP_PKEY_is_a(signing->public_key, "RSA");
    CK_MECHANISM mechanism = {is_rsa ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0};
    unsigned char input[DIGEST_INFO + EVP_MAX_MD_SIZE], raw[SIGNATURE_MAX];
    CK_ULONG prefix = is_rsa ? DIGEST_INFO : 0, length = sizeof(raw);
    const char *message = NULL;
    CK_RV rv = call->C_SignInit(key->session, &mechanism, key->object);

    if (rv == CKR_OK && key->asks_each_time) {
        message = log_in(key, CKU_CONTEXT_SPECIFIC);
    }
    if (message != NULL) {
        return message;
    }
    memcpy(input, signing->hash_length == SHA256_LENGTH ? digest_info_256 : digest_info_384, prefix);
    memcpy(input + prefix, signing->hash, signing->hash_length);
    if (rv == CKR_OK) {
        rv = call->C_Sign(key->session, input, prefix + signing->hash_length, raw, &length);
    }
    if (rv != CKR_OK) {
        return trouble(key, "hsm.away", rv);
    }
    signing->signature = is_rsa ? (xca_bytes_t){apr_pmemdup(signing->pool, raw, length), length}
                                : ecdsa_value(raw, length, signing->pool);
    /* Another token in the same place, or a fault in it, must not get into a certificate. */
    return verifies(signing) ? NULL : trouble(key, "hsm.signature", CKR_OK);
}

static xca_error_t *sign(xca_bytes_t *signature, const xca_key_t *key, const EVP_MD *digest, const void *data,
                         apr_size_t length, apr_pool_t *pool) {
    signing_t signing = {.digest = digest, .public_key = key->pkey, .pool = pool};
    xca_error_t *err;

    if (!EVP_Digest(data, length, signing.hash, &signing.hash_length, digest, NULL)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "digest");
    }
    err = use(key->token, sign_step, &signing, pool);
    *signature = signing.signature;
    return err;
}

/* The public half ---- */

static const char *read_rsa(xca_der_t *der, token_key_t *key, CK_OBJECT_HANDLE object) {
    xca_bytes_t modulus, exponent, content;
    xca_der_t *inner = xca_der_make(key->pool);
    CK_RV rv = read_attribute(&modulus, key, object, CKA_MODULUS, key->pool);

    if (rv == CKR_OK) {
        rv = read_attribute(&exponent, key, object, CKA_PUBLIC_EXPONENT, key->pool);
    }
    if (rv != CKR_OK) {
        return trouble(key, "hsm.public-key", rv);
    }
    xca_der_open(inner, XCA_DER_SEQUENCE);
    xca_der_put_integer(inner, modulus.data, modulus.length);
    xca_der_put_integer(inner, exponent.data, exponent.length);
    xca_der_close(inner);
    if (xca_der_finish(&content, inner, key->pool) != NULL) {
        return trouble(key, "hsm.public-key", CKR_OK);
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.113549.1.1.1");
    xca_der_put(der, XCA_DER_NULL, NULL, 0);
    xca_der_close(der);
    xca_der_put_bits(der, content);
    return NULL;
}

static const char *read_ec(xca_der_t *der, token_key_t *key, CK_OBJECT_HANDLE object) {
    xca_bytes_t curve, point;
    xca_der_item_t wrapped;
    xca_der_at_t at;
    CK_RV rv = read_attribute(&curve, key, object, CKA_EC_PARAMS, key->pool);

    if (rv == CKR_OK) {
        rv = read_attribute(&point, key, object, CKA_EC_POINT, key->pool);
    }
    if (rv != CKR_OK) {
        return trouble(key, "hsm.public-key", rv);
    }
    at = xca_der_at(point); /* an OCTET STRING; of some tokens the bare point, which begins with 4 as well */
    if (xca_der_take(&at, XCA_DER_OCTET_STRING, &wrapped) && xca_der_ended(&at)) {
        point = wrapped.content;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.10045.2.1");
    xca_der_put_raw(der, curve);
    xca_der_close(der);
    xca_der_put_bits(der, point);
    return NULL;
}

/* From the public key beside the private one; of RSA the private one has it as well. */
static const char *public_step(token_key_t *key, void *baton) {
    xca_der_t *der = xca_der_make(key->pool);
    CK_KEY_TYPE type;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CK_OBJECT_HANDLE object;
    const char *message;
    CK_RV rv = key->module->call->C_GetAttributeValue(key->session, key->object, &attribute, 1);

    if (rv != CKR_OK || (type != CKK_RSA && type != CKK_EC)) {
        return trouble(key, "hsm.public-key", rv);
    }
    if (find_object(&object, key, CKO_PUBLIC_KEY, "hsm.public-key") != NULL) {
        object = key->object;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    message = type == CKK_RSA ? read_rsa(der, key, object) : read_ec(der, key, object);
    if (message != NULL) {
        return message;
    }
    xca_der_close(der);
    return xca_der_finish(baton, der, key->pool) == NULL ? NULL : trouble(key, "hsm.public-key", CKR_OK);
}

/* Opening and making ---- */

static apr_status_t free_token(void *data) {
    token_key_t *key = data;

    pthread_mutex_lock(&lock);
    close_session(key);
    pthread_mutex_unlock(&lock);
    p11_kit_uri_free(key->parsed);
    return APR_SUCCESS;
}

static xca_error_t *parse(token_key_t **result, const char *uri, const xca_token_access_t *access, apr_pool_t *pool) {
    token_key_t *key = apr_pcalloc(pool, sizeof(*key));
    int status;

    key->parsed = p11_kit_uri_new();
    key->uri = uri;
    key->away_arg = uri;
    key->access = access;
    key->pool = pool;
    status = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, key->parsed);
    if (strstr(uri, "pin-value") != NULL) {
        p11_kit_uri_free(key->parsed);
        return xca_error_make(pool, XCA_E_INVALID, "hsm.uri-pin", "pin-value"); /* the URI is not repeated */
    }
    if (status != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(key->parsed) ||
        p11_kit_uri_get_pin_source(key->parsed) != NULL || p11_kit_uri_get_module_name(key->parsed) != NULL ||
        p11_kit_uri_get_module_path(key->parsed) != NULL ||
        (p11_kit_uri_get_attribute(key->parsed, CKA_LABEL) == NULL &&
         p11_kit_uri_get_attribute(key->parsed, CKA_ID) == NULL)) {
        p11_kit_uri_free(key->parsed);
        return make_error(pool, XCA_E_INVALID, "hsm.uri", uri, p11_kit_uri_message(status));
    }
    apr_pool_cleanup_register(pool, key, free_token, apr_pool_cleanup_null);
    if (access->module == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "hsm.module-missing", "pkcs11-module-file");
    }
    pthread_mutex_lock(&lock);
    key->module = load(access->module);
    pthread_mutex_unlock(&lock);
    if (key->module == NULL) {
        const char *why = p11_kit_message();

        return make_error(pool, XCA_E_INVALID, "hsm.module", access->module, why != NULL ? why : "-");
    }
    *result = key;
    return NULL;
}

xca_error_t *xca_pkcs11_key_open(xca_key_t **result, const char *uri, const xca_token_access_t *access,
                                 apr_pool_t *pool) {
    xca_key_t *key = apr_pcalloc(pool, sizeof(*key));
    token_key_t *token;
    xca_bytes_t spki;
    xca_error_t *err = parse(&token, uri, access, pool);

    if (err == NULL) {
        err = use(token, public_step, &spki, pool);
    }
    if (err != NULL) {
        return err;
    }
    key->pkey = xca_openssl_public_key(pool, spki);
    if (key->pkey == NULL || (EVP_PKEY_is_a(key->pkey, "RSA") ? EVP_PKEY_get_bits(key->pkey) < 2048
                                                              : xca_openssl_curve(pool, key->pkey) == NULL)) {
        ERR_clear_error();
        return make_error(pool, XCA_E_UNAVAILABLE, "hsm.public-key", uri, "kind or size");
    }
    token->in_use = 1;
    key->token = token;
    key->sign = sign;
    *result = key;
    return NULL;
}

/* The name in the URI must be free, so that it goes on meaning one key. */
static const char *check_free(token_key_t *key) {
    CK_OBJECT_HANDLE object;
    const char *message = find_object(&object, key, CKO_PRIVATE_KEY, "hsm.no-key");

    return message == NULL || strcmp(message, "hsm.ambiguous") == 0 ? trouble(key, "hsm.key-exists", CKR_OK)
           : strcmp(message, "hsm.no-key") == 0                     ? NULL
                                                                    : message;
}

static const char *generate(token_key_t *key, const char *type) {
    static unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static unsigned char p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
    static unsigned char exponent[] = {1, 0, 1};
    int is_rsa = strncmp(type, "rsa:", 4) == 0;
    CK_ULONG bits = is_rsa ? (CK_ULONG)apr_atoi64(type + 4) : 0;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE *name = p11_kit_uri_get_attribute(key->parsed, CKA_LABEL);
    CK_ATTRIBUTE *given = p11_kit_uri_get_attribute(key->parsed, CKA_ID);
    unsigned char drawn[NEW_ID];
    CK_ATTRIBUTE id = {CKA_ID, drawn, sizeof(drawn)};
    CK_MECHANISM mechanism = {is_rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE made_public, made_private;
    CK_RV rv;

    if (given != NULL) {
        id = *given;
    } else if (xca_random(drawn, sizeof(drawn), key->pool) != NULL) {
        return trouble(key, "hsm.generate", CKR_OK);
    }
    {
        CK_ATTRIBUTE outward[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                                  {CKA_VERIFY, &yes, sizeof(yes)},
                                  *name,
                                  id,
                                  {CKA_MODULUS_BITS, &bits, sizeof(bits)},
                                  {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
        CK_ATTRIBUTE inward[] = {{CKA_TOKEN, &yes, sizeof(yes)},       {CKA_PRIVATE, &yes, sizeof(yes)},
                                 {CKA_SENSITIVE, &yes, sizeof(yes)},   {CKA_EXTRACTABLE, &no, sizeof(no)},
                                 {CKA_SIGN, &yes, sizeof(yes)},        *name,
                                 id};

        if (!is_rsa) {
            int is_p384 = strcmp(type, "ec:P-384") == 0;

            outward[4] = (CK_ATTRIBUTE){CKA_EC_PARAMS, is_p384 ? p384 : p256, is_p384 ? sizeof(p384) : sizeof(p256)};
        }
        rv = key->module->call->C_GenerateKeyPair(key->session, &mechanism, outward, is_rsa ? 6 : 5, inward, 7,
                                                  &made_public, &made_private);
    }
    return rv == CKR_OK ? NULL : trouble(key, "hsm.generate", rv);
}

xca_error_t *xca_pkcs11_key_make(xca_key_t **result, const char *uri, const char *type,
                                 const xca_token_access_t *access, apr_pool_t *pool) {
    token_key_t *token;
    const char *message;
    xca_error_t *err = xca_key_type_check(type, pool);

    if (err == NULL) {
        err = parse(&token, uri, access, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (p11_kit_uri_get_attribute(token->parsed, CKA_LABEL) == NULL) {
        return make_error(pool, XCA_E_INVALID, "hsm.uri", uri, "no object=NAME");
    }
    pthread_mutex_lock(&lock);
    message = open_session(token, CKF_RW_SESSION);
    if (message != NULL && !is_lasting(message)) {
        start(token->module);
        message = open_session(token, CKF_RW_SESSION);
    }
    if (message == NULL) {
        message = check_free(token);
    }
    if (message == NULL) {
        message = generate(token, type);
    }
    close_session(token);
    pthread_mutex_unlock(&lock);
    if (message != NULL) {
        xca_error_kind kind = strcmp(message, "hsm.key-exists") == 0 ? XCA_E_CONFLICT
                              : strcmp(message, "hsm.generate") == 0 ? XCA_E_INTERNAL
                                                                     : XCA_E_UNAVAILABLE;

        return make_error(pool, kind, message, token->away_arg, p11_kit_strerror(token->answer));
    }
    return xca_pkcs11_key_open(result, uri, access, pool);
}
