build-fuzz/mod_xca/outside/mail.o: mod_xca/outside/mail.c \
  mod_xca/outside/mail.h /usr/include/apr-1.0/apr_time.h \
  /usr/include/apr-1.0/apr.h /usr/include/apr-1.0/apr_errno.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h mod_xca/base/secret.h \
  mod_xca/base/error.h /usr/include/apr-1.0/apr_file_io.h \
  /usr/include/apr-1.0/apr_file_info.h /usr/include/apr-1.0/apr_user.h \
  /usr/include/apr-1.0/apr_tables.h /usr/include/apr-1.0/apr_inherit.h \
  /usr/include/apr-1.0/apr_strings.h \
  /usr/include/apr-1.0/apr_thread_proc.h \
  /usr/include/apr-1.0/apr_perms_set.h mod_xca/base/text.h \
  mod_xca/domain/calendar.h

mod_xca/outside/mail.h:

/usr/include/apr-1.0/apr_time.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

mod_xca/base/secret.h:

mod_xca/base/error.h:

/usr/include/apr-1.0/apr_file_io.h:

/usr/include/apr-1.0/apr_file_info.h:

/usr/include/apr-1.0/apr_user.h:

/usr/include/apr-1.0/apr_tables.h:

/usr/include/apr-1.0/apr_inherit.h:

/usr/include/apr-1.0/apr_strings.h:

/usr/include/apr-1.0/apr_thread_proc.h:

/usr/include/apr-1.0/apr_perms_set.h:

mod_xca/base/text.h:

mod_xca/domain/calendar.h:
