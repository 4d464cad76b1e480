/* Settings: "name = value" lines, # comments; file names relative to the file's folder. See xca-card.1. */
#ifndef XCA_CARD_SETTINGS_H
#define XCA_CARD_SETTINGS_H

#include "bytes.h"
#include "fault.h"

#define SETTINGS_VALUE 512

#define SYSTEM_CA "system" /* as tls-ca-file: the CAs that the system knows */

typedef struct card_settings {
    char portal_url[SETTINGS_VALUE]; /* without a slash at the end                  */
    char ca_file[SETTINGS_VALUE];    /* PEM: the anchor of XCA's certificates       */
    char tls_ca_file[SETTINGS_VALUE];/* PEM: of the portal's own; default: ca-file  */
    char origins[SETTINGS_VALUE];    /* of pages that may use the bridge, with blanks between; empty: the portal's */
    char reader[SETTINGS_VALUE];
    char pinentry[SETTINGS_VALUE];
    char operator_uid[SETTINGS_VALUE];
    char operator_key[SETTINGS_VALUE], operator_password_file[SETTINGS_VALUE];
    secret_t blank_puk, blank_management_key; /* what a blank comes with          */
    int blank_management_algorithm;                      /* piv_admin.h             */
    int pin_tries;                                       /* 0: as the blank has them */
    int portal_timeout;                                  /* seconds                 */
} card_settings_t;

/* `path`: the file, or NULL: the user's, then the system's, then only defaults. Faults: T_SETTINGS_FILE, T_SETTINGS_LINE. */
fault_t *settings_read(card_settings_t *settings, const char *path) MUST_USE;

/* The same from text; `folder` is what relative names are taken from. */
fault_t *settings_parse(card_settings_t *settings, const char *text, size_t length,
                        const char *folder) MUST_USE;

/* Sets one, as from the file. Faults: T_SETTINGS_NAME, T_SETTINGS_VALUE. */
fault_t *settings_put(card_settings_t *settings, const char *name, const char *value,
                      const char *folder) MUST_USE;

void settings_defaults(card_settings_t *settings);
void settings_wipe(card_settings_t *settings);

#endif
