build-fuzz/mod_xca/operations/import.o: mod_xca/operations/import.c \
  mod_xca/operations/import.h mod_xca/domain/organisation.h \
  /usr/include/apr-1.0/apr_tables.h /usr/include/apr-1.0/apr.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr_errno.h \
  /usr/include/apr-1.0/apr_general.h /usr/include/apr-1.0/apr_want.h \
  /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h mod_xca/base/settings.h \
  mod_xca/base/error.h mod_xca/domain/postal.h \
  /usr/include/apr-1.0/apr_hash.h /usr/include/apr-1.0/apr_strings.h \
  mod_xca/base/text.h mod_xca/domain/csv.h mod_xca/domain/names.h \
  mod_xca/operations/import_rows.h

mod_xca/operations/import.h:

mod_xca/domain/organisation.h:

/usr/include/apr-1.0/apr_tables.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

mod_xca/base/settings.h:

mod_xca/base/error.h:

mod_xca/domain/postal.h:

/usr/include/apr-1.0/apr_hash.h:

/usr/include/apr-1.0/apr_strings.h:

mod_xca/base/text.h:

mod_xca/domain/csv.h:

mod_xca/domain/names.h:

mod_xca/operations/import_rows.h:
