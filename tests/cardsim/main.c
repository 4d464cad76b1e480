/* main.c: cardsim --reader ADDRESS [--state FILE] [--config FILE] [--set NAME=VALUE] [--log FILE]
 * [--control PATH] [--out] [--out-ms N] */
#include "link.h"
#include "settings.h"
#include "state.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: cardsim --reader PATH|HOST:PORT [options]\n"
    "  -r, --reader ADDRESS   where vpcd listens\n"
    "  -s, --state FILE       the card's memory; made blank if it is not there\n"
    "  -c, --config FILE      settings, \"name = value\" lines\n"
    "  -S, --set NAME=VALUE   one setting\n"
    "  -l, --log FILE         every command and answer, in hexadecimal (PINs too)\n"
    "  -C, --control PATH     a unix socket for: pull, insert, cut N before|after|flicker|mute,\n"
    "                         set NAME VALUE, honest, state, quit\n"
    "  -o, --out              beside the reader at first, not in it\n"
    "  -m, --out-ms N         how long it is out, at least, before it is in again (1000)\n";

static const struct option long_options[] = {
    {"reader", required_argument, NULL, 'r'}, {"state", required_argument, NULL, 's'},
    {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 'S'},
    {"log", required_argument, NULL, 'l'},    {"control", required_argument, NULL, 'C'},
    {"out", no_argument, NULL, 'o'},          {"out-ms", required_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static bool set_one(settings_t *settings, const char *setting) {
    char name[64];
    const char *equals = strchr(setting, '=');

    if (equals != NULL && (size_t)(equals - setting) < sizeof(name)) {
        snprintf(name, sizeof(name), "%.*s", (int)(equals - setting), setting);
        if (settings_set(settings, name, equals + 1)) {
            return true;
        }
    }
    fprintf(stderr, "cardsim: %s: no such setting\n", setting);
    return false;
}

static bool open_log(card_t *card, const char *path) {
    card->log = fopen(path, "ae");
    if (card->log == NULL) {
        fprintf(stderr, "cardsim: %s: %s\n", path, strerror(errno));
    }
    return card->log != NULL;
}

/* 0: go on; otherwise the exit status and 1. */
static int read_options(int argc, char **argv, card_t *card, link_options_t *options) {
    int option;

    while ((option = getopt_long(argc, argv, "r:s:c:S:l:C:om:h", long_options, NULL)) != -1) {
        switch (option) {
        case 'r':
            options->reader = optarg;
            break;
        case 's':
            card->state_path = optarg;
            break;
        case 'c':
            if (!settings_read(&card->settings, optarg)) {
                return 3;
            }
            break;
        case 'S':
            if (!set_one(&card->settings, optarg)) {
                return 3;
            }
            break;
        case 'l':
            if (!open_log(card, optarg)) {
                return 2;
            }
            break;
        case 'C':
            options->control = optarg;
            break;
        case 'o':
            options->inserted = false;
            break;
        case 'm':
            options->out_ms = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            fputs(usage, stderr);
            return 3;
        }
    }
    if (options->reader == NULL || optind != argc) {
        fputs(usage, stderr);
        return 3;
    }
    return 0;
}

int main(int argc, char **argv) {
    static card_t card;
    link_options_t options = {.inserted = true, .out_ms = 1000};
    int status;

    settings_default(&card.settings);
    status = read_options(argc, argv, &card, &options);
    if (status != 0) {
        return status - 1;
    }
    settings_finish(&card.settings);
    if (card.state_path == NULL) {
        state_blank(&card);
    } else if (!state_open(&card)) {
        return 1;
    }
    status = link_run(&card, &options);
    state_free(&card);
    if (card.log != NULL) {
        fclose(card.log);
    }
    return status;
}
