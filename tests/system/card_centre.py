"""A card centre whose parts can be killed one by one: an instance with slapd, signer and httpd as processes of the test's own, card
helpers against it, and a wire between helper and portal that can be cut at any exchange.

    centre = CardCentre(folder, {"card-key-type": "ec:P-256"})
    case = centre.approved_case()
    run = centre.helper(readers, "produce", "--case", case)      # subprocess.CompletedProcess
    centre.wire.cut(3, "answer lost", centre.kill_helper)        # at the third exchange of the next helper
"""

import http.client
import http.server
import os
import re
import ssl
import subprocess
import threading
import time

import ldap
from conftest import BASE, BUILD, TOP, USER_CODE, Instance, small_data
from test_broken_portal import CASES, code_hash, content, new_number

CARDS = "ou=cards," + BASE
CERTIFICATES = "ou=certificates," + BASE
OBJECTS = {"signature": "object 5fc10a", "encryption": "object 5fc10b", "card-auth": "object 5fc101"}


def unified_numbers():
    """Valid ones that no organisation of the tests has."""
    for number in range(97000000, 98000000):
        digits = [int(d) for d in str(number)]
        weighted = [d * w for d, w in zip(digits, (1, 2, 1, 2, 1, 2, 4, 1))]
        if digits[6] != 7 and sum(n // 10 + n % 10 for n in weighted) % 5 == 0:
            yield str(number).encode()


class Wire:
    """Between helper and portal, as TLS server with the portal's own key. Counts exchanges; one of them can be cut."""

    def __init__(self, centre):
        self.centre = centre
        self.lock = threading.Lock()
        self.reset()
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                wire.exchange(self)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                """A helper that went away."""

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(centre.home / "ca/tls.pem", centre.home / "ca/tls.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.upstream = ssl.create_default_context(cafile=str(centre.home / "ca/root.pem"))
        self.url = "https://localhost:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def reset(self):
        self.count, self.at, self.kind, self.action, self.was_cut, self.body = 0, 0, None, None, False, None

    def cut(self, at, kind, action=None):
        """The at-th exchange from now: "request lost" or "answer lost"; `action` is done there."""
        self.reset()
        self.at, self.kind, self.action = at, kind, action

    def exchange(self, handler):
        with self.lock:
            self.count += 1
            cut = self.count == self.at
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if cut:
            self.was_cut, self.body = True, body
        if cut and self.kind == "request lost":
            self.act()
            handler.close_connection = True
            return
        if cut and self.kind == "before":
            self.act()
        status, headers, answer = self.forward(handler, body)
        if cut and self.kind == "answer lost":
            self.act()
            handler.close_connection = True
            return
        handler.send_response(status)
        for name in ("Content-Type", "Retry-After"):
            if headers.get(name):
                handler.send_header(name, headers[name])
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def act(self):
        if self.action is not None:
            self.action()

    def forward(self, handler, body):
        portal = http.client.HTTPSConnection("localhost", self.centre.https, context=self.upstream, timeout=30)
        headers = {name: handler.headers[name] for name in ("Content-Type", "Accept-Language", "Accept") if handler.headers.get(name)}
        portal.request(handler.command, handler.path, body or None, headers)
        answer = portal.getresponse()
        data = answer.read()
        portal.close()
        return answer.status, answer.headers, data

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class CardCentre(Instance):
    def __init__(self, folder, settings=None):
        small_data(folder / "data")
        super().__init__(folder / "instance")
        self.make(folder / "data")
        self.open(settings)

    def open(self, settings=None):
        """Starts the servers of an instance that is made, with these settings."""
        subprocess.run(["bash", "-c", "source tools/demo/common.sh; configure"], env=self.environment, cwd=TOP, check=True)
        given = dict({"card-requests-a-minute": "100000"}, **(settings or {}))
        lines = [line for line in (self.home / "xca.conf").read_text("utf-8").splitlines()
                 if line.split(" ")[0] not in given]
        (self.home / "xca.conf").write_text("\n".join(lines + ["%s = %s" % pair for pair in given.items()]) + "\n", "utf-8")
        self.numbers = unified_numbers()
        self.code_hash = code_hash(USER_CODE)
        self.servers = {}
        self.helpers = []
        for name in ("slapd", "signer", "httpd"):
            self.start_server(name)
        self.wait_until_answering()
        self.wire = Wire(self)

    # --- servers ---

    def start_server(self, name):
        with open(self.home / "log" / (name + ".log"), "ab") as log:
            self.servers[name] = subprocess.Popen([str(TOP / "tools/demo/service.sh"), name], env=self.environment, stdout=log,
                                                  stderr=log, stdin=subprocess.DEVNULL)
        if name == "slapd":
            self.until(lambda: self.bind("admin"))
        elif name == "signer" and self.servers.keys() == {"slapd", "signer"}:
            self.until(self.signer_is_ready)

    def signer_is_ready(self):
        assert b"signer ready" in (self.home / "log" / "signer.log").read_bytes()

    def until(self, action, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                return action()
            except (ldap.LDAPError, OSError, AssertionError):
                assert time.monotonic() < end
                time.sleep(0.05)

    def wait_until_answering(self):
        context = ssl.create_default_context(cafile=str(self.home / "ca/root.pem"))

        def ask():
            portal = http.client.HTTPSConnection("localhost", self.https, context=context, timeout=5)
            portal.request("GET", "/card/session")
            status = portal.getresponse().status
            portal.close()
            assert status == 200

        self.until(ask)

    def kill_signer(self, back_after=0.3):
        """Killed, and started again a moment later."""
        self.servers["signer"].kill()
        self.servers["signer"].wait()
        threading.Timer(back_after, self.start_server, ["signer"]).start()

    def close(self):
        self.wire.close()
        for name in ("httpd", "signer", "slapd"):
            server = self.servers[name]
            if server.poll() is None:
                server.terminate()
            server.wait(60)

    # --- cases ---

    def approved_case(self, **changed):
        number = new_number()
        entry = dict({"xcaUbn": next(self.numbers), "xcaKind": b"card", "xcaRank": b"secondary", "xcaUse": None, "xcaCsr": None,
                      "xcaKeyHash": None, "xcaCodeHash": self.code_hash}, **changed)
        self.bind("portal").add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(None, number, **entry))
        self.approve(number)
        self.wait_for_state(number, "approved")
        return number

    def cards(self, case):
        """Of the case, those that were not given up."""
        found = self.bind("signer").search_s(CARDS, ldap.SCOPE_ONELEVEL, "(&(xcaCaseNumber=%s)(!(xcaState=discarded)))" % case)
        return [{k: v for k, v in entry.items()} for _, entry in found]

    def card(self, case):
        cards = self.cards(case)
        assert len(cards) == 1, cards
        return cards[0]

    def card_number(self, case):
        return self.card(case)["xcaCardNumber"][0].decode()

    def certificates(self, number):
        """use -> (state, DER) of the certificates of a card that are not revoked."""
        found = self.bind("admin").search_s(CERTIFICATES, ldap.SCOPE_ONELEVEL, "(&(xcaCardNumber=%s)(!(xcaState=revoked)))" % number)
        assert len(found) == 3, [entry["xcaState"] for _, entry in found]
        return {entry["xcaUse"][0].decode(): (entry["xcaState"][0].decode(), entry["userCertificate;binary"][0]) for _, entry in found}

    # --- helpers ---

    def config(self, readers):
        path = readers.folder / "helper-config"
        path.write_text("portal-url = %s\nca-file = %s\nofficer = card-1\nkey = %s\npassword-file = %s\nportal-timeout = 20\n" % (
            self.wire.url, self.home / "ca/root.pem", self.home / "officers/card-1.p12", self.home / "officers/password"))
        path.chmod(0o600)
        return path

    def start_helper(self, readers, *command, secrets=(), wait=10):
        reading, writing = os.pipe()
        os.write(writing, "".join(secret + "\n" for secret in secrets).encode())
        os.close(writing)
        try:
            process = subprocess.Popen(
                [str(BUILD / "xca-card"), "--config", str(self.config(readers)), "--language", "en", "--wait", str(wait), "--yes",
                 "--verbose", "--secrets-fd", str(reading)] + [str(word) for word in command], env=readers.environment,
                pass_fds=[reading], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(reading)
        self.helpers.append(process)
        return process

    def helper(self, readers, *command, secrets=(), wait=10, timeout=150):
        process = self.start_helper(readers, *command, secrets=secrets, wait=wait)
        out, err = process.communicate(timeout=timeout)
        self.helpers.remove(process)
        assert not re.search("Sanitizer|runtime error", err), err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def kill_helper(self):
        for process in self.helpers:
            process.kill()

    def dispatch(self, readers, case):
        told(self.helper(readers, "dispatch", "--case", case, "--card", self.card_number(case), "--mail-number", "12345678901234"))


def told(run, code=0, *texts):
    assert run.returncode == code, (run.returncode, run.stdout, run.stderr)
    for text in texts:
        assert text in run.stdout + run.stderr, run.stdout + run.stderr
    return run


def pin_shown(run):
    found = re.search(r"Your PIN[^\n]*?: *(\d{6,8})", run.stdout)
    assert found, run.stdout
    return found.group(1)


def assert_whole(centre, case, card, state, of_certificates):
    """The card in the reader is what the directory says, and the directory says one thing."""
    recorded = centre.card(case)
    assert recorded["xcaState"] == [state.encode()]
    number = recorded["xcaCardNumber"][0].decode()
    memory = card.memory()
    for use, (found, der) in centre.certificates(number).items():
        assert found == of_certificates
        assert der in memory[OBJECTS[use]], use
    centre.wait_for_state(case, {"active": "completed"}.get(state, state))
    assert centre.case(case)["xcaCardNumber"].decode() == number
    return number


def has_pin(card, pin):
    memory = card.memory()
    return memory["pin"] == pin.encode().ljust(8, b"\xff") and memory["pin-tries"][0] >= 3


__all__ = ["CardCentre", "Readers", "Wire", "assert_whole", "has_pin", "pin_shown", "told"]
