/* xca-card: the card helper's command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "platform.h"

#define WAIT_SECONDS 60

static fault_t *list(command_line_t *line) {
    return operation_list(&line->helper);
}

static fault_t *info(command_line_t *line) {
    return operation_info(&line->helper);
}

static fault_t *activate(command_line_t *line) {
    return operation_activate(&line->helper);
}

static fault_t *unlock(command_line_t *line) {
    return operation_unlock(&line->helper);
}

static fault_t *change_pin(command_line_t *line) {
    return operation_change_pin(&line->helper);
}

static fault_t *test(command_line_t *line) {
    return operation_test(&line->helper);
}

static const struct {
    const char *name;
    command_fn *run;
    const char *usage;
} commands[] = {
    {"list", list, ""},
    {"info", info, ""},
    {"activate", activate, ""},
    {"unlock", unlock, ""},
    {"change-pin", change_pin, ""},
    {"test", test, ""},
    {"contact", command_contact,
     "[show | change [--name T] [--title T] [--email T] [--county T] [--district T] [--zip T] [--street T] "
     "[--phone T] [--fax T] [--notices all|last]]"},
    {"sign", command_sign, "FILE --out FILE [--attached] [--key FILE [--password-file FILE]]"},
    {"login", command_login, "CHALLENGE --out FILE [--key FILE [--password-file FILE]]"},
    {"serve", command_serve, "[--port N] [--ask-here] [--key FILE [--password-file FILE]]"},
    {"queue", command_queue, "--officer UID --key FILE [--password-file FILE]"},
    {"produce", command_produce,
     "--officer UID --key FILE [--password-file FILE] [--case NUMBER | --count N | --all] [--overwrite]"},
    {"dispatch", command_dispatch,
     "--case NUMBER --card NUMBER --mail-number NUMBER --officer UID --key FILE [--password-file FILE]"},
    {"discard", command_discard,
     "--case NUMBER --card NUMBER --reason TEXT --officer UID --key FILE [--password-file FILE]"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *const with_value[] = {
    "config", "reader", "wait",  "secrets-fd", "language", "name",    "title",         "email",       "county",
    "district", "zip",  "street", "phone",     "fax",      "out",     "key",           "password-file", "officer",
    "case",   "count",  "card",  "mail-number", "reason",  "pinentry", "port",
    "notices", NULL};
static const char *const without_value[] = {"yes", "verbose", "attached", "overwrite", "all", "ask-here", "help", NULL};

static int is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return 1;
        }
    }
    return 0;
}

static void usage(FILE *to) {
    size_t i;

    fputs("xca-card [--config FILE] [--reader NAME] [--wait SECONDS] [--language zh|en] [--pinentry PROGRAM]\n"
          "         [--secrets-fd N] [--yes] [--verbose] COMMAND ...\n",
          to);
    for (i = 0; i < COMMANDS; i++) {
        fprintf(to, "  %s %s\n", commands[i].name, commands[i].usage);
    }
}

static fault_t *parse(command_line_t *line, int argc, char **argv) {
    int i;

    for (i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : NULL;
        int takes = name != NULL && is_one_of(name, with_value);

        if (name == NULL) {
            if (line->plain_count == COMMAND_PLAIN) {
                return fault_make(T_USAGE, NULL, "too many arguments");
            }
            line->plain[line->plain_count++] = argv[i];
            continue;
        }
        if ((!takes && !is_one_of(name, without_value)) || line->option_count == COMMAND_OPTIONS) {
            return fault_make(T_OPTION_UNKNOWN, argv[i], "%s", argv[i]);
        }
        if (takes && i + 1 >= argc) {
            return fault_make(T_OPTION_MISSING, argv[i], "no value");
        }
        line->options[line->option_count].name = name;
        line->options[line->option_count++].value = takes ? argv[++i] : NULL;
    }
    return NULL;
}

static void speak(command_line_t *line) {
    const char *language = command_option(line, "language");

    line->console.language = platform_speaks_chinese() ? LANGUAGE_ZH : LANGUAGE_EN;
    if (language != NULL) {
        line->console.language = strncmp(language, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    }
}

static fault_t *prepare(command_line_t *line) {
    const char *fd = command_option(line, "secrets-fd"), *wait = command_option(line, "wait");
    fault_t *fault = settings_read(&line->settings, command_option(line, "config"));

    line->console.secrets_fd = fd != NULL ? atoi(fd) : -1;
    line->console.yes = command_has(line, "yes");
    line->console.verbose = command_has(line, "verbose");
    line->console.pinentry = command_option(line, "pinentry");
    if (line->console.pinentry == NULL && line->settings.pinentry[0] != '\0') {
        line->console.pinentry = line->settings.pinentry;
    }
    line->talk = console_talk(&line->console);
    line->helper.settings = &line->settings;
    line->helper.talk = &line->talk;
    line->helper.language = line->console.language;
    line->helper.reader = command_option(line, "reader");
    line->helper.wait_seconds = wait != NULL ? atoi(wait) : WAIT_SECONDS;
    return fault;
}

static fault_t *run(command_line_t *line) {
    fault_t *fault = prepare(line);
    size_t i;

    if (fault != NULL) {
        return fault;
    }
    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, line->plain[0]) == 0) {
            return commands[i].run(line);
        }
    }
    return fault_make(T_OPTION_UNKNOWN, line->plain[0], "%s", line->plain[0]);
}

int main(int argc, char **argv) {
    static command_line_t line;
    fault_t *fault;
    int code = 0;

    platform_protect_memory();
    service_begin();
    fault = parse(&line, argc, argv);
    speak(&line);
    if (fault == NULL && (command_has(&line, "help") || line.plain_count == 0)) {
        usage(line.plain_count == 0 && !command_has(&line, "help") ? stderr : stdout);
        code = command_has(&line, "help") ? 0 : text_exit_code(T_USAGE);
    } else if (fault == NULL) {
        fault = run(&line);
    }
    if (fault != NULL) {
        console_fault(&line.console, fault);
        code = text_exit_code(fault->text);
    }
    fault_drop(fault);
    console_free(&line.console);
    settings_wipe(&line.settings);
    service_end();
    return code;
}
