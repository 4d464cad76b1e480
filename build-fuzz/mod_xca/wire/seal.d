build-fuzz/mod_xca/wire/seal.o: mod_xca/wire/seal.c mod_xca/wire/seal.h

mod_xca/wire/seal.h:
