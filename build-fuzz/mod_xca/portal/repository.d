build-fuzz/mod_xca/portal/repository.o: mod_xca/portal/repository.c \
  mod_xca/portal/repository.h mod_xca/operations/office.h \
  mod_xca/base/settings.h mod_xca/base/error.h \
  /usr/include/apr-1.0/apr_pools.h /usr/include/apr-1.0/apr.h \
  /usr/include/apr-1.0/apr_errno.h /usr/include/apr-1.0/apr_general.h \
  /usr/include/apr-1.0/apr_want.h /usr/include/apr-1.0/apr_allocator.h \
  /usr/include/apr-1.0/apr_thread_mutex.h \
  /usr/include/apr-1.0/apr_time.h mod_xca/directory/case_store.h \
  mod_xca/directory/store.h mod_xca/outside/ldap.h \
  /usr/include/apr-1.0/apr_tables.h mod_xca/base/secret.h \
  mod_xca/base/text.h mod_xca/domain/review.h mod_xca/domain/case.h \
  mod_xca/domain/certificate.h mod_xca/domain/organisation.h \
  mod_xca/domain/postal.h mod_xca/directory/cert_store.h \
  mod_xca/directory/office_store.h mod_xca/domain/request.h \
  mod_xca/directory/org_store.h /usr/include/apr-1.0/apr_strings.h \
  mod_xca/base/log.h mod_xca/outside/crypto.h

mod_xca/portal/repository.h:

mod_xca/operations/office.h:

mod_xca/base/settings.h:

mod_xca/base/error.h:

/usr/include/apr-1.0/apr_pools.h:

/usr/include/apr-1.0/apr.h:

/usr/include/apr-1.0/apr_errno.h:

/usr/include/apr-1.0/apr_general.h:

/usr/include/apr-1.0/apr_want.h:

/usr/include/apr-1.0/apr_allocator.h:

/usr/include/apr-1.0/apr_thread_mutex.h:

/usr/include/apr-1.0/apr_time.h:

mod_xca/directory/case_store.h:

mod_xca/directory/store.h:

mod_xca/outside/ldap.h:

/usr/include/apr-1.0/apr_tables.h:

mod_xca/base/secret.h:

mod_xca/base/text.h:

mod_xca/domain/review.h:

mod_xca/domain/case.h:

mod_xca/domain/certificate.h:

mod_xca/domain/organisation.h:

mod_xca/domain/postal.h:

mod_xca/directory/cert_store.h:

mod_xca/directory/office_store.h:

mod_xca/domain/request.h:

mod_xca/directory/org_store.h:

/usr/include/apr-1.0/apr_strings.h:

mod_xca/base/log.h:

mod_xca/outside/crypto.h:
