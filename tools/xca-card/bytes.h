/* Bytes: a view of someone else's, a growing buffer of one's own (wiped when freed), and a secret of fixed room. Without memory
 * the program ends: there is no half way. */
#ifndef XCA_CARD_BYTES_H
#define XCA_CARD_BYTES_H

#include <stddef.h>

typedef struct view {
    const unsigned char *data;
    size_t length;
} view_t;

typedef struct bytes {
    unsigned char *data;
    size_t length, room;
} bytes_t; /* {NULL, 0, 0} is empty */

void bytes_add(bytes_t *bytes, const void *data, size_t length);
void bytes_add_byte(bytes_t *bytes, unsigned char byte);
void bytes_add_text(bytes_t *bytes, const char *text);
/* The contents become `data` alone. */
void bytes_set(bytes_t *bytes, const void *data, size_t length);
/* A NUL follows the contents, which is not counted. */
char *bytes_text(bytes_t *bytes);
view_t bytes_view(const bytes_t *bytes);
void bytes_free(bytes_t *bytes);

int view_equal(view_t a, view_t b);

/* PIN, PUK, code, password, management key. Wiped by secret_wipe(), which everyone who has one calls. */
#define SECRET_MAX 256
typedef struct secret {
    char text[SECRET_MAX]; /* with a NUL behind */
    size_t length;
} secret_t;

/* Returns 0 if it is too long. */
int secret_set(secret_t *secret, const void *data, size_t length);
void secret_wipe(secret_t *secret);
int secret_equal(const secret_t *a, const secret_t *b);
void wipe(void *data, size_t length);

/* Hexadecimal, lower case; `text` has room for 2 * length + 1. */
void hex_write(char *text, const unsigned char *data, size_t length);
/* Returns the count of bytes, -1 if it is no hexadecimal of at most `room` bytes. */
int hex_read(unsigned char *data, size_t room, const char *text);

#endif
