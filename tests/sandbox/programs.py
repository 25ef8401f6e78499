"""Hostile programs: each tries one thing, and says by its name what; beside it stands how the sandbox must end it.

A program is the body of ``main(host)``. What it returns is its answer, so ``return "out"`` means that it got through.
"""

from dataclasses import dataclass
from textwrap import indent

ANSWERED = "answered"
"""It runs to its end inside its limits; ``answer`` says with what."""
BUG = "INTERNAL"
"""Its own exception: the caller learns that something went wrong, and nothing else."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and its end: a refusal's code, ``INTERNAL``, or an answer."""

    body: str
    ends: str
    answer: object = None

    @property
    def source(self) -> str:
        """The text that the guest runs."""
        return f"def main(host):\n{indent(self.body.strip(), '    ')}\n"


def _bug(body: str) -> Program:
    return Program(body, BUG)


def _crash(body: str) -> Program:
    return Program(body, "MINIAPP_CRASHED")


def _time(body: str) -> Program:
    return Program(body, "MINIAPP_TIMEOUT")


def _memory(body: str) -> Program:
    return Program(body, "MINIAPP_MEMORY")


def _answers(body: str, answer: object) -> Program:
    return Program(body, ANSWERED, answer)


FILES = {
    "reads the password file": _bug("return open('/etc/passwd').read()"),
    "reads the memory of its own process": _bug("return open('/proc/self/mem', 'rb').read(1).hex()"),
    "climbs out of where it is": _bug("return open('../../../../etc/hostname').read()"),
    "lists the root": _bug("import os\nreturn os.listdir('/')"),
    "asks what the root is": _bug("import os\nreturn str(os.stat('/'))"),
    "makes a folder": _bug("import os\nos.mkdir('/tmp/x')\nreturn 'out'"),
    "makes a symbolic link": _bug("import os\nos.symlink('/etc', '/tmp/x')\nreturn 'out'"),
    "makes a temporary file": _bug("import tempfile\nreturn tempfile.mkstemp()[1]"),
    "opens a database on disk": _bug(
        "import sqlite3\nsqlite3.connect('/tmp/x.db').execute('CREATE TABLE t (a)')\nreturn 'out'"
    ),
    "loads a module from disk": _bug(
        "import sys\nsys.path.insert(0, '/usr/lib/python3')\nimport antigravity\nreturn 'out'"
    ),
    "reads what is on standard input": _crash("import sys\nreturn sys.stdin.read()"),
}
DEVICES_AND_NETWORK = {
    "opens a stream": _crash("import socket\nsocket.create_connection(('127.0.0.1', 80))\nreturn 'out'"),
    "sends a datagram": _crash(
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))\nreturn 'out'"
    ),
    "looks up a name": _crash("import socket\nreturn socket.getaddrinfo('localhost', 80)"),
    "opens a local socket": _bug("import socket\nsocket.socket(socket.AF_UNIX)\nreturn 'out'"),
    "fetches a page": _bug("from urllib.request import urlopen\nreturn urlopen('http://127.0.0.1/').read()"),
    "writes to every descriptor": _answers(
        "import os\nworked = []\nfor number in range(3, 64):\n    try:\n        os.write(number, b'x' * 64)\n"
        "    except OSError:\n        continue\n    worked.append(number)\nreturn worked",
        [],
    ),
    "reads every descriptor": _answers(
        "import os\nworked = []\nfor number in range(3, 64):\n    try:\n        os.read(number, 1)\n"
        "    except OSError:\n        continue\n    worked.append(number)\nreturn worked",
        [],
    ),
}
PROCESSES = {
    "starts a program": _bug("import subprocess\nreturn subprocess.run(['id']).returncode"),
    "splits itself": _bug("import os\nreturn os.fork()"),
    "becomes another program": _bug("import os\nos.execv('/bin/sh', ['sh'])"),
    "calls the C library": _bug("import ctypes\nreturn ctypes.CDLL(None).getpid()"),
    "starts a thread": _bug("import threading\nthreading.Thread(target=print).start()\nreturn 'out'"),
    "runs an event loop of its own": _bug("import asyncio\nasyncio.run(asyncio.sleep(0))\nreturn 'out'"),
    "ends the interpreter hard": _crash("import os\nos._exit(0)"),
    "aborts": _crash("import os\nos.abort()"),
    "leaves by the door of the interpreter": _bug("raise SystemExit(0)"),
    "pretends that somebody pressed a key": _bug("raise KeyboardInterrupt"),
    "looks at the environment": _answers("import os\nreturn dict(os.environ)", {}),
    "looks at the command line": _answers("import sys\nreturn sys.argv[1:]", []),
}
TIME = {
    "loops and catches everything": _time(
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        continue"
    ),
    "loops inside C over a range": _time("return sum(range(10**12))"),
    "loops inside C over an iterator": _time(
        "import collections, itertools\ncollections.deque(itertools.repeat(0), 0)"
    ),
    "matches a pattern that explodes": _time("import re\nreturn re.match('(a+)+$', 'a' * 40 + 'b')"),
    "raises to a large power": _time("return len(str(pow(3, 10**7))) and 'out'"),
    "computes a large factorial": _time("import math\nreturn math.factorial(10**6) % 7"),
    "digests without end": _time(
        "import hashlib\nheld = hashlib.sha256()\nwhile True:\n    held.update(bytes(1 << 16))"
    ),
    "sorts by something slow": _time(
        "import functools\nslow = functools.cmp_to_key(lambda a, b: sum(range(1 << 16)))\n"
        "return sorted(range(10**5), key=slow)[0]"
    ),
    "searches quadratically": _time(
        "import difflib\nreturn difflib.SequenceMatcher(None, 'ab' * 2000, 'ba' * 2000, autojunk=False).ratio()"
    ),
    "loops in a clean-up": _time("try:\n    raise ValueError\nfinally:\n    while True:\n        pass"),
    "loops when it is collected": _time(
        "class Sticky:\n    def __del__(self):\n        while True:\n            pass\nSticky()\nreturn 'out'"
    ),
    "loops while it is compared": _time(
        "class Odd:\n    def __eq__(self, other):\n"
        "        while True:\n            pass\n    __hash__ = object.__hash__\n"
        "return Odd() in [Odd()]"
    ),
    "never ends its generator": _time("return list(iter(int, 1))[:0] if sum(iter(int, 1)) else 'out'"),
    "loops inside a database": _time(
        "import sqlite3\nreturn sqlite3.connect(':memory:').execute('WITH "
        "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT max(i) FROM n').fetchone()"
    ),
}
MEMORY = {
    "asks for everything at once": _memory("return len(bytearray(1 << 30))"),
    "asks for more than can be counted": _bug("return len(bytearray(1 << 31))"),
    "asks bit by bit": _memory("hoard = []\nwhile True:\n    hoard.append(bytearray(1 << 20))"),
    "multiplies a text": _memory("return len('x' * (1 << 30))"),
    "multiplies a list": _memory("return len([0] * (1 << 28))"),
    "doubles a list": _memory("held = [0]\nwhile True:\n    held += held"),
    "shifts a number far": _memory("return (1 << (1 << 30)).bit_length()"),
    "fills a table": _memory("return len({number: str(number) for number in range(10**7)})"),
    "unpacks a bomb": _memory("import zlib\nreturn len(zlib.decompress(zlib.compress(bytes(1 << 24)) ) * 64)"),
}
ANSWERS = {
    "answers half a character": _bug("return '\\ud800'"),
    "answers no JSON": _answers("raise Raw('nonsense')", "nonsense"),
    "answers half of an object": Program("raise Raw('{')", "MINIAPP_OUTPUT_TOO_DEEP"),
    "answers bytes": _bug("return b'x'"),
    "answers in a circle": _bug("held = []\nheld.append(held)\nreturn held"),
    "answers too much": Program("return 'x' * (1 << 21)", "MINIAPP_OUTPUT_TOO_BIG"),
    "answers too deep": Program("raise Raw('[' * 100 + ']' * 100)", "MINIAPP_OUTPUT_TOO_DEEP"),
    "refuses with half a character": Program("raise MiniAppError('C', '\\ud800')", "INTERNAL"),
    "refuses with a long code": Program("raise MiniAppError('C' * 1000, 'm')", "C" * 64),
    "refuses with particulars too deep": Program(
        "raise MiniAppError('C', 'm', '[' * 100 + ']' * 100)", "MINIAPP_OUTPUT_TOO_DEEP"
    ),
    "refuses with particulars too long": Program(
        "raise MiniAppError('C', 'm', 'x' * (1 << 21))", "MINIAPP_OUTPUT_TOO_BIG"
    ),
    "poses as the platform": Program("raise MiniAppError('$OUT_OF_MEMORY', '')", "MINIAPP_MEMORY"),
    "tells its secret in an exception": _bug("raise RuntimeError('password=hunter2')"),
    "floods what it prints": _answers("print('z' * (1 << 22))\nreturn 1", 1),
}
DEPTH = {
    "calls itself": _bug("return main(host)"),
    "describes itself by itself": _crash(
        "class Odd:\n    def __repr__(self):\n        return repr(self)\nreturn repr(Odd())"
    ),
    "nests brackets in a program": _memory("return eval('(' * 5000 + ')' * 5000)"),
    "copies a deep thing": _crash(
        "import copy\nheld = []\nfor _ in range(100000):\n    held = [held]\nreturn len(copy.deepcopy(held))"
    ),
    "runs broken bytecode": _crash(
        "code = main.__code__.replace(co_code=bytes([255, 255] * 8))\n"
        "import types\nreturn types.FunctionType(code, {})(host)"
    ),
}
POISON = {
    "replaces how the platform is asked": _answers(
        "from wit_world.imports import core\ncore.execute = lambda *_: 'mine'\nreturn host.execute('a', '{}')", "mine"
    ),
    "replaces how everybody reads JSON": _answers("import json\njson.loads = json.dumps = None\nreturn 1", 1),
    "takes importing away": _bug("import builtins\ndel builtins.__import__\nimport json\nreturn 'out'"),
    "forgets every module": _answers("import sys\nsys.modules.clear()\nreturn 1", 1),
    "allows no recursion": _bug("import sys\nsys.setrecursionlimit(5)\nreturn main(host)"),
    "watches every line": _answers("import sys\nsys.settrace(lambda *_: None)\nreturn 1", 1),
    "closes what it prints to": _answers("import sys\nsys.stdout.close()\nsys.stderr.close()\nreturn 1", 1),
    "leaves a host for the next": _answers("import builtins\nbuiltins.kept = host\nreturn 1", 1),
    "changes what numbers are called": _answers("import builtins\nbuiltins.int = str\nbuiltins.len = max\nreturn 1", 1),
}
HOST = {
    "climbs with a document's name": _answers("return host.execute('../../etc/passwd', '{}') and 1", 1),
    "asks with half a character": _bug("return host.execute('operations/\\ud800.graphql', '{}')"),
    "asks with nothing": _bug("return host.execute(None, None)"),
    "asks with a number": _bug("return host.execute(1, 2)"),
    "asks too much": Program("host.execute('operations/a.graphql', 'x' * (1 << 20))", "HOST_CALL_TOO_BIG"),
    "asks too deep": Program("host.execute('operations/a.graphql', '[' * 1000 + ']' * 1000)", "HOST_CALL_TOO_DEEP"),
    "asks too often": Program(
        "while True:\n    try:\n        host.execute('operations/a.graphql', '{}')\n"
        "    except BaseException:\n        pass",
        "HOST_CALLS_EXCEEDED",
    ),
    "asks without consent and goes on": Program(
        "try:\n    host.execute('operations/forbidden.graphql', '{}')\n"
        "except HostError as error:\n    return error.code",
        ANSWERED,
        "CONSENT_REQUIRED",
    ),
    "asks past the SDK": Program(
        "from wit_world.imports import core\nwhile True:\n"
        "    try:\n        core.execute('operations/a.graphql', '{}')\n"
        "    except BaseException:\n        pass",
        "HOST_CALLS_EXCEEDED",
    ),
    "is told of a bug of the core without words": Program(
        "host.execute('operations/broken.graphql', '{}')", "INTERNAL"
    ),
}
PROGRAMS: dict[str, Program] = {
    **FILES, **DEVICES_AND_NETWORK, **PROCESSES, **TIME, **MEMORY, **ANSWERS, **DEPTH, **POISON, **HOST,
}  # fmt: skip
