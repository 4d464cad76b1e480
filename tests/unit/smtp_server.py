#!/usr/bin/env python3
"""A mail server for test_mail: prints its port, serves connections on 127.0.0.1 one after the other and
appends what it hears to FOLDER/heard, each message to FOLDER/message. MODE tells how it behaves:
plain, starttls, reject (the recipient), busy, locked (asks for a login), silent (after the message)."""
import pathlib
import socket
import ssl
import sys

folder, mode = pathlib.Path(sys.argv[1]), sys.argv[2]
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(60)
print(listener.getsockname()[1], flush=True)


def hear(line):
    with open(folder / "heard", "ab") as log:
        log.write(line)


def serve(connection):
    stream = connection.makefile("rwb", buffering=0)
    say = lambda text: stream.write(text.encode() + b"\r\n")
    say("220 test ESMTP")
    while True:
        line = stream.readline()
        if not line:
            return
        hear(line)
        verb = line.split(b" ")[0].strip().upper()
        if verb == b"EHLO":
            offers = ["SIZE 1000000"]
            if mode == "starttls" and not isinstance(connection, ssl.SSLSocket):
                offers.append("STARTTLS")
            if mode in ("locked", "starttls"):
                offers.append("AUTH PLAIN")
            for offer in offers[:-1]:
                say("250-" + offer)
            say("250 " + offers[-1])
        elif verb == b"STARTTLS":
            say("220 go on")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "tls.pem", folder / "tls-key.pem")
            connection = context.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rwb", buffering=0)
        elif verb == b"AUTH":
            if len(line.split()) == 2:
                say("334 ")
                hear(stream.readline())
            say("535 no" if mode == "locked" else "235 welcome")
        elif verb == b"RCPT" and mode == "reject":
            say("550 5.1.1 no such mailbox")
        elif verb == b"MAIL" and mode == "busy":
            say("451 try later")
        elif verb == b"DATA":
            say("354 go on")
            message = b""
            while not message.endswith(b"\r\n.\r\n"):
                message += stream.readline()
            (folder / "message").write_bytes(message[:-3])
            if mode == "silent":
                return
            say("250 queued")
        elif verb == b"QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")


for _ in range(int(sys.argv[3])):
    client, _ = listener.accept()
    client.settimeout(30)
    try:
        serve(client)
    except (OSError, ssl.SSLError) as fault:
        hear(b"fault: %s\n" % str(fault).encode())
    client.close()
