build-fuzz/mod_xca/outside/crypto_weak_rsa.o: \
  mod_xca/outside/crypto_weak_rsa.c mod_xca/outside/crypto_csr_parts.h \
  mod_xca/outside/crypto_csr.h mod_xca/base/text.h mod_xca/base/error.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr.h \
  /usr/include/apr-1.0/apr_errno.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h mod_xca/outside/crypto_der.h

mod_xca/outside/crypto_csr_parts.h:

mod_xca/outside/crypto_csr.h:

mod_xca/base/text.h:

mod_xca/base/error.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

mod_xca/outside/crypto_der.h:
