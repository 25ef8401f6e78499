"""The process that runs one release's guests: loads, gives up every right, then serves its one socket.

Started by ``runner``, as ``runner_main <socket> <compiled code> <memory in MiB> <instances ahead> <jailed: 0 or 1>``.
It imports nothing else of this distribution but the modules beside it, has an empty environment, and holds no secret.
One guest runs at a time, in an instance that no other request used or will use.
"""

import ctypes
import gc
import os
import resource
import socket
import sys
import time
from collections import deque

from wasmtime import Store, WasmtimeError
from wasmtime.component import Component, Linker

from shimin.adapters.wasm import jail
from shimin.adapters.wasm.channel import ERROR_CHARS_MAX, Channel
from shimin.adapters.wasm.engine import open_engine
from shimin.adapters.wasm.fastcall import GuestEnded, HostFunctions, Refused, TextFunction, take_text
from shimin.adapters.wasm.frames import NO_TOKEN, Cause, Frame, Kind, pack
from shimin.adapters.wasm.wasi import add_wasi
from shimin.adapters.wasm.watchdog import Watchdog

CONTRACT = "shimin:miniapp"
PREPARE = "$prepare"
OUT_OF_MEMORY = "$OUT_OF_MEMORY"
PREPARE_MS = 2_000
HOST_CALL_BYTES_MAX = 256 * 1024
PRINT_BYTES_MAX = 16 * 1024
DOORS = (("execute", Kind.EXECUTE), ("fetch", Kind.FETCH), ("ask", Kind.ASK))
"""The contract's functions that ask the core."""
LOG_LINE_BYTES = 32
"""Counted for each line beside its text, so that empty lines are not free."""
BASE_MEMORY_BYTES = 192 * 1024 * 1024
"""Private memory of a runner beside its instances' own: interpreter, engine, buffers for answers."""
STDERR = 2


class _Ended(Exception):  # noqa: N818 - says what happened
    """Ends the guest from within a host call; the cause is already noted."""


class Serving:
    """What the call at hand may use and has used."""

    def __init__(self, frame: Frame) -> None:
        """Read the limits that the core sent with the call."""
        self.token = frame.token
        self.guest_ms = frame.number(0)
        self.host_calls_left = frame.number(1)
        self.output_bytes_max = frame.number(2)
        self.log_bytes_left = frame.number(3)
        self.cause: str | None = None
        self.printed = {1: bytearray(), STDERR: bytearray()}


class Instance:
    """One use of the component: memory of its own, thrown away after."""

    __slots__ = ("handle", "store")

    def __init__(self, store: Store, handle: TextFunction) -> None:
        """Hold the store and the exported function in it."""
        self.store = store
        self.handle = handle

    def close(self) -> None:
        """Give the memory back."""
        self.store.close()


class Runner:
    """Makes instances ahead and serves calls with them."""

    def __init__(self, channel: Channel, code: int, memory_mib: int) -> None:
        """Load the compiled code and define what guests may call.

        Args:
            code: descriptor of the compiled code, verified by the core.
            memory_mib: linear memory of one instance.
        """
        self._channel = channel
        self._memory_bytes = memory_mib * 1024 * 1024
        self._serving: Serving | None = None
        self._ahead: deque[Instance] = deque()
        self._half_made: Instance | None = None
        self._engine = open_engine()
        self._component = Component.deserialize_file(self._engine, f"/proc/self/fd/{code}")
        self._functions = HostFunctions()
        self._linker = Linker(self._engine)
        imports = [name for name, _ in self._component.type.imports(self._engine).items()]
        self._define_core(imports)
        add_wasi(self._linker, self._functions, imports, self._on_print)
        self._linker.define_unknown_imports_as_traps(self._component)
        handler = self._component.get_export_index(f"{CONTRACT}/handler@0.1.0")
        handle = self._component.get_export_index("handle", handler) if handler else None
        if handle is None:
            message = "the component does not export handler.handle"
            raise WasmtimeError(message)
        self._handle = handle
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self.watchdog: Watchdog | None = None

    @property
    def memory_file(self) -> int:
        """Descriptor of the file that tells this process its own memory."""
        return self._statm

    def _define_core(self, imports: list[str]) -> None:
        """Define the contract's doors."""
        with self._linker.root() as root:
            for name in imports:
                if not name.startswith(f"{CONTRACT}/"):
                    continue
                with root.add_instance(name) as instance:
                    if name.startswith(f"{CONTRACT}/core@"):
                        for function, kind in DOORS:
                            self._functions.add_texts(
                                instance, function, self._door(kind), bytes_max=HOST_CALL_BYTES_MAX
                            )
                        self._functions.add_raw(instance, "log", self._on_log)

    def start_watchdog(self) -> None:
        """Start the thread that ends guests; before system calls are filtered, since then no thread can start."""
        self.watchdog = Watchdog(self._engine.increment_epoch)

    # --- instances

    def _instantiate(self) -> Instance:
        """Make an instance that has not run yet."""
        store = Store(self._engine)
        store.set_limits(memory_size=self._memory_bytes, table_elements=100_000, instances=100, tables=100, memories=10)
        store.set_epoch_deadline(1)
        with _Budget(self, PREPARE_MS):
            function = self._linker.instantiate(store, self._component).get_func(store, self._handle)
        if function is None:
            message = "handler.handle is no function"
            raise WasmtimeError(message)
        return Instance(store, TextFunction(store, function))

    def _prepare(self, instance: Instance) -> None:
        """Let the guest touch the memory that a first answer touches."""
        instance.store.set_epoch_deadline(1)
        with _Budget(self, PREPARE_MS):
            instance.handle(PREPARE, "{}", bytes_max=1024)

    def refill_step(self) -> None:
        """Do half of what one more instance takes, so that a request need not wait for the whole."""
        try:
            if self._half_made is None:
                self._half_made = self._instantiate()
            else:
                instance, self._half_made = self._half_made, None
                self._prepare(instance)
                self._ahead.append(instance)
        except (GuestEnded, WasmtimeError) as error:
            # A guest that cannot even start is told to the core, which starts no runner in a tight loop.
            self._channel.fail("prepare", error)

    def _take(self) -> Instance:
        """Return an instance for one call; made now where none is ahead."""
        while not self._ahead:
            self.refill_step()
        return self._ahead.popleft()

    # --- what guests call

    def _door(self, kind: Kind) -> "Door":
        """Return the host function that asks the core."""
        return Door(self, kind)

    def ask(self, kind: Kind, first: str, second: str) -> str:
        """Ask the core on behalf of the guest at hand.

        Raises:
            Refused: the core's no.
            _Ended: the guest asked too often, or the core ends the call.
        """
        serving = self._serving
        if serving is None:
            code = "NOT_SERVING"
            raise Refused(code, "")
        if serving.host_calls_left <= 0:
            serving.cause = Cause.HOST_CALLS
            raise _Ended
        serving.host_calls_left -= 1
        self._channel.send(pack(kind, serving.token, (), (first, second)))
        answer = self._channel.receive()
        if answer.token != serving.token:
            os._exit(1)
        if answer.kind == Kind.REPLY:
            return answer.text(0)
        if answer.kind == Kind.REFUSE:
            raise Refused(answer.text(0), answer.text(1), answer.texts[2])
        serving.cause = Cause.ABORTED
        raise _Ended

    def _on_log(self, _context: object, arguments: object, _results: object) -> None:
        """Pass a line on while the call's allowance lasts; drop it after."""
        serving = self._serving
        if serving is None:
            return
        level, message = arguments[0].of.string, arguments[1].of.string  # type: ignore[index]
        size = level.size + message.size + LOG_LINE_BYTES
        if size > serving.log_bytes_left:
            serving.log_bytes_left = 0
            return
        serving.log_bytes_left -= size
        self._channel.send(pack(Kind.LOG, serving.token, (), (take_text(level), take_text(message))))

    def _on_print(self, stream: int, data: bytes) -> None:
        """Keep what a guest prints until its call ends; drop what is too much."""
        serving = self._serving
        if serving is not None and stream in serving.printed:
            kept = serving.printed[stream]
            kept += data[: max(0, PRINT_BYTES_MAX - len(kept))]

    # --- serving

    def _memory(self) -> int:
        """Return this process' private resident memory in bytes."""
        fields = os.pread(self._statm, 128, 0).split()
        return (int(fields[1]) - int(fields[2])) * self._page_bytes

    def serve(self, call: Frame) -> None:
        """Answer one call and throw its instance away."""
        serving = Serving(call)
        instance = self._take()
        memory, cpu_ns = self._memory(), time.thread_time_ns()
        self._serving = serving
        instance.store.set_epoch_deadline(1)
        budget = _Budget(self, serving.guest_ms)
        kind: Kind
        texts: tuple[str | None, ...]
        try:
            with budget:
                ok, fields, size = instance.handle(call.text(0), call.text(1), bytes_max=serving.output_bytes_max)
            kind, texts = self._answer(ok, fields, size, serving)
        except GuestEnded as ended:
            cause = serving.cause or (Cause.TIME if budget.expired else Cause.TRAP)
            if cause == Cause.TRAP and self._memory() - memory > self._memory_bytes // 2:
                cause = Cause.MEMORY
            kind, texts = Kind.ENDED, (cause, str(ended)[:ERROR_CHARS_MAX])
        finally:
            self._serving = None
        numbers = ((time.thread_time_ns() - cpu_ns) // 1000, max(0, self._memory() - memory))
        self._flush_prints(serving)
        self._channel.send(pack(kind, serving.token, numbers, texts))
        instance.close()

    @staticmethod
    def _answer(
        ok: bool,  # noqa: FBT001 - the first part of what a guest returned
        fields: tuple[str, str, str | None],
        size: int,
        serving: Serving,
    ) -> tuple[Kind, tuple[str | None, ...]]:
        """Return the frame's kind and texts for what a guest returned."""
        if size > serving.output_bytes_max:
            return Kind.ENDED, (Cause.OUTPUT, "")
        if ok:
            return Kind.DONE, fields[:1]
        if fields[0] == OUT_OF_MEMORY:
            return Kind.ENDED, (Cause.MEMORY, "")
        return Kind.SAID_NO, fields

    def _flush_prints(self, serving: Serving) -> None:
        """Pass on what was printed as two long lines, as far as the log allowance lasts."""
        for stream, printed in serving.printed.items():
            room = serving.log_bytes_left - LOG_LINE_BYTES
            if printed and room > 0:
                text = bytes(printed[:room]).decode("utf-8", "ignore")
                serving.log_bytes_left -= len(text.encode()) + LOG_LINE_BYTES
                level = "stderr" if stream == STDERR else "stdout"
                self._channel.send(pack(Kind.LOG, serving.token, (), (level, text)))

    def run(self, ahead: int) -> None:
        """Serve until the core goes away; between calls, make instances ahead while nobody waits."""
        while True:
            while len(self._ahead) < ahead and not self._channel.has_pending():
                self.refill_step()
            self.serve(self._channel.receive())


class Door:
    """A host function of two texts that asks the core."""

    def __init__(self, runner: Runner, kind: Kind) -> None:
        """Name the frame that it sends."""
        self._runner = runner
        self._kind = kind

    def __call__(self, first: str, second: str, /) -> str:
        """Ask."""
        return self._runner.ask(self._kind, first, second)


class _Budget:
    """Holds a guest to its processor time for as long as the block lasts."""

    __slots__ = ("_budget_ms", "_watchdog", "expired")

    def __init__(self, runner: Runner, budget_ms: int) -> None:
        self._watchdog = runner.watchdog
        self._budget_ms = budget_ms
        self.expired = False

    def __enter__(self) -> None:
        if self._watchdog is not None:
            self._watchdog.arm(self._budget_ms)

    def __exit__(self, *_: object) -> None:
        if self._watchdog is not None:
            self._watchdog.disarm()
            self.expired = self._watchdog.expired


def settle_memory() -> None:
    """Give back what loading took and nothing holds any more, and leave what stays out of every later collection."""
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def limit_resources(memory_mib: int, ahead: int, descriptor_max: int) -> None:
    """Bound what the process may take, its instances included; it can open nothing above ``descriptor_max``."""
    jail.limit(
        {
            resource.RLIMIT_DATA: BASE_MEMORY_BYTES + (ahead + 2) * memory_mib * 1024 * 1024,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
            resource.RLIMIT_NPROC: 0,
            resource.RLIMIT_NOFILE: descriptor_max + 1,
        }
    )


def main(arguments: list[str]) -> None:
    """Load, close every door, prove it, serve."""
    started = time.monotonic_ns()
    sock, code, memory_mib, ahead = (int(argument) for argument in arguments[:4])
    jailed = arguments[4] == "1"
    channel = Channel(socket.socket(fileno=sock))
    probes: dict[str, str] = {}
    step, runner = "load", None
    try:
        runner = Runner(channel, code, memory_mib)
        os.close(code)
        step = "jail"
        jail.drop_privileges()
        if jailed:
            jail.landlock()
        runner.start_watchdog()
        settle_memory()
        if jailed:
            # No guest code has run yet: every wall stands before the first instance is made.
            limit_resources(memory_mib, ahead, max(sock, runner.memory_file))
            jail.filter_system_calls(sock, runner.memory_file)
            probes = jail.probe()
        step = "prepare"
        runner.refill_step()
        runner.refill_step()
    except BaseException as error:  # noqa: BLE001 - the core is told whatever it is
        channel.fail(step, error)
    texts = [text for pair in probes.items() for text in pair]
    channel.send(pack(Kind.READY, NO_TOKEN, ((time.monotonic_ns() - started) // 1000,), texts))
    if runner is not None:
        runner.run(ahead)


if __name__ == "__main__":
    main(sys.argv[1:])
