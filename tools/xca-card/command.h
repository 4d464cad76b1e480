/* The command line: options, and a function a command that turns them into an operation. */
#ifndef XCA_CARD_COMMAND_H
#define XCA_CARD_COMMAND_H

#include "console.h"
#include "operations.h"

#define COMMAND_OPTIONS 32
#define COMMAND_PLAIN   8

typedef struct command_line {
    struct {
        const char *name, *value; /* value NULL: none */
    } options[COMMAND_OPTIONS];
    const char *plain[COMMAND_PLAIN]; /* command, then its arguments */
    int option_count, plain_count;
    helper_t helper;
    card_settings_t settings;
    console_t console;
    talk_t talk;
} command_line_t;

typedef fault_t *command_fn(command_line_t *line);

/* The last value of --name, or NULL. */
const char *command_option(const command_line_t *line, const char *name);
int command_has(const command_line_t *line, const char *name);

/* Fault: T_OPTION_MISSING. */
fault_t *command_needs(const command_line_t *line, const char *name, const char **value) MUST_USE;

/* A whole file of at most `most` bytes. Faults: T_FILE_READ, T_FILE_SIZE. */
fault_t *command_read_file(bytes_t *contents, const char *path, size_t most) MUST_USE;
fault_t *command_write_file(const char *path, view_t contents) MUST_USE;

/* The key of --key (or of the setting "key" if `needed`), its password from --password-file or asked. *key is NULL without one. */
fault_t *command_key(command_line_t *line, int needed, file_key_t **key) MUST_USE;

/* The same for a key whose file is known. `password_file` NULL or empty: it is asked for, if there is one. */
fault_t *command_open_key(file_key_t **key, const char *path, const char *password_file, const talk_t *talk) MUST_USE;

command_fn command_serve, command_contact, command_sign, command_login, command_queue, command_produce, command_dispatch,
    command_discard;

#endif
