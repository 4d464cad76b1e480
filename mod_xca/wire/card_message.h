/* What the card helper and the signer say to each other; the portal carries it without being able to read or change it.
 * Plain C on OpenSSL without APR. The whole protocol in prose: mod_xca/wire/README.md.
 *
 * A message is text (wire/lines.h) of the first line "XCA-CARD-1". What a card sends is signed by a key of the card: the text is
 * followed by one line "signature: <base64>" (RSA PKCS#1 v1.5 or ECDSA in DER, with SHA-256, over the text before that line).
 * What an operator of the card centre sends is the content of a CMS SignedData (RFC 5652), like officers' decisions.
 * A reply is text of the first line "XCA-CARD-REPLY-1", sealed to the helper's key in HPKE's authenticated mode, so that it
 * can only come from the signer. */
#ifndef XCA_WIRE_CARD_MESSAGE_H
#define XCA_WIRE_CARD_MESSAGE_H

#include "wire/lines.h"
#include "wire/seal.h"

#define XCA_CARD_MESSAGE_MAX 32768 /* bytes of a message's or reply's text */
#define XCA_CONTACT_MAX 6144 /* bytes of a contact's text */
#define XCA_CARD_ENVELOPE_MAX 49152 /* bytes of a message with its signature, or of its SignedData */

/* Operations. Every message has operation, nonce, issued and helper-key; the rest is said here. Every answer "done" comes
 * with a sealed reply: what the portal alone says of an answer is worth nothing. */
#define XCA_CARD_ACTIVATE       "activate"       /* signed by 9E: card, sealed                         */
#define XCA_CARD_UNLOCK         "unlock"         /* signed by 9E: card, sealed                         */
#define XCA_CARD_CHANGING       "changing"       /* signed by 9E: card, session                        */
#define XCA_CARD_CONFIRM        "confirm"        /* signed by 9E: card, session                        */
#define XCA_CARD_CONTACT_SHOW   "contact-show"   /* signed by 9C (so with the PIN): card               */
#define XCA_CARD_CONTACT_CHANGE "contact-change" /* signed by 9C: card, sealed                         */
#define XCA_CARD_QUEUE          "queue"          /* operator: nothing more                             */
#define XCA_CARD_MAKE           "make"           /* operator: case                                     */
#define XCA_CARD_KEYS           "keys"           /* operator: case, card, the three requests, pop      */
#define XCA_CARD_MADE           "made"           /* operator: case, card, digest                       */
#define XCA_CARD_DISCARD        "discard"        /* operator: case, card, reason                       */
#define XCA_CARD_DISPATCH       "dispatch"       /* operator: case, card, mail-number                  */

typedef struct xca_card_message {
    const char *operation;
    const char *nonce;      /* 32 hex digits that the portal gave; also the id of the request  */
    const char *issued;     /* when, YYYYMMDDTHHMMSSZ: the signer takes it for 15 minutes       */
    const char *card;       /* card number                                                      */
    const char *case_number;
    const char *officer;    /* uid of the operator (operators' messages)                        */
    const char *session;    /* nonce of the "activate" or "unlock" that this goes on with       */
    const char *helper_key; /* X25519 public key that the reply is sealed to, base64: a new pair a message */
    const char *sealed;     /* user code, or the new contact (xca_card_contact_t), sealed: base64 */
    const char *signature_request, *encryption_request, *card_auth_request; /* PKCS#10, base64 DER */
    const char *pop;        /* proof for an encryption key that cannot sign; see README.md      */
    const char *digest;     /* SHA-256 over the three certificates as read back (signature, encryption, card-auth), hex */
    const char *reason;     /* why a card is given up                                           */
    const char *mail_number;/* registered mail number                                           */
} xca_card_message_t;

extern const xca_line_field_t xca_card_message_fields[];

typedef struct xca_card_reply {
    const char *card;            /* card number                                                 */
    const char *case_number;
    const char *rank;            /* "primary", "secondary"                                      */
    const char *oid, *org_name;
    const char *puk, *next_puk;  /* 8 characters each                                           */
    const char *puk_order;       /* "current": the card has `puk`. "next": it most likely has `next_puk` already and the
                                    helper tries that first, then `puk`                         */
    const char *key_type;        /* "rsa:2048" or "ec:P-256": what to generate                  */
    const char *management_key;  /* hex, 24 or 32 bytes: what the card gets                     */
    const char *pop_key;         /* P-256 public point (uncompressed), base64                   */
    const char *signature_certificate, *encryption_certificate, *card_auth_certificate; /* base64 DER */
    const char *contact;         /* xca_card_contact_t as text                                  */
    const char *queue;           /* a line a case: number, rank, class, OID or "-", name (the rest of the line); a space between */
} xca_card_reply_t;

extern const xca_line_field_t xca_card_reply_fields[];

/* The certificate contact, as text of the first line "XCA-CONTACT-1". */
typedef struct xca_card_contact {
    const char *name, *title, *email, *county, *district, *zip, *street, *phone, *fax;
    const char *notices; /* before the certificates end: "all" or "last"; in a change NULL: as it is */
} xca_card_contact_t;

extern const xca_line_field_t xca_card_contact_fields[];

#define XCA_CARD_FIRST    "XCA-CARD-1"
#define XCA_REPLY_FIRST   "XCA-CARD-REPLY-1"
#define XCA_CONTACT_FIRST "XCA-CONTACT-1"

/* Splits an envelope into the signed text (*text_length of its first bytes) and the signature (into `signature`, room for
 * *signature_length, at most 1024 bytes). Returns 1, or 0 if the last line is not a signature. */
int xca_card_envelope_split(const char *envelope, size_t length, size_t *text_length,
                            unsigned char *signature, size_t *signature_length);

/* Appends the signature line to the text of `length` bytes in `buffer`. Returns the whole length, 0 if it does not fit. */
size_t xca_card_envelope_join(char *buffer, size_t size, size_t length, const unsigned char *signature,
                              size_t signature_length);

/* HPKE info of what is sealed: codes and contacts in the message, and the reply to it. */
#define XCA_CARD_CODE_INFO  "xca-card-code-1"
#define XCA_CARD_REPLY_INFO "xca-card-reply-1"

/* The aad of both: "<operation>\n<nonce>\n<card>" of the message (card empty if it has none), so that what is sealed for one
 * message is of no use with another. Returns its length; a NUL follows. Operation and nonce must be there. */
#define XCA_CARD_BINDING_MAX 80
size_t xca_card_binding(char binding[XCA_CARD_BINDING_MAX], const xca_card_message_t *message);

/* The signer's sealing key, vouched for by the CA: text of the first line "XCA-SEAL-KEY-1", followed by a signature line as
 * above, made by the CA's key. The helper believes no other key. */
typedef struct xca_seal_key_proof {
    const char *key;          /* X25519 public key, base64 */
    const char *issued, *until; /* YYYYMMDDTHHMMSSZ        */
} xca_seal_key_proof_t;

extern const xca_line_field_t xca_seal_key_proof_fields[];
#define XCA_SEAL_KEY_FIRST "XCA-SEAL-KEY-1"

#endif
