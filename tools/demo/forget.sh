#!/usr/bin/env bash
# forget.sh: removes the demo instance in XCA_HOME with everything in it.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names
[[ -e $home ]] || exit 0
[[ -e $mark ]] || fail "$home is no instance of the demo: it stays as it is."
lock_home
stop_servers
rm -rf -- "$home"
say "Forgotten: $home"
