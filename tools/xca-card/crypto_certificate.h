/* Certificates as a card, the signer or a file gives them, and whether the authority stands behind them. */
#ifndef XCA_CARD_CRYPTO_CERTIFICATE_H
#define XCA_CARD_CRYPTO_CERTIFICATE_H

#include <time.h>
#include "crypto.h"

#define CERTIFICATE_TEXT 256
#define CERTIFICATE_URL  512

/* What people look at. Texts that a certificate does not have are empty. */
typedef struct certificate {
    void *x509;
    public_key_t *key;
    char subject[2 * CERTIFICATE_TEXT], issuer[2 * CERTIFICATE_TEXT];
    char serial[44];                       /* hex                                                 */
    char holder[CERTIFICATE_TEXT];         /* the subject's O                                     */
    char card_number[CERTIFICATE_TEXT];    /* the subject's serialNumber                          */
    char email[CERTIFICATE_TEXT];          /* subjectAltName                                      */
    char oid[CERTIFICATE_TEXT];            /* the organisation's: subjectDirectoryAttributes      */
    char rank[16];                         /* "primary", "secondary"                              */
    char crl_url[CERTIFICATE_URL], ocsp_url[CERTIFICATE_URL];
    time_t not_before, not_after;
} certificate_t;

/* Fault: T_CERTIFICATE_MALFORMED. */
fault_t *certificate_read(certificate_t **certificate, view_t der) MUST_USE;
void certificate_free(certificate_t *certificate);
fault_t *certificate_der(const certificate_t *certificate, bytes_t *der) MUST_USE;

/* "Xc" and 14 digits (a serialNumber that is not that is no card of ours). */
int card_number_well_formed(const char *number);

/* The configured anchors, and what the portal sent to stand between them and a certificate. */
typedef struct chain chain_t;

/* `anchors_file`: PEM; the root, or the issuing CA itself. `pkcs7`: may be empty. Faults: T_CA_FILE; T_PORTAL_NONSENSE. */
fault_t *chain_open(chain_t **chain, const char *anchors_file, view_t pkcs7) MUST_USE;
void chain_free(chain_t *chain);

/* A CA of the chain, verified up to an anchor at `now`, has signed the text: it is the issuer from then on. Fault: T_PORTAL_NOT_TRUSTED. */
fault_t *chain_vouched(chain_t *chain, view_t text, view_t signature, time_t now) MUST_USE;

/* The certificate is valid at `now` up to an anchor; once an issuer is known, issued by it, or by one of its name. Faults: T_CERTIFICATE_NOT_OURS,
 * T_CERTIFICATE_EXPIRED (arg: the serial number). */
fault_t *chain_check(const chain_t *chain, const certificate_t *certificate, time_t now) MUST_USE;

/* The certificate is not on the list (DER), which its issuer has signed and which is current. Faults: T_REVOKED, T_SUSPENDED, T_CRL_BAD. */
fault_t *chain_check_crl(const chain_t *chain, const certificate_t *certificate, view_t crl,
                         time_t now) MUST_USE;

/* An OCSP question for the certificate (with nonce), and what its answer says. */
fault_t *chain_ocsp_request(const chain_t *chain, const certificate_t *certificate, bytes_t *request) MUST_USE;
fault_t *chain_check_ocsp(const chain_t *chain, const certificate_t *certificate, view_t request,
                          view_t answer) MUST_USE;

#endif
