/* What central officers sign to change officers and windows, as text of wire/lines.h in which every line is there. It says all of the
 * record as it shall be, so that the card helper shows it and nothing else has to be believed.
 *
 *   XCA-ORDER-1
 *   order: <32 hex digits>    (random; one order is carried out once)
 *   kind: officer|window
 *   subject: <uid, or id of the window>
 *   title: ...                (officer: function; window: name)
 *   role: ra|central|card-centre|auditor   (officer)
 *   person: ...               (officer)
 *   active: yes|no            (officer)
 *   certificate: sha256:<64 hex digits>    (officer)
 *   window: ...               (officer of a window)
 *   county: ...  classes: ...  address: ...  phone: ...   (window)
 *   officer: <uid of who signs>
 *   time: 20261125T090000Z
 */
#ifndef XCA_WIRE_ORDER_H
#define XCA_WIRE_ORDER_H

#include <stddef.h>

#define XCA_ORDER_MAX   8192 /* bytes of a whole order */
#define XCA_ORDER_FIRST "XCA-ORDER-1"

typedef struct xca_order_text {
    const char *order, *kind, *subject, *title;
    const char *role, *person, *active, *certificate, *window;
    const char *county, *classes, *address, *phone;
    const char *officer, *time;
} xca_order_text_t;

/* Writes into `buffer` of `size` bytes; NULL members are empty. Returns the length, or 0 if it does not fit or is not of the form above. */
size_t xca_order_write(const xca_order_text_t *order, char *buffer, size_t size);

/* Reads strictly; the members point into `storage`, which has room for `length` bytes. Returns 1, or 0 if it is no order. */
int xca_order_read(xca_order_text_t *order, char *storage, const char *text, size_t length);

#endif
