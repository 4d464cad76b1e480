"""slapd down, frozen, read-only, full, killed in the middle of writing; the signer away or doubled. Every visitor gets a page that
says so and keeps the form; afterwards all goes on, and what somebody was told is filed is there."""

import itertools
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import ldap
import pytest
from conftest import BASE, BUILD, TOP
from test_bad_fields import new_csr
from visiting import NEW_FORM, Visitor, file_case, filled_in

CODE = "Test-code-1"
MAIN = "ldap/main/data.mdb"
emails = ("broken%d@example.org.tw" % i for i in itertools.count())


class Servers:
    """The servers of an instance one by one: start.sh would stop all when one ends."""

    def __init__(self, instance):
        self.instance, self.running = instance, {}

    def start(self, name):
        log = self.instance.home / "log" / (name + ".log")
        begun = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as out:
            self.running[name] = subprocess.Popen([str(TOP / "tools/demo/service.sh"), name], env=self.instance.environment, stdout=out,
                                                  stderr=out)
        self.wait(name, log, begun)

    def wait(self, name, log, begun):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.running[name].poll() is None, log.read_text("utf-8", "replace")[-2000:]
            try:
                if name == "slapd":
                    self.instance.bind("admin")
                    return
                if name == "httpd" and Visitor(self.instance).get("/about").status == 200:
                    return
                if name == "signer" and b"signer ready" in log.read_bytes()[begun:]:
                    return
            except (ldap.LDAPError, OSError):
                pass
            time.sleep(0.1)
        raise AssertionError("%s does not start" % name)

    def stop(self, name, how=signal.SIGTERM):
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(30)

    def send(self, name, what):
        self.running[name].send_signal(what)

    def configure_slapd(self, *changes):
        """slapd again with its configuration changed; none: as it was made."""
        home = self.instance.home
        self.stop("slapd")
        if not (home / "slapd.conf.made").exists():
            shutil.copy(home / "slapd.conf", home / "slapd.conf.made")
        text = (home / "slapd.conf.made").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (home / "slapd.conf").write_text(text, "utf-8")
        self.start("slapd")

    def log_lines(self, name):
        return len((self.instance.home / "log" / (name + ".log")).read_bytes().splitlines())


@pytest.fixture(scope="module")
def servers(spare):
    spare.stop()
    own = Servers(spare)
    for name in ("slapd", "signer", "httpd"):
        own.start(name)
    yield own
    for name in ("httpd", "signer", "slapd"):
        if name in own.running:
            own.stop(name)
    spare.start()


def cases(instance):
    found = instance.bind("admin").search_s("ou=cases," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=xcaCase)", ["mail", "xcaCaseNumber"])
    return {v["xcaCaseNumber"][0].decode(): v["mail"][0].decode() for _, v in found}


def form(instance, email, language=None):
    """A filled-in form that is ready to be sent: visitor, page, fields."""
    visitor = Visitor(instance, language=language)
    page = visitor.get(NEW_FORM)
    return visitor, page, filled_in(page, new_csr(), email)


def assert_form_kept(answer, email, *texts):
    assert answer.status == 503 and answer.headers["Retry-After"], (answer.status, answer.main[:500])
    for text in texts:
        assert text in answer.main, answer.main[:500]
    assert answer.form.field("email").value == email and answer.form.field("contact_name").value == "秘書處"
    assert answer.form.field("csr_kept").value


def send_again(visitor, answer):
    """What a person does: types the code again and presses the button."""
    window = answer.form.field("window").value or "tpe-edu"
    return visitor.submit(answer, {"code": CODE, "code_again": CODE, "window": window})


def number_of(answer):
    assert answer.status == 303, answer.main[:500]
    return re.search(r"\d{25}", answer.headers["Location"]).group()


def issue(instance, number):
    instance.approve(number)
    instance.wait_for_state(number, "issued", 30)
    found = instance.bind("admin").search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(xcaCaseNumber=%s)" % number, ["xcaSerial"])
    assert len(found) == 1
    return found[0][1]["xcaSerial"][0].decode()


def assert_quiet(servers, name, lines, seconds):
    """A program that waits says so, but not more than once a second."""
    said = servers.log_lines(name) - lines
    text = (servers.instance.home / "log" / (name + ".log")).read_text("utf-8", "replace")
    assert said <= seconds + 5, "%d lines in %.0f seconds: %s" % (said, seconds, "\n".join(text.splitlines()[lines:]))


@pytest.mark.parametrize("language, text", [(None, "目前無法連線"), ("en", "cannot be reached")])
def test_directory_down_is_told_and_the_form_is_kept(servers, spare, language, text):
    email = next(emails)
    visitor, page, fields = form(spare, email, language)
    waiting = file_case(Visitor(spare), new_csr(), next(emails))
    before = cases(spare)
    lines, began = servers.log_lines("signer"), time.monotonic()
    servers.stop("slapd")
    try:
        for path in ("/organisations?name=%E8%82%B2", "/oid", "/certificates?name=%E8%82%B2", "/certificates/" + "ab" * 16, "/windows",
                     "/requests/" + "ab" * 16, "/apply/certificate?keyword=%E8%82%B2"):
            answer = visitor.get(path)
            assert answer.status == 503 and answer.headers["Retry-After"] and text in answer.main, (path, answer.status, answer.main[:300])
            assert answer.headers["Cache-Control"] == "no-store"
        for path in ("/", "/about", "/start", "/sitemap", "/case/status", "/certificates/accept"):
            assert visitor.get(path).status == 200, path
        door = visitor.submit(visitor.get("/case/status"), {"case_number": waiting, "code": CODE})
        assert door.status == 503 and text in door.main
        for path, field in (("/certificates/accept", "serial"), ("/certificates/suspend", "number")):
            door = visitor.submit(visitor.get(path), {field: "ab" * 16, "code": CODE, "action": "suspend"})
            assert door.status == 503 and text in door.main and door.form.field(field).value == "ab" * 16
        answer = visitor.submit(page, fields)
        assert_form_kept(answer, email, text)
        assert visitor.get("/organisations?name=a", Accept="application/json").json()["errors"]
        time.sleep(3)
    finally:
        servers.start("slapd")
    number = number_of(send_again(visitor, answer))
    after = cases(spare)
    assert set(after) - set(before) == {number} and after[number] == email
    assert_quiet(servers, "signer", lines, time.monotonic() - began)
    issue(spare, waiting)  # the signer has found it again


def test_a_list_that_was_not_read_yet_is_refused_as_soon_as_all_else(servers, spare):
    servers.stop("httpd")
    servers.start("httpd")
    for _ in range(60):  # every process knows of the lists, and has read none of them
        assert Visitor(spare).get("/repository").status == 200
    servers.send("slapd", signal.SIGSTOP)
    try:
        time.sleep(1.5)
        began = time.monotonic()
        answer = Visitor(spare).get("/repository/crl/4-1.crl")
        took = time.monotonic() - began
        assert answer.status == 503 and answer.headers["Retry-After"] and took < 8, (answer.status, took)
    finally:
        servers.send("slapd", signal.SIGCONT)
    until = time.monotonic() + 20
    while Visitor(spare).get("/repository/crl/4-1.crl").status != 200:
        assert time.monotonic() < until
        time.sleep(0.3)


def test_a_directory_that_hangs_costs_seconds_and_files_one_case(servers, spare):
    email = next(emails)
    visitor, page, fields = form(spare, email)
    before = cases(spare)
    servers.send("slapd", signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = visitor.submit(page, fields)
        assert_form_kept(answer, email, "目前無法連線")
        assert time.monotonic() - began < 8
    finally:
        servers.send("slapd", signal.SIGCONT)
    number = number_of(send_again(visitor, answer))
    after = cases(spare)
    assert set(after) - set(before) == {number} and after[number] == email
    issue(spare, number)


def test_a_directory_frozen_in_the_middle_of_filing_files_one_case(servers, spare):
    """Frozen at a random moment: what was on its way may be written later; the form sent again finds it."""
    chance = random.Random(7)
    for _ in range(3):
        email = next(emails)
        visitor, page, fields = form(spare, email)
        timer = threading.Timer(chance.uniform(0.02, 0.12), servers.send, ("slapd", signal.SIGSTOP))
        thaw = threading.Timer(6.5, servers.send, ("slapd", signal.SIGCONT))
        timer.start(), thaw.start()
        answer = visitor.submit(page, fields)
        timer.join()
        servers.send("slapd", signal.SIGCONT)
        thaw.cancel()
        if answer.status != 303:
            assert_form_kept(answer, email)
            answer = send_again(visitor, answer)
        number = number_of(answer)
        assert [n for n, mail in cases(spare).items() if mail == email] == [number]


def test_a_read_only_directory_lets_people_look_and_tells_who_files(servers, spare):
    email = next(emails)
    visitor, page, fields = form(spare, email)
    known = file_case(visitor, new_csr(), next(emails))
    before = cases(spare)
    lines, began = servers.log_lines("signer"), time.monotonic()
    servers.configure_slapd(("add_content_acl on", "add_content_acl on\nreadonly on"))
    try:
        assert visitor.get("/organisations?name=%E8%82%B2").status == 200
        assert visitor.get("/case/status/" + known).status == 200
        answer = visitor.submit(page, fields)
        assert_form_kept(answer, email, "系統維護中")
        correction = visitor.submit(visitor.get("/case/edit/" + known), {"contact_name": "維護中"})
        assert correction.status == 503 and correction.form.field("contact_name").value == "維護中"
        door = Visitor(spare, language="en")
        assert door.submit(door.get("/case/status"), {"case_number": known, "code": CODE}).status == 303
        wrong = door.submit(door.get("/case/status"), {"case_number": known, "code": "wrong-1"})
        assert wrong.status == 503 and "maintenance" in wrong.main  # a try that cannot be counted is not made
        suspend = visitor.submit(visitor.get("/certificates/suspend"), {"number": "ab" * 16, "code": CODE, "action": "suspend"})
        assert suspend.status == 503 and "系統維護中" in suspend.main
        time.sleep(3)
        assert_quiet(servers, "signer", lines, time.monotonic() - began)
    finally:
        servers.configure_slapd()
    number = number_of(send_again(visitor, answer))
    after = cases(spare)
    assert set(after) - set(before) == {number}
    issue(spare, number)


def fill_up(instance):
    """Adds entries, first large, then small, until there is no room. Gives their names."""
    admin, names = instance.bind("admin"), []
    for size in (200000, 20000, 1500):
        for _ in range(2000):
            name = "xcaArc=%d,ou=oid,%s" % (900000 + len(names), BASE)
            try:
                admin.add_s(name, [("objectClass", [b"xcaArcEntry"]), ("description", [b"x" * size])])
                names.append(name)
            except ldap.OTHER:
                break
        else:
            raise AssertionError("never full")
    return names


def test_a_full_directory_is_told_and_goes_on_when_there_is_room(servers, spare):
    used = (spare.home / MAIN).stat().st_blocks * 512  # the file is sparse
    approved = file_case(Visitor(spare), new_csr(), next(emails))
    ready = [form(spare, next(emails)) for _ in range(12)]
    shown, refused = {}, []
    servers.configure_slapd(("maxsize   34359738368", "maxsize   %d" % (used + 128 * 1024)))
    try:
        fillers = fill_up(spare)
        for visitor, page, fields in ready:
            answer = visitor.submit(page, fields)
            if answer.status == 303:
                shown[number_of(answer)] = fields["email"]
            else:
                assert_form_kept(answer, fields["email"], "無法儲存")
                refused.append((visitor, answer, fields["email"]))
            if len(refused) == 3:
                break
        assert refused, "never full"
        assert Visitor(spare).get("/organisations?name=%E8%82%B2").status == 200
        lines, began = servers.log_lines("signer"), time.monotonic()
        spare.decide("accept", approved, "ra-tpe-edu", "--letter", "1")  # no room for it either, or the last of it
        time.sleep(4)
        assert_quiet(servers, "signer", lines, time.monotonic() - began)
    finally:
        servers.configure_slapd()
    for name in fillers:
        spare.bind("admin").delete_s(name)
    for visitor, answer, email in refused:
        shown[number_of(send_again(visitor, answer))] = email
    there = cases(spare)
    assert {n: there.get(n) for n in shown} == shown
    assert sorted(mail for mail in there.values() if mail in shown.values()) == sorted(shown.values())
    # nothing half-written: each can be read, and its content has a digest
    digests = spare.admin("review", "digest", *shown)
    assert digests.returncode == 0 and len(digests.stdout.splitlines()) == len(shown), digests.stderr
    if spare.case(approved)["xcaState"] == b"filed":
        spare.decide("accept", approved, "ra-tpe-edu", "--letter", "1")
        spare.wait_for_state(approved, "reviewed", 20)
    spare.decide("accept", approved, "central-1")
    spare.wait_for_state(approved, "issued", 20)


def test_slapd_killed_under_a_load_of_filings_keeps_every_case_that_was_shown(servers, spare):
    shown, faults, errors = {}, [], []
    stop = threading.Event()
    lock = threading.Lock()

    def work():
        visitor = Visitor(spare)
        while not stop.is_set():
            with lock:
                email = next(emails)
            try:
                page = visitor.get(NEW_FORM)
                answer = visitor.submit(page, filled_in(page, new_csr(), email))
                tries = 0
                while answer.status == 503 and tries < 240:
                    faults.append(answer.status)
                    tries += 1
                    time.sleep(0.25)
                    answer = send_again(visitor, answer)
                shown[number_of(answer)] = email
            except Exception as fault:  # told at the end, by the test's own thread
                errors.append("%s %r" % (email, fault))
                return

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    chance = random.Random(20261125)
    until, kills = time.monotonic() + 60, 0
    while (kills < 5 or len(shown) < 12 or not faults) and time.monotonic() < until and not errors:
        kills += 1
        time.sleep(chance.uniform(0.3, 1.2) * (1 + kills // 5))
        servers.stop("slapd", signal.SIGKILL)
        time.sleep(chance.uniform(0, 0.3))
        servers.start("slapd")
    time.sleep(0.5)
    stop.set()
    for worker in workers:
        worker.join()
    assert not errors, errors[:3]
    assert len(shown) > 10 and faults, (len(shown), len(faults))
    there = cases(spare)
    assert {n: there.get(n) for n in shown} == shown
    mine = [mail for mail in there.values() if mail in shown.values()]
    assert sorted(mine) == sorted(shown.values())  # none twice
    digests = spare.admin("review", "digest", *shown)
    assert digests.returncode == 0 and len(digests.stdout.splitlines()) == len(shown)
    issue(spare, next(iter(shown)))


def test_a_signer_that_is_down_is_told_and_what_waits_is_done_when_it_is_back(servers, spare):
    visitor = Visitor(spare)
    serial = issue(spare, file_case(visitor, new_csr(), next(emails)))
    number = file_case(visitor, new_csr(), next(emails))
    servers.stop("signer")
    try:
        # it counts as down half a minute after its last sign of life
        long_ago = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 60)).encode()
        spare.bind("signer").modify_s("cn=signer-status," + BASE, [(ldap.MOD_REPLACE, "xcaAlive", long_ago)])
        handed_in = spare.decide("accept", number, "ra-tpe-edu", "--letter", "1")
        assert handed_in.returncode == 0
        for language, text in (("en", "does not answer"), ("zh", "沒有回應")):
            visitor.cookies["xca-lang"] = language
            status = visitor.get("/case/status/" + number)
            assert status.status == 200 and text in status.main
        waits = visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": CODE})
        assert waits.status == 200 and "沒有回應" in waits.main, waits.main
        suspend = visitor.submit(visitor.get("/certificates/suspend"), {"number": serial, "code": CODE, "action": "suspend"})
        assert suspend.status == 303
        request = visitor.follow(suspend)
        assert request.status == 200 and "沒有回應" in request.main
        assert spare.case(number)["xcaState"] == b"filed"
    finally:
        servers.start("signer")
    spare.wait_for_state(number, "reviewed")
    content = visitor.submit(waits, {}, "again")
    assert content.status == 200 and serial in content.text.lower().replace(":", "").replace(" ", "")
    done = visitor.get(suspend.headers["Location"])
    assert "沒有回應" not in done.main  # answered: a certificate that nobody has accepted cannot be suspended
    accepted = visitor.submit(content, {}, "accept")
    assert accepted.status == 303 and visitor.follow(accepted).status == 200


def test_a_second_signer_is_refused(servers, spare):
    second = subprocess.run([str(BUILD / "xca-signer"), "--settings", str(spare.home / "xca.conf")], env=spare.environment,
                            capture_output=True, text=True, timeout=20)
    assert second.returncode == 1 and "another signer" in second.stderr
    assert servers.running["signer"].poll() is None


def test_two_signers_on_two_machines_do_everything_once(servers, spare):
    """Two machines share no lock file: every step is a compare-and-swap, so they are no danger to each other."""
    settings = spare.home / "second.conf"
    settings.write_text((spare.home / "xca.conf").read_text("utf-8").replace("run/signer.lock", "run/second.lock"), "utf-8")
    with open(spare.home / "log" / "second.log", "wb") as log:
        second = subprocess.Popen([str(BUILD / "xca-signer"), "--settings", str(settings)], env=spare.environment, stdout=log, stderr=log)
    try:
        visitors = [Visitor(spare) for _ in range(8)]
        numbers = {file_case(v, new_csr(), next(emails), path=NEW_FORM): v for v in visitors}
        threads = [threading.Thread(target=spare.approve, args=(number,)) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in numbers:
            spare.wait_for_state(number, "issued", 30)
        serials = {number: spare.case(number)["xcaSerial"].decode() for number in numbers}
        for number, visitor in list(numbers.items())[:3]:
            content = visitor.submit(visitor.get("/certificates/accept"), {"serial": serials[number], "code": CODE})
            accepted = visitor.submit(content, {}, "accept")
            assert accepted.status == 303, accepted.main
            spare.wait_for_state(number, "completed")
        assert second.poll() is None
    finally:
        second.terminate()
        second.wait(20)
    admin = spare.bind("admin")
    for number, serial in serials.items():
        found = admin.search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(xcaCaseNumber=%s)" % number, ["xcaSerial", "xcaOid"])
        assert [v["xcaSerial"][0].decode() for _, v in found] == [serial]
        assert len(admin.search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(xcaSourceKey=case:%s)" % number, ["xcaOid"])) == 1
    lists = admin.search_s("ou=crl," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=*)", ["xcaCrlNumber"])
    assert lists
