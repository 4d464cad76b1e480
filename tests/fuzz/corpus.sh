#!/usr/bin/env bash
# corpus.sh TARGET: the folders of a fuzz target's corpus, one a line: tests/fuzz/corpus/NAME (kept findings and
# seeds), and those that tests/fuzz/NAME.corpus names, relative to the repository.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
name=${1#fuzz_}
[[ ! -d tests/fuzz/corpus/$name ]] || printf '%s\n' "tests/fuzz/corpus/$name"
[[ ! -e tests/fuzz/$name.corpus ]] || sed -e '/^#/d' -e '/^$/d' "tests/fuzz/$name.corpus"
