"""httpd run in other ways than the demo's: with a process for every connection (prefork), and started by a user who is not root. OCSP with the
process that follows the directory, health and graceful restarts work there as well."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import ldap
import pytest
from conftest import BASE, BUILD, TOP, small_data
from ocsp_asking import GOOD, REVOKED, TRY_LATER, UNKNOWN
from test_ocsp_service import BEHIND, Server
from test_operation import get, metrics, wait_for_health

# Who starts httpd, and with which MPM; test_ocsp_service.py has the demo's own. Root starts it as root, whose children become www-data
# (User, Group), and as somebody without any rights.
KINDS = [("prefork", "root"), ("prefork", "nobody"), ("event", "nobody")] if os.getuid() == 0 else [("prefork", pwd.getpwuid(os.getuid()).pw_name)]


class Kind(Server):
    def prepare(self, data, settings=""):
        """All that httpd reads stands where anybody can be given it: the source may lie in a folder of root's."""
        super().prepare(data, settings)
        own = self.home / "own"
        (own / "modules").mkdir(parents=True)
        for folder in (TOP / "htdocs", TOP / "conf"):
            shutil.copytree(folder, own / folder.name)
        shutil.copytree(BUILD / "forms", own / "forms")
        shutil.copy(BUILD / "mod_xca.so", own)
        for name in ("xca.conf", "httpd.conf"):
            text = (self.home / name).read_text("utf-8")
            for there, here in ((BUILD / "mod_xca.so", own / "mod_xca.so"), (BUILD / "forms", own / "forms"), (TOP / "htdocs", own / "htdocs"),
                                (TOP / "conf", own / "conf")):
                text = text.replace(str(there), str(here))
            (self.home / name).write_text(text, "utf-8")
        self.plain_configuration = (self.home / "httpd.conf").read_text("utf-8")
        self.plain_path = self.environment["PATH"]

    def become(self, mpm, user):
        """What begin("httpd") starts from now on."""
        text = self.plain_configuration.replace("mpm_event", "mpm_" + mpm).replace("mod_mpm_event", "mod_mpm_" + mpm)
        assert "modules/mod_mpm_%s.so" % mpm in text
        self.mpm, self.user, self.environment["PATH"] = mpm, user, self.plain_path
        if user == "root":
            self.user = "www-data"
        elif os.getuid() == 0:
            text = text.replace("User www-data\nGroup www-data\n", "").replace("run/httpd.pid", "run/httpd-of-%s.pid" % user)
            self.let(user)
        (self.home / "httpd.conf").write_text(text, "utf-8")

    def let(self, user):
        """The instance is that user's, and apache2 is started as that user; slapd and the signer stay who they are."""
        program = self.home / "own" / "bin" / "apache2"
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\nexec setpriv --reuid=%s --regid=%d --clear-groups /usr/sbin/apache2 \"$@\"\n" % (user, pwd.getpwnam(user).pw_gid))
        program.chmod(0o755)
        subprocess.run(["chown", "-R", user, str(self.home)], check=True)
        self.environment["PATH"] = "%s:%s" % (program.parent, self.plain_path)

    def users(self):
        """Of httpd and all its processes."""
        found = {}
        for pid in [self.processes["httpd"].pid] + self.children():
            try:
                found[pid] = pwd.getpwuid(os.stat("/proc/%d" % pid).st_uid).pw_name
            except FileNotFoundError:
                pass  # it has just ended
        return found

    def counted(self):
        """When the signer last wrote the statistics."""
        found = self.bind("admin").search_s("ou=statistics," + BASE, ldap.SCOPE_ONELEVEL, "(xcaCounted=*)", ["xcaCounted"])
        return found[0][1]["xcaCounted"][0].decode() if found else ""

    def threads(self, pid):
        return len(os.listdir("/proc/%d/task" % pid))


@pytest.fixture(scope="module")
def home():
    """One instance, of which only httpd changes."""
    folder = Path(tempfile.mkdtemp(prefix="xca-kinds-"))
    folder.chmod(0o711)  # pytest's own folders are closed to others
    small_data(folder / "data")
    one = Kind(folder / "instance")
    one.prepare(folder / "data", "ocsp-behind-seconds = %d\n" % BEHIND)
    for name in ("slapd", "signer"):
        one.begin(name)
    one.wait_for_lists()
    yield one
    one.end_all()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=KINDS, ids=["%s-%s" % kind for kind in KINDS])
def server(home, request):
    home.become(*request.param)
    home.begin("httpd")
    home.until(lambda: home.status("4a01"), UNKNOWN)
    yield home
    home.end("httpd")


@pytest.fixture(autouse=True)
def clean(server, request):
    """As clean_logs of conftest.py."""
    before = len(server.problems())
    yield
    if request.node.get_closest_marker("faults") is None:
        assert server.problems()[before:] == []


def test_its_processes_are_what_was_asked_for(server):
    follower, users = server.follower(), server.users()
    parent = users.pop(server.processes["httpd"].pid)
    assert parent == ("root" if server.user == "www-data" and os.getuid() == 0 else server.user)
    assert set(users.values()) == {server.user} and follower in users
    workers = [pid for pid in server.children() if pid != follower]
    assert all((server.threads(pid) == 1) == (server.mpm == "prefork") for pid in workers) and len(workers) >= 2


def test_ocsp_follows_the_directory_and_is_counted(server):
    serial, revoked = server.certificate(), server.certificate("revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), GOOD, 5)
    server.until(lambda: server.status(revoked), REVOKED, 5)
    before = metrics(server)["xca_ocsp_results_total"]
    for _ in range(20):  # they come to several processes, with the same memory and key
        assert server.status(serial) == GOOD
    assert server.ask(serial).certificates[0] == server.ask(revoked, nonce=b"1").certificates[0]
    after = metrics(server)["xca_ocsp_results_total"]
    assert {labels[0][1]: after[labels] - before[labels] for labels in after if after[labels] != before[labels]} == {"good": 21, "revoked": 1}
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), REVOKED, 1)


def test_health_is_told(server):
    wait_for_health(server)
    for plain in (False, True):
        status, _, body = get(server, "/healthz", plain=plain)
        assert status == 200 and set(json.loads(body).values()) == {"ok"}, body
    assert get(server, "/certificates")[0] == 200


@pytest.mark.faults
def test_a_directory_that_is_away_is_told_by_ocsp_and_health(server):
    serial = server.certificate()
    server.until(lambda: server.status(serial), GOOD)
    server.end("slapd", signal.SIGKILL)
    try:
        server.until(lambda: server.status(serial), TRY_LATER, BEHIND + 3)
        server.until(lambda: get(server, "/healthz")[0], 503)
    finally:
        server.begin("slapd")
    server.until(lambda: server.status(serial), GOOD, 10)
    wait_for_health(server)
    # The signer finds each of its connections dead when it next uses it, and complains: not in the next test. When it has counted a
    # certificate that was not there before, all of them are new.
    back = time.strftime("%Y%m%d%H%M%SZ", time.gmtime())
    server.certificate()
    server.until(lambda: server.counted() >= back, True, 30)


def test_a_follower_that_is_killed_is_started_again(server):
    serial, killed = server.certificate(), server.follower()
    os.kill(killed, signal.SIGKILL)
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), REVOKED, 5)
    server.until(lambda: server.follower() not in (killed, None))
    assert server.users()[server.follower()] == server.user


def test_graceful_restarts_under_load_lose_no_answer_and_keep_the_key(server):
    serial, key = server.certificate(), server.responder_key()
    server.until(lambda: server.status(serial), GOOD)
    problems, answers = server.reload_under_load(serial, 3)
    assert problems == [] and answers > 200, (problems[:5], answers)
    assert server.responder_key() == key
    wait_for_health(server)
    server.change(serial, xcaState="revoked", xcaRevoked="20261101120000Z")
    server.until(lambda: server.status(serial), REVOKED)


def test_nothing_is_left_when_it_is_stopped(server):
    processes = server.users()
    assert server.follower() in processes
    server.end("httpd")
    server.until(lambda: [pid for pid in processes if os.path.exists("/proc/%d" % pid)], [], 10)
    server.begin("httpd")
    server.until(lambda: server.status("4a01"), UNKNOWN)


def test_lines_of_the_log_tell_a_request_and_a_client_only_where_there_is_one(server):
    lines = (server.home / "log" / "httpd-error.log").read_text("utf-8").splitlines()
    assert [line for line in lines if "configured -- resuming normal operations" in line]
    assert [line for line in lines if "[request [" in line or "[client]" in line or "[client [" in line] == []
