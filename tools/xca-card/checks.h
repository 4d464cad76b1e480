/* What "info" and "test" both find out about a card's certificates. */
#ifndef XCA_CARD_CHECKS_H
#define XCA_CARD_CHECKS_H

#include "card_info.h"
#include "session.h"

/* Tells the outcome of each check (chain, revocation list, OCSP where a certificate names one). Returns how many were bad. */
int checks_chain_and_status(session_t *session, const card_info_t *info);

/* Tells one outcome and drops the fault. Returns 1 if there was one. */
int checks_tell(const helper_t *helper, text_id name, fault_t *fault);

#endif
