/* settings.h: what real cards differ in, by name. README.md describes each. */
#ifndef CARDSIM_SETTINGS_H
#define CARDSIM_SETTINGS_H

#include "card.h"

void settings_default(settings_t *settings);

/* Sets one; false if the name or the value is none. */
bool settings_set(settings_t *settings, const char *name, const char *value);

/* Reads "name = value" lines; # begins a comment. False with a message on stderr. */
bool settings_read(settings_t *settings, const char *path);

/* What follows from the others (the ATR): to be called after the last. */
void settings_finish(settings_t *settings);

#endif
