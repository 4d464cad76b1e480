/* Who may use the bridge: pages of configured origins that were given the token of this start, asking for this machine by its own
 * name (a name of an attacker's that was made to lead here is none: DNS rebinding). */
#ifndef XCA_CARD_BRIDGE_GUARD_H
#define XCA_CARD_BRIDGE_GUARD_H

#include "fault.h"
#include "settings.h"

#define BRIDGE_ORIGINS 8
#define BRIDGE_ORIGIN  256
#define BRIDGE_TOKEN   32 /* hexadecimal digits: 128 bits */

#define BRIDGE_TICKET_AGAIN 60.0 /* seconds */

/* The token is what pages have. The link holds a ticket for it instead, since browsers write links into their histories, and send those to
 * other devices of the user: it is good for once, and for a minute more for a page that was left before it had the token. */
typedef struct bridge_guard {
    char origins[BRIDGE_ORIGINS][BRIDGE_ORIGIN];
    int origin_count;
    int port;
    char token[BRIDGE_TOKEN + 1];
    char ticket[BRIDGE_TOKEN + 1];      /* of the next link                 */
    char used_ticket[BRIDGE_TOKEN + 1]; /* of the last one that was used, "" */
    double used_until;
} bridge_guard_t;

/* Origins of the settings, a fresh token. The port is set when it is known. Fault: T_BRIDGE_ORIGINS. */
fault_t *bridge_guard_make(bridge_guard_t *guard, const card_settings_t *settings) MUST_USE;

/* The origin of an https address as browsers write it (RFC 6454 section 6.2): lower case, without path and default port. Returns 0
 * if it is none. */
int bridge_origin_of(char origin[BRIDGE_ORIGIN], const char *url);

/* The values of headers, NULL where there was none. Faults: T_BRIDGE_HOST; T_BRIDGE_FOREIGN (arg: the origin); T_BRIDGE_TOKEN. */
fault_t *bridge_guard_host(const bridge_guard_t *guard, const char *host) MUST_USE;
fault_t *bridge_guard_origin(const bridge_guard_t *guard, const char *origin) MUST_USE;
fault_t *bridge_guard_token(const bridge_guard_t *guard, const char *token) MUST_USE;

/* A ticket for the token. *is_new is set if it was the next one and there is another now. `now` as platform_clock(). Fault: T_BRIDGE_TICKET. */
fault_t *bridge_guard_redeem(bridge_guard_t *guard, const char *ticket, double now, int *is_new) MUST_USE;

/* A login challenge says in its second line, "portal: ORIGIN", whose it is: a page cannot have that of another site signed, to log in
 * there in the user's name. Fault: T_BRIDGE_CHALLENGE (arg: the origin that asks). */
fault_t *bridge_guard_challenge(const char *challenge, const char *origin) MUST_USE;

#endif
