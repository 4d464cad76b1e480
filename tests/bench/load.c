/* load PORT SECONDS CONNECTIONS FILE: asks an HTTP server on 127.0.0.1 over connections that stay open, as often as it answers, and prints the
 * answers a second, their middle time and that of the slowest hundredth in microseconds, and how many were not 200. FILE has the requests, each
 * with its length before it (4 bytes, big end first); the connections take them in turn, beginning anywhere. For make bench. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX      65536
#define TIMES_MAX       2000000
#define CONNECTIONS_MAX 1000

static const unsigned char **requests;
static size_t *lengths;
static size_t count;
static int port;
static double until;
static atomic_size_t next_request, bad;
static unsigned int *times;
static atomic_size_t answered;

static double clock_now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_connection(void) {
    struct sockaddr_in address = {0};
    struct timeval patience = {2, 0};
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("connect");
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return s;
}

/* Reads one answer by its Content-Length. Returns its status, 0 if the connection has ended. *ends: the server closes it. */
static int read_answer(int s, char *buffer, int *ends) {
    size_t got = 0, whole = 0;

    while (whole == 0 || got < whole) {
        ssize_t more = recv(s, buffer + got, ANSWER_MAX - 1 - got, 0);
        char *end, *length;

        if (more <= 0) {
            return 0;
        }
        got += (size_t)more;
        buffer[got] = '\0';
        end = whole == 0 ? strstr(buffer, "\r\n\r\n") : NULL;
        if (end != NULL) {
            length = strcasestr(buffer, "\r\ncontent-length:");
            whole = (size_t)(end - buffer) + 4 + (length != NULL ? strtoul(length + 17, NULL, 10) : 0);
            *end = '\0';
            *ends = strcasestr(buffer, "\r\nconnection: close") != NULL || strncmp(buffer, "HTTP/1.0", 8) == 0;
            *end = '\r';
        }
    }
    return atoi(buffer + 9);
}

static void *ask(void *unused) {
    char *buffer = malloc(ANSWER_MAX);
    int s = -1;

    while (clock_now() < until) {
        size_t i = atomic_fetch_add(&next_request, 1) % count, place;
        double began = clock_now();
        int ends = 0, status;

        s = s < 0 ? open_connection() : s; /* no sooner: openssl's responder stays with one that never asks */
        if (send(s, requests[i], lengths[i], MSG_NOSIGNAL) != (ssize_t)lengths[i]) {
            status = 0;
        } else {
            status = read_answer(s, buffer, &ends);
        }
        if (status != 0) {
            place = atomic_fetch_add(&answered, 1);
            if (place < TIMES_MAX) {
                times[place] = (unsigned int)((clock_now() - began) * 1e6);
            }
            atomic_fetch_add(&bad, status != 200);
        }
        if (status == 0 || ends) {
            close(s);
            s = -1;
        }
    }
    if (s >= 0) {
        close(s);
    }
    free(buffer);
    return NULL;
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    unsigned char *data, *at;
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        fail(path);
    }
    data = malloc((size_t)size + 1);
    if (fread(data, 1, (size_t)size, file) != (size_t)size) {
        fail(path);
    }
    fclose(file);
    requests = calloc((size_t)size / 4 + 1, sizeof(*requests));
    lengths = calloc((size_t)size / 4 + 1, sizeof(*lengths));
    for (at = data; at + 4 <= data + size; at += 4 + lengths[count++]) {
        lengths[count] = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        requests[count] = at + 4;
    }
}

static int by_size(const void *a, const void *b) {
    unsigned int left = *(const unsigned int *)a, right = *(const unsigned int *)b;

    return left < right ? -1 : left > right;
}

int main(int argc, char **argv) {
    pthread_t threads[CONNECTIONS_MAX];
    int i, connections;
    double seconds;
    size_t kept;

    if (argc != 5 || (connections = atoi(argv[3])) < 1 || connections > CONNECTIONS_MAX) {
        fprintf(stderr, "load PORT SECONDS CONNECTIONS FILE\n");
        return 2;
    }
    port = atoi(argv[1]);
    seconds = atof(argv[2]);
    read_requests(argv[4]);
    times = calloc(TIMES_MAX, sizeof(*times));
    next_request = (size_t)(clock_now() * 1e9) % count; /* so that short runs do not all ask the same */
    until = clock_now() + seconds;
    for (i = 0; i < connections; i++) {
        if (pthread_create(&threads[i], NULL, ask, NULL) != 0) {
            fail("pthread_create");
        }
    }
    for (i = 0; i < connections; i++) {
        pthread_join(threads[i], NULL);
    }
    kept = answered < TIMES_MAX ? answered : TIMES_MAX;
    qsort(times, kept, sizeof(*times), by_size);
    printf("%.1f %u %u %zu\n", (double)answered / seconds, kept > 0 ? times[kept / 2] : 0, kept > 0 ? times[kept * 99 / 100] : 0,
           (size_t)bad);
    return 0;
}
