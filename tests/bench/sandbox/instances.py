"""Measures what instances cost inside a runner, in a process of its own: ``instances.py COMPILED``, JSON in ms."""

import json
import os
import socket
import statistics
import sys
import time

from shimin.adapters.wasm.channel import Channel
from shimin.adapters.wasm.runner_main import Runner

INSTANCES = 200


def main(compiled: str) -> dict[str, float]:
    """Make instances as a runner does, and prepare them."""
    ours, theirs = socket.socketpair()
    runner = Runner(Channel(theirs), os.open(compiled, os.O_RDONLY), 48)
    runner.start_watchdog()
    made, prepared = [], []
    for _ in range(INSTANCES):
        started = time.perf_counter()
        instance = runner._instantiate()
        made.append((time.perf_counter() - started) * 1e3)
        runner._prepare(instance)
        prepared.append((time.perf_counter() - started) * 1e3)
        instance.close()
    ours.close()
    return {"instantiate": statistics.median(made), "prepare": statistics.median(prepared)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
