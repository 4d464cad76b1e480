build-fuzz/mod_xca/directory/record.o: mod_xca/directory/record.c \
  mod_xca/directory/record.h mod_xca/directory/store.h \
  mod_xca/outside/ldap.h /usr/include/apr-1.0/apr_tables.h \
  /usr/include/apr-1.0/apr.h /usr/include/apr-1.0/apr_pools.h \
  /usr/include/apr-1.0/apr_errno.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h mod_xca/base/secret.h \
  mod_xca/base/error.h mod_xca/base/text.h \
  /usr/include/apr-1.0/apr_strings.h mod_xca/domain/calendar.h

mod_xca/directory/record.h:

mod_xca/directory/store.h:

mod_xca/outside/ldap.h:

/usr/include/apr-1.0/apr_tables.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

mod_xca/base/secret.h:

mod_xca/base/error.h:

mod_xca/base/text.h:

/usr/include/apr-1.0/apr_strings.h:

mod_xca/domain/calendar.h:
