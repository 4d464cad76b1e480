/* When a contact is told that a certificate or card ends, or lapses because nobody takes it; and when a newer one has taken its
 * place. Days are those of Taiwan. No I/O; the time is an input. */
#ifndef XCA_DOMAIN_EXPIRY_H
#define XCA_DOMAIN_EXPIRY_H

#include <apr_time.h>

#define XCA_EXPIRY_FIRST 90 /* days before the end: 90, 60 and 30 */
#define XCA_EXPIRY_LAST  30 /* the last notice, which nobody can do without */
#define XCA_LAPSE_FIRST  60 /* days before it lapses: 60, 30 and 7 */

/* The notice that is due: 90, 60 or 30; the next one before the end counts, the earlier ones are over. 0: not yet, or ended. */
int xca_expiry_notice(apr_time_t not_after, apr_time_t now);

/* The same of what lapses at `end` unless it is accepted or activated: 60, 30, 7 or 0. */
int xca_lapse_notice(apr_time_t end, apr_time_t now);

/* A card, or a certificate without one, of an organisation; of one kind: use, or rank. */
typedef struct xca_holding {
    const char *id;
    apr_time_t not_before, not_after;
    int valid;   /* in force: accepted or activated, not suspended, not revoked */
    int revoked; /* or never was in force */
} xca_holding_t;

/* Non-zero if one of the holdings has taken the place of this one: valid, and issued when this one could be applied for anew
 * (90 days before its end, or later). Of several that end at that time, each new one takes the place of one, the first to end first. */
int xca_expiry_renewed(const xca_holding_t *one, const xca_holding_t *all, int count);

#endif
