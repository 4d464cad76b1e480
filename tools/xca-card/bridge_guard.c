#include "bridge_guard.h"

#include <stdio.h>
#include <string.h>
#include "crypto.h"

#define SCHEME "https://"

static int is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '[' || c == ']' ||
           c == ':' || c == '_';
}

/* ":443" is the port of https anyway, and no browser writes it. */
static void drop_default_port(char *origin) {
    size_t length = strlen(origin);

    if (length > 4 && strcmp(origin + length - 4, ":443") == 0) {
        origin[length - 4] = '\0';
    }
}

int bridge_origin_of(char origin[BRIDGE_ORIGIN], const char *url) {
    size_t first = strlen(SCHEME), length, i;

    if (strncmp(url, SCHEME, first) != 0) {
        return 0;
    }
    length = first + strcspn(url + first, "/?#");
    if (length == first || length >= BRIDGE_ORIGIN) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        origin[i] = url[i] >= 'A' && url[i] <= 'Z' ? (char)(url[i] - 'A' + 'a') : url[i];
        if (i >= first && !is_host_character(origin[i])) {
            return 0;
        }
    }
    origin[length] = '\0';
    drop_default_port(origin);
    return 1;
}

/* An origin of the list: as browsers write it, nothing behind it. */
static int put_origin(bridge_guard_t *guard, const char *text, size_t length) {
    char word[BRIDGE_ORIGIN];
    const char *path;

    if (length >= sizeof(word) || guard->origin_count == BRIDGE_ORIGINS) {
        return 0;
    }
    memcpy(word, text, length);
    word[length] = '\0';
    path = strncmp(word, SCHEME, strlen(SCHEME)) == 0 ? strpbrk(word + strlen(SCHEME), "/?#") : NULL;
    if ((path != NULL && strcmp(path, "/") != 0) || !bridge_origin_of(guard->origins[guard->origin_count], word)) {
        return 0;
    }
    guard->origin_count++;
    return 1;
}

static int put_origins(bridge_guard_t *guard, const char *text) {
    for (;;) {
        size_t length;

        text += strspn(text, " \t,");
        length = strcspn(text, " \t,");
        if (length == 0) {
            return guard->origin_count > 0;
        }
        if (!put_origin(guard, text, length)) {
            return 0;
        }
        text += length;
    }
}

static fault_t *draw(char token[BRIDGE_TOKEN + 1]) {
    unsigned char random[BRIDGE_TOKEN / 2];
    fault_t *fault = crypto_random(random, sizeof(random));

    if (fault == NULL) {
        hex_write(token, random, sizeof(random));
    }
    wipe(random, sizeof(random));
    return fault;
}

fault_t *bridge_guard_make(bridge_guard_t *guard, const card_settings_t *settings) {
    fault_t *fault;

    memset(guard, 0, sizeof(*guard));
    fault = draw(guard->token);
    if (fault == NULL) {
        fault = draw(guard->ticket);
    }
    if (fault != NULL) {
        return fault;
    }
    if (settings->origins[0] != '\0') {
        return put_origins(guard, settings->origins) ? NULL : fault_make(T_BRIDGE_ORIGINS, NULL, "origins");
    }
    if (!bridge_origin_of(guard->origins[0], settings->portal_url)) {
        return fault_make(T_BRIDGE_ORIGINS, NULL, "portal-url");
    }
    guard->origin_count = 1;
    return NULL;
}

fault_t *bridge_guard_host(const bridge_guard_t *guard, const char *host) {
    char by_number[32], by_name[32];

    snprintf(by_number, sizeof(by_number), "127.0.0.1:%d", guard->port);
    snprintf(by_name, sizeof(by_name), "localhost:%d", guard->port);
    return host != NULL && (strcmp(host, by_number) == 0 || strcmp(host, by_name) == 0)
               ? NULL
               : fault_make(T_BRIDGE_HOST, NULL, "Host is not %s", by_number);
}

/* What goes to a terminal and into a sentence. */
static void tame(char *to, size_t size, const char *from) {
    size_t i;

    for (i = 0; i + 1 < size && from[i] != '\0'; i++) {
        to[i] = from[i] > 0x20 && from[i] < 0x7f ? from[i] : '?';
    }
    to[i] = '\0';
}

fault_t *bridge_guard_origin(const bridge_guard_t *guard, const char *origin) {
    char shown[BRIDGE_ORIGIN];
    int i;

    for (i = 0; origin != NULL && i < guard->origin_count; i++) {
        if (strcmp(origin, guard->origins[i]) == 0) {
            return NULL;
        }
    }
    tame(shown, sizeof(shown), origin != NULL ? origin : "-");
    return fault_make(T_BRIDGE_FOREIGN, shown, "Origin");
}

/* As long for a wrong one as for the right one. */
static int is_equal(const char right[BRIDGE_TOKEN + 1], const char *given) {
    size_t length = given != NULL ? strlen(given) : 0, i;
    unsigned char differs = length != BRIDGE_TOKEN;

    for (i = 0; i < BRIDGE_TOKEN; i++) {
        differs |= (unsigned char)(right[i] ^ (i < length ? given[i] : 0));
    }
    return differs == 0;
}

fault_t *bridge_guard_token(const bridge_guard_t *guard, const char *token) {
    return is_equal(guard->token, token) ? NULL : fault_make(T_BRIDGE_TOKEN, NULL, "X-XCA-Token");
}

fault_t *bridge_guard_redeem(bridge_guard_t *guard, const char *ticket, double now, int *is_new) {
    *is_new = is_equal(guard->ticket, ticket);
    if (*is_new) {
        memcpy(guard->used_ticket, guard->ticket, sizeof(guard->ticket));
        guard->used_until = now + BRIDGE_TICKET_AGAIN;
        return draw(guard->ticket);
    }
    return now < guard->used_until && is_equal(guard->used_ticket, ticket)
               ? NULL
               : fault_make(T_BRIDGE_TICKET, NULL, "ticket");
}

fault_t *bridge_guard_challenge(const char *challenge, const char *origin) {
    static const char name[] = "portal: ";
    const char *second = strchr(challenge, '\n');
    size_t length = strlen(origin);

    if (second != NULL && strncmp(second + 1, name, strlen(name)) == 0) {
        second += 1 + strlen(name);
        if (strncmp(second, origin, length) == 0 && second[length] == '\n') {
            return NULL;
        }
    }
    return fault_make(T_BRIDGE_CHALLENGE, origin, "portal");
}
