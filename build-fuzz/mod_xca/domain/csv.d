build-fuzz/mod_xca/domain/csv.o: mod_xca/domain/csv.c \
  mod_xca/domain/csv.h mod_xca/base/error.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr.h \
  /usr/include/apr-1.0/apr_errno.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h /usr/include/apr-1.0/apr_strings.h \
  mod_xca/base/text.h

mod_xca/domain/csv.h:

mod_xca/base/error.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

/usr/include/apr-1.0/apr_strings.h:

mod_xca/base/text.h:
