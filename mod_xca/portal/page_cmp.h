/* CMP over HTTP (RFC 9483 section 6.1, RFC 6712): a device that has a secret for its first certificate, or holds one of this authority, asks for further ones, renews and has it
 * revoked. What is said is protected in itself, so that it may come over plain HTTP, too. What cannot be answered by a message of CMP is text in the
 * language of Accept-Language. */
#ifndef XCA_PORTAL_PAGE_CMP_H
#define XCA_PORTAL_PAGE_CMP_H

#include "portal/page.h"

xca_page xca_page_cmp; /* POST /.well-known/cmp, /.well-known/cmp/OPERATION, /.well-known/cmp/p/xca, /.well-known/cmp/p/xca/OPERATION */

#endif
