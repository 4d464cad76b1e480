#include "slapd_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX 262144

static const char *const identities[] = {"portal", "signer", "admin"};

void assert_done(xca_error_t *err) {
    if (err != NULL) {
        fail_msg("%s: %s", err->message, err->detail != NULL ? err->detail : "");
    }
}

void assert_error(xca_error_t *err, const char *message) {
    if (err == NULL) {
        fail_msg("no error where %s was due", message);
    } else if (strcmp(err->message, message) != 0) {
        fail_msg("%s where %s was due: %s", err->message, message, err->detail);
    }
}

static const char *read_file(const char *path, apr_pool_t *pool) {
    char *text = apr_palloc(pool, FILE_MAX);
    FILE *file = fopen(path, "r");
    size_t length;

    if (file == NULL) {
        fail_msg("%s: %s", path, strerror(errno));
        return "";
    }
    length = fread(text, 1, FILE_MAX - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        fail_msg("%s: %s", path, strerror(errno));
    }
}

static const char *replaced(const char *text, const char *from, const char *to, apr_pool_t *pool) {
    const char *result = "";
    const char *at;

    while ((at = strstr(text, from)) != NULL) {
        result = apr_pstrcat(pool, result, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), to,
                             NULL);
        text = at + strlen(from);
    }
    return apr_pstrcat(pool, result, text, NULL);
}

static void run(const char *command) {
    if (system(command) != 0) {
        fail_msg("this does not work: %s", command);
    }
}

static const char *output_of(const char *command, apr_pool_t *pool) {
    FILE *pipe = popen(command, "r");
    char line[1024] = "";

    if (pipe == NULL || fgets(line, sizeof(line), pipe) == NULL || pclose(pipe) != 0) {
        fail_msg("this does not work: %s", command);
    }
    line[strcspn(line, "\n")] = '\0';
    return apr_pstrdup(pool, line);
}

void slapd_configure(slapd_t *slapd, const char *const *replace) {
    apr_pool_t *pool = slapd->pool;
    const char *text = read_file("conf/slapd.conf.in", pool);
    char here[4096];

    assert_non_null(getcwd(here, sizeof(here)));
    text = replaced(text, "@HOME@", slapd->home, pool);
    text = replaced(text, "@SCHEMA@", apr_pstrcat(pool, here, "/ldap-schema", NULL), pool);
    for (; replace != NULL && *replace != NULL; replace += 2) {
        if (strstr(text, replace[0]) == NULL) {
            fail_msg("conf/slapd.conf.in has no '%s'", replace[0]);
        }
        text = replaced(text, replace[0], replace[1], pool);
    }
    write_file(apr_pstrcat(pool, slapd->home, "/slapd.conf", NULL), text);
}

/* Passwords are the identities' names; hashed once for all tests of a program. */
static const char *hash_of(int identity, apr_pool_t *pool) {
    static char hashes[3][256];

    if (hashes[identity][0] == '\0') {
        apr_cpystrn(hashes[identity],
                    output_of(apr_psprintf(pool,
                                           "PATH=$PATH:/usr/sbin slappasswd -h '{ARGON2}' -o "
                                           "module-path=/usr/lib/ldap -o module-load=argon2 -s %s",
                                           identities[identity]),
                              pool),
                    sizeof(hashes[identity]));
    }
    return hashes[identity];
}

static void first_load(slapd_t *slapd) {
    static const char *const places[] = {"@PORTAL_PASSWORD@", "@SIGNER_PASSWORD@",
                                         "@ADMIN_PASSWORD@"};
    apr_pool_t *pool = slapd->pool;
    const char *text = read_file("conf/services.ldif.in", pool);
    const char *path = apr_pstrcat(pool, slapd->home, "/services.ldif", NULL);
    int i;

    for (i = 0; i < 3; i++) {
        text = replaced(text, places[i], hash_of(i, pool), pool);
    }
    write_file(path, text);
    run(apr_pstrcat(pool, "PATH=$PATH:/usr/sbin slapadd -q -f '", slapd->home, "/slapd.conf' -l '",
                    path, "'", NULL));
}

static apr_status_t remove_with_pool(void *data) {
    slapd_remove(data);
    return APR_SUCCESS;
}

slapd_t *slapd_make(apr_pool_t *pool, const char *const *replace) {
    slapd_t *slapd = apr_pcalloc(pool, sizeof(*slapd));
    const char *temp = getenv("TMPDIR");
    char *home = apr_pstrcat(pool, temp != NULL ? temp : "/tmp", "/xca-core-XXXXXX", NULL);
    static const char *const folders[] = {"/run", "/ldap", "/ldap/main", "/ldap/mail"};
    size_t i;

    assert_non_null(mkdtemp(home));
    slapd->pool = pool;
    slapd->home = home;
    slapd->uri = apr_pstrcat(
        pool, "ldapi://", replaced(apr_pstrcat(pool, home, "/run/ldapi", NULL), "/", "%2F", pool),
        NULL);
    apr_pool_cleanup_register(pool, slapd, remove_with_pool, apr_pool_cleanup_null);
    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        assert_int_equal(mkdir(apr_pstrcat(pool, home, folders[i], NULL), 0700), 0);
    }
    slapd_configure(slapd, replace);
    first_load(slapd);
    return slapd;
}

static void become_slapd(const slapd_t *slapd) {
    const char *config = apr_pstrcat(slapd->pool, slapd->home, "/slapd.conf", NULL);
    const char *log = apr_pstrcat(slapd->pool, slapd->home, "/slapd.log", NULL);

    if (freopen(log, "a", stderr) == NULL || freopen("/dev/null", "r", stdin) == NULL) {
        _exit(126);
    }
    execl("/usr/sbin/slapd", "slapd", "-h", slapd->uri, "-f", config, "-d", "0", (char *)NULL);
    _exit(127);
}

static int answers(const slapd_t *slapd) {
    static const char *const nothing[] = {"1.1", NULL};
    apr_pool_t *pool;
    xca_entry_t *entry;
    xca_error_t *err;
    int good;

    apr_pool_create(&pool, slapd->pool);
    err = xca_ldap_read(&entry, slapd_client(slapd, NULL, pool), "", nothing, pool);
    good = err == NULL;
    apr_pool_destroy(pool);
    return good;
}

void slapd_start(slapd_t *slapd) {
    int tenths;

    slapd->pid = fork();
    assert_true(slapd->pid >= 0);
    if (slapd->pid == 0) {
        become_slapd(slapd);
    }
    for (tenths = 0; tenths < 200; tenths++) {
        if (waitpid(slapd->pid, NULL, WNOHANG) == slapd->pid) {
            slapd->pid = 0;
            fail_msg("slapd does not start: see %s/slapd.log", slapd->home);
        }
        if (answers(slapd)) {
            return;
        }
        usleep(100000);
    }
    fail_msg("slapd does not answer");
}

static void end(slapd_t *slapd, int signal_number) {
    if (slapd->pid > 0) {
        kill(slapd->pid, SIGCONT);
        kill(slapd->pid, signal_number);
        waitpid(slapd->pid, NULL, 0);
        slapd->pid = 0;
    }
}

void slapd_stop(slapd_t *slapd) {
    end(slapd, SIGTERM);
}

void slapd_kill(slapd_t *slapd) {
    end(slapd, SIGKILL);
}

void slapd_freeze(slapd_t *slapd) {
    kill(slapd->pid, SIGSTOP);
    waitpid(slapd->pid, NULL, WUNTRACED); /* it has not stopped before it is told to have */
}

void slapd_thaw(slapd_t *slapd) {
    kill(slapd->pid, SIGCONT);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place) {
    return remove(path);
}

void slapd_remove(slapd_t *slapd) {
    struct stat info;

    slapd_kill(slapd);
    if (stat(slapd->home, &info) == 0) {
        nftw(slapd->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

xca_ldap_config_t slapd_config(const slapd_t *slapd, const char *identity, apr_pool_t *pool) {
    xca_ldap_config_t config;

    memset(&config, 0, sizeof(config));
    config.uri = slapd->uri;
    config.timeout = slapd->patience;
    if (identity != NULL) {
        config.bind_dn = apr_pstrcat(pool, "cn=", identity, ",ou=services," BASE, NULL);
        config.password = xca_secret_make(pool, identity, strlen(identity));
    }
    return config;
}

xca_ldap_t *slapd_client(const slapd_t *slapd, const char *identity, apr_pool_t *pool) {
    xca_ldap_config_t config = slapd_config(slapd, identity, pool);
    xca_ldap_t *ldap;

    assert_done(xca_ldap_make(&ldap, &config, pool));
    return ldap;
}

xca_store_t *slapd_store(const slapd_t *slapd, const char *identity, apr_pool_t *pool) {
    return xca_store_make(slapd_client(slapd, identity, pool), "c=TW", CA_DN, pool);
}

slapd_t *slapd_with_tree(apr_pool_t *pool) {
    slapd_t *slapd = slapd_make(pool, NULL);

    slapd_start(slapd);
    assert_done(xca_store_prepare(slapd_store(slapd, "admin", pool), pool));
    return slapd;
}

xca_ldap_t *slapd_start_with_root(slapd_t *slapd, apr_pool_t *pool) {
    const char *directory = apr_psprintf(pool, "directory \"%s/ldap/main\"", slapd->home);
    xca_ldap_config_t config;
    xca_ldap_t *root;

    slapd_configure(slapd, (const char *const[]){directory, apr_pstrcat(pool, "rootpw root\n", directory, NULL), NULL});
    slapd_start(slapd);
    assert_done(xca_store_prepare(slapd_store(slapd, "admin", pool), pool));
    config = slapd_config(slapd, NULL, pool);
    config.bind_dn = "cn=root,c=TW";
    config.password = xca_secret_make(pool, "root", 4);
    assert_done(xca_ldap_make(&root, &config, pool));
    return root;
}
