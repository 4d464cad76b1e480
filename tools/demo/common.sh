# What the demo's scripts share: where things are, and how they speak. Sourced, never run.
# Settings: XCA_HOME (build/demo), XCA_HTTPS_PORT (8443), XCA_HTTP_PORT (8080), XCA_LDAP_PORT (3890), XCA_CARD_KEYS (rsa:2048),
# BUILD (build: where the programs are); for tests XCA_CLOCK_OFFSET (0: seconds) and XCA_OFFICE_LOGINS, XCA_API_REQUESTS (30 a minute).
set -euo pipefail
shopt -u patsub_replacement 2>/dev/null || true
umask 077
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }

build=$(absolute "${BUILD:-$top/build}")
home=$(absolute "${XCA_HOME:-$top/build/demo}")
https_port=${XCA_HTTPS_PORT:-8443}
http_port=${XCA_HTTP_PORT:-8080}
ldap_port=${XCA_LDAP_PORT:-3890}
card_keys=${XCA_CARD_KEYS:-rsa:2048}
office_logins=${XCA_OFFICE_LOGINS:-30}
api_requests=${XCA_API_REQUESTS:-30}
clock_offset=${XCA_CLOCK_OFFSET:-0}
htdocs=$top/htdocs
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*"; }
fail() {
    printf 'xca: %s\n' "$*" >&2
    exit 1
}

# A folder is an instance of ours if this file is in it: only such a folder is ever emptied.
mark=$home/xca-demo-instance

check_names() {
    local port folder
    for port in "$https_port" "$http_port" "$ldap_port"; do
        [[ $port =~ ^[1-9][0-9]{0,4}$ ]] && ((port < 65536)) || fail "'$port' is not a port number."
    done
    [[ $card_keys == rsa:2048 || $card_keys == ec:P-256 ]] || fail "XCA_CARD_KEYS is rsa:2048 or ec:P-256, not '$card_keys'."
    [[ $clock_offset =~ ^-?[0-9]{1,9}$ ]] || fail "XCA_CLOCK_OFFSET '$clock_offset' is not a number of seconds."
    for folder in "$home" "$top" "$build"; do
        case $folder in
        *['"'\\\$@]* | *[[:cntrl:]]*)
            fail "The folder '$folder' has a quote, backslash, dollar, @ or control character in its name: please choose another." ;;
        esac
    done
    case $home in */) home=${home%/} ;; esac
}

# The process of one of our servers, by its pid file; prints nothing if it is gone. A number in a stale file can belong
# to a stranger by now: ours has the instance's folder, or that of its readers, in its command line.
our_process() { # file
    local pid names=(-e "$home/")
    [[ -s $1 ]] || return 0
    pid=$(tr -dc 0-9 <"$1")
    [[ -n $pid && -r /proc/$pid/cmdline ]] || return 0
    [[ ! -s $home/run/readers ]] || names+=(-e "$(readers_folder)/")
    if tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "${names[@]}"; then
        printf '%s' "$pid"
    fi
}

# A zombie no longer runs. By nothing but bash itself: who waits for a command in the foreground loses a Ctrl-C that comes when the
# command has just ended.
is_running() { # pid
    local line
    { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    line=${line##*) }
    [[ $line != Z* ]]
}

# Ends a process and waits until it is gone; after `seconds` it is killed.
stop_process() { # pid seconds
    local tenths=$(($2 * 10))
    is_running "$1" || return 0
    kill -TERM "$1" 2>/dev/null || return 0
    while is_running "$1"; do
        if ((tenths-- <= 0)); then
            kill -KILL "$1" 2>/dev/null || return 0
        fi
        sleep 0.1
    done
}

stop_server() { # name
    local pid
    pid=$(our_process "$home/run/$1.pid")
    [[ -z $pid ]] || stop_process "$pid" 20
    rm -f "$home/run/$1.pid"
}

stop_cards() {
    local name
    for name in card-1 card-2 readers; do
        stop_server "$name"
    done
    remove_readers_folder
}

# Front to back: no card is worked on and no request comes in any more, then nothing is signed, then nothing is stored.
stop_servers() {
    local name
    stop_cards
    for name in httpd signer slapd; do
        stop_server "$name"
    done
}

# The sockets of the card readers are in a folder of their own: a socket's path has room for 107 bytes, the longest name in
# there is card-1.control, and pcscd's configuration knows no quoting.
make_readers_folder() {
    local folder=$home/cards/readers place
    mkdir -p "$home/cards"
    remove_readers_folder
    folder=$(realpath -- "$home/cards")/readers
    if ! [[ $folder =~ ^[A-Za-z0-9/._+-]{1,90}$ ]]; then
        place=/tmp
        [[ ! ${XDG_RUNTIME_DIR:-} =~ ^/[A-Za-z0-9/._+-]{1,70}$ || ! -O $XDG_RUNTIME_DIR ]] || place=$XDG_RUNTIME_DIR
        folder=$(mktemp -d "$place/xca-readers.XXXXXX") || return 1
    fi
    printf '%s\n' "$folder" >"$home/run/readers"
}

readers_folder() { cat "$home/run/readers"; }

remove_readers_folder() {
    local folder
    [[ -s $home/run/readers ]] || return 0
    folder=$(readers_folder)
    case $folder in
    */cards/readers | */xca-readers.??????) [[ ! -O $folder || -L $folder ]] || rm -rf -- "$folder" ;;
    esac
    rm -f "$home/run/readers"
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Fills the @NAMES@ of a template in conf/, literally: no name can break out, check_names has seen to that.
fill() { # template target
    local text run_as='# httpd runs as the user who started it'
    text=$(<"$top/conf/$1")
    if ((EUID == 0)); then
        run_as=$'User www-data\nGroup www-data'
    fi
    text=${text//'@HOME@'/"$home"}
    text=${text//'@CONF@'/"$top/conf"}
    text=${text//'@HTDOCS@'/"$htdocs"}
    text=${text//'@BUILD@'/"$build"}
    text=${text//'@SCHEMA@'/"$top/ldap-schema"}
    text=${text//'@MOD_XCA@'/"$build/mod_xca.so"}
    text=${text//'@MODULES@'/"/usr/lib/apache2/modules"}
    text=${text//'@HTTP_PORT@'/"$http_port"}
    text=${text//'@HTTPS_PORT@'/"$https_port"}
    text=${text//'@LDAP_PORT@'/"$ldap_port"}
    text=${text//'@CARD_KEYS@'/"$card_keys"}
    text=${text//'@OFFICE_LOGINS@'/"$office_logins"}
    text=${text//'@API_REQUESTS@'/"$api_requests"}
    text=${text//'@CLOCK_OFFSET@'/"$clock_offset"}
    text=${text//'@RUN_AS@'/"$run_as"}
    printf '%s\n' "$text" >"$2"
}

# Ports, folders and the clock can differ from start to start on the same data.
configure() {
    fill xca.conf.in "$home/xca.conf"
    fill httpd.conf.in "$home/httpd.conf"
    fill slapd.conf.in "$home/slapd.conf"
    fill xca-card.conf.in "$home/xca-card.conf"
}

# Only one script works on an instance; a second one is told so. The lock goes with the process.
lock_home() {
    exec 9>"$home/lock"
    flock -n 9 || fail "An instance is already running in $home. Stop it first (Ctrl-C where it was started), or choose another XCA_HOME."
}

check_ports_free() {
    local name port
    for name in XCA_HTTPS_PORT:$https_port XCA_HTTP_PORT:$http_port XCA_LDAP_PORT:$ldap_port; do
        port=${name#*:}
        if port_answers "$port"; then
            fail "Port $port is in use by another program. Choose another one, for example: ${name%:*}=$((port + 10000 < 65536 ? port + 10000 : port - 10000)) make run"
        fi
    done
}

start_server() { # name; its process id is that of the server itself
    "$top/tools/demo/service.sh" "$1" >>"$home/log/$1.log" 2>&1 9>&- &
}

wait_for() { # name seconds pid: until it answers
    local tenths=$(($2 * 10))
    until "answers_$1" 2>/dev/null; do
        if ! is_running "$3" || ((tenths-- <= 0)); then
            say "$1 does not start. The end of its log ($home/log):" >&2
            tail -n 15 "$home/log/$1.log" "$home/log/$1-error.log" >&2 2>/dev/null || true
            return 1
        fi
        sleep 0.1
    done
}

# Two readers with a blank card each, at first; the second card lies beside its reader. What they need may be missing, and
# the rest of the demo does without them.
start_cards() {
    local name
    make_readers_folder || return 1
    for name in readers card-1 card-2; do
        [[ $name != card-2 ]] || export CARD_OUT=1
        start_server "$name"
        unset CARD_OUT
        wait_for "$name" 10 "$!" || return 1
    done
}

answers_readers() { [[ -S $(readers_folder)/slot-1 ]]; }
answers_card-1() { [[ -S $(readers_folder)/card-1.control ]]; }
answers_card-2() { [[ -S $(readers_folder)/card-2.control ]]; }
answers_slapd() { ldapsearch -x -LLL -H "ldap://127.0.0.1:$ldap_port" -o nettimeout=2 -s base -b '' 1.1 >/dev/null; }
answers_signer() { tail -n +"${signer_log_from:-1}" "$home/log/signer.log" | grep -q 'signer ready'; }
answers_httpd() {
    curl -sSf -o /dev/null --max-time 5 --cacert "$home/ca/root.pem" "https://localhost:$https_port/"
}
