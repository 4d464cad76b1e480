/* The CA as the signer has it: the key that issues, and former ones that go on signing lists for what they issued. */
#ifndef XCA_OPERATIONS_SIGNER_CA_H
#define XCA_OPERATIONS_SIGNER_CA_H

#include "operations/signer.h"

/* Opens all generations (generation.h), each with signer->profile but for where its lists stand; makes the chain that is published.
 * Errors: those of the settings, keys and files, of xca_ca_open(), "ca.generation.name" (arg: the number of one with another name),
 * "ca.generation.root" (arg: of one under another root). */
xca_error_t *xca_signer_open_ca(xca_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* Publishes the certificates and the chain, having logged that a new key issues. Error "ca.generation.needed" (arg: the number) if a key is no longer there whose
 * certificates are still valid: they would have neither lists nor answers. */
xca_error_t *xca_signer_publish_ca(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
