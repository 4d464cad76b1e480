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
#include "signing_words.h"

#define LINE      1200
#define SHOWN_MAX 600 /* bytes; a line of Assuan's has 1000 at most, a character becomes three at the worst */

static void print(FILE *to, const console_t *console, text_id text, const char *arg) {
    char line[LINE];

    text_format(line, sizeof(line), text, console->language, arg);
    fprintf(to, "%s\n", line);
    fflush(to);
}

static void say(void *baton, text_id text, const char *arg) {
    print(stdout, baton, text, arg);
}

/* What is to be signed, or was opened, as a person reads it. Where pinentry asks, the secret in the latter stands in its window alone: what
 * is printed may be kept by whatever has started the helper. */
static void show_words(console_t *console, text_id name, const char *value) {
    view_t text = {(const unsigned char *)value, strlen(value)};
    bytes_t words = {NULL, 0, 0};

    signing_words(&words, text, console->language);
    if (name != T_CODE_LETTER || console->pinentry == NULL) {
        printf("%s%s\n%s", text_of(name, console->language), console->language == LANGUAGE_ZH ? "：" : ":",
               bytes_text(&words));
        fflush(stdout);
    }
    bytes_add(&console->shown, words.data, words.length);
    bytes_free(&words);
}

static void show(void *baton, text_id name, const char *value) {
    console_t *console = baton;

    if (name == T_SIGN_TEXT || name == T_LOGIN_CHALLENGE || name == T_CODE_LETTER) {
        show_words(console, name, value);
        return;
    }
    printf("%s%s%s\n", text_of(name, console->language), console->language == LANGUAGE_ZH ? "：" : ": ", value);
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

/* A text in a line of Assuan's. */
static void add_escaped(bytes_t *request, const char *text, size_t length) {
    size_t i;

    for (i = 0; i < length; i++) {
        bytes_add_text(request, text[i] == '%' ? "%25" : text[i] == '\n' ? "%0A" : text[i] == '\r' ? "%0D" : "");
        if (strchr("%\n\r", text[i]) == NULL) {
            bytes_add(request, text + i, 1);
        }
    }
}

/* Assuan's lines have an end: whole lines of what was shown as far as they fit, and where the rest is. */
static void add_shown(bytes_t *request, const console_t *console) {
    const char *text = (const char *)console->shown.data;
    size_t length = console->shown.length;

    if (length > SHOWN_MAX) {
        for (length = SHOWN_MAX; length > 0 && text[length - 1] != '\n'; length--) {
        }
    }
    add_escaped(request, text, length);
    if (length < console->shown.length) {
        add_escaped(request, text_of(T_SIGN_ON_SCREEN, console->language), strlen(text_of(T_SIGN_ON_SCREEN, console->language)));
        add_escaped(request, "\n", 1);
    }
}

/* What pinentry answers to the description and `what`, which follows it. Returns the length, or as platform_run_pinentry(). */
static int run_pinentry(const console_t *console, const char *description, int with_shown, const char *what,
                        char *answer, size_t size) {
    bytes_t request = {NULL, 0, 0};
    int length;

    bytes_add_text(&request, "OPTION ttyname=/dev/tty\nSETTITLE xca-card\nSETDESC ");
    if (with_shown) {
        add_shown(&request, console);
    }
    add_escaped(&request, description, strlen(description));
    bytes_add_text(&request, what);
    bytes_add_text(&request, "BYE\n");
    length = platform_run_pinentry(console->pinentry, bytes_text(&request), answer, size, console->over,
                                   console->over_baton);
    bytes_free(&request);
    return length;
}

static fault_t *over_fault(void) {
    return fault_make(T_CANCELLED, NULL, "nobody waits for the answer any more");
}

/* OK for its greeting and for each line up to CONFIRM; a "no" is ERR, and one that ended early has said less. */
static int pinentry_agrees(const char *answer) {
    const char *line = answer;
    int agreed = 0;

    while (line != NULL && *line != '\0') {
        if (strncmp(line, "ERR", 3) == 0) {
            return 0;
        }
        agreed += strncmp(line, "OK", 2) == 0;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return agreed >= 5;
}

static fault_t *confirm_by_pinentry(const console_t *console, const char *question, int *yes) {
    char answer[1024];
    int length = run_pinentry(console, question, 1, "\nCONFIRM\n", answer, sizeof(answer));

    if (length == PLATFORM_OVER) {
        return over_fault();
    }
    if (length <= 0) {
        return fault_make(T_NOT_CONFIRMED, NULL, "%s", console->pinentry);
    }
    *yes = pinentry_agrees(answer);
    return NULL;
}

static fault_t *confirm_at_terminal(const console_t *console, const char *question, int *yes) {
    char prompt[2 * LINE], line[64];
    int length;

    snprintf(prompt, sizeof(prompt), "%s %s ", question, text_of(T_YES_NO, console->language));
    length = platform_read_line(prompt, line, sizeof(line), console->over, console->over_baton);
    if (length == PLATFORM_OVER) {
        return over_fault();
    }
    if (length < 0) {
        return fault_make(T_NOT_CONFIRMED, NULL, "no terminal");
    }
    *yes = says_yes(line);
    return NULL;
}

static fault_t *confirm(void *baton, text_id question, const char *arg, int *yes) {
    console_t *console = baton;
    char text[LINE];
    fault_t *fault = NULL;

    *yes = 0;
    text_format(text, sizeof(text), question, console->language, arg);
    if (console->yes) {
        fprintf(stderr, "%s\n", text);
        *yes = 1;
    } else if (console->pinentry != NULL) {
        fault = confirm_by_pinentry(console, text, yes);
    } else {
        fault = confirm_at_terminal(console, text, yes);
    }
    bytes_free(&console->shown);
    return fault;
}

static fault_t *choose(void *baton, text_id question, const char *const *names, int count, int *chosen) {
    const console_t *console = baton;
    char line[16];
    int i;

    print(stderr, console, question, NULL);
    for (i = 0; i < count; i++) {
        fprintf(stderr, "  %d  %s\n", i + 1, names[i]);
    }
    if (console->yes || platform_read_line(text_of(T_NUMBER, console->language), line, sizeof(line), console->over,
                                            console->over_baton) <= 0) {
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
    char answer[1024];
    int length = run_pinentry(console, prompt, 0, "\nSETPROMPT PIN\nGETPIN\n", answer, sizeof(answer));
    fault_t *fault = NULL;

    if (length == PLATFORM_OVER) {
        fault = over_fault();
    } else if (length <= 0) {
        fault = fault_make(T_SECRET_TYPED, NULL, "%s", console->pinentry);
    } else if (!take_pinentry_answer(answer, secret)) {
        fault = fault_make(T_CANCELLED, NULL, "pinentry");
    }
    wipe(answer, sizeof(answer));
    return fault;
}

static fault_t *read_at_terminal(const console_t *console, const char *prompt, secret_t *secret) {
    char line[SECRET_MAX];
    int length = platform_read_hidden(prompt, line, sizeof(line), console->over, console->over_baton);
    fault_t *fault = NULL;

    if (length == PLATFORM_OVER) {
        fault = over_fault();
    } else if (length < 0 || !secret_set(secret, line, (size_t)length)) {
        fault = fault_make(T_SECRET_TYPED, NULL, "no terminal");
    } else if (length == 0) {
        fault = fault_make(T_CANCELLED, NULL, "nothing typed");
    }
    wipe(line, sizeof(line));
    return fault;
}

static fault_t *read_secret(const console_t *console, const char *prompt, secret_t *secret) {
    return console->pinentry != NULL ? read_by_pinentry(console, prompt, secret)
                                     : read_at_terminal(console, prompt, secret);
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

void console_free(console_t *console) {
    bytes_free(&console->shown);
}
