/* Sealing (HPKE, RFC 9180, DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM
 * 0x0002): what only the holder of the private key can read. Plain C on OpenSSL, without
 * APR. A sealed message is enc (32 bytes) followed by the ciphertext with its 16-byte tag. */
#ifndef XCA_WIRE_SEAL_H
#define XCA_WIRE_SEAL_H

#include <stddef.h>

#define XCA_SEAL_KEY      32 /* bytes of a public or private X25519 key */
#define XCA_SEAL_OVERHEAD 48 /* bytes a sealed message is longer than its content */

/* Makes a key pair. Returns 1, 0 on failure of the library. */
int xca_seal_keypair(unsigned char public_key[XCA_SEAL_KEY],
                     unsigned char private_key[XCA_SEAL_KEY]);

/* The public key of a private one. Returns 1 or 0. */
int xca_seal_public(unsigned char public_key[XCA_SEAL_KEY],
                    const unsigned char private_key[XCA_SEAL_KEY]);

/* Seals `length` bytes into `sealed` (room for length + XCA_SEAL_OVERHEAD). `info` names the use
 * ("xca-request-1"), `aad` binds the message to its place. Returns 1 or 0. */
int xca_seal(unsigned char *sealed, const unsigned char *content, size_t length,
             const unsigned char public_key[XCA_SEAL_KEY], const char *info,
             const unsigned char *aad, size_t aad_length);

/* Opens a sealed message of `length` bytes into `content` (room for length - XCA_SEAL_OVERHEAD).
 * Returns 1, 0 if it is not for this key, info and aad, or was changed. */
int xca_unseal(unsigned char *content, const unsigned char *sealed, size_t length,
               const unsigned char private_key[XCA_SEAL_KEY], const char *info,
               const unsigned char *aad, size_t aad_length);

/* The same in authenticated mode (RFC 9180 section 5.1.3, mode 0x02): only the holder of `sender` can have sealed it.
 * `sender` is the private key of the sender, `sender_public` its public key. Returns 1 or 0. */
int xca_seal_auth(unsigned char *sealed, const unsigned char *content, size_t length,
                  const unsigned char public_key[XCA_SEAL_KEY],
                  const unsigned char sender[XCA_SEAL_KEY], const char *info,
                  const unsigned char *aad, size_t aad_length);
int xca_unseal_auth(unsigned char *content, const unsigned char *sealed, size_t length,
                    const unsigned char private_key[XCA_SEAL_KEY],
                    const unsigned char sender_public[XCA_SEAL_KEY], const char *info,
                    const unsigned char *aad, size_t aad_length);

#endif
