#!/usr/bin/env bash
# guard.sh: rules about the source itself, as TAP. Each prints what breaks it.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export LC_ALL=C.UTF-8
number=0
failed=0

# check NAME FUNCTION: the function prints what is wrong, and nothing if all is well.
check() {
    local found
    number=$((number + 1))
    found=$("$2" 2>&1)
    if [[ -z $found ]]; then
        printf 'ok %d - %s\n' "$number" "$1"
        return
    fi
    failed=1
    printf 'not ok %d - %s\n' "$number" "$1"
    sed 's/^/# /' <<<"$found" | head -n 40
}

layers=(base domain wire outside directory operations portal httpd)
rank() {
    local i
    for i in "${!layers[@]}"; do
        [[ ${layers[i]} != "$1" ]] || printf '%d' "$i"
    done
}

includes() { # files: file:line:path of the quoted includes
    grep -HnoE '^#[[:space:]]*include "[^"]+"' "$@" | sed -E 's/#[[:space:]]*include "([^"]+)"/\1/'
}

# wire stands beside APR: what the card helper shares includes nothing of ours but itself.
a_layer_includes_itself_and_lower_ones_only() {
    local file line path own other
    includes mod_xca/*/*.[ch] | while IFS=: read -r file line path; do
        own=$(basename "$(dirname "$file")")
        other=${path%%/*}
        if [[ $other == "$path" || -z $(rank "$other") ]]; then
            printf '%s:%s: "%s" does not name its layer\n' "$file" "$line" "$path"
        elif (($(rank "$other") > $(rank "$own"))); then
            printf '%s:%s: %s includes %s\n' "$file" "$line" "$own" "$path"
        elif [[ $own == wire && $other != wire ]]; then
            printf '%s:%s: wire is plain C, and includes %s\n' "$file" "$line" "$path"
        fi
    done
    grep -Hn '#include <apr' mod_xca/wire/*.[ch]
}

httpd_is_known_to_the_face_alone() {
    grep -nE '#[[:space:]]*include <(httpd|http_|ap_|mpm|util_|scoreboard|mod_)' \
        $(ls mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^mod_xca/httpd/')
}

openssl_is_known_to_its_owners_alone() {
    grep -lE '#[[:space:]]*include <openssl/' mod_xca/*/*.[ch] tools/*/*.[ch] |
        grep -vE '^mod_xca/(outside/crypto[a-z0-9_]*|wire/[a-z0-9_]+)\.[ch]$' |
        grep -vE '^tools/xca-card/crypto[a-z0-9_]*\.[ch]$'
}

libldap_is_known_to_its_owner_alone() {
    grep -lE '#[[:space:]]*include <(ldap|lber)' mod_xca/*/*.[ch] tools/*/*.[ch] |
        grep -vE '^mod_xca/outside/ldap[a-z0-9_]*\.[ch]$'
}

libxml2_is_known_to_its_owner_alone() {
    grep -lE '#[[:space:]]*include <libxml/' mod_xca/*/*.[ch] tools/*/*.[ch] |
        grep -vE '^mod_xca/outside/(xml|catalogue)[a-z0-9_]*\.[ch]$'
}

libcurl_is_known_to_its_owner_alone() {
    grep -lE '#[[:space:]]*include <curl/' mod_xca/*/*.[ch] tools/*/*.[ch] |
        grep -vE '^(mod_xca/outside/mail[a-z0-9_]*\.[ch]|tools/xca-card/service\.c)$'
}

# A workbook from anyone is read by a program that holds nothing.
libzip_and_libfreexl_are_known_to_their_owners_alone() {
    grep -lE '#[[:space:]]*include <zip' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^mod_xca/outside/zip\.c$'
    grep -lE '#[[:space:]]*include <freexl' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^tools/xca-xls/main\.c$'
}

cairo_and_pango_are_known_to_the_maker_of_forms_alone() {
    grep -lE '#[[:space:]]*include <(cairo|pango)' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^tools/xca-forms/pdf\.c$'
}

libcmark_is_known_to_its_owner_alone() {
    grep -lE '#[[:space:]]*include <cmark' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^mod_xca/outside/markdown\.c$'
}

# Of the core, the card helper knows wire alone; PC/SC has one owner in it, HTTP another, JSON
# one for what the portal says and one for what pages say.
the_card_helper_stands_alone() {
    includes tools/xca-card/*.[ch] | while IFS=: read -r file line path; do
        [[ $path == wire/* || -e tools/xca-card/$path ]] || printf '%s:%s: includes %s\n' "$file" "$line" "$path"
    done
    grep -HnE '#[[:space:]]*include <(apr|ldap|lber|libxml|httpd)' tools/xca-card/*.[ch]
    grep -lE '#[[:space:]]*include <(winscard|PCSC/)' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^tools/xca-card/platform\.h$'
    grep -lE 'platform\.h' tools/xca-card/*.c | xargs grep -lE 'SCard[A-Z]' | grep -v '^tools/xca-card/pcsc\.c$'
    grep -lE '#[[:space:]]*include <jansson' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -vE '^tools/xca-card/(service|bridge_json)\.c$'
    grep -lE '#[[:space:]]*include <microhttpd' mod_xca/*/*.[ch] tools/*/*.[ch] | grep -v '^tools/xca-card/bridge_http\.c$'
}

# Built with every header of those as an error, whoever includes it; and what is linked to it is said.
the_card_helper_builds_where_httpd_apr_ldap_and_libxml2_are_not() {
    local folder header
    folder=$(mktemp -d)
    {
        (cd /usr/include/apr-1.0 && ls -- *.h)
        (cd /usr/include/apache2 && ls -- *.h)
        (cd /usr/include && ls -- ldap*.h lber*.h)
        (cd /usr/include/libxml2 && ls -- libxml/*.h)
    } 2>/dev/null | while read -r header; do
        mkdir -p "$folder/none/$(dirname "$header")"
        printf '#error "the card helper must build without %s"\n' "$header" >"$folder/none/$header"
    done
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j2 BUILD="$folder" SANITIZE= APXS=false CFLAGS="-O0 -I$folder/none" LDFLAGS= \
        "$folder/xca-card" 2>&1 | grep -E 'error|Error' | head -n 5
    if [[ -x $folder/xca-card ]]; then
        objdump -p "$folder/xca-card" | awk '$1 == "NEEDED" { print $2 }' |
            grep -vE '^(lib(pcsclite|curl|jansson|microhttpd|crypto|c|pthread)|ld-linux.*)\.so'
    else
        printf 'xca-card was not built\n'
    fi
    rm -rf "$folder"
}

# The path of httpd's headers is not given: that the core does not need them is part of the check.
every_header_compiles_alone() {
    local header flags
    flags=$(pkg-config --cflags apr-1)
    for header in mod_xca/{base,domain,wire,outside,directory,operations,portal}/*.h; do
        # shellcheck disable=SC2086
        printf '#include "%s"\n' "${header#mod_xca/}" |
            ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Werror $flags -Imod_xca -fsyntax-only -x c - 2>&1 | head -n 3
    done
    for header in tools/xca-card/*.h; do
        [[ $header != */texts_table.h ]] || continue
        # shellcheck disable=SC2046
        printf '#include "%s"\n' "${header##*/}" |
            ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Werror $(pkg-config --cflags libpcsclite) -Imod_xca -Itools/xca-card \
                -fsyntax-only -x c - 2>&1 | head -n 3
    done
    for header in mod_xca/httpd/*.h; do
        # shellcheck disable=SC2086
        printf '#include "%s"\n' "${header#mod_xca/}" |
            ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Werror $flags -I"$(apxs2 -q INCLUDEDIR)" -Imod_xca -fsyntax-only -x c - 2>&1 |
            head -n 3
    done
}

the_core_compiles_without_the_include_path_of_httpd() {
    grep -nE '^CORE_CFLAGS.*(apxs|HTTPD|apache)' Makefile
    grep -n 'CORE_CFLAGS += $(HTTPD_CFLAGS)' Makefile | grep -v 'FACE_OBJECTS'
}

every_header_has_a_guard_of_its_name() {
    local header word
    for header in mod_xca/*/*.h; do
        word=XCA_$(basename "$(dirname "$header")")_$(basename "$header" .h)
        word=${word^^}_H
        grep -q "^#ifndef $word\$" "$header" || printf '%s: #ifndef %s\n' "$header" "$word"
    done
}

no_file_is_longer_than_800_lines() {
    git ls-files '*.c' '*.h' '*.py' '*.sh' '*.css' '*.js' '*.xhtml' '*.in' |
        while read -r file; do
            lines=$(wc -l <"$file")
            ((lines <= 800)) || printf '%s: %d lines\n' "$file" "$lines"
        done
}

no_file_is_named_util() { git ls-files -- ':!tests/data' | grep -iE '(^|/)[a-z_-]*(util|utils|helpers|misc)[a-z_-]*\.[a-z]+$'; }

no_goto() { grep -nE '\bgoto[[:space:]]+[a-z_]+;' mod_xca/*/*.[ch] tools/*/*.[ch]; }

no_call_that_knows_no_bound() {
    grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|scanf|sscanf|system|popen|tmpnam|mktemp)[[:space:]]*\(' \
        mod_xca/*/*.[ch] tools/*/*.[ch] | grep -vE 'apr_p?v?sprintf'
}

no_function_that_can_fail_is_without_must_use() {
    local header
    for header in mod_xca/*/*.h; do
        awk -v name="$header" '
            /^typedef/ { in_type = 1 }
            in_type { if (/;/) in_type = 0; next }
            /^xca_error_t \*xca_[a-z0-9_]+\(/ { text = ""; open = 1 }
            open { text = text $0; if (/;[[:space:]]*(\/\*.*)?$/) { open = 0
                if (text !~ /XCA_MUST_USE/ && text !~ /xca_error_(make|field|append)/) print name ": " substr(text, 1, 90) } }
        ' "$header"
    done
}

every_directive_is_in_conf_and_documented() {
    grep -ohE 'AP_INIT_[A-Z0-9]+\("[A-Za-z]+"' mod_xca/httpd/*.c | sed -E 's/.*"(.*)"/\1/' | while read -r directive; do
        grep -q "^[[:space:]]*$directive " conf/httpd.conf.in || printf '%s is not in conf/httpd.conf.in\n' "$directive"
        grep -q "\`$directive" conf/README.md || printf '%s is not in conf/README.md\n' "$directive"
    done
}

every_setting_is_documented_and_known() {
    local code documented
    code=$(cat mod_xca/*/*.c tools/*/*.c)
    documented=$(grep -oE '^\| `[a-z][a-z-]+`' conf/README.md | tr -d '|` ')
    sed -nE 's/^#?([a-z][a-z-]+) =.*/\1/p' conf/xca.conf.in | while read -r name; do
        grep -qxF "$name" <<<"$documented" || printf '%s of xca.conf.in is not in conf/README.md\n' "$name"
    done
    while read -r name; do
        case $name in
        *-dn | *-password-file | subject-type-*) continue ;; # put together in the code: identity, class
        esac
        grep -qF "\"$name\"" <<<"$code" || printf '%s of conf/README.md is nowhere in the code\n' "$name"
    done <<<"$documented"
    grep -ohE '(setting|need|read_first|xca_settings_get|xca_settings_number|xca_office_setting)\([^;{]*"[a-z]+(-[a-z]+)+"' \
        mod_xca/*/*.c tools/*/*.c | grep -oE '"[a-z]+(-[a-z]+)+"' | tr -d '"' | sort -u | while read -r name; do
        grep -qxF "$name" <<<"$documented" || printf '%s is read, and not in conf/README.md\n' "$name"
    done
}

every_program_has_a_manual_page() {
    local folder name
    for folder in tools/*/; do
        name=$(basename "$folder")
        ls "$folder"*.c >/dev/null 2>&1 || continue
        [[ -e $folder$name.8 || -e $folder$name.1 ]] || printf '%s has no manual page\n' "$folder"
    done
}

# Every message id that the code returns has its text; a clerk must never see an id in brackets.
every_message_has_a_text() {
    local known
    known=$(cat htdocs/catalogue/*.xml | grep -oE '<m id="[^"]+"' | sed -E 's/.*"(.*)"/\1/' | sort -u)
    {
        grep -ohE 'xca_error_(make|field)\([^;]*;' <(tr '\n' ' ' < <(cat mod_xca/*/*.c tools/*/*.c)) |
            grep -oE '"[a-z]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*"'
    } | tr -d '"' | sort -u | while read -r id; do
        grep -qxF -- "$id" <<<"$known" || printf '%s has no text in htdocs/catalogue\n' "$id"
    done
}

no_text_stands_twice_in_the_catalogue() {
    cat htdocs/catalogue/*.xml | grep -oE '<m id="[^"]+"' | sort | uniq -d
}

texts() { cat htdocs/catalogue/*.xml | tr '\n' ' ' | grep -oP '<m id=.*?</m>'; }

every_text_is_in_both_languages() {
    texts | grep -vP '<m id="[^"]+">\s*<zh>\s*[^\s<].*?</zh>\s*<en>\s*[^\s<].*?</en>\s*</m>' | cut -c1-120
}

# "中文" is the switch's own name, 臺 and 台 are what that sentence is about.
no_text_is_in_the_wrong_language() {
    texts | grep -P '<en>(?:(?!</en>)[^\p{Han}]|中文|臺 and 台)*\p{Han}' | grep -vP '<en>(?:[^\p{Han}]|中文|臺|台)*</en>' | cut -c1-120
    texts | grep -P '[证请们这发务应会单国机关电邮错误网页览询选择]' | cut -c1-120
}

nothing_names_the_workplace() {
    git grep -nIE '/work/|/tmp/wt|\.\./shared|NOTE-FROM' -- . ':!tests/guard.sh' | cut -c1-160
    git ls-files | grep -E '(^|/)NOTE-'
}

no_work_is_left_to_do_in_comments() {
    git grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' -- mod_xca tools tests htdocs conf ':!tests/guard.sh' ':!tests/data' ':!tools/demo/data' |
        cut -c1-160
}

scripts_parse() {
    local script
    git ls-files '*.py' | python3 -c 'import ast, sys
for name in sys.stdin.read().split("\n")[:-1]:
    try:
        ast.parse(open(name, encoding="utf-8").read(), name)
    except SyntaxError as error:
        print("%s:%s: %s" % (name, error.lineno, error.msg))'
    git ls-files '*.sh' .ci/run | while read -r script; do
        bash -n "$script"
    done
}

check "a layer includes itself and lower ones only" a_layer_includes_itself_and_lower_ones_only
check "httpd is known to the face alone" httpd_is_known_to_the_face_alone
check "OpenSSL is known to its owners alone" openssl_is_known_to_its_owners_alone
check "libldap is known to its owner alone" libldap_is_known_to_its_owner_alone
check "libxml2 is known to its owner alone" libxml2_is_known_to_its_owner_alone
check "libcurl is known to its owner alone" libcurl_is_known_to_its_owner_alone
check "libzip and libfreexl are known to their owners alone" libzip_and_libfreexl_are_known_to_their_owners_alone
check "cairo and pango are known to the maker of forms alone" cairo_and_pango_are_known_to_the_maker_of_forms_alone
check "libcmark is known to its owner alone" libcmark_is_known_to_its_owner_alone
check "the card helper stands alone" the_card_helper_stands_alone
check "the card helper builds where httpd, APR, LDAP and libxml2 are not" the_card_helper_builds_where_httpd_apr_ldap_and_libxml2_are_not
check "every header compiles alone" every_header_compiles_alone
check "the core compiles without the include path of httpd" the_core_compiles_without_the_include_path_of_httpd
check "every header has a guard of its name" every_header_has_a_guard_of_its_name
check "no file is longer than 800 lines" no_file_is_longer_than_800_lines
check "no file is named util" no_file_is_named_util
check "no goto" no_goto
check "no call that knows no bound" no_call_that_knows_no_bound
check "no function that can fail is without must-use" no_function_that_can_fail_is_without_must_use
check "every directive is in conf and documented" every_directive_is_in_conf_and_documented
check "every setting is documented, and every documented one known" every_setting_is_documented_and_known
check "every program has a manual page" every_program_has_a_manual_page
check "every message has a text" every_message_has_a_text
check "no text stands twice in the catalogue" no_text_stands_twice_in_the_catalogue
check "every text is in both languages" every_text_is_in_both_languages
check "no text is in the wrong language" no_text_is_in_the_wrong_language
check "nothing names the workplace" nothing_names_the_workplace
check "no work is left to do in comments" no_work_is_left_to_do_in_comments
check "scripts parse" scripts_parse
printf '1..%d\n' "$number"
exit "$failed"
