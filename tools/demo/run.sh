#!/usr/bin/env bash
# run.sh: "make run": packages, build, instance, servers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names
"$top/tools/demo/packages.sh" "$top/conf/packages-run.txt"
cd "$top"
jobs=-j$(nproc)
[[ ${MAKEFLAGS:-} != *-j* ]] || jobs=
(umask 022 && "${MAKE:-make}" --no-print-directory $jobs BUILD="${BUILD:-build}" all)
"$top/tools/demo/make.sh"
exec "$top/tools/demo/start.sh"
