"""A backup that was made at work, restored after the loss of everything."""

import contextlib
import re
import shutil
import subprocess
import time

import ldap
import pytest
from conftest import BASE, TOP, free_ports
from test_broken_directory import form, number_of, send_again, servers  # noqa: F401 (a fixture)

TOOL = str(TOP / "tools/xca-backup/xca-backup")


def tool(*arguments):
    return subprocess.run([TOOL] + [str(a) for a in arguments], capture_output=True, text=True, timeout=120)


def save(instance, to, *more):
    done = tool("save", "--slapd-config", instance.home / "slapd.conf", "--settings", instance.home / "xca.conf", "--to", to, *more)
    assert done.returncode == 0, done.stderr
    return re.match(r"(\S+): \d+ entries", done.stdout).group(1)


def entries(instance):
    """What does not change by itself: DN → attributes."""
    found = instance.bind("admin").search_ext_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(objectClass=*)", ["*"])
    return {dn: {k: sorted(v) for k, v in values.items()} for dn, values in found}


def file_case(instance, email):
    visitor, page, fields = form(instance, email)
    return number_of(visitor.submit(page, fields))


@contextlib.contextmanager
def lost(instance, tmp_path):
    """The disk with the directory and the secrets is gone; what the test does not bring back is put there again for the next ones."""
    away = tmp_path / "lost"
    away.mkdir()  # or shutil.move() copies, and the sparse files of LMDB become 40 GB
    for name in ("ldap", "secrets", "ca"):
        shutil.move(instance.home / name, away / name)
    shutil.copytree(away / "ca", instance.home / "ca", ignore=shutil.ignore_patterns("ca.key"))
    (instance.home / "secrets").mkdir(mode=0o700)
    try:
        yield away
    finally:
        for path in away.rglob("*"):
            target = instance.home / path.relative_to(away)
            if path.is_dir():
                target.mkdir(exist_ok=True)
            elif not target.exists() and "ldap/" not in str(path.relative_to(away)):
                shutil.copy(path, target)


@pytest.fixture(scope="module")
def custodian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("custodian")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
                    "-subj", "/CN=Custodian of backups", "-days", "10"], check=True, capture_output=True)
    return folder


def test_everything_is_lost_and_comes_back(servers, custodian, tmp_path):  # noqa: F811
    instance = servers.instance
    before = file_case(instance, "before@backup.example.org.tw")
    backup = save(instance, tmp_path / "backups", "--secrets-for", custodian / "cert.pem")
    kept = entries(instance)
    after = file_case(instance, "after@backup.example.org.tw")
    for name in ("httpd", "signer", "slapd"):
        servers.stop(name)
    # with the disk still full of the old data nothing is overwritten
    refused = tool("restore", backup, "--slapd-config", instance.home / "slapd.conf")
    assert refused.returncode == 1 and "is not empty" in refused.stderr
    with lost(instance, tmp_path) as whereabouts:
        restored = tool("restore", backup, "--slapd-config", instance.home / "slapd.conf")
        assert restored.returncode == 0, restored.stderr
        opened = tool("secrets", backup, "--key", custodian / "key.pem", "--to", tmp_path / "opened")
        assert opened.returncode == 0, opened.stderr
        there = tmp_path / "opened" / str(instance.home).lstrip("/")
        settings = (instance.home / "xca.conf").read_text("utf-8")
        named = re.findall(r"(?m)^\s*\S+-(?:key|password)-file\s*=\s*(\S+)", settings)
        names = [name for name in named if (whereabouts / name).exists()]  # a next key of the CA has a line before it is made
        assert len(names) >= 8
        for name in names:
            assert (there / name).read_bytes() == (whereabouts / name).read_bytes()
            shutil.copy(there / name, instance.home / name)
    (instance.home / re.search(r"(?m)^\s*audit-head-file\s*=\s*(\S+)", settings).group(1)).unlink()
    for name in ("slapd", "signer", "httpd"):
        servers.start(name)
    assert entries(instance) == kept
    verified = instance.admin("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert instance.case(before)["mail"] == b"before@backup.example.org.tw"
    with pytest.raises(ldap.NO_SUCH_OBJECT):
        instance.case(after)
    # and work goes on: the case from before is issued, a new one does not get the number of the one that was lost
    instance.approve(before)
    instance.wait_for_state(before, "issued", 30)
    again = file_case(instance, "again@backup.example.org.tw")
    assert int(again[5:]) - int(before[5:]) >= 100000
    assert instance.admin("audit", "verify").returncode == 0


def test_a_backup_is_made_while_cases_are_filed_and_old_ones_go(servers, tmp_path):  # noqa: F811
    instance = servers.instance
    names = []
    for n in range(4):
        file_case(instance, "busy%d@backup.example.org.tw" % n)
        names.append(save(instance, tmp_path / "kept", "--keep", "2"))
        time.sleep(1.1)  # its name is the second
    left = sorted(p.name for p in (tmp_path / "kept").iterdir())
    assert left == sorted(n.split("/")[-1] for n in names[-2:])
    assert all(tool("check", tmp_path / "kept" / n).returncode == 0 for n in left)
    plain = tmp_path / "kept" / left[0]
    assert sorted(p.name for p in plain.iterdir()) == ["SHA256SUMS", "about", "directory.ldif.gz", "files.tar.gz"]
    listed = subprocess.run(["tar", "-tzf", plain / "files.tar.gz"], capture_output=True, text=True).stdout
    assert "ca.pem" in listed and "xca.conf" in listed and ".key" not in listed and "password" not in listed
    assert (plain.stat().st_mode & 0o077) == 0


def a_slapd_of_its_own(instance, folder):
    """slapd.d and databases in `folder`, with the instance's configuration and a copy of its directory."""
    for name in ("db/ldap/main", "db/ldap/mail", "db/run", "slapd.d"):
        (folder / name).mkdir(parents=True)
    text = (instance.home / "slapd.conf").read_text("utf-8")
    for name in ("ldap", "run"):
        text = text.replace("%s/%s/" % (instance.home, name), "%s/db/%s/" % (folder, name))
    (folder / "slapd.conf").write_text(text, "utf-8")
    restored = tool("restore", save(instance, folder / "of-the-instance"), "--slapd-config", folder / "slapd.conf", "--skip", "0")
    assert restored.returncode == 0, restored.stderr
    subprocess.run(["/usr/sbin/slaptest", "-f", folder / "slapd.conf", "-F", folder / "slapd.d"], check=True, capture_output=True)


def dumped(folder, *which):
    """Lines of the LDIF; slapadd may change the order of an entry's attributes."""
    done = subprocess.run(["/usr/sbin/slapcat", "-F", folder / "slapd.d", "-o", "ldif-wrap=no", *which], check=True, capture_output=True, text=True)
    return sorted(done.stdout.splitlines())


def test_a_configuration_in_slapd_d_is_lost_and_comes_back(servers, tmp_path):  # noqa: F811
    instance = servers.instance
    a_slapd_of_its_own(instance, tmp_path)
    config, main = dumped(tmp_path, "-n", "0"), dumped(tmp_path, "-b", "c=TW")
    assert "dn: cn=config" in config and "olcSuffix: c=TW" in config and "dn: ou=cases," + BASE in main
    done = tool("save", "--slapd-config", tmp_path / "slapd.d", "--settings", instance.home / "xca.conf", "--to", tmp_path / "backups")
    assert done.returncode == 0, done.stderr
    backup = re.match(r"(\S+):", done.stdout).group(1)
    # a configuration that is there is not replaced
    shutil.rmtree(tmp_path / "db")
    restored = tool("restore", backup, "--slapd-config", tmp_path / "slapd.d", "--skip", "0")
    assert restored.returncode == 0, restored.stderr
    assert dumped(tmp_path, "-n", "0") == config
    assert dumped(tmp_path, "-b", "c=TW") == main
    for name in ("db", "slapd.d"):
        shutil.rmtree(tmp_path / name)
    (tmp_path / "slapd.d").mkdir()
    # of a backup that has none nothing comes
    refused = tool("restore", next((tmp_path / "of-the-instance").iterdir()), "--slapd-config", tmp_path / "slapd.d")
    assert refused.returncode == 1 and "has no slapd.d" in refused.stderr
    restored = tool("restore", backup, "--slapd-config", tmp_path / "slapd.d", "--skip", "0")
    assert restored.returncode == 0, restored.stderr
    assert dumped(tmp_path, "-n", "0") == config
    assert dumped(tmp_path, "-b", "c=TW") == main
    # and slapd starts with it
    (tmp_path / "db" / "run").mkdir(exist_ok=True)
    port = free_ports(1)[0]
    slapd = subprocess.Popen(["/usr/sbin/slapd", "-h", "ldap://127.0.0.1:%d" % port, "-F", tmp_path / "slapd.d", "-d", "0"])
    try:
        until = time.monotonic() + 20
        while True:
            try:
                found = ldap.initialize("ldap://127.0.0.1:%d" % port).search_s("ou=oid," + BASE, ldap.SCOPE_BASE, "(objectClass=*)", ["1.1"])
                break
            except ldap.SERVER_DOWN:
                assert time.monotonic() < until and slapd.poll() is None
                time.sleep(0.1)
        assert len(found) == 1
    finally:
        slapd.terminate()
        slapd.wait(30)


def test_what_is_in_no_file_is_left_out(servers, custodian, tmp_path):  # noqa: F811
    instance = servers.instance
    text = (instance.home / "xca.conf").read_text("utf-8")
    settings = instance.home / "token.conf"
    settings.write_text(re.sub(r"(?m)^ca-key-file.*$", "ca-key-file = pkcs11:token=ca\npkcs11-pin-file = credential:pin", text), "utf-8")
    done = tool("save", "--slapd-config", instance.home / "slapd.conf", "--settings", settings, "--to", tmp_path / "token", "--secrets-for",
                custodian / "cert.pem")
    assert done.returncode == 0, done.stderr
    opened = tool("secrets", re.match(r"(\S+):", done.stdout).group(1), "--key", custodian / "key.pem", "--to", tmp_path / "opened")
    assert opened.returncode == 0, opened.stderr
    names = {p.name for p in (tmp_path / "opened").rglob("*") if p.is_file()}
    assert "seal.key" in names and "ca.key" not in names and not [n for n in names if "credential" in n]


def test_a_damaged_backup_is_told(servers, custodian, tmp_path):  # noqa: F811
    instance = servers.instance
    backup = save(instance, tmp_path / "b", "--secrets-for", custodian / "cert.pem")
    wrong = tmp_path / "wrong.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", wrong], check=True, capture_output=True)
    told = tool("secrets", backup, "--key", wrong, "--to", tmp_path / "x")
    assert told.returncode == 1 and "cannot be opened" in told.stderr
    with open(backup + "/directory.ldif.gz", "r+b") as file:
        file.seek(2000)
        file.write(b"\0")
    told = tool("check", backup)
    assert told.returncode == 1 and "is damaged" in told.stderr
    told = tool("restore", backup, "--slapd-config", instance.home / "slapd.conf")
    assert told.returncode == 1 and "is damaged" in told.stderr
    assert tool("check", tmp_path).returncode == 1
    assert tool("save", "--to", tmp_path).returncode == 2
    assert tool("restore").returncode == 2
    assert tool("save", "--slapd-config", "/nowhere", "--settings", instance.home / "xca.conf", "--to", tmp_path).returncode == 1
