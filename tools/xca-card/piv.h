/* The PIV card application (NIST SP 800-73-4 part 2): selecting it, its objects, its PIN and PUK. Nothing here decides to spend
 * a try; whoever calls has read how many there are. */
#ifndef XCA_CARD_PIV_H
#define XCA_CARD_PIV_H

#include "apdu.h"

/* Key references and the objects of their certificates (part 1, table 4). */
#define PIV_SIGNATURE  0x9c
#define PIV_ENCRYPTION 0x9d
#define PIV_CARD_AUTH  0x9e
#define PIV_MANAGEMENT 0x9b
#define PIV_PIN        0x80
#define PIV_PUK        0x81

#define PIV_OBJECT_CHUID 0x5fc102UL
#define PIV_OBJECT_CCC   0x5fc107UL

#define PIV_PIN_LEAST  6
#define PIV_PIN_MOST   8
#define PIV_UNKNOWN    (-1) /* how many tries are left cannot be known */
#define PIV_OBJECT_MAX 16384

typedef struct piv {
    apdu_line_t line;
    int yubico;               /* it has Yubico's commands             */
    unsigned char version[3]; /* of the application, if it has them   */
} piv_t;

/* What came of a PIN or PUK. */
typedef struct piv_try {
    int right;
    int left; /* tries, if it was wrong; 0: blocked; PIV_UNKNOWN */
} piv_try_t;

/* Selects the application and learns whether it has Yubico's commands. Fault: T_CARD_NOT_PIV. */
fault_t *piv_select(piv_t *piv) MUST_USE;

/* The contents of an object. *found is 0 if the card has none. */
fault_t *piv_get_object(const piv_t *piv, unsigned long object, bytes_t *contents, int *found) MUST_USE;

/* Needs piv_authenticate(). An object without contents is an erased one. */
fault_t *piv_put_object(const piv_t *piv, unsigned long object, view_t contents) MUST_USE;

unsigned long piv_certificate_object(int slot);

/* The certificate of a slot in DER. Faults: T_CARD_NONSENSE; T_CERTIFICATE_COMPRESSED. */
fault_t *piv_get_certificate(const piv_t *piv, int slot, bytes_t *der, int *found) MUST_USE;
fault_t *piv_put_certificate(const piv_t *piv, int slot, view_t der) MUST_USE;

/* VERIFY without a PIN: spends nothing. *left is PIV_UNKNOWN if the PIN is verified, or the card does not say. */
fault_t *piv_pin_status(const piv_t *piv, int *verified, int *left) MUST_USE;

/* Tries left of PIN or PUK where Yubico's GET METADATA tells; PIV_UNKNOWN otherwise. */
fault_t *piv_tries_left(const piv_t *piv, int reference, int *left) MUST_USE;

/* The PIN is no longer verified (VERIFY, P1 FF). Not every card has it: *done. */
fault_t *piv_forget_pin(const piv_t *piv, int *done) MUST_USE;

fault_t *piv_verify(const piv_t *piv, const secret_t *pin, piv_try_t *outcome) MUST_USE;

/* CHANGE REFERENCE DATA of PIV_PIN or PIV_PUK. */
fault_t *piv_change(const piv_t *piv, int reference, const secret_t *present, const secret_t *next,
                    piv_try_t *outcome) MUST_USE;

/* RESET RETRY COUNTER: a new PIN by the PUK. The outcome is the PUK's. */
fault_t *piv_reset_pin(const piv_t *piv, const secret_t *puk, const secret_t *pin,
                       piv_try_t *outcome) MUST_USE;

/* 6 to 8 digits. */
int piv_pin_well_formed(const secret_t *pin);

/* T_CARD_REFUSED with the status word as its detail. */
fault_t *piv_refused(const char *command, unsigned status) MUST_USE;

#endif
