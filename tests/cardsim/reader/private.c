/* private.c: preloaded into pcscd and into nothing else: keeps a pcscd of its own from touching,
 * and from being touched by, the rest of the machine. Debian's pcscd and vpcd have their places
 * built in and no option for them.
 * - vpcd listens on every interface; here on a unix socket in our folder, slot-N, N counted from
 *   the port 1000 on.
 * - /run/pcscd belongs to the system's pcscd; here it is neither made nor written.
 * - pcscd asks every 0.4 s whether a card is there; here every CARDREADER_POLL_MS, if that is set.
 * - polkit over D-Bus says who may use it; here the folder does, which only its owner enters. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/run/pcscd"
#define FIRST_PORT    1000
#define VISIBLE       __attribute__((visibility("default")))

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        fprintf(stderr, "cardreader: %s is not there\n", name);
        abort();
    }
    return found;
}

static int is_of_system(const char *path) {
    return strncmp(path, SYSTEM_FOLDER, sizeof(SYSTEM_FOLDER) - 1) == 0 ||
           strncmp(path, "/var" SYSTEM_FOLDER, sizeof("/var" SYSTEM_FOLDER) - 1) == 0;
}

VISIBLE int bind(int fd, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))next("bind");
    const char *folder = getenv("CARDREADER_FOLDER");
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    int slot, room = sizeof(local.sun_path), instead, status;

    if (address->sa_family != AF_INET || folder == NULL) {
        return real(fd, address, length);
    }
    slot = ntohs(((const struct sockaddr_in *)address)->sin_port) - FIRST_PORT;
    if (snprintf(local.sun_path, (size_t)room, "%s/slot-%d", folder, slot) >= room) {
        errno = ENAMETOOLONG;
        return -1;
    }
    instead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (instead < 0) {
        return -1;
    }
    status = dup2(instead, fd) < 0 ? -1 : 0;
    close(instead);
    unlink(local.sun_path);
    return status != 0 ? status : real(fd, (const struct sockaddr *)&local, sizeof(local));
}

VISIBLE int mkdir(const char *path, mode_t mode) {
    int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))next("mkdir");

    return is_of_system(path) ? 0 : real(path, mode);
}

VISIBLE int chmod(const char *path, mode_t mode) {
    int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))next("chmod");

    return is_of_system(path) ? 0 : real(path, mode);
}

VISIBLE int remove(const char *path) {
    int (*real)(const char *) = (int (*)(const char *))next("remove");

    return is_of_system(path) ? 0 : real(path);
}

static int open_by(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next(name);

    return real(is_of_system(path) ? "/dev/null" : path, flags, mode);
}

VISIBLE int open(const char *path, int flags, ...) {
    va_list more;
    mode_t mode = 0;

    va_start(more, flags);
    if (flags & (O_CREAT | O_TMPFILE)) {
        mode = va_arg(more, mode_t);
    }
    va_end(more);
    return open_by("open", path, flags, mode);
}

VISIBLE int open64(const char *path, int flags, ...) {
    va_list more;
    mode_t mode = 0;

    va_start(more, flags);
    if (flags & (O_CREAT | O_TMPFILE)) {
        mode = va_arg(more, mode_t);
    }
    va_end(more);
    return open_by("open64", path, flags, mode);
}

VISIBLE int fchmod(int fd, mode_t mode) {
    int (*real)(int, mode_t) = (int (*)(int, mode_t))next("fchmod");
    struct stat found;

    return fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) ? 0 : real(fd, mode);
}

/* pcscd's pause between two looks for a card is a constant, and no other pause of it is as long. */
VISIBLE int nanosleep(const struct timespec *wanted, struct timespec *left) {
    int (*real)(const struct timespec *, struct timespec *) =
        (int (*)(const struct timespec *, struct timespec *))next("nanosleep");
    const char *poll_ms = getenv("CARDREADER_POLL_MS");
    struct timespec pause = *wanted;

    if (poll_ms != NULL && pause.tv_sec == 0 && pause.tv_nsec == 400000000) {
        pause.tv_nsec = 1000000L * (atoi(poll_ms) % 1000);
    }
    return real(&pause, left);
}

/* polkit: one object stands for all that pcscd asks polkit for. -------------------------------- */

static char allowed;

VISIBLE void *polkit_authority_get_sync(void *cancellable, void **error);
VISIBLE void *polkit_authority_get_sync(void *cancellable, void **error) {
    (void)cancellable;
    (void)error;
    return &allowed;
}

VISIBLE void *polkit_unix_process_new_for_owner(int pid, unsigned long start, int uid);
VISIBLE void *polkit_unix_process_new_for_owner(int pid, unsigned long start, int uid) {
    (void)pid;
    (void)start;
    (void)uid;
    return &allowed;
}

VISIBLE void *polkit_details_new(void);
VISIBLE void *polkit_details_new(void) {
    return &allowed;
}

VISIBLE void polkit_details_insert(void *details, const char *key, const char *value);
VISIBLE void polkit_details_insert(void *details, const char *key, const char *value) {
    (void)details;
    (void)key;
    (void)value;
}

VISIBLE void *polkit_authority_check_authorization_sync(void *authority, void *subject,
                                                        const char *action, void *details,
                                                        int flags, void *cancellable, void **error);
VISIBLE void *polkit_authority_check_authorization_sync(void *authority, void *subject,
                                                        const char *action, void *details,
                                                        int flags, void *cancellable,
                                                        void **error) {
    (void)authority;
    (void)subject;
    (void)action;
    (void)details;
    (void)flags;
    (void)cancellable;
    (void)error;
    return &allowed;
}

VISIBLE int polkit_authorization_result_get_is_authorized(void *result);
VISIBLE int polkit_authorization_result_get_is_authorized(void *result) {
    return result == &allowed;
}

VISIBLE void g_object_unref(void *object);
VISIBLE void g_object_unref(void *object) {
    void (*real)(void *);

    if (object != &allowed) {
        real = (void (*)(void *))next("g_object_unref");
        real(object);
    }
}
