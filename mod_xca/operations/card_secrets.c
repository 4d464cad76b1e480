/* What a card must not lose and nobody may read: sealed by the signer to a key of its own, bound to the card's number. */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "operations/signer_card_parts.h"
#include "outside/crypto_card.h"
#include "wire/seal.h"

#define FIRST       "XCA-CARD-SECRETS-1"
#define INFO        "xca-card-secrets-1"
#define SECRETS_MAX 512

/* xca_card_puks_t as text. */
typedef struct {
    const char *puk, *next_puk, *session, *confirmed, *changing, *uncertain;
} view_t;

static const xca_line_field_t fields[] = {
    {"puk", offsetof(view_t, puk), XCA_PUK_LENGTH, XCA_PUK_LENGTH, XCA_LINE_DIGITS},
    {"next-puk", offsetof(view_t, next_puk), XCA_PUK_LENGTH, XCA_PUK_LENGTH, XCA_LINE_DIGITS},
    {"session", offsetof(view_t, session), 32, 32, XCA_LINE_HEX},
    {"confirmed", offsetof(view_t, confirmed), 32, 32, XCA_LINE_HEX},
    {"changing", offsetof(view_t, changing), 1, 1, XCA_LINE_DIGITS},
    {"uncertain", offsetof(view_t, uncertain), 1, 9, XCA_LINE_DIGITS},
    {NULL, 0, 0, 0, XCA_LINE_WORD},
};

/* The X25519 key that the secrets are sealed to. */
static xca_error_t *seal_key(unsigned char private_key[XCA_SEAL_KEY], const xca_signer_t *signer,
                             apr_pool_t *pool) {
    return xca_derive(private_key, XCA_SEAL_KEY, signer->card_key, "secrets", "", pool);
}

static xca_error_t *unreadable(const xca_card_t *card, apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_INTERNAL, "card.secrets", "%s", card->number);
}

xca_error_t *xca_card_puks_open(xca_card_puks_t *puks, const xca_signer_t *signer,
                                const xca_card_t *card, apr_pool_t *pool) {
    apr_size_t length = card->secrets.length;
    unsigned char private_key[XCA_SEAL_KEY];
    xca_secret_t *text, *storage;
    view_t view;
    int opened;
    xca_error_t *err;

    if (length < XCA_SEAL_OVERHEAD || length > XCA_SEAL_OVERHEAD + SECRETS_MAX) {
        return unreadable(card, pool);
    }
    err = seal_key(private_key, signer, pool);
    if (err != NULL) {
        return err;
    }
    text = xca_secret_alloc(pool, length - XCA_SEAL_OVERHEAD);
    storage = xca_secret_alloc(pool, SECRETS_MAX);
    opened = xca_unseal(text->bytes, card->secrets.data, length, private_key, INFO,
                        (const unsigned char *)card->number, strlen(card->number)) &&
             xca_lines_read(&view, (char *)storage->bytes, FIRST, fields, (const char *)text->bytes,
                            text->length);
    xca_wipe(private_key, sizeof(private_key));
    if (!opened || view.puk == NULL || view.uncertain == NULL) {
        return unreadable(card, pool);
    }
    puks->puk = view.puk;
    puks->next_puk = view.next_puk;
    puks->session = view.session;
    puks->confirmed = view.confirmed;
    puks->changing = view.changing != NULL;
    puks->uncertain = (int)apr_atoi64(view.uncertain);
    return NULL;
}

xca_error_t *xca_card_puks_seal(xca_card_t *card, const xca_signer_t *signer,
                                const xca_card_puks_t *puks, apr_pool_t *pool) {
    view_t view = {puks->puk,       puks->next_puk, puks->session,
                   puks->confirmed, NULL,           apr_itoa(pool, puks->uncertain)};
    xca_secret_t *text = xca_secret_alloc(pool, SECRETS_MAX);
    unsigned char private_key[XCA_SEAL_KEY], public_key[XCA_SEAL_KEY];
    unsigned char *sealed = apr_palloc(pool, SECRETS_MAX + XCA_SEAL_OVERHEAD);
    size_t length;
    int done;
    xca_error_t *err = seal_key(private_key, signer, pool);

    if (err != NULL) {
        return err;
    }
    view.changing = puks->changing ? "1" : NULL;
    length = xca_lines_write((char *)text->bytes, SECRETS_MAX, FIRST, fields, &view);
    done = length > 0 && xca_seal_public(public_key, private_key) &&
           xca_seal(sealed, text->bytes, length, public_key, INFO,
                    (const unsigned char *)card->number, strlen(card->number));
    xca_wipe(private_key, sizeof(private_key));
    if (!done) {
        return unreadable(card, pool);
    }
    card->secrets.data = sealed;
    card->secrets.length = length + XCA_SEAL_OVERHEAD;
    return NULL;
}

xca_error_t *xca_card_puk_make(const char **puk, apr_pool_t *pool) {
    xca_secret_t *digits = xca_secret_alloc(pool, XCA_PUK_LENGTH + 1);
    int count = 0;

    while (count < XCA_PUK_LENGTH) {
        unsigned char byte;
        xca_error_t *err = xca_random(&byte, 1, pool);

        if (err != NULL) {
            return err;
        }
        if (byte < 250) { /* the rest of 256 would make some digits likelier */
            digits->bytes[count++] = (unsigned char)('0' + byte % 10);
        }
    }
    *puk = xca_secret_text(digits);
    return NULL;
}
