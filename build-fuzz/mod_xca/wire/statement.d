build-fuzz/mod_xca/wire/statement.o: mod_xca/wire/statement.c \
  mod_xca/wire/statement.h

mod_xca/wire/statement.h:
