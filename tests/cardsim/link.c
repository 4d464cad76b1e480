/* link.c: vpcd's protocol (two bytes of length, then the message; one byte is a control code), and
 * the control socket. One thread: what the hand does while the card thinks is seen when poll()
 * returns, between thinking and doing. */
#include "link.h"
#include "apdu.h"
#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define POWER_OFF 0
#define POWER_ON  1
#define RESET     2
#define GET_ATR   4

#define CONTROLLERS  4
#define RECONNECT_MS 50
#define MESSAGE      65538

typedef enum { CUT_NEVER, CUT_BEFORE, CUT_AFTER, CUT_FLICKER, CUT_MUTE } cut_t;

typedef struct link {
    card_t *card;
    link_options_t options;
    int reader, control, signals;
    int controllers[CONTROLLERS];
    bool inserted, quit;
    bool powered_up; /* mute card: the next ATR is the one that fails */
    cut_t cut;
    unsigned long cut_at; /* commands from now */
    unsigned long commands;
    uint64_t left_at;
    size_t received;
    unsigned char message[MESSAGE];
} link_t;

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_text(const card_t *card, const char *text) {
    if (card->log != NULL) {
        fprintf(card->log, "# %s\n", text);
        fflush(card->log);
    }
}

static void log_bytes(const card_t *card, unsigned long number, char direction,
                      const unsigned char *bytes, size_t length) {
    if (card->log == NULL) {
        return;
    }
    fprintf(card->log, "%lu %c ", number, direction);
    while (length-- > 0) {
        fprintf(card->log, "%02X", *bytes++);
    }
    fputc('\n', card->log);
    fflush(card->log);
}

/* The reader ----------------------------------------------------------------------------------- */

static int connect_to(const struct sockaddr *address, socklen_t length) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, address, length) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int dial(const char *reader) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    const char *colon = strrchr(reader, ':');
    char host[64];

    if (strchr(reader, '/') != NULL || colon == NULL) {
        if (strlen(reader) >= sizeof(local.sun_path)) {
            return -1;
        }
        memcpy(local.sun_path, reader, strlen(reader) + 1);
        return connect_to((const struct sockaddr *)&local, sizeof(local));
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - reader), reader);
    remote.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &remote.sin_addr) != 1) {
        return -1;
    }
    return connect_to((const struct sockaddr *)&remote, sizeof(remote));
}

static void leave_reader(link_t *link) {
    if (link->reader >= 0) {
        close(link->reader);
        link->reader = -1;
        link->left_at = now_ms();
        log_text(link->card, "out of the reader");
    }
    link->received = 0;
    card_power(link->card);
}

static void pull(link_t *link) {
    link->inserted = false;
    link->cut = CUT_NEVER;
    leave_reader(link);
}

/* pcscd asks vpcd every 400 ms whether a card is there. One that is back before it was missed,
 * after a reset that failed, is never noticed again: no card is. So a card stays out for a while.
 */
static void enter_reader(link_t *link) {
    if (link->left_at != 0 && now_ms() < link->left_at + link->options.out_ms) {
        return;
    }
    link->reader = dial(link->options.reader);
    if (link->reader >= 0) {
        card_power(link->card);
        link->powered_up = false;
        log_text(link->card, "in the reader");
    }
}

static void send_to_reader(link_t *link, const unsigned char *bytes, size_t length) {
    unsigned char message[2 + CARD_BYTES];
    size_t sent = 0;

    message[0] = (unsigned char)(length >> 8);
    message[1] = (unsigned char)length;
    memcpy(message + 2, bytes, length);
    while (sent < length + 2) {
        ssize_t once = send(link->reader, message + sent, length + 2 - sent, MSG_NOSIGNAL);

        if (once < 0 && errno != EINTR) {
            leave_reader(link);
            return;
        }
        sent += once < 0 ? 0 : (size_t)once;
    }
}

/* vpcd knows no card without ATR. It asks for the ATR to see whether a card is there, and once more
 * after it has given power; an ATR too long to be one makes only that fail, and pcscd calls the
 * card mute. */
static void answer_atr(link_t *link) {
    static const unsigned char too_long[CARD_MAX_ATR + 1];
    const settings_t *settings = &link->card->settings;

    if (settings->mute && link->powered_up) {
        link->powered_up = false;
        send_to_reader(link, too_long, sizeof(too_long));
        return;
    }
    send_to_reader(link, settings->atr, settings->atr_length);
}

static void obey_reader(link_t *link, unsigned char code) {
    if (code == GET_ATR) {
        answer_atr(link);
        return;
    }
    if (code == POWER_ON || code == RESET) {
        link->powered_up = true;
    }
    if (code == POWER_ON || code == RESET || code == POWER_OFF) {
        log_text(link->card, code == POWER_OFF ? "power off"
                             : code == RESET   ? "reset"
                                               : "power on");
        card_power(link->card);
    }
}

/* The hand ------------------------------------------------------------------------------------- */

static bool set_cut(link_t *link, const char *number, const char *kind) {
    static const struct {
        const char *name;
        cut_t cut;
    } kinds[] = {
        {"before", CUT_BEFORE}, {"after", CUT_AFTER}, {"flicker", CUT_FLICKER}, {"mute", CUT_MUTE}};
    char *end = NULL;
    unsigned long at = number == NULL ? 0 : strtoul(number, &end, 10);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kind != NULL && strcmp(kind, kinds[i].name) == 0 && at > 0 && *end == '\0') {
            link->cut = kinds[i].cut;
            link->cut_at = at;
            return true;
        }
    }
    return false;
}

static bool set_setting(link_t *link, const char *name, const char *value) {
    if (name == NULL || value == NULL || !settings_set(&link->card->settings, name, value)) {
        return false;
    }
    settings_finish(&link->card->settings);
    return true;
}

static void obey(link_t *link, char *line, char *reply, size_t room) {
    char *rest = NULL;
    const char *word = strtok_r(line, " \r\n", &rest);
    const char *first = strtok_r(NULL, " \r\n", &rest);
    const char *second = strtok_r(NULL, "\r\n", &rest);
    bool ok = true;

    snprintf(reply, room, "ok\n");
    if (word == NULL) {
        ok = false;
    } else if (strcmp(word, "pull") == 0) {
        pull(link);
    } else if (strcmp(word, "insert") == 0) {
        link->inserted = true;
    } else if (strcmp(word, "cut") == 0) {
        ok = set_cut(link, first, second);
    } else if (strcmp(word, "set") == 0) {
        ok = set_setting(link, first, second);
    } else if (strcmp(word, "honest") == 0) {
        link->card->settings.hostile[0] = '\0';
        link->card->endless = false;
    } else if (strcmp(word, "state") == 0) {
        snprintf(reply, room, "ok %s %lu\n", link->inserted ? "inserted" : "pulled",
                 link->commands);
    } else if (strcmp(word, "quit") == 0) {
        link->quit = true;
    } else {
        ok = false;
    }
    if (!ok) {
        snprintf(reply, room, "error\n");
    }
}

/* One line a command; a line is short enough to come in one piece. */
static void serve_controller(link_t *link, int *fd) {
    char text[512], reply[64], *rest = NULL, *line;
    ssize_t length = read(*fd, text, sizeof(text) - 1);

    if (length <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    text[length] = '\0';
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        obey(link, line, reply, sizeof(reply));
        if (send(*fd, reply, strlen(reply), MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

static void accept_controller(link_t *link) {
    int fd = accept4(link->control, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; i < CONTROLLERS && fd >= 0; i++) {
        if (link->controllers[i] < 0) {
            link->controllers[i] = fd;
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void obey_signal(link_t *link) {
    struct signalfd_siginfo info;

    if (read(link->signals, &info, sizeof(info)) != sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGUSR1) {
        pull(link);
    } else if (info.ssi_signo == SIGUSR2) {
        link->inserted = true;
    } else {
        link->quit = true;
    }
}

/* Waits for the hand, and for the reader if it is to be heard. True if the reader has something. */
static bool wait_for_others(link_t *link, bool reader, int milliseconds) {
    struct pollfd polled[3 + CONTROLLERS];

    polled[0] = (struct pollfd){.fd = reader ? link->reader : -1, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = link->signals, .events = POLLIN};
    polled[2] = (struct pollfd){.fd = link->control, .events = POLLIN};
    for (int i = 0; i < CONTROLLERS; i++) {
        polled[3 + i] = (struct pollfd){.fd = link->controllers[i], .events = POLLIN};
    }
    if (poll(polled, 3 + CONTROLLERS, milliseconds) <= 0) {
        return false;
    }
    for (int i = 0; i < CONTROLLERS; i++) {
        if (polled[3 + i].revents != 0) {
            serve_controller(link, &link->controllers[i]);
        }
    }
    if (polled[1].revents != 0) {
        obey_signal(link);
    }
    if (polled[2].revents != 0) {
        accept_controller(link);
    }
    return polled[0].revents != 0;
}

/* Commands ------------------------------------------------------------------------------------- */

/* The card thinks; false if it was pulled meanwhile. */
static bool think(link_t *link, unsigned milliseconds) {
    uint64_t until = now_ms() + milliseconds;

    while (link->reader >= 0 && !link->quit && now_ms() < until) {
        wait_for_others(link, false, (int)(until - now_ms()));
    }
    return link->reader >= 0 && !link->quit;
}

static cut_t cut_now(link_t *link) {
    cut_t cut = link->cut;

    if (cut == CUT_NEVER || --link->cut_at > 0) {
        return CUT_NEVER;
    }
    link->cut = CUT_NEVER;
    return cut;
}

static void run_command(link_t *link, const unsigned char *apdu, size_t length) {
    static bytes_t answer;
    cut_t cut = cut_now(link);

    link->commands++;
    log_bytes(link->card, link->commands, '>', apdu, length);
    if (cut == CUT_BEFORE) {
        pull(link);
        return;
    }
    if (!think(link, card_delay(link->card, apdu, length))) {
        return;
    }
    card_run(link->card, apdu, length, &answer);
    if (cut == CUT_AFTER) {
        pull(link);
        return;
    }
    if (cut == CUT_FLICKER) {
        leave_reader(link);
        return;
    }
    if (cut == CUT_MUTE) {
        log_text(link->card, "no answer");
        return;
    }
    log_bytes(link->card, link->commands, '<', answer.data, answer.length);
    send_to_reader(link, answer.data, answer.length);
}

/* Runs the first whole message of those received; false if there is none. */
static bool run_message(link_t *link) {
    size_t length = (size_t)link->message[0] << 8 | link->message[1];
    static unsigned char message[MESSAGE];

    if (link->received < 2 || link->received < 2 + length) {
        return false;
    }
    memcpy(message, link->message + 2, length);
    link->received -= 2 + length;
    memmove(link->message, link->message + 2 + length, link->received);
    if (length == 1) {
        obey_reader(link, message[0]);
    } else if (length > 1) {
        run_command(link, message, length);
    }
    return link->reader >= 0;
}

static void hear_reader(link_t *link) {
    ssize_t length =
        recv(link->reader, link->message + link->received, MESSAGE - link->received, MSG_DONTWAIT);

    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (length <= 0) {
        leave_reader(link);
        return;
    }
    link->received += (size_t)length;
    while (run_message(link)) {
    }
}

static int listen_for_control(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, CONTROLLERS) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int catch_signals(void) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

int link_run(card_t *card, const link_options_t *options) {
    static link_t link;

    link.card = card;
    link.options = *options;
    link.reader = link.control = -1;
    link.inserted = options->inserted;
    for (int i = 0; i < CONTROLLERS; i++) {
        link.controllers[i] = -1;
    }
    link.signals = catch_signals();
    if (options->control != NULL) {
        link.control = listen_for_control(options->control);
        if (link.control < 0) {
            fprintf(stderr, "cardsim: %s: %s\n", options->control, strerror(errno));
            return 1;
        }
    }
    while (!link.quit) {
        if (link.inserted && link.reader < 0) {
            enter_reader(&link);
        }
        if (wait_for_others(&link, true, link.inserted && link.reader < 0 ? RECONNECT_MS : -1) &&
            link.reader >= 0) {
            hear_reader(&link);
        }
    }
    leave_reader(&link);
    if (options->control != NULL) {
        unlink(options->control);
    }
    return 0;
}
