#include "reset_pin.h"

static fault_t *puk_fault(const piv_try_t *outcome) {
    if (outcome->right) {
        return NULL;
    }
    if (outcome->left == 0) {
        return fault_make(T_PUK_BLOCKED, NULL, "no tries left");
    }
    if (outcome->left == PIV_UNKNOWN) {
        return fault_make(T_PUK_WRONG, "?", "the card does not count aloud");
    }
    return fault_number(T_PUK_WRONG, outcome->left, "wrong PUK");
}

/* Before a PUK is spent: are there tries, as far as the card tells? */
static fault_t *check_tries(const piv_t *piv, int uncertain) {
    int left;
    fault_t *fault = piv_tries_left(piv, PIV_PUK, &left);

    if (fault == NULL && left == 0) {
        fault = fault_make(T_PUK_BLOCKED, NULL, "no tries left");
    }
    if (fault == NULL && left == 1 && uncertain) {
        fault = fault_make(T_PUK_LAST, NULL, "one try left, two PUKs possible");
    }
    return fault;
}

fault_t *reset_pin(const piv_t *piv, const card_info_t *info, const puk_pair_t *puks, const secret_t *pin,
                   int *has_next) {
    piv_try_t outcome;
    fault_t *fault = card_info_prove(info, piv);

    *has_next = 0;
    if (fault == NULL) {
        fault = check_tries(piv, puks->uncertain);
    }
    if (fault != NULL) {
        return fault;
    }
    if (puks->uncertain) {
        fault = piv_reset_pin(piv, &puks->next, pin, &outcome);
        if (fault != NULL || outcome.right) {
            *has_next = fault == NULL;
            return fault;
        }
        if (outcome.left == 0) {
            return puk_fault(&outcome);
        }
        /* It is the other one then: no guess any more, and the right one gives the tries back. */
    }
    fault = piv_reset_pin(piv, &puks->present, pin, &outcome);
    return fault != NULL ? fault : puk_fault(&outcome);
}

fault_t *reset_puk(const piv_t *piv, const card_info_t *info, const puk_pair_t *puks) {
    piv_try_t outcome;
    fault_t *fault = card_info_prove(info, piv);

    if (fault == NULL) {
        fault = piv_change(piv, PIV_PUK, &puks->present, &puks->next, &outcome);
    }
    return fault != NULL ? fault : puk_fault(&outcome);
}
