#!/usr/bin/env bash
# fetch-axe.sh FOLDER: puts axe.min.js of axe-core, the accessibility engine of the system tests, into FOLDER. It comes from the
# npm registry by npm's own client, is pinned, and is part of the tests only.
set -euo pipefail
folder=$1
version=4.14.1
integrity='sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=='

[[ ! -e $folder/axe-$version.min.js ]] || exit 0
if ! command -v npm >/dev/null; then
    "$(dirname "${BASH_SOURCE[0]}")/../tools/demo/packages.sh" <(echo npm)
fi
mkdir -p "$folder"
fetched=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$fetched"' EXIT
(cd "$fetched" && npm pack --loglevel=error --ignore-scripts "axe-core@$version" >/dev/null) || {
    printf 'axe-core %s cannot be fetched from the npm registry; see above.\n' "$version" >&2
    exit 1
}
found=sha512-$(openssl dgst -sha512 -binary "$fetched/axe-core-$version.tgz" | openssl base64 -A)
if [[ $found != "$integrity" ]]; then
    printf 'axe-core %s is not the one that was pinned: %s\n' "$version" "$found" >&2
    exit 1
fi
tar -C "$fetched" -xzf "$fetched/axe-core-$version.tgz" package/axe.min.js
mv "$fetched/package/axe.min.js" "$folder/axe-$version.min.js"
