#include "command.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD_MAX 200
#define SIGN_MAX     ((size_t)256 * 1024 * 1024)
#define ATTACHED_MAX ((size_t)8 * 1024 * 1024)
#define TEXT_MAX     65536

const char *command_option(const command_line_t *line, const char *name) {
    int i;

    for (i = line->option_count - 1; i >= 0; i--) {
        if (strcmp(line->options[i].name, name) == 0) {
            return line->options[i].value;
        }
    }
    return NULL;
}

int command_has(const command_line_t *line, const char *name) {
    int i;

    for (i = 0; i < line->option_count; i++) {
        if (strcmp(line->options[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

fault_t *command_needs(const command_line_t *line, const char *name, const char **value) {
    char option[64];

    *value = command_option(line, name);
    snprintf(option, sizeof(option), "--%s", name);
    return *value != NULL && (*value)[0] != '\0' ? NULL : fault_make(T_OPTION_MISSING, option, "%s", option);
}

fault_t *command_read_file(bytes_t *contents, const char *path, size_t most) {
    FILE *file = fopen(path, "rb");
    char block[16384];
    size_t got;
    fault_t *fault = NULL;

    if (file == NULL) {
        return fault_make(T_FILE_READ, path, "open");
    }
    while (fault == NULL && (got = fread(block, 1, sizeof(block), file)) > 0) {
        if (got > most - contents->length) {
            fault = fault_make(T_FILE_SIZE, path, "more than %lu bytes", (unsigned long)most);
        } else {
            bytes_add(contents, block, got);
        }
    }
    if (fault == NULL && ferror(file)) {
        fault = fault_make(T_FILE_READ, path, "read");
    }
    wipe(block, sizeof(block));
    fclose(file);
    return fault;
}

fault_t *command_write_file(const char *path, view_t contents) {
    FILE *file = fopen(path, "wb");
    int done;

    if (file == NULL) {
        return fault_make(T_FILE_WRITE, path, "open");
    }
    done = fwrite(contents.data, 1, contents.length, file) == contents.length;
    done = fclose(file) == 0 && done;
    return done ? NULL : fault_make(T_FILE_WRITE, path, "write");
}

static fault_t *read_password(const talk_t *talk, const char *path, const char *key, secret_t *password) {
    bytes_t contents = {NULL, 0, 0};
    fault_t *fault;

    if (path == NULL || path[0] == '\0') {
        return talk->ask_secret(talk->baton, TALK_PASSWORD, T_ASK_PASSWORD, key, password);
    }
    fault = command_read_file(&contents, path, PASSWORD_MAX);
    if (fault == NULL) {
        secret_set(password, bytes_text(&contents), strcspn(bytes_text(&contents), "\r\n"));
    }
    bytes_free(&contents);
    return fault;
}

fault_t *command_open_key(file_key_t **key, const char *path, const char *password_file, const talk_t *talk) {
    secret_t password;
    int needs_password = 0;
    fault_t *fault = file_key_read(key, path, NULL, &needs_password);

    if (fault != NULL || !needs_password) {
        return fault;
    }
    memset(&password, 0, sizeof(password));
    fault = read_password(talk, password_file, path, &password);
    if (fault == NULL) {
        fault = file_key_read(key, path, &password, &needs_password);
    }
    secret_wipe(&password);
    return fault;
}

fault_t *command_key(command_line_t *line, int needed, file_key_t **key) {
    const char *path = command_option(line, "key"), *password_file = command_option(line, "password-file");

    *key = NULL;
    if (path == NULL && needed && line->settings.operator_key[0] != '\0') {
        path = line->settings.operator_key;
    }
    if (path == NULL) {
        return needed ? fault_make(T_OPTION_MISSING, "--key", "--key") : NULL;
    }
    if (password_file == NULL && path == line->settings.operator_key) {
        password_file = line->settings.operator_password_file;
    }
    return command_open_key(key, path, password_file, &line->talk);
}

fault_t *command_contact(command_line_t *line) {
    xca_card_contact_t changes = {
        .name = command_option(line, "name"),
        .title = command_option(line, "title"),
        .email = command_option(line, "email"),
        .county = command_option(line, "county"),
        .district = command_option(line, "district"),
        .zip = command_option(line, "zip"),
        .street = command_option(line, "street"),
        .phone = command_option(line, "phone"),
        .fax = command_option(line, "fax"),
        .notices = command_option(line, "notices"),
    };
    const char *what = line->plain_count > 1 ? line->plain[1] : "show";

    if (strcmp(what, "show") == 0) {
        return operation_contact_show(&line->helper);
    }
    return strcmp(what, "change") == 0 ? operation_contact_change(&line->helper, &changes)
                                       : fault_make(T_USAGE, NULL, "contact show|change");
}

static fault_t *sign_file(command_line_t *line, file_key_t *key, const char *path, bytes_t *cms) {
    int attached = command_has(line, "attached");
    unsigned char digest[PIV_SHA256];
    bytes_t contents = {NULL, 0, 0};
    view_t content;
    fault_t *fault = command_read_file(&contents, path, attached ? ATTACHED_MAX : SIGN_MAX);

    content = bytes_view(&contents);
    if (fault == NULL) {
        fault = crypto_sha256(digest, content);
    }
    if (fault == NULL) {
        fault = operation_sign(&line->helper, key, attached ? &content : NULL, digest, cms);
    }
    bytes_free(&contents);
    return fault;
}

fault_t *command_sign(command_line_t *line) {
    const char *out;
    bytes_t cms = {NULL, 0, 0};
    file_key_t *key = NULL;
    fault_t *fault = command_needs(line, "out", &out);

    if (fault == NULL && line->plain_count != 2) {
        fault = fault_make(T_USAGE, NULL, "sign FILE");
    }
    if (fault == NULL) {
        fault = command_key(line, 0, &key);
    }
    if (fault == NULL) {
        fault = sign_file(line, key, line->plain[1], &cms);
    }
    if (fault == NULL) {
        fault = command_write_file(out, bytes_view(&cms));
    }
    file_key_free(key);
    bytes_free(&cms);
    return fault;
}

fault_t *command_login(command_line_t *line) {
    const char *out;
    bytes_t cms = {NULL, 0, 0}, challenge = {NULL, 0, 0};
    file_key_t *key = NULL;
    fault_t *fault = command_needs(line, "out", &out);

    if (fault == NULL && line->plain_count != 2) {
        fault = fault_make(T_USAGE, NULL, "login FILE");
    }
    if (fault == NULL) {
        fault = command_read_file(&challenge, line->plain[1], TEXT_MAX);
    }
    if (fault == NULL) {
        fault = command_key(line, 0, &key);
    }
    if (fault == NULL) {
        fault = operation_login(&line->helper, key, bytes_view(&challenge), &cms);
    }
    if (fault == NULL) {
        fault = command_write_file(out, bytes_view(&cms));
    }
    file_key_free(key);
    bytes_free(&cms);
    bytes_free(&challenge);
    return fault;
}

static fault_t *take_operator(command_line_t *line, operator_t *operator) {
    operator->uid = command_option(line, "officer");
    if (operator->uid == NULL) {
        operator->uid = line->settings.operator_uid;
    }
    if (operator->uid[0] == '\0') {
        return fault_make(T_OPTION_MISSING, "--officer", "--officer");
    }
    return command_key(line, 1, &operator->key);
}

fault_t *command_queue(command_line_t *line) {
    operator_t operator = {NULL, NULL};
    fault_t *fault = take_operator(line, &operator);

    if (fault == NULL) {
        fault = operation_queue(&line->helper, &operator);
    }
    file_key_free(operator.key);
    return fault;
}

fault_t *command_produce(command_line_t *line) {
    const char *count = command_option(line, "count");
    production_t wanted = {command_option(line, "case"), 1, command_has(line, "overwrite")};
    operator_t operator = {NULL, NULL};
    fault_t *fault = NULL;

    if (command_has(line, "all")) {
        wanted.count = 0;
    } else if (count != NULL) {
        wanted.count = 0;
        for (; *count >= '0' && *count <= '9' && wanted.count < 10000; count++) {
            wanted.count = wanted.count * 10 + *count - '0';
        }
        if (*count != '\0' || wanted.count == 0) {
            fault = fault_make(T_USAGE, NULL, "--count");
        }
    }
    if (fault == NULL) {
        fault = take_operator(line, &operator);
    }
    if (fault == NULL) {
        fault = operation_produce(&line->helper, &operator, &wanted);
    }
    file_key_free(operator.key);
    return fault;
}

/* dispatch and discard: a case, a card, and a word about it. */
static fault_t *tell_centre(command_line_t *line, const char *word,
                            fault_t *(*operation)(const helper_t *, const operator_t *, const char *,
                                                  const char *, const char *)) {
    const char *case_number, *card, *value;
    operator_t operator = {NULL, NULL};
    fault_t *fault = command_needs(line, "case", &case_number);

    if (fault == NULL) {
        fault = command_needs(line, "card", &card);
    }
    if (fault == NULL) {
        fault = command_needs(line, word, &value);
    }
    if (fault == NULL) {
        fault = take_operator(line, &operator);
    }
    if (fault == NULL) {
        fault = operation(&line->helper, &operator, case_number, card, value);
    }
    file_key_free(operator.key);
    return fault;
}

fault_t *command_dispatch(command_line_t *line) {
    return tell_centre(line, "mail-number", operation_dispatch);
}

fault_t *command_discard(command_line_t *line) {
    return tell_centre(line, "reason", operation_discard);
}
