/* A real slapd with conf/slapd.conf.in in a folder of its own, which is removed with the pool. Everything that
 * fails here ends the test. */
#ifndef XCA_TESTS_SLAPD_FIXTURE_H
#define XCA_TESTS_SLAPD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <apr_strings.h>
#include "directory/store.h"

#define CA_DN "ou=組織及團體憑證管理中心,o=行政院,c=TW"
#define BASE  "ou=XCA,c=TW"

typedef struct slapd {
    apr_pool_t *pool;
    const char *home, *uri; /* ldapi:// in the folder */
    int pid;                /* 0: not running */
    apr_interval_time_t patience; /* of its clients; 0: the usual one */
} slapd_t;

/* Makes folder, slapd.conf and the first entries. `replace` (or NULL): pairs of texts of slapd.conf and what stands in
 * their place, ended by NULL. */
slapd_t *slapd_make(apr_pool_t *pool, const char *const *replace);

void slapd_start(slapd_t *slapd);  /* returns when it answers */
void slapd_stop(slapd_t *slapd);   /* SIGTERM, waits */
void slapd_kill(slapd_t *slapd);   /* SIGKILL, waits */
void slapd_freeze(slapd_t *slapd); /* SIGSTOP: it answers nobody, its sockets stay */
void slapd_thaw(slapd_t *slapd);
void slapd_remove(slapd_t *slapd); /* stops it and removes the folder */
/* Writes slapd.conf anew with other replacements; for the next start. */
void slapd_configure(slapd_t *slapd, const char *const *replace);

/* A client of the directory as "portal", "signer", "admin" or NULL for anonymous. */
xca_ldap_config_t slapd_config(const slapd_t *slapd, const char *identity, apr_pool_t *pool);
xca_ldap_t *slapd_client(const slapd_t *slapd, const char *identity, apr_pool_t *pool);
xca_store_t *slapd_store(const slapd_t *slapd, const char *identity, apr_pool_t *pool);

/* slapd made and started, the tree prepared by the admin. */
slapd_t *slapd_with_tree(apr_pool_t *pool);

/* Ends the test with the whole error if there is one. */
void assert_done(xca_error_t *err);
/* Ends the test unless this is the error. */
void assert_error(xca_error_t *err, const char *message);

/* Starts slapd with a root that no rule binds, makes the branches, and connects as that root: whoever has broken in. */
xca_ldap_t *slapd_start_with_root(slapd_t *slapd, apr_pool_t *pool);

#endif
