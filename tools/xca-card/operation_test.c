/* 憑證IC卡功能測試 */
#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "checks.h"
#include "key_check.h"
#include "pin.h"

static fault_t *sign_with_pin(card_t *card, const card_info_t *info, const secret_t *pin) {
    fault_t *fault = pin_verify(card, pin);

    return fault != NULL ? fault : key_check_signs(&card->piv, PIV_SIGNATURE, info->signature->key);
}

static fault_t *decrypt_with_pin(card_t *card, const card_info_t *info, const secret_t *pin) {
    fault_t *fault = pin_verify(card, pin);

    return fault != NULL ? fault : key_check_decrypts(&card->piv, PIV_ENCRYPTION, info->encryption->key);
}

/* A wrong PIN ends the test: the next key would spend another try. */
static fault_t *test_keys(card_t *card, const card_info_t *info, const secret_t *pin, int *bad) {
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = sign_with_pin(card, info, pin);
    if (!fault_is(fault, T_PIN_WRONG) && !fault_is(fault, T_PIN_BLOCKED)) {
        *bad += checks_tell(card->helper, T_CHECK_SIGNATURE, fault);
        *bad += checks_tell(card->helper, T_CHECK_DECRYPTION, decrypt_with_pin(card, info, pin));
        *bad += checks_tell(card->helper, T_CHECK_CARD_AUTH, card_info_prove(info, &card->piv));
        fault = NULL;
    }
    card_end(card);
    return fault;
}

static int test_certificates(const helper_t *helper, const card_info_t *info) {
    session_t session;
    fault_t *fault = session_open(&session, helper);
    int bad;

    if (fault != NULL) {
        return checks_tell(helper, T_CHECK_CHAIN, fault);
    }
    bad = checks_chain_and_status(&session, info);
    session_close(&session);
    return bad;
}

fault_t *operation_test(const helper_t *helper) {
    card_info_t info;
    card_t card;
    secret_t pin;
    int bad = 0;
    fault_t *fault = card_open(&card, &info, helper);

    if (fault != NULL) {
        return fault;
    }
    card_show_facts(helper, &info);
    memset(&pin, 0, sizeof(pin));
    fault = pin_ask(&card, T_ASK_PIN, &pin);
    if (fault == NULL) {
        fault = test_keys(&card, &info, &pin, &bad);
    }
    secret_wipe(&pin);
    if (fault == NULL) {
        bad += test_certificates(helper, &info);
    }
    card_close(&card, &info);
    if (fault == NULL && bad > 0) {
        fault = fault_number(T_TEST_FAILED, bad, "see above");
    }
    return fault;
}
