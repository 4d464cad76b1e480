#include "checks.h"

#include <string.h>

int checks_tell(const helper_t *helper, text_id name, fault_t *fault) {
    int bad = fault != NULL;

    helper->talk->outcome(helper->talk->baton, name, fault);
    fault_drop(fault);
    return bad;
}

static fault_t *check_crl(session_t *session, const certificate_t *certificate) {
    static const view_t nothing = {NULL, 0};
    bytes_t crl = {NULL, 0, 0};
    fault_t *fault;

    if (certificate->crl_url[0] == '\0') {
        return fault_make(T_CRL_BAD, "-", "the certificate names no list");
    }
    fault = service_fetch(&session->service, certificate->crl_url, nothing, NULL, &crl);
    if (fault == NULL) {
        fault = chain_check_crl(session->chain, certificate, bytes_view(&crl), time(NULL));
    }
    bytes_free(&crl);
    return fault;
}

static fault_t *check_ocsp(session_t *session, const certificate_t *certificate) {
    bytes_t request = {NULL, 0, 0}, answer = {NULL, 0, 0};
    fault_t *fault = chain_ocsp_request(session->chain, certificate, &request);

    if (fault == NULL) {
        fault = service_fetch(&session->service, certificate->ocsp_url, bytes_view(&request),
                              "application/ocsp-request", &answer);
    }
    if (fault == NULL) {
        fault = chain_check_ocsp(session->chain, certificate, bytes_view(&request), bytes_view(&answer));
    }
    bytes_free(&request);
    bytes_free(&answer);
    return fault;
}

int checks_chain_and_status(session_t *session, const card_info_t *info) {
    const helper_t *helper = session->helper;
    const certificate_t *both[2] = {info->signature, info->encryption};
    int bad = checks_tell(helper, T_CHECK_CHAIN, card_info_check(info, session->chain, time(NULL))), i;

    for (i = 0; i < 2; i++) {
        bad += checks_tell(helper, i == 0 ? T_CHECK_CRL_SIGNATURE : T_CHECK_CRL_ENCRYPTION,
                           check_crl(session, both[i]));
        if (both[i]->ocsp_url[0] != '\0') {
            bad += checks_tell(helper, i == 0 ? T_CHECK_OCSP_SIGNATURE : T_CHECK_OCSP_ENCRYPTION,
                               check_ocsp(session, both[i]));
        }
    }
    return bad;
}
