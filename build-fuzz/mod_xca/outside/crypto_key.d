build-fuzz/mod_xca/outside/crypto_key.o: mod_xca/outside/crypto_key.c \
  /usr/include/apr-1.0/apr_file_io.h /usr/include/apr-1.0/apr.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr_errno.h \
  /usr/include/apr-1.0/apr_general.h /usr/include/apr-1.0/apr_want.h \
  /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h /usr/include/apr-1.0/apr_file_info.h \
  /usr/include/apr-1.0/apr_user.h /usr/include/apr-1.0/apr_tables.h \
  /usr/include/apr-1.0/apr_inherit.h /usr/include/apr-1.0/apr_strings.h \
  mod_xca/base/settings.h mod_xca/base/error.h \
  mod_xca/outside/crypto_openssl.h mod_xca/outside/crypto.h \
  mod_xca/base/secret.h mod_xca/base/text.h

/usr/include/apr-1.0/apr_file_io.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

/usr/include/apr-1.0/apr_file_info.h:

/usr/include/apr-1.0/apr_user.h:

/usr/include/apr-1.0/apr_tables.h:

/usr/include/apr-1.0/apr_inherit.h:

/usr/include/apr-1.0/apr_strings.h:

mod_xca/base/settings.h:

mod_xca/base/error.h:

mod_xca/outside/crypto_openssl.h:

mod_xca/outside/crypto.h:

mod_xca/base/secret.h:

mod_xca/base/text.h:
