/* keys.h: the card's private keys, and GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, 3.3.2). */
#ifndef CARDSIM_KEYS_H
#define CARDSIM_KEYS_H

#include "card.h"

sw_t card_generate(card_t *card, const command_t *command, bytes_t *answer);

/* The key of a reference, or NULL. */
card_key_t *card_key(card_t *card, unsigned char reference);

/* Puts a key into its place; takes the EVP_PKEY over, also when it fails. */
bool card_key_set(card_t *card, const card_key_t *key);

/* A new key of this algorithm, or NULL. */
EVP_PKEY *card_key_make(unsigned char algorithm);

bool card_algorithm_known(const card_t *card, unsigned char algorithm);

/* Appends {81 modulus, 82 exponent} or {86 point}. */
void card_key_append_public(bytes_t *to, EVP_PKEY *key, unsigned char algorithm);

/* Three uses of a private key. False if the input is none. RSA is the bare operation: the host
 * pads. */
bool card_key_rsa(EVP_PKEY *key, const unsigned char *input, size_t length, bytes_t *output);
bool card_key_ecdsa(EVP_PKEY *key, const unsigned char *digest, size_t length, bytes_t *output);
bool card_key_ecdh(EVP_PKEY *key, const unsigned char *point, size_t length, bytes_t *output);

/* When the PIN is wanted: the key's own rule, or that of its reference (SP 800-73-4 part 1, table
 * 4b). */
typedef enum { PIN_NEVER = 1, PIN_ONCE = 2, PIN_ALWAYS = 3 } pin_policy_t;
pin_policy_t card_key_pin_policy(const card_key_t *key);

/* Which of the references of asymmetric keys this is. */
bool card_reference_is_key(unsigned char reference);
bool card_algorithm_is_rsa(unsigned char algorithm);
size_t card_algorithm_bytes(unsigned char algorithm); /* modulus or coordinate */

#endif
