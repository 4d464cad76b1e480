build-fuzz/mod_xca/outside/crypto_lint_ext.o: \
  mod_xca/outside/crypto_lint_ext.c mod_xca/outside/crypto_lint_parts.h \
  mod_xca/outside/crypto_lint.h mod_xca/outside/crypto_ca.h \
  mod_xca/domain/certificate.h /usr/include/apr-1.0/apr_time.h \
  /usr/include/apr-1.0/apr.h /usr/include/apr-1.0/apr_errno.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h mod_xca/base/text.h \
  mod_xca/base/error.h mod_xca/domain/organisation.h \
  /usr/include/apr-1.0/apr_tables.h mod_xca/base/settings.h \
  mod_xca/domain/codes.h mod_xca/base/secret.h mod_xca/outside/crypto.h \
  mod_xca/outside/crypto_openssl.h

mod_xca/outside/crypto_lint_parts.h:

mod_xca/outside/crypto_lint.h:

mod_xca/outside/crypto_ca.h:

mod_xca/domain/certificate.h:

/usr/include/apr-1.0/apr_time.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

mod_xca/base/text.h:

mod_xca/base/error.h:

mod_xca/domain/organisation.h:

/usr/include/apr-1.0/apr_tables.h:

mod_xca/base/settings.h:

mod_xca/domain/codes.h:

mod_xca/base/secret.h:

mod_xca/outside/crypto.h:

mod_xca/outside/crypto_openssl.h:
