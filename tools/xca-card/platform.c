#include "platform.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 200 /* between two looks whether waiting is over */

#if defined(_WIN32)

#include <conio.h>
#include <windows.h>

void platform_protect_memory(void) {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
}

void platform_pcsc_never_blocks(void) {
}

static int read_console(const char *prompt, char *line, size_t size, int shown, platform_over_fn *over, void *baton) {
    size_t length = 0;

    _cputs(prompt);
    for (;;) {
        int c;

        while (over != NULL && !_kbhit()) {
            if (over(baton)) {
                _cputs("\r\n");
                return PLATFORM_OVER;
            }
            Sleep(WAIT_MS);
        }
        c = shown ? _getche() : _getch();

        if (c == '\r' || c == '\n') {
            break;
        }
        if (c == 3 || length + 1 >= size) {
            return -1;
        }
        if (c == '\b') {
            length -= length > 0;
            continue;
        }
        line[length++] = (char)c;
    }
    _cputs("\r\n");
    line[length] = '\0';
    return (int)length;
}

int platform_read_hidden(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton) {
    return read_console(prompt, line, size, 0, over, baton);
}

int platform_read_line(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton) {
    return read_console(prompt, line, size, 1, over, baton);
}

int platform_user_settings(char *path, size_t size) {
    const char *folder = getenv("APPDATA");

    return folder != NULL && snprintf(path, size, "%s\\xca-card\\config", folder) < (int)size;
}

int platform_system_settings(char *path, size_t size) {
    const char *folder = getenv("PROGRAMDATA");

    return folder != NULL && snprintf(path, size, "%s\\xca-card\\config", folder) < (int)size;
}

int platform_speaks_chinese(void) {
    return PRIMARYLANGID(GetUserDefaultUILanguage()) == LANG_CHINESE;
}

void platform_sleep_ms(unsigned milliseconds) {
    Sleep(milliseconds);
}

double platform_clock(void) {
    return (double)GetTickCount64() / 1000.0;
}

time_t platform_utc(struct tm *utc) {
    return _mkgmtime(utc);
}

int platform_run_pinentry(const char *program, const char *request, char *answer, size_t size, platform_over_fn *over,
                          void *baton) {
    return -1;
}

/* A piece of work that someone may stop waiting for; the last of the two frees it. */
typedef struct errand {
    platform_work_fn *work, *abandon;
    void *baton;
    int done, abandoned;
    CRITICAL_SECTION lock;
    HANDLE ended;
} errand_t;

static void errand_free(errand_t *errand) {
    CloseHandle(errand->ended);
    DeleteCriticalSection(&errand->lock);
    free(errand);
}

static DWORD WINAPI run_errand(void *baton) {
    errand_t *errand = baton;
    int abandoned;

    errand->work(errand->baton);
    EnterCriticalSection(&errand->lock);
    errand->done = 1;
    abandoned = errand->abandoned;
    SetEvent(errand->ended);
    LeaveCriticalSection(&errand->lock);
    if (abandoned) {
        errand->abandon(errand->baton);
        errand_free(errand);
    }
    return 0;
}

int platform_run_within(double seconds, platform_work_fn *work, platform_work_fn *abandon, void *baton) {
    errand_t *errand = calloc(1, sizeof(*errand));
    HANDLE thread;
    int done;

    if (errand == NULL) {
        abort();
    }
    errand->work = work;
    errand->abandon = abandon;
    errand->baton = baton;
    InitializeCriticalSection(&errand->lock);
    errand->ended = CreateEvent(NULL, TRUE, FALSE, NULL);
    thread = CreateThread(NULL, 0, run_errand, errand, 0, NULL);
    if (thread == NULL) {
        errand_free(errand);
        return 0;
    }
    WaitForSingleObject(errand->ended, (DWORD)(seconds * 1000));
    EnterCriticalSection(&errand->lock);
    done = errand->done;
    errand->abandoned = !done;
    LeaveCriticalSection(&errand->lock);
    if (done) {
        WaitForSingleObject(thread, INFINITE);
        errand_free(errand);
    }
    CloseHandle(thread);
    return done;
}

static HANDLE told_to_end;

static BOOL WINAPI on_console_event(DWORD event) {
    SetEvent(told_to_end);
    return TRUE;
}

void platform_end_prepare(void) {
    told_to_end = CreateEvent(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_console_event, TRUE);
}

void platform_end_wait(void) {
    WaitForSingleObject(told_to_end, INFINITE);
}

#else

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1 /* its leak check is a debugger */
#else
#define UNDER_SANITIZER 0
#endif

void platform_protect_memory(void) {
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
#if defined(__linux__)
    /* A core that goes to a program through a pipe does not ask for the limit. */
    if (!UNDER_SANITIZER) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
#endif
}

void platform_pcsc_never_blocks(void) {
    setenv("PCSCLITE_NO_BLOCKING", "1", 1);
}

/* 1 when there is something to read (or an end), 0 when waiting is over. */
static int wait_readable(int from, platform_over_fn *over, void *baton) {
    struct pollfd one = {from, POLLIN, 0};

    for (;;) {
        if (poll(&one, 1, over != NULL ? WAIT_MS : -1) > 0) {
            return 1;
        }
        if (over != NULL && over(baton)) {
            return 0;
        }
    }
}

/* A line of the terminal; what is left of one that is too long is read and forgotten. */
static int read_terminal(int terminal, char *line, size_t size, platform_over_fn *over, void *baton) {
    size_t length = 0;
    int too_long = 0;
    char c;

    for (;;) {
        if (!wait_readable(terminal, over, baton)) {
            return PLATFORM_OVER;
        }
        if (read(terminal, &c, 1) != 1) {
            return -1;
        }
        if (c == '\n') {
            break;
        }
        if (length + 1 >= size) {
            too_long = 1;
            continue;
        }
        line[length++] = c;
    }
    line[length] = '\0';
    return too_long ? -1 : (int)length;
}

static int put(int terminal, const char *text) {
    return write(terminal, text, strlen(text)) == (ssize_t)strlen(text);
}

int platform_read_hidden(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton) {
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, hidden;
    int length;

    if (terminal < 0) {
        return -1;
    }
    if (tcgetattr(terminal, &before) != 0) {
        close(terminal);
        return -1;
    }
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    /* TCSAFLUSH: what was typed before the question is no answer to it. */
    tcsetattr(terminal, TCSAFLUSH, &hidden);
    length = put(terminal, prompt) ? read_terminal(terminal, line, size, over, baton) : -1;
    tcsetattr(terminal, TCSAFLUSH, &before);
    put(terminal, "\n");
    close(terminal);
    return length;
}

int platform_read_line(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton) {
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int length;

    if (terminal < 0) {
        return -1;
    }
    tcflush(terminal, TCIFLUSH); /* what was typed before the question is no answer to it */
    length = put(terminal, prompt) ? read_terminal(terminal, line, size, over, baton) : -1;
    if (length == PLATFORM_OVER) {
        put(terminal, "\n");
    }
    close(terminal);
    return length;
}

int platform_user_settings(char *path, size_t size) {
    const char *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (folder != NULL && folder[0] == '/') {
        return snprintf(path, size, "%s/xca-card/config", folder) < (int)size;
    }
    return home != NULL && snprintf(path, size, "%s/.config/xca-card/config", home) < (int)size;
}

int platform_system_settings(char *path, size_t size) {
    return snprintf(path, size, "/etc/xca-card.conf") < (int)size;
}

int platform_speaks_chinese(void) {
    const char *locale;

    setlocale(LC_ALL, "");
    locale = setlocale(LC_MESSAGES, NULL);
    return locale != NULL && strncmp(locale, "zh", 2) == 0;
}

void platform_sleep_ms(unsigned milliseconds) {
    struct timespec rest = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000L};

    nanosleep(&rest, NULL);
}

double platform_clock(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

time_t platform_utc(struct tm *utc) {
    return timegm(utc);
}

static void be_pinentry(const char *program, int in, int out) {
    sigset_t none;

    sigemptyset(&none); /* it is to end when it is told to */
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0) {
        _exit(127);
    }
    execlp(program, program, (char *)NULL);
    _exit(127);
}

static int read_all(int from, char *answer, size_t size, platform_over_fn *over, void *baton) {
    size_t length = 0;

    while (length + 1 < size) {
        ssize_t got;

        if (!wait_readable(from, over, baton)) {
            return PLATFORM_OVER;
        }
        got = read(from, answer + length, size - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    answer[length] = '\0';
    return (int)length;
}

int platform_run_pinentry(const char *program, const char *request, char *answer, size_t size, platform_over_fn *over,
                          void *baton) {
    int in[2], out[2], length, status;
    pid_t child;

    if (pipe(in) != 0) {
        return -1;
    }
    if (pipe(out) != 0) {
        close(in[0]);
        close(in[1]);
        return -1;
    }
    signal(SIGPIPE, SIG_IGN);
    child = fork();
    if (child == 0) {
        close(in[1]);
        close(out[0]);
        be_pinentry(program, in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    length = child > 0 && put(in[1], request) ? 0 : -1;
    close(in[1]);
    if (length == 0) {
        length = read_all(out[0], answer, size, over, baton);
    }
    close(out[0]);
    if (child > 0) {
        if (length == PLATFORM_OVER) {
            kill(child, SIGTERM);
        }
        waitpid(child, &status, 0);
    }
    return length;
}

/* A piece of work that someone may stop waiting for; the last of the two frees it. */
typedef struct errand {
    platform_work_fn *work, *abandon;
    void *baton;
    int done, abandoned;
    pthread_mutex_t lock;
    pthread_cond_t ended;
} errand_t;

static void errand_free(errand_t *errand) {
    pthread_mutex_destroy(&errand->lock);
    pthread_cond_destroy(&errand->ended);
    free(errand);
}

static void *run_errand(void *baton) {
    errand_t *errand = baton;
    int abandoned;

    errand->work(errand->baton);
    pthread_mutex_lock(&errand->lock);
    errand->done = 1;
    abandoned = errand->abandoned;
    pthread_cond_signal(&errand->ended);
    pthread_mutex_unlock(&errand->lock);
    if (abandoned) {
        errand->abandon(errand->baton);
        errand_free(errand);
    }
    return NULL;
}

static int wait_for_errand(errand_t *errand, double seconds) {
    struct timespec until;
    int done;

    clock_gettime(CLOCK_REALTIME, &until); /* macOS has no other clock for it */
    until.tv_sec += (time_t)seconds + 1;
    pthread_mutex_lock(&errand->lock);
    while (!errand->done && pthread_cond_timedwait(&errand->ended, &errand->lock, &until) == 0) {
    }
    done = errand->done;
    errand->abandoned = !done;
    pthread_mutex_unlock(&errand->lock);
    return done;
}

int platform_run_within(double seconds, platform_work_fn *work, platform_work_fn *abandon, void *baton) {
    errand_t *errand = calloc(1, sizeof(*errand));
    pthread_t thread;

    if (errand == NULL) {
        abort();
    }
    errand->work = work;
    errand->abandon = abandon;
    errand->baton = baton;
    pthread_mutex_init(&errand->lock, NULL);
    pthread_cond_init(&errand->ended, NULL);
    if (pthread_create(&thread, NULL, run_errand, errand) != 0) {
        errand_free(errand);
        return 0;
    }
    if (!wait_for_errand(errand, seconds)) {
        pthread_detach(thread);
        return 0;
    }
    pthread_join(thread, NULL);
    errand_free(errand);
    return 1;
}

static void ends(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
}

/* Blocked in every thread, so that _wait alone gets them. */
void platform_end_prepare(void) {
    sigset_t signals;

    ends(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void platform_end_wait(void) {
    sigset_t signals;
    int got;

    ends(&signals);
    sigwait(&signals, &got);
}

#endif
