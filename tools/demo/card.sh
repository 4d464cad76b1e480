#!/usr/bin/env bash
# card.sh 1|2 pull|insert|new: the hand at the demo's card readers. "new" puts a blank card in; the one that was there is kept
# in XCA_HOME/cards. "card.sh" alone says how programs find the readers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names

usage() {
    say "usage: tools/demo/card.sh 1|2 pull|insert|new"
    exit "$1"
}

running_card() { # name
    pid=$(our_process "$home/run/$1.pid")
    [[ -n $pid ]] || fail "There is no card $number in $home: is the demo running (make run), and with this XCA_HOME?"
}

# pcscd looks at a reader every so often: what is typed next must find the card where it is said to be.
wait_until() { # empty|full, as xca-card sees it
    local i line state
    for ((i = 0; i < 100; i++)); do
        line=$(PCSCLITE_CSOCK_NAME=$(readers_folder)/pcscd.comm "$build/xca-card" --language en list 2>/dev/null |
            grep -A1 "00 0$((number - 1))\$" | tail -n 1) || true
        state=full
        [[ $line != *"no card"* ]] || state=empty
        [[ -z $line || $state != "$1" ]] || return 0
        sleep 0.1
    done
    fail "The reader does not tell that the card was moved. See $home/log."
}

new_card() { # name
    local kept=$1.kept-$(date +%Y%m%d-%H%M%S)
    stop_server "$1"
    mv -- "$home/cards/$1" "$home/cards/$kept"
    wait_until empty
    start_server "$1"
    wait_for "$1" 10 "$!" || exit 1
    wait_until full
    say "A blank card is in reader $number; the other one is kept as $home/cards/$kept."
}

case ${1:-} in
'')
    [[ -s $home/run/readers ]] || fail "There are no card readers in $home: is the demo running (make run), and with this XCA_HOME?"
    say "export PCSCLITE_CSOCK_NAME=$(readers_folder)/pcscd.comm"
    exit 0
    ;;
1 | 2) number=$1 ;;
-h | --help) usage 0 ;;
*) usage 1 >&2 ;;
esac

case ${2:-} in
pull)
    running_card "card-$number"
    kill -USR1 "$pid"
    wait_until empty
    say "Card $number is out of its reader."
    ;;
insert)
    running_card "card-$number"
    kill -USR2 "$pid"
    wait_until full
    say "Card $number is in its reader."
    ;;
new)
    running_card "card-$number"
    new_card "card-$number"
    ;;
*) usage 1 >&2 ;;
esac
