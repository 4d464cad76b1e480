/* What a signature is about, in words: the lines of a statement, a message or a challenge (mod_xca/wire/lines.h) as a person reads
 * them before saying yes. */
#ifndef XCA_CARD_SIGNING_WORDS_H
#define XCA_CARD_SIGNING_WORDS_H

#include "bytes.h"
#include "texts.h"

/* 1 if what is shown of the text is what it says: UTF-8 (RFC 3629) without control characters but line ends, and without
 * those that change the order of others (Unicode's bidirectional controls, line and paragraph separators). */
int signing_is_readable(view_t text);

/* Adds the words: a line each, names and known values in the language, the others as they stand. Lines without a value are left out. */
void signing_words(bytes_t *words, view_t text, language_t language);

#endif
