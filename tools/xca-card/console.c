#include "console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <io.h>
#define read _read
#else
#include <unistd.h>
#endif
#include "platform.h"

#define LINE 1200

static void print(FILE *to, const console_t *console, text_id text, const char *arg) {
    char line[LINE];

    text_format(line, sizeof(line), text, console->language, arg);
    fprintf(to, "%s\n", line);
    fflush(to);
}

static void say(void *baton, text_id text, const char *arg) {
    print(stdout, baton, text, arg);
}

static void show(void *baton, text_id name, const char *value) {
    const console_t *console = baton;

    printf("%s%s%s%s\n", text_of(name, console->language),
           console->language == LANGUAGE_ZH ? "：" : ": ", strchr(value, '\n') != NULL ? "\n" : "", value);
    fflush(stdout);
}

static void show_secret(void *baton, text_id name, const secret_t *secret) {
    show(baton, name, secret->text);
}

static void outcome(void *baton, text_id name, const fault_t *fault) {
    const console_t *console = baton;
    char line[LINE];

    text_format(line, sizeof(line), fault != NULL ? fault->text : T_GOOD, console->language,
                fault != NULL ? fault->arg : NULL);
    show(baton, name, line);
    if (fault != NULL && console->verbose) {
        fprintf(stderr, "  (%s)\n", fault->detail);
    }
}

static void progress(void *baton, text_id text, int at, int of) {
    const console_t *console = baton;

    fprintf(stderr, "[%d/%d] %s\n", at, of, text_of(text, console->language));
    fflush(stderr);
}

static int says_yes(const char *line) {
    return line[0] == 'y' || line[0] == 'Y' || strncmp(line, "是", 3) == 0;
}

static fault_t *confirm(void *baton, text_id question, const char *arg, int *yes) {
    const console_t *console = baton;
    char text[LINE], prompt[2 * LINE], line[64];

    text_format(text, sizeof(text), question, console->language, arg);
    if (console->yes) {
        fprintf(stderr, "%s\n", text);
        *yes = 1;
        return NULL;
    }
    snprintf(prompt, sizeof(prompt), "%s %s ", text, text_of(T_YES_NO, console->language));
    if (platform_read_line(prompt, line, sizeof(line)) < 0) {
        return fault_make(T_NOT_CONFIRMED, NULL, "no terminal");
    }
    *yes = says_yes(line);
    return NULL;
}

static fault_t *choose(void *baton, text_id question, const char *const *names, int count, int *chosen) {
    const console_t *console = baton;
    char line[16];
    int i;

    print(stderr, console, question, NULL);
    for (i = 0; i < count; i++) {
        fprintf(stderr, "  %d  %s\n", i + 1, names[i]);
    }
    if (console->yes || platform_read_line(text_of(T_NUMBER, console->language), line, sizeof(line)) <= 0) {
        return fault_make(T_SEVERAL_CARDS, NULL, "%d cards", count);
    }
    *chosen = atoi(line) - 1;
    return NULL;
}

/* One line, byte by byte: what follows belongs to the next question. */
static fault_t *read_from_fd(int fd, secret_t *secret) {
    char c = 0;

    secret_wipe(secret);
    while (read(fd, &c, 1) == 1 && c != '\n') {
        if (secret->length + 1 >= SECRET_MAX) {
            secret_wipe(secret);
            break;
        }
        secret->text[secret->length++] = c;
    }
    return secret->length > 0 ? NULL : fault_make(T_SECRET_TYPED, NULL, "no more secrets");
}

/* Assuan's answer: "D " and the text, in which %XX stands for what cannot stand there. */
static int take_pinentry_answer(const char *answer, secret_t *secret) {
    const char *data = strncmp(answer, "D ", 2) == 0 ? answer : strstr(answer, "\nD ");

    secret_wipe(secret);
    if (data == NULL) {
        return 0;
    }
    for (data = strstr(data, "D ") + 2; *data != '\0' && *data != '\n'; data++) {
        char hex[3] = {data[0], data[0] == '%' ? data[1] : '\0', '\0'};
        unsigned char byte = (unsigned char)data[0];

        if (data[0] == '%' && hex[1] != '\0') {
            hex[0] = data[1];
            hex[1] = data[2];
            if (hex_read(&byte, 1, hex) != 1) {
                return 0;
            }
            data += 2;
        }
        if (secret->length + 1 >= SECRET_MAX) {
            return 0;
        }
        secret->text[secret->length++] = (char)byte;
    }
    return secret->length > 0;
}

static fault_t *read_by_pinentry(const console_t *console, const char *prompt, secret_t *secret) {
    char request[2 * LINE], answer[1024];
    fault_t *fault = NULL;

    snprintf(request, sizeof(request),
             "OPTION ttyname=/dev/tty\nSETTITLE xca-card\nSETDESC %s\nSETPROMPT PIN\nGETPIN\nBYE\n", prompt);
    if (platform_run_pinentry(console->pinentry, request, answer, sizeof(answer)) <= 0) {
        fault = fault_make(T_SECRET_TYPED, NULL, "%s", console->pinentry);
    } else if (!take_pinentry_answer(answer, secret)) {
        fault = fault_make(T_CANCELLED, NULL, "pinentry");
    }
    wipe(answer, sizeof(answer));
    return fault;
}

static fault_t *read_at_terminal(const char *prompt, secret_t *secret) {
    char line[SECRET_MAX];
    int length = platform_read_hidden(prompt, line, sizeof(line));
    fault_t *fault = NULL;

    if (length < 0 || !secret_set(secret, line, (size_t)length)) {
        fault = fault_make(T_SECRET_TYPED, NULL, "no terminal");
    } else if (length == 0) {
        fault = fault_make(T_CANCELLED, NULL, "nothing typed");
    }
    wipe(line, sizeof(line));
    return fault;
}

static fault_t *read_secret(const console_t *console, const char *prompt, secret_t *secret) {
    return console->pinentry != NULL ? read_by_pinentry(console, prompt, secret)
                                     : read_at_terminal(prompt, secret);
}

static fault_t *ask_secret(void *baton, talk_secret kind, text_id prompt, const char *arg, secret_t *secret) {
    const console_t *console = baton;
    char text[LINE];
    secret_t again;
    fault_t *fault;

    if (console->secrets_fd >= 0) {
        return read_from_fd(console->secrets_fd, secret);
    }
    text_format(text, sizeof(text), prompt, console->language, arg);
    fault = read_secret(console, text, secret);
    if (fault != NULL || kind != TALK_NEW_PIN) {
        return fault;
    }
    memset(&again, 0, sizeof(again));
    fault = read_secret(console, text_of(T_ASK_AGAIN, console->language), &again);
    if (fault == NULL && !secret_equal(secret, &again)) {
        fault = fault_make(T_PIN_DIFFERENT, NULL, "typed twice");
    }
    secret_wipe(&again);
    return fault;
}

/* Ctrl-C ends the program. */
static int stopped(void *baton) {
    return 0;
}

talk_t console_talk(console_t *console) {
    talk_t talk = {console, say,      show,   outcome, show_secret, progress,
                   confirm, ask_secret, choose, stopped};

    return talk;
}

void console_fault(const console_t *console, const fault_t *fault) {
    char line[LINE];

    text_format(line, sizeof(line), fault->text, console->language, fault->arg);
    fprintf(stderr, "xca-card: %s\n", line);
    if (console->verbose) {
        fprintf(stderr, "  (%s: %s)\n", text_name(fault->text), fault->detail);
    }
}
