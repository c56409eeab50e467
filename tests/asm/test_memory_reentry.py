"""A signal handler may run between any two bytecodes, and may publish code itself: here it does, at each of them."""

import ctypes
import sys

import pytest

from jitney.asm import memory
from jitney.asm.memory import Memory


def returning(value: int) -> bytes:
    """mov eax, value; ret"""
    return b"\xb8" + value.to_bytes(4, "little") + b"\xc3"


PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int64)


class Interrupt:
    """Runs `handler` before the `at`-th bytecode executed in the module under test, once."""

    def __init__(self, at: int, handler) -> None:
        self.left = at
        self.handler = handler
        self.fired = False

    def trace(self, frame, event, argument):
        # What is raised in a finalizer is not passed on by Python, so that is no place to interrupt.
        if frame.f_code.co_filename != memory.__file__ or frame.f_code.co_name == "__del__":
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and not self.fired:
            self.left -= 1
            if self.left < 0:
                self.fired = True
                sys.settrace(None)
                self.handler()
        return self.trace

    def run(self, operation):
        previous = sys.gettrace()
        sys.settrace(self.trace)
        try:
            return operation()
        finally:
            sys.settrace(previous)


@pytest.fixture(autouse=True, scope="module")
def traced():
    """CPython 3.12 reports bytecodes only from the second traced call on."""
    Interrupt(1 << 30, None).run(World("memfd").publish)


class World:
    """A memory, and the regions alive in it with what each must return and hold."""

    def __init__(self, mode: str) -> None:
        self.arena = Memory(mode)
        self.alive: dict[int, tuple] = {}
        self.count = 0

    def publish(self, code_size: int = 100, data_size: int = 100) -> None:
        self.count += 1
        value, data = self.count, self.count.to_bytes(4, "little") * (data_size // 4)
        self.alive[value] = self.arena.publish(returning(value) + bytes(code_size), data), data

    def drop(self, every: int) -> None:
        for value in list(self.alive)[::every]:
            del self.alive[value]

    def check(self) -> None:
        spans = []
        for value, (region, data) in self.alive.items():
            assert ctypes.string_at(region.code_address, 6) == returning(value)
            assert region.data == data
            spans += (region.code_address, region.code_size), (region.data_address, region.data_size)
        spans.sort()
        for (start, size), (following, _) in zip(spans, spans[1:]):
            assert start + size <= following


def cut(world: World) -> None:
    """From a span."""


def reuse(world: World) -> None:
    """From one free chunk of just this size, which the handler wants too."""
    world.publish()
    world.drop(1)
    world.arena.usage()


def collect(world: World) -> None:
    """With regions dropped that nobody has freed yet."""
    for _ in range(4):
        world.publish()
    world.drop(2)


def merge(world: World) -> None:
    """When the spans are used up and enough chunks are free to be merged."""
    world.drop(1)
    for pool in (world.arena._code, world.arena._data):
        pool.spans.clear()
    for _ in range(12):
        world.publish(6000, 6000)
    for pool in (world.arena._code, world.arena._data):
        pool.spans.clear()
    world.drop(1)


@pytest.mark.parametrize("mode", ["memfd", "seal"])
@pytest.mark.parametrize("prepare", [cut, reuse, collect, merge])
def test_a_handler_publishes_anywhere(mode, prepare):
    world = World(mode)
    world.publish()
    for at in range(100_000):
        prepare(world)
        interrupt = Interrupt(at, world.publish)
        interrupt.run(world.publish)
        world.check()
        if not interrupt.fired:
            break
        if len(world.alive) > 20:
            world.drop(2)
    assert 100 < at < 99_999
    for value, (region, _) in world.alive.items():
        assert PROTOTYPE(region.code_address)() == value
    region = None
    world.alive.clear()
    usage = world.arena.usage()
    assert (usage["code_chunks"], usage["data_chunks"]) == (0, 0)


@pytest.mark.parametrize("mode", ["auto", "memfd", "seal"])
def test_a_handler_publishes_during_the_first_use(mode):
    for at in range(0, 100_000, 7):
        world = World(mode)
        interrupt = Interrupt(at, world.publish)
        interrupt.run(world.publish)
        world.publish()
        world.check()
        if not interrupt.fired:
            break
    assert 100 < at < 99_999


@pytest.mark.parametrize("prepare", [cut, reuse, collect, merge])
def test_an_exception_anywhere_leaves_a_sound_memory(prepare):
    world = World("memfd")
    world.publish()

    def interrupted():
        raise KeyboardInterrupt

    for at in range(100_000):
        prepare(world)
        interrupt = Interrupt(at, interrupted)
        try:
            interrupt.run(world.publish)
        except KeyboardInterrupt:
            pass
        world.publish()
        world.check()
        if not interrupt.fired:
            break
        if len(world.alive) > 20:
            world.drop(2)
    assert 100 < at < 99_999


def test_a_handler_needs_no_more_addresses(monkeypatch):
    """The interrupted operation never holds all there are: others may be far from them, out of reach."""
    world = World("memfd")
    world.publish()

    def refuse(self, size):
        raise MemoryError("no more addresses")

    monkeypatch.setattr(Memory, "_reserve_addresses", refuse)
    for at in range(100_000):
        world.arena.usage()
        for pool in (world.arena._code, world.arena._data):
            pool.clear()  # so that the interrupted operation has to map arenas
        arenas = len(world.arena._code.arenas)
        interrupt = Interrupt(at, world.publish)
        interrupt.run(world.publish)
        assert len(world.arena._code.arenas) > arenas
        world.check()
        if not interrupt.fired:
            break
        if len(world.alive) > 20:
            world.drop(2)
    assert 100 < at < 99_999
