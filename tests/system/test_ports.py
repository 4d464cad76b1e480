"""The ports of the tests' own servers: suites that run side by side take none twice."""

import socket
import subprocess
import sys
from pathlib import Path

from conftest import free_ports

TAKE = """
import sys
from conftest import free_ports
print(*free_ports(60), flush=True)
sys.stdin.read()
"""


def test_processes_at_the_same_time_take_no_port_twice():
    there = Path(__file__).parent
    takers = [subprocess.Popen([sys.executable, "-B", "-c", TAKE], cwd=there, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
              for _ in range(4)]
    taken = [int(port) for one in takers for port in one.stdout.readline().split()]
    taken += free_ports(60)
    for one in takers:
        one.communicate()
    assert len(taken) == len(set(taken)) == 300


def test_a_port_that_is_in_use_is_not_taken():
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        probe = subprocess.run([sys.executable, "-B", "-c", "import conftest; print(conftest.take_port(%d))" % port], cwd=Path(__file__).parent,
                               capture_output=True, text=True, check=True)
    assert probe.stdout.strip() == "False"
