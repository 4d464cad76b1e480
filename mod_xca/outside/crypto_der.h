/* DER (X.690): a writer for what we make (certificates, lists, PKCS#7) and a strict cursor for what
 * others send. Neither knows OpenSSL, so that the lint, which does, is independent of the builder. */
#ifndef XCA_OUTSIDE_CRYPTO_DER_H
#define XCA_OUTSIDE_CRYPTO_DER_H

#include <apr_time.h>
#include "base/text.h"

/* Tags (X.680 clause 8.6), with the constructed bit where the type is. */
enum {
    XCA_DER_BOOLEAN = 0x01,
    XCA_DER_INTEGER = 0x02,
    XCA_DER_BIT_STRING = 0x03,
    XCA_DER_OCTET_STRING = 0x04,
    XCA_DER_NULL = 0x05,
    XCA_DER_OID = 0x06,
    XCA_DER_ENUMERATED = 0x0a,
    XCA_DER_UTF8 = 0x0c,
    XCA_DER_PRINTABLE = 0x13,
    XCA_DER_IA5 = 0x16,
    XCA_DER_UTC_TIME = 0x17,
    XCA_DER_GENERALIZED_TIME = 0x18,
    XCA_DER_SEQUENCE = 0x30,
    XCA_DER_SET = 0x31,
    XCA_DER_CONTEXT = 0x80,     /* | number: [n] IMPLICIT of a primitive */
    XCA_DER_CONSTRUCTED = 0xa0  /* | number: [n] EXPLICIT, or IMPLICIT of a constructed */
};

/* The writer. Whatever goes wrong on the way (a malformed OID, unbalanced nesting) is told at the
 * end, by xca_der_finish(). */
typedef struct xca_der xca_der_t;

xca_der_t *xca_der_make(apr_pool_t *pool);

/* Opens a constructed value (or an OCTET STRING that holds DER); what follows goes into it until
 * the matching close. */
void xca_der_open(xca_der_t *der, int tag);
void xca_der_close(xca_der_t *der);

void xca_der_put(xca_der_t *der, int tag, const void *content, apr_size_t length);
void xca_der_put_text(xca_der_t *der, int tag, const char *text);
/* DER that is ready made. */
void xca_der_put_raw(xca_der_t *der, xca_bytes_t encoded);
void xca_der_put_true(xca_der_t *der);
/* An INTEGER that is not negative, from its bytes (big end first) or a number. */
void xca_der_put_integer(xca_der_t *der, const unsigned char *bytes, apr_size_t length);
void xca_der_put_number(xca_der_t *der, apr_uint64_t number);
void xca_der_put_oid(xca_der_t *der, const char *dotted);
/* BIT STRING of whole bytes. */
void xca_der_put_bits(xca_der_t *der, xca_bytes_t bytes);
/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). */
void xca_der_put_time(xca_der_t *der, apr_time_t time);
/* GeneralizedTime whatever the year, from 0 to 9999, without fraction (RFC 6960 section 4.2.2.1, RFC 4210 section 5.1.1). */
void xca_der_put_generalized_time(xca_der_t *der, apr_time_t time);

/* What was written. Error: XCA_E_INTERNAL "crypto.der". */
xca_error_t *xca_der_finish(xca_bytes_t *encoded, xca_der_t *der, apr_pool_t *pool) XCA_MUST_USE;

/* Writes a time's content (without tag and length) to `text` (room for 16) and gives its tag. */
int xca_der_time_text(char text[16], apr_time_t time);

/* The cursor: walks over the values of one level. */
typedef struct xca_der_at {
    const unsigned char *at, *end;
} xca_der_at_t;

typedef struct xca_der_item {
    int tag;
    xca_bytes_t content;
    xca_bytes_t whole; /* with tag and length */
} xca_der_item_t;

xca_der_at_t xca_der_at(xca_bytes_t bytes);

/* Takes the next value. Returns 0 at the end and on anything that is not DER: indefinite or not
 * minimal length, tag number above 30, content cut short. */
int xca_der_next(xca_der_at_t *at, xca_der_item_t *item);

/* Takes the next value if it has this tag. */
int xca_der_take(xca_der_at_t *at, int tag, xca_der_item_t *item);

/* The tag of what comes next, -1 at the end. */
int xca_der_peek(const xca_der_at_t *at);

int xca_der_ended(const xca_der_at_t *at);

/* Non-zero if `bytes` are one value and every constructed value in it holds DER in turn, nested at
 * most `depth` deep. Does not recurse deeper than that. */
int xca_der_well_formed(xca_bytes_t bytes, int depth);

/* Non-zero if an OID's content is well formed (X.690 clause 8.19) and is `dotted`. */
int xca_der_oid_is(xca_bytes_t content, const char *dotted);

/* An OID's content as dotted text, NULL if it is malformed or an arc needs more than 63 bits. */
char *xca_der_oid_text(apr_pool_t *pool, xca_bytes_t content);

#endif
