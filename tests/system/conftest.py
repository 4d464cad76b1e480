"""A whole private instance for the system tests: real slapd, xca-signer, httpd, and a real browser. It is made by the demo's own
scripts in a temporary folder, with a small part of the demo's data, and listens on free loopback ports."""

import contextlib
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import ldap
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else TOP / BUILD
BASE = "ou=XCA,c=TW"
USER_CODE = "Test-code-1"
# What a sanitizer prints in a build of "make check-asan".
SANITIZER = re.compile(r"runtime error:|(Address|Leak|UndefinedBehavior)Sanitizer")


# Below the ports that the system gives to connections (from 32768 on), so that none of them takes one between here and the
# server that is to listen at it.
FIRST_PORT, PORTS = 20000, 12000
port_locks = []


def take_port(port):
    """Suites that run side by side leave each other their ports: a locked file each, as long as the process lives."""
    folder = Path("/tmp") / ("xca-test-ports-%d" % os.getuid())  # whatever TMPDIR each of them has
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = open(folder / str(port), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    port_locks.append(lock)
    return True


def free_ports(count):
    ports = []
    start = random.randrange(PORTS)
    for step in range(PORTS):
        if len(ports) == count:
            return ports
        port = FIRST_PORT + (start + step) % PORTS
        if take_port(port):
            ports.append(port)
    raise AssertionError("no free ports")


def small_data(folder):
    """The demo's windows and officers, and a few rows of two of its tables."""
    data = TOP / "tools" / "demo" / "data"
    folder.mkdir()
    shutil.copy(data / "windows.csv", folder)
    rows = (data / "officers.csv").read_text("utf-8").splitlines()
    keep = [r for r in rows if r.startswith(("uid", "central-", "card-", "audit-", "ra-tpe-"))]
    (folder / "officers.csv").write_text("\n".join(keep) + "\n", "utf-8")
    for table, lines in (("foundations_associations_names.csv", 60), ("npo_ubn.csv", 60), ("pharmacies_clinics.csv", 40)):
        text = (data / table).read_bytes().split(b"\n")
        (folder / table).write_bytes(b"\n".join(text[: lines + 1]) + b"\n")


class Instance:
    def __init__(self, home):
        self.home = home
        self.https, self.http, self.ldap_port = free_ports(3)
        self.url = "https://localhost:%d" % self.https
        self.plain = "http://localhost:%d" % self.http
        self.ldap_uri = "ldap://127.0.0.1:%d" % self.ldap_port
        self.process = None
        self.environment = dict(os.environ, XCA_HOME=str(home), XCA_HTTPS_PORT=str(self.https), BUILD=str(BUILD),
                                XCA_HTTP_PORT=str(self.http), XCA_LDAP_PORT=str(self.ldap_port), LC_ALL="C.UTF-8",
                                XCA_OFFICE_LOGINS="100000",  # all officers of all tests come from one address
                                XCA_API_REQUESTS="300")
        self.environment.pop("MAKEFLAGS", None)

    def make(self, data):
        subprocess.run([str(TOP / "tools/demo/make.sh")], env=dict(self.environment, XCA_DEMO_DATA=str(data)), check=True,
                       timeout=300, stdout=subprocess.DEVNULL)

    def start(self):
        began = time.monotonic()
        log = open(self.home / "log" / "start.log", "ab")
        self.process = subprocess.Popen([str(TOP / "tools/demo/start.sh")], env=self.environment, stdout=log,
                                        stderr=log, start_new_session=True)
        while time.monotonic() - began < 60:
            if b"ready: " in (self.home / "log" / "start.log").read_bytes():
                return time.monotonic() - began
            assert self.process.poll() is None, (self.home / "log" / "start.log").read_text("utf-8")
            time.sleep(0.1)
        raise AssertionError("no start within a minute")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.process = None
        (self.home / "log" / "start.log").unlink(missing_ok=True)

    def restart(self, clock_offset=0):
        self.stop()
        self.environment["XCA_CLOCK_OFFSET"] = str(clock_offset)
        return self.start()

    def lapse(self, number):
        """The 90 days to accept a case's certificate pass, and are taken back. The servers are moved, not a second signer beside
        the first: two of them would write the audit log's next entry against each other."""
        self.restart(91 * 86400)
        self.wait_for_state(number, "lapsed")
        self.restart(0)

    def run(self, program, arguments, seconds):
        done = subprocess.run([str(BUILD / program), "--settings", str(self.home / "xca.conf")] + list(arguments),
                              env=self.environment, capture_output=True, text=True, timeout=seconds)
        assert not SANITIZER.search(done.stderr), done.stderr
        return done

    def admin(self, *arguments):
        return self.run("xca-admin", arguments, 60)

    def decide(self, verb, case, officer, *more):
        return self.admin("review", verb, case, "--officer", officer, "--key", str(self.home / "officers" / (officer + ".p12")),
                          "--password-file", str(self.home / "officers" / "password"), *more)

    def approve(self, case, window="tpe-edu"):
        first = self.decide("accept", case, "ra-" + window, "--letter", "北市教字第1150000001號")
        assert first.returncode == 0, first.stderr
        second = self.decide("accept", case, "central-1")
        assert second.returncode == 0, second.stderr

    def bind(self, who=None):
        """A connection as one of the programs, or anonymous."""
        connection = ldap.initialize(self.ldap_uri)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        if who is not None:
            connection.simple_bind_s("cn=%s,ou=services,%s" % (who, BASE),
                                     (self.home / "secrets" / (who + ".password")).read_text().strip())
        return connection

    def case(self, number):
        found = self.bind("admin").search_s("xcaCaseNumber=%s,ou=cases,%s" % (number, BASE), ldap.SCOPE_BASE)
        return {k: v[0] if len(v) == 1 else v for k, v in found[0][1].items()}

    def wait_for_state(self, number, state, seconds=15):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.case(number)["xcaState"].decode()
            if found == state:
                return
            time.sleep(0.1)
        raise AssertionError("case %s is %s, not %s" % (number, found, state))

    def wait_for_lists(self, seconds=30):
        """The first revocation lists come a moment after the signer is ready."""
        until = time.monotonic() + seconds
        while not self.bind("admin").search_s("ou=crl," + BASE, ldap.SCOPE_ONELEVEL, "(cn=full)", ["1.1"]):
            assert time.monotonic() < until, "no revocation list"
            time.sleep(0.1)
        time.sleep(1.1)  # the portal keeps what it knew for a second

    def signer_pid(self):
        return int((self.home / "run" / "signer.pid").read_text())

    def signer_once(self, *more):
        return self.run("xca-signer", ("--once",) + more, 120)

    def problems(self):
        """What the programs' logs complain of."""
        bad = []
        for name in ("httpd.log", "httpd-error.log", "signer.log", "slapd.log", "make.log"):
            log = self.home / "log" / name
            if log.exists():
                bad += [line for line in log.read_text("utf-8", "replace").splitlines()
                        if SANITIZER.search(line) or re.search(r":error\]|:crit\]|:emerg\]|exit signal|Segmentation|Assertion", line)]
        return bad


@contextlib.contextmanager
def directory_only(folder):
    """An instance of which only the directory runs; the signers are the test's."""
    small_data(folder / "data")
    one = Instance(folder / "instance")
    one.make(folder / "data")
    slapd = subprocess.Popen([str(TOP / "tools/demo/service.sh"), "slapd"], env=one.environment)
    until = time.monotonic() + 20
    while True:
        try:
            one.bind("admin")
            break
        except ldap.LDAPError:
            assert time.monotonic() < until
            time.sleep(0.1)
    yield one
    slapd.terminate()
    slapd.wait(30)


running = []  # the session's instance, once there is one


@pytest.fixture(scope="module", autouse=True)
def forgiven():
    """All visitors of all tests come from one address: the wrong codes of one file do not lock it for the next."""
    for one in running:
        signer = one.bind("signer")
        for dn, _ in signer.search_s("ou=sources," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=*)", ["1.1"]):
            signer.delete_s(dn)


@pytest.fixture(scope="session")
def instance():
    home = Path(tempfile.mkdtemp(prefix="xca-test-"))
    data = home / "data"
    small_data(data)
    one = Instance(home / "instance")
    one.make(data)
    one.start()
    one.wait_for_lists()
    running.append(one)
    yield one
    running.remove(one)
    before = len(one.problems())
    one.stop()
    # Leaks are reported when a program ends.
    at_the_end = one.problems()[before:]
    shutil.rmtree(home, ignore_errors=True)
    assert at_the_end == []


def officer_of(uid):
    @pytest.fixture(scope="module")
    def logged_in(instance):
        from officers import Officer
        return Officer(instance, uid)
    return logged_in


ra, central, second = officer_of("ra-tpe-edu"), officer_of("central-1"), officer_of("central-2")


@pytest.fixture(scope="session")
def spare():
    """A second instance for tests that stop servers, move the clock, or fill the disk."""
    home = Path(tempfile.mkdtemp(prefix="xca-spare-"))
    small_data(home / "data")
    one = Instance(home / "instance")
    one.make(home / "data")
    one.start()
    yield one
    one.stop()
    reports = [line for line in one.problems() if SANITIZER.search(line)]
    shutil.rmtree(home, ignore_errors=True)
    assert reports == []


@pytest.fixture(scope="session")
def centre():
    """A card centre whose parts the tests kill."""
    from card_centre import CardCentre
    home = Path(tempfile.mkdtemp(prefix="xca-centre-"))
    one = CardCentre(home, {"card-key-type": "ec:P-256"})
    yield one
    problems = one.problems()
    one.close()
    shutil.rmtree(home, ignore_errors=True)
    assert problems == []


@pytest.fixture(autouse=True)
def clean_logs(request):
    """After each test the error logs hold nothing new, unless the test declares faults (marker faults)."""
    if "instance" not in request.fixturenames:
        yield
        return
    one = request.getfixturevalue("instance")
    before = len(one.problems())
    yield
    if request.node.get_closest_marker("faults") is None:
        assert one.problems()[before:] == []


def pytest_configure(config):
    config.addinivalue_line("markers", "faults: the test causes faults that are logged")


def new_browser(*more):
    options = webdriver.ChromeOptions()
    # Debian asks for GPU rasterization, which without a GPU is software twice: a fifth of the work for a page.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-gpu-rasterization", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
                     "--ignore-certificate-errors", "--force-prefers-reduced-motion",
                     "--window-size=1280,1600", "--lang=zh-TW", "--disable-dev-shm-usage") + more:
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(30)
    driver.implicitly_wait(3)
    return driver


@pytest.fixture(scope="session")
def browser():
    driver = new_browser()
    yield driver
    driver.quit()


@pytest.fixture
def key_and_csr(tmp_path):
    """A key of the applicant's own and a PKCS#10 request for it."""
    key, csr = tmp_path / "my.key", tmp_path / "my.csr"
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(csr),
                    "-subj", "/CN=request"], check=True, capture_output=True)
    return key, csr
