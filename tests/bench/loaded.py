"""An instance with many organisations and many addresses in ou=mail. Loading takes a minute, so what is loaded is kept in
build/bench until something that it is made of changes; every run works on a copy."""

import base64
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import ldap
from conftest import BASE, BUILD, TOP, Instance, small_data
import organisations

MADE_OF = ("conf/slapd.conf.in", "ldap-schema/xca.schema", "mod_xca/directory/org_store.c", "mod_xca/directory/arc_blocks.c",
           "mod_xca/domain/names.c", "mod_xca/operations/import.c", "tests/bench/loaded.py", "tests/bench/organisations.py",
           "tools/demo/make.sh", "tools/xca-admin/ca.c", "mod_xca/outside/crypto_setup.c", "conf/xca.conf.in")
BYTES_EACH = 6000   # of a database, about, of an organisation or an address
FILE_ROWS = 500000  # of a file that is imported, at most (operations/import.h)
DATABASES = ("c=TW", "ou=mail,ou=XCA,c=TW")


def cached_name(organisation_count, mail_count):
    digest = hashlib.sha256()
    for name in MADE_OF:
        digest.update((TOP / name).read_bytes())
    for table in sorted((TOP / "tools/demo/data").glob("*.csv")):
        digest.update(table.read_bytes())
    return "%d-%d-%s" % (organisation_count, mail_count, digest.hexdigest()[:16])


def text_line(name, value):
    return "%s:: %s\n" % (name, base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode())


def address(index):
    return "office%d@example%d.org.tw" % (index, index % 1000)


def write_mail(path, names, certificate, count):
    """Entries of ou=mail (directory/mail_store.c), one an address."""
    der = text_line("userCertificate;binary", certificate)
    with open(path, "w", encoding="utf-8") as out:
        for index in range(count):
            name = names[index % len(names)]
            uid = "encryption:" + address(index)
            out.write("dn: uid=%s,ou=mail,%s\nobjectClass: inetOrgPerson\nobjectClass: xcaMailEntry\nuid: %s\nmail: %s\n"
                      % (uid, BASE, uid, address(index)))
            for attribute in ("cn", "sn", "givenName", "o"):
                out.write(text_line(attribute, name))
            out.write("%sxcaOid: 2.16.886.104.%d\nxcaSerial: %032x\nxcaUse: encryption\nxcaNotAfter: 20400101000000Z\n\n"
                      % (der, organisations.FIRST_NUMBER + index, index))


def slapadd(instance, suffix, ldif):
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", str(instance.home / "slapd.conf"), "-b", suffix, "-l", str(ldif)], check=True,
                   env=instance.environment)


def load(home, organisation_count, mail_count):
    """The instance has besides them the few organisations of the tests' instances."""
    print("loading %d organisations and %d addresses (kept for the next time) ..." % (organisation_count, mail_count), flush=True)
    began = time.monotonic()
    one = Instance(home)
    data = home.with_name(home.name + "-data")
    shutil.rmtree(data, ignore_errors=True)
    small_data(data)
    one.make(data)
    shutil.rmtree(data)
    table, ldif = home / "table.csv", home / "table.ldif"
    for first in range(0, organisation_count, FILE_ROWS):
        organisations.write(table, min(first + FILE_ROWS, organisation_count), first)
        with open(ldif, "wb") as out:
            subprocess.run([str(BUILD / "xca-admin"), "--settings", str(home / "xca.conf"), "oid", "import", "--ldif", str(table)],
                           env=one.environment, stdout=out, stderr=subprocess.DEVNULL, check=True)
        slapadd(one, DATABASES[0], ldif)
    names = [name for name, _ in organisations.real_names()]
    certificate = ssl.PEM_cert_to_DER_cert((home / "ca" / "tls.pem").read_text())
    write_mail(ldif, names, certificate, mail_count)
    slapadd(one, DATABASES[1], ldif)
    table.unlink()
    ldif.unlink()
    print("loaded in %.0f s" % (time.monotonic() - began), flush=True)


def small(name, write):
    """An instance of few organisations in build/bench/NAME, with the entries that `write` (instance, file) gives as LDIF."""
    home = BUILD / "bench" / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    small_data(home / "data")
    one = Instance(home / "instance")
    one.make(home / "data")
    ldif = home / "entries.ldif"
    write(one, ldif)
    slapadd(one, DATABASES[0], ldif)
    ldif.unlink()
    return one


def place_to_load(folder, count):
    """In memory where there is room: the indexes are written all over, and a disk takes ten times as long over a million."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > count * BYTES_EACH and available_memory() > 1.5 * count * BYTES_EACH:
        return Path(tempfile.mkdtemp(prefix="xca-bench-", dir=memory)) / "loading"
    return folder / "loading"


def processor_time(pid):
    """Of a process that runs, in milliseconds."""
    fields = Path("/proc/%d/stat" % pid).read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def available_memory():
    return int(re.search(r"(?m)^MemAvailable: *(\d+) kB$", Path("/proc/meminfo").read_text()).group(1)) << 10


def copy(organisation_count, mail_count):
    """A fresh copy of the loaded instance."""
    folder = BUILD / "bench"
    kept = folder / cached_name(organisation_count, mail_count)
    folder.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        for old in folder.glob("%d-%d-*" % (organisation_count, mail_count)):
            shutil.rmtree(old)
        loading, moved = place_to_load(folder, organisation_count + mail_count), folder / "moved"
        for old in (loading, moved):
            shutil.rmtree(old, ignore_errors=True)
        try:
            load(loading, organisation_count, mail_count)
            subprocess.run(["cp", "-a", "--sparse=always", str(loading), str(moved)], check=True)
        finally:
            shutil.rmtree(loading if loading.parent == folder else loading.parent, ignore_errors=True)
        moved.rename(kept)
    home = folder / "run"
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", str(kept), str(home)], check=True)
    one = Instance(home)
    subprocess.run(["bash", "-c", "source tools/demo/common.sh; configure"], env=one.environment, cwd=TOP, check=True)
    return one


def core_of(settings, environment, *arguments):
    """Figures of tests/bench/core.c."""
    done = subprocess.run([str(BUILD / "tests/bench/core"), str(settings)] + [str(a) for a in arguments], check=True,
                          stdout=subprocess.PIPE, text=True, env=environment)
    return [float(line) for line in done.stdout.split()]


def core(one, *arguments):
    return core_of(one.home / "xca.conf", one.environment, *arguments)


class Directory:
    """slapd of an instance alone."""

    def __init__(self, instance):
        self.process = subprocess.Popen([str(TOP / "tools/demo/service.sh"), "slapd"], env=instance.environment)
        until = time.monotonic() + 30
        while True:
            try:
                instance.bind("admin")
                return
            except ldap.LDAPError:
                assert self.process.poll() is None and time.monotonic() < until, "slapd does not start"
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
