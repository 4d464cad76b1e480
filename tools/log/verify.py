#!/usr/bin/python3
"""verify.py URL --ca CA.pem [...]: verifies the public log that a portal serves, with nothing of this project: Python 3 and openssl.

  --ca FILE           certificate of the authority, PEM (repository/xca.cer as PEM)
  --tls-ca FILE       what the portal's own certificate is verified with, where it is not a public one
  --kept FILE         heads that were kept: each must be a beginning of the log of now, which is added when all is well
  --certificate FILE  this certificate (PEM or DER) must be in the log; may come several times
  --all               fetch every leaf and compute the whole tree anew

Prints the head, what was proved, or what is wrong (exit status 1; 2: it cannot be asked). README.md beside it describes the log."""

import argparse
import base64
import hashlib
import json
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TILE = 256
USAGE = "2.25.324061906216893514827140394867195218907.3.1"  # extendedKeyUsage of the key that signs
HEAD, LEAF = ["XCA-LOG-HEAD-1", "size", "root", "time", "entry"], ["XCA-LOG-1"]


class Wrong(Exception):
    pass


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hash(text):
    return hashlib.sha256(b"\x00" + text).digest()


def split(count):
    """The largest power of two below the count (RFC 9162, 2.1.1)."""
    return 1 << (count - 1).bit_length() - 1


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node(root_of(hashes[:k]), root_of(hashes[k:]))


def fields(text, first):
    lines = text.split("\n")
    if lines[0] != first or lines[-1] != "":
        raise Wrong("not a text of the form %s" % first)
    return dict(line.split(": ", 1) for line in lines[1:-1])


class Server:
    """The log as it is served. What comes is believed only where a hash says so."""

    def __init__(self, url, tls_ca):
        self.url = url.rstrip("/")
        self.context = ssl.create_default_context(cafile=tls_ca)
        self.tiles = {}

    def get(self, path, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60, context=self.context if self.url.startswith("https") else None) as answer:
            return answer.read()

    def tile(self, level, number):
        if (level, number) not in self.tiles:
            data = self.get("/log/tiles/%d-%d" % (level, number))
            self.tiles[level, number] = [data[i:i + 32] for i in range(0, len(data) - 31, 32)]
        return self.tiles[level, number]

    def leaves(self, number):
        """Texts of the leaves of a part."""
        return [part + b"\n" for part in self.get("/log/entries/%d" % number).split(b"\n\n")[:-1]]

    def whole(self, low, high):
        """Hash of the complete subtree over the leaves low to high - 1: their count is a power of two, and it divides low."""
        count, level, place = high - low, 0, low
        while count >= TILE:
            count, place, level = count // TILE, place // TILE, level + 1
        hashes = self.tile(level, place // TILE)[place % TILE:place % TILE + count]
        if len(hashes) != count:
            raise Wrong("tile %d-%d is short" % (level, place // TILE))
        return root_of(hashes)


class Tree:
    def __init__(self, server, size):
        self.server, self.size, self.known = server, size, {}

    def over(self, low, high):
        """MTH of the leaves low to high - 1, each part fetched once only."""
        if (low, high) not in self.known:
            count = high - low
            if count & (count - 1) == 0:
                self.known[low, high] = self.server.whole(low, high)
            else:
                middle = low + split(count)
                self.known[low, high] = node(self.over(low, middle), self.over(middle, high))
        return self.known[low, high]

    def root(self):
        return self.over(0, self.size) if self.size else root_of([])

    def both(self, old, low, high):
        """Of the leaves low to high - 1: hash of those below `old` (None: there are none), and of all: from the same parts, so
        that the one tree is the beginning of the other."""
        if low >= old or high <= old:
            found = self.over(low, high)
            return (None if low >= old else found), found
        middle = low + split(high - low)
        first, second = self.both(old, low, middle), self.both(old, middle, high)
        return (first[0] if second[0] is None else node(first[0], second[0])), node(first[1], second[1])

    def with_leaf(self, index, text, low, high):
        """The hash over low to high - 1 if this text is leaf `index`: the inclusion proof, from the leaf to the root."""
        if high - low == 1:
            return leaf_hash(text)
        middle = low + split(high - low)
        if index < middle:
            return node(self.with_leaf(index, text, low, middle), self.over(middle, high))
        return node(self.over(low, middle), self.with_leaf(index, text, middle, high))


def openssl(*arguments, data=None):
    return subprocess.run(["openssl"] + [str(a) for a in arguments], input=data, capture_output=True)


def verify_signature(text, signature, certificate, ca):
    with tempfile.TemporaryDirectory() as folder:
        key, pub, sig = (Path(folder) / name for name in ("key.pem", "key.pub", "signature"))
        sig.write_bytes(signature)
        if openssl("x509", "-inform", "DER", "-out", key, data=certificate).returncode:
            raise Wrong("the head's certificate is none")
        if openssl("verify", "-no_check_time", "-partial_chain", "-trusted", ca, key).returncode:
            raise Wrong("the head's certificate is not of this authority")
        if openssl("x509", "-in", key, "-noout", "-ext", "extendedKeyUsage").stdout.decode().split("\n")[1].strip() != USAGE:
            raise Wrong("the head's certificate is for another purpose")
        pub.write_bytes(openssl("x509", "-in", key, "-noout", "-pubkey").stdout)
        if openssl("dgst", "-sha256", "-verify", pub, "-signature", sig, data=text).returncode:
            raise Wrong("the head is not signed by the log's key")


def fetch_head(server, ca):
    text, _, rest = server.get("/log/head").decode().partition("signature: ")
    signature, _, certificate = rest.partition("\ncertificate: ")
    verify_signature(text.encode(), base64.b64decode(signature), base64.b64decode(certificate), ca)
    found = fields(text, HEAD[0])
    if list(found) != HEAD[1:]:
        raise Wrong("the head is none")
    return found


def kept_heads(path):
    """Lines SIZE:ROOT:TIME."""
    if path is None or not Path(path).exists():
        return []
    heads = []
    for line in Path(path).read_text().split():
        size, root, when = (line.split(":") + ["", ""])[:3]
        heads.append((int(size), root, when))
    return heads


def check_kept(tree, head, heads):
    for size, root, when in heads:
        if size > tree.size:
            raise Wrong("the log had %d leaves when a head was kept, and has %d" % (size, tree.size))
        if when > head["time"]:
            raise Wrong("the head is older than one that was kept (%s)" % when)
        old, new = tree.both(size, 0, tree.size) if size else (root_of([]), tree.root())
        if new.hex() != head["root"]:
            raise Wrong("the tiles do not lead to the root of the head")
        if old.hex() != root:
            raise Wrong("the first %d leaves are not those of the head that was kept" % size)


def der_of(path):
    data = Path(path).read_bytes()
    return ssl.PEM_cert_to_DER_cert(data.decode()) if b"-----BEGIN" in data else data


def check_certificate(server, tree, head, path):
    der = der_of(path)
    serial = openssl("x509", "-inform", "DER", "-noout", "-serial", data=der).stdout.decode().strip().split("=")[-1].lower()
    found = json.loads(server.get("/log?serial=" + urllib.parse.quote(serial), Accept="application/json")).get("found", [])
    kinds = []
    for one in found:
        index = one["index"]
        text = server.leaves(index // TILE)[index % TILE]
        said = fields(text.decode(), LEAF[0])
        if index >= tree.size:
            continue  # came after the head
        if tree.with_leaf(index, text, 0, tree.size).hex() != head["root"]:
            raise Wrong("leaf %d is not in the tree" % index)
        if said.get("certificate") == hashlib.sha256(der).hexdigest() and said.get("serial", serial) == serial:
            kinds.append("%s (%d)" % (said["kind"], index))
    if not any(kind.startswith("certificate-issue ") for kind in kinds):
        raise Wrong("%s is not in the log" % path)
    print("%s: %s" % (path, ", ".join(kinds)))


def check_all(server, head, size):
    """Every leaf, and that a certificate's states follow its issue."""
    hashes, issued, last = [], set(), 0
    for number in range((size + TILE - 1) // TILE):
        for text in server.leaves(number)[:size - number * TILE]:
            said = fields(text.decode(), LEAF[0])
            if said["index"] != str(len(hashes)) or int(said["entry"]) <= last:
                raise Wrong("leaf %d is out of order" % len(hashes))
            if said["kind"] == "certificate-issue":
                issued.add(said["certificate"])
            elif said["certificate"] not in issued:
                raise Wrong("leaf %d tells of a certificate that was never issued" % len(hashes))
            last = int(said["entry"])
            hashes.append(leaf_hash(text))
    if root_of(hashes).hex() != head["root"]:
        raise Wrong("the leaves do not lead to the root of the head")
    print("leaves: %d, certificates: %d" % (len(hashes), len(issued)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--ca", required=True)
    parser.add_argument("--tls-ca")
    parser.add_argument("--kept")
    parser.add_argument("--certificate", action="append", default=[])
    parser.add_argument("--all", action="store_true")
    asked = parser.parse_args()
    server = Server(asked.url, asked.tls_ca)
    try:
        head = fetch_head(server, asked.ca)
        tree, heads = Tree(server, int(head["size"])), kept_heads(asked.kept)
        print("head: %s:%s\ntime: %s" % (head["size"], head["root"], head["time"]))
        if tree.root().hex() != head["root"]:
            raise Wrong("the tiles do not lead to the root of the head")
        check_kept(tree, head, heads)
        for path in asked.certificate:
            check_certificate(server, tree, head, path)
        if asked.all:
            check_all(server, head, tree.size)
    except Wrong as wrong:
        print("wrong: %s" % wrong)
        return 1
    except (OSError, ValueError, KeyError, IndexError) as fault:
        print("cannot verify: %r" % fault, file=sys.stderr)
        return 2
    line = "%s:%s:%s" % (head["size"], head["root"], head["time"])
    if asked.kept and [str(size) for size, _, _ in heads][-1:] != [head["size"]]:
        with open(asked.kept, "a") as to:
            to.write(line + "\n")
    print("verified" + (", and the %d heads that were kept are its beginnings" % len(heads) if heads else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
