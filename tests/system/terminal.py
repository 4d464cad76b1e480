"""A shell at a terminal, as somebody uses it who types the commands that the demo prints, and answers what is asked."""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time


def printed_commands(text):
    """Command lines of what-to-try.sh: six spaces before them; a backslash goes on with the next line."""
    commands = []
    for line in text.replace("\\\n", "").splitlines():
        if re.match("      [^ ]", line):
            commands.append(line.strip())
    return commands


PROMPT = r"\[ended: (\d+)\]"


def at_terminal():
    """In the child: the terminal is its own, and what ends programs there is not ignored, as it is below nohup or in the background."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for name in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)


class Terminal:
    def __init__(self, folder, **environment):
        master, slave = pty.openpty()
        self.master = master
        self.said = ""
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
                                        env={**os.environ, **environment, "PS1": "[ended: $?]", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
                                        start_new_session=True, preexec_fn=at_terminal)
        os.close(slave)
        self.read(PROMPT, 0, 20)
        self.run("stty cols 500; unset HISTFILE")

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, wanted, begin, seconds):
        """Until `wanted`, a pattern, was said behind `begin`."""
        until = time.monotonic() + seconds
        data = b""
        while True:
            found = re.search(wanted, self.said[begin:])
            if found:
                return found
            left = until - time.monotonic()
            assert left > 0, "%s was not said: %s" % (wanted, self.said[begin:])
            if select.select([self.master], [], [], min(left, 1))[0]:
                data += os.read(self.master, 65536)
                try:
                    self.said += data.decode().replace("\r", "")
                    data = b""
                except UnicodeDecodeError:  # a character that is not here whole
                    pass

    def start(self, command):
        """Types a command that goes on until it is stopped; returns where its words begin."""
        begin = len(self.said)
        self.type(command + "\n")
        return begin

    def run(self, command, *answers, seconds=120):
        """Types a command, and each answer, (pattern of the question, text), when it is asked for. Returns what was said and the
        exit status."""
        begin = self.start(command)
        at = begin
        for question, answer in answers:
            found = self.read(question, at, seconds)
            at += found.end()
            self.type(answer + "\n")
        found = self.read(PROMPT, at, seconds)
        return self.said[begin:at + found.start()], int(found.group(1))

    def close(self):
        os.close(self.master)
        self.process.wait(20)
