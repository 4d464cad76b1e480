/* cardreader FOLDER [COUNT]: a private pcscd with virtual readers, for tests and the demo.
 *
 * Becomes Debian's pcscd in the foreground: what starts it ends it. Its clients, started with the
 * line that it prints first in their environment, see COUNT (2) virtual readers and nothing else of
 * the machine; a card is put into reader N by connecting to FOLDER/slot-N (cardsim --reader). Any
 * number can run side by side, as any user, without systemd, D-Bus and a network: see private.c.
 * vpcd makes its readers in pairs, so that an odd COUNT gives one more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PORT 1000
#define MOST       16
#define PATH_ROOM  4096
#define VPCD       "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
#define PCSCD      "/usr/sbin/pcscd"

static void fail(const char *what) {
    fprintf(stderr, "cardreader: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void path_in(char path[PATH_ROOM], const char *folder, const char *name) {
    if (snprintf(path, PATH_ROOM, "%s/%s", folder, name) >= PATH_ROOM) {
        errno = ENAMETOOLONG;
        fail(folder);
    }
}

static void make_folder(const char *path) {
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        fail(path);
    }
}

static void copy(const char *from, const char *to) {
    char block[65536];
    size_t length;
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");

    if (in == NULL) {
        fail(from);
    }
    if (out == NULL) {
        fail(to);
    }
    while ((length = fread(block, 1, sizeof(block), in)) > 0) {
        if (fwrite(block, 1, length, out) != length) {
            fail(to);
        }
    }
    fclose(in);
    if (fclose(out) != 0) {
        fail(to);
    }
}

static void configure(const char *folder, int count) {
    char path[PATH_ROOM], driver[PATH_ROOM], name[32];
    FILE *file;

    path_in(path, folder, "drivers");
    make_folder(path);
    path_in(path, folder, "reader.conf.d");
    make_folder(path);
    path_in(path, folder, "reader.conf.d/readers");
    file = fopen(path, "we");
    if (file == NULL) {
        fail(path);
    }
    for (int pair = 0; pair < (count + 1) / 2; pair++) {
        snprintf(name, sizeof(name), "vpcd-%d.so", pair);
        path_in(driver, folder, name);
        copy(VPCD, driver); /* its two slots are static variables: a library for each pair */
        fprintf(file,
                "FRIENDLYNAME \"Virtual reader %c\"\nDEVICENAME /dev/null:%d\nLIBPATH "
                "%s\nCHANNELID %d\n\n",
                'A' + pair, FIRST_PORT + 2 * pair, driver, FIRST_PORT + 2 * pair);
    }
    if (fclose(file) != 0) {
        fail(path);
    }
}

/* Socket activation (sd_listen_fds): the listening socket is descriptor 3. Clients may connect
 * before pcscd is ready. */
static void listen_as_3(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        errno = fd < 0 ? errno : ENAMETOOLONG;
        fail(path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 32) != 0 ||
        (fd != 3 && dup2(fd, 3) < 0)) {
        fail(path);
    }
    fcntl(3, F_SETFD, 0);
}

/* Neither LD_PRELOAD nor pcscd's configuration can quote, and the folder of the programs may have any
 * name: what is preloaded is copied. Without it pcscd would be as open as the system's. */
static void set_environment(const char *folder) {
    char own[PATH_ROOM], private[PATH_ROOM + 32], preload[PATH_ROOM], pid[32], drivers[PATH_ROOM];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

    if (length < 0) {
        fail("/proc/self/exe");
    }
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    snprintf(private, sizeof(private), "%s/cardreader-private.so", own);
    path_in(preload, folder, "private.so");
    copy(private, preload);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    path_in(drivers, folder, "drivers");
    setenv("LD_PRELOAD", preload, 1);
    setenv("CARDREADER_FOLDER", folder, 1);
    setenv("PCSCLITE_HP_DROPDIR", drivers,
           1); /* no driver of USB readers: those are the machine's */
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
}

int main(int argc, char **argv) {
    char folder[PATH_ROOM], path[PATH_ROOM];
    int count = argc > 2 ? atoi(argv[2]) : 2;

    if (argc < 2 || argc > 3 || count < 0 || count > MOST) {
        fprintf(stderr, "usage: cardreader FOLDER [COUNT]\n");
        return 2;
    }
    make_folder(argv[1]);
    if (realpath(argv[1], folder) == NULL || chmod(folder, 0700) != 0) {
        fail(argv[1]);
    }
    if (strpbrk(folder, " \t:\"'#") != NULL) {
        errno = EINVAL;
        fail(folder);
    }
    configure(folder, count);
    path_in(path, folder, "pcscd.comm");
    listen_as_3(path);
    set_environment(folder);
    printf("PCSCLITE_CSOCK_NAME=%s\n", path);
    fflush(stdout);
    path_in(path, folder, "reader.conf.d");
    execl(PCSCD, "pcscd", "--foreground", "--config", path, (char *)NULL);
    fail(PCSCD);
    return 1;
}
