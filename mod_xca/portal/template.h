/* Templates: well-formed XHTML files, read once at start, written out by one small writer that escapes everything; it
 * has no raw output. Namespace prefix x: is ours and never written out:
 *   x:if="path" / x:unless="path"   the element is there only if the value is true / not
 *   x:each="item in path"           the element once for each item of the list
 *   x:text="path"                   its content is the value
 *   x:markup="path"                 its content is the text with markup (xca_map_markup)
 *   x:msg="id"                      its content is the catalogue's text (with {places} from the model)
 *   <x:block ...>                   its content without an element of its own, takes the attributes above
 *   <x:use file="layout">…</x:use>  the other template; <x:content/> in it is what stands here
 *   <x:include file="terms"/>       the other template; terms.zh.xhtml or terms.en.xhtml if there are such
 *   {path} in text and attributes   the value; {#id} the catalogue's text; {@id} the text whose id is the value of path `id`
 * Boolean attributes (checked, selected, disabled, required, open, hidden): left out if the value is empty.
 * In href, src, action and formaction values are percent-encoded as one component, and an attribute whose whole value is
 * one {path} must start with '/', '#', 'https://', 'http://' or 'mailto:', or it is left out.
 * Any other attribute whose whole value is one {path} is left out if there is no such value.
 * x:each comes first, then x:if and x:unless (they see the item). Further attributes of x:use and x:include bind names in the
 * other template (title="{#about.title}"; list="{errors}" passes the value itself). Names are looked up from the innermost
 * scope outwards, then in the model. Refused when read: style and on... attributes, inline scripts, frames, svg and what else
 * browsers do not read as plainly escaped text. */
#ifndef XCA_PORTAL_TEMPLATE_H
#define XCA_PORTAL_TEMPLATE_H

#include "outside/catalogue.h"
#include "portal/value.h"

typedef struct xca_templates xca_templates_t;

/* Reads every .xhtml of `folder`; every x: attribute, file and catalogue id is checked now. Errors:
 * "template.broken" (arg: "file:line"). */
xca_error_t *xca_templates_read(xca_templates_t **templates, const char *folder,
                                const xca_catalogue_t *catalogue, apr_pool_t *pool) XCA_MUST_USE;

/* Writes template `name` with `model` as HTML5 (<!DOCTYPE html>, void elements as HTML wants them). */
xca_error_t *xca_template_write(const xca_templates_t *templates, const char *name,
                                const xca_value_t *model, xca_language language,
                                xca_error_t *(*write)(void *baton, const char *data, apr_size_t length),
                                void *baton, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if there is a template of this name (in both languages, if it is one a language). */
int xca_template_exists(const xca_templates_t *templates, const char *name);

#endif
