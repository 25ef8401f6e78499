"""One engine for building and running: compiled code runs only under the settings it was compiled with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmtime import Engine

SETTINGS = 1
"""Raise it with every change of ``open_engine``: releases are then built again."""
STACK_BYTES_MAX = 1024 * 1024


def engine_name() -> str:
    """Return what compiled code depends on; cheap, loads no engine."""
    from importlib.metadata import version  # noqa: PLC0415 - a runner needs no name, and has room for little

    system = os.uname()
    return f"wasmtime/{version('wasmtime')} {system.sysname.lower()}/{system.machine} settings/{SETTINGS}"


def open_engine() -> Engine:
    """Return the engine; only for processes of their own (a build or a runner), never for the server's.

    Source: wasmtime ``Config``: epochs end a guest at a loop or call, ``max_wasm_stack`` bounds its recursion.
    """
    from wasmtime import Config, Engine  # noqa: PLC0415 - must never be loaded in the server's process

    config = Config()
    config.wasm_component_model = True
    config.epoch_interruption = True
    config.max_wasm_stack = STACK_BYTES_MAX
    config.wasm_threads = False
    config.wasm_memory64 = False
    config.wasm_relaxed_simd_deterministic = True
    config.native_unwind_info = False
    config.debug_info = False
    config.cranelift_opt_level = "speed"
    return Engine(config)
