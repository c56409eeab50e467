"""Executable memory: never writable and executable, shared, freed, safe across forks and threads."""

import copy
import ctypes
import gc
import os
import pickle
import resource
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from jitney.asm import mapping, memory
from jitney.asm.memory import Memory


def returning(value: int) -> bytes:
    """mov eax, value; ret"""
    return b"\xb8" + value.to_bytes(4, "little") + b"\xc3"


def call(region, *args) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(args))(region.code_address)(*args)


def mappings() -> list[tuple[int, int, str]]:
    with open("/proc/self/maps") as file:
        rows = [line.split()[:2] for line in file]
    return [(*(int(part, 16) for part in span.split("-")), access) for span, access in rows]


def access_at(address: int) -> str:
    return next(access for start, end, access in mappings() if start <= address < end)


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.fixture(params=["memfd", "seal"])
def mode(request) -> str:
    return request.param


def test_code_runs_and_data_is_beside_it(mode):
    arena = Memory(mode)
    region = arena.reserve(32, 16)
    # mov rax, [rip+data]; add rax, [rip+data+8]; ret
    distance = region.data_address - region.code_address
    code = b"\x48\x8b\x05" + (distance - 7).to_bytes(4, "little", signed=True)
    code += b"\x48\x03\x05" + (distance + 8 - 14).to_bytes(4, "little", signed=True)
    region.write(code + b"\xc3", (40).to_bytes(8, "little") + (2).to_bytes(8, "little"))
    assert call(region) == 42
    region.data[:8] = (100).to_bytes(8, "little")
    assert call(region) == 102
    assert arena.contains(region.code_address)
    assert not arena.contains(region.data_address)
    assert not arena.contains(id(region))


@pytest.mark.skipif("JITNEY_EMULATED" in os.environ, reason="what is written through one mapping is not seen")
def test_the_systems_own_choice_is_two_mappings():
    arena = Memory()
    assert call(arena.publish(returning(7))) == 7
    assert arena.mode == "memfd"


def test_alignment_and_reach(mode):
    arena = Memory(mode)
    regions = [arena.reserve(size, size * 3) for size in (1, 63, 64, 65, 1000, 5000, 300_000, 1)]
    for region in regions:
        assert region.code_address % memory.GRANULE == 0
        assert region.data_address % memory.GRANULE == 0
    addresses = [region.code_address for region in regions] + [region.data_address for region in regions]
    assert max(addresses) - min(addresses) < 1 << 31


def test_regions_do_not_overlap(mode):
    arena = Memory(mode)
    regions = [arena.reserve(1 + 37 * index % 3000, 1 + 91 * index % 2000) for index in range(300)]
    spans = sorted(
        span for r in regions for span in ((r.code_address, r.code_size), (r.data_address, r.data_size))
    )
    for (start, size), (following, _) in zip(spans, spans[1:]):
        assert start + size <= following


def test_no_data_or_no_code(mode):
    arena = Memory(mode)
    code = arena.publish(returning(1))
    assert code.data_address == 0
    assert len(code.data) == 0
    table = arena.reserve(0, 24)
    assert table.code_address == 0
    table.write(b"", b"abc")
    assert bytes(table.data) == b"abc" + bytes(21)


def test_never_writable_and_executable(mode, monkeypatch):
    seen = []
    original = mapping.System.protect
    others = mappings()  # ctypes makes such a page for callbacks, if a test before this one used any

    def protect(self, address, size, access):
        original(self, address, size, access)
        seen.append([row for row in mappings() if "w" in row[2] and "x" in row[2] and row not in others])

    monkeypatch.setattr(mapping.System, "protect", protect)
    arena = Memory(mode)
    regions = [arena.publish(returning(index) + bytes(700), b"data") for index in range(400)]
    assert len(seen) >= 400
    assert not any(seen)
    for index, region in enumerate(regions):
        assert call(region) == index
        access = access_at(region.code_address)
        assert "x" in access and "w" not in access
        access = access_at(region.data_address)
        assert "x" not in access and "w" in access


def test_the_writer_view_is_closed_after_writing():
    arena = Memory("memfd")
    region = arena.publish(returning(1))
    assert access_at(region._claim[1].writer).startswith("r--")


def test_published_code_is_never_changed(mode):
    region = Memory(mode).publish(returning(3))
    with pytest.raises(ValueError, match="never changed"):
        region.write(returning(4))
    assert call(region) == 3


def test_too_long(mode):
    region = Memory(mode).reserve(8, 8)
    with pytest.raises(ValueError, match="do not fit"):
        region.write(bytes(9))
    with pytest.raises(ValueError, match="do not fit"):
        region.write(returning(1), bytes(9))
    with pytest.raises(ValueError, match="never negative"):
        Memory(mode).reserve(-1)
    assert call(region.write(returning(5))) == 5


def test_unused_room_traps():
    region = Memory("memfd").publish(returning(1))
    assert ctypes.string_at(region.code_address + 6, 58) == b"\xcc" * 58


def test_freed_chunks_are_used_again(mode):
    arena = Memory(mode)
    first = arena.publish(returning(1), b"x" * 100)
    places = first.code_address, first.data_address
    del first
    second = arena.reserve(6, 100)
    assert (second.code_address, second.data_address) == places
    assert bytes(second.data) == bytes(100)
    assert call(second.write(returning(2))) == 2


def test_neighbours_are_merged_before_the_memory_grows():
    arena = Memory("memfd")
    small = [arena.reserve(64) for _ in range(4096)]
    full = arena.usage()["code_bytes"]
    del small
    large = [arena.reserve(100_000) for _ in range(2)]
    assert arena.usage()["code_bytes"] == full
    assert arena.usage()["code_chunks"] == len(large)


def test_resident_memory_stays_flat(mode):
    arena = Memory(mode)
    code = returning(1) + bytes(1000)

    def rounds(count):
        kept = []
        for index in range(count):
            kept.append(arena.publish(code[: 6 + index % 900], b"d" * (index % 300)))
            if len(kept) > 50:
                del kept[index % 50]

    rounds(5_000)
    gc.collect()
    before = resident()
    rounds(100_000 if mode == "memfd" else 10_000)
    gc.collect()
    assert resident() - before < 2 << 20
    assert arena.usage()["code_chunks"] == 0
    assert arena.usage()["code_bytes"] <= 2 << 20


def test_many_arenas(mode):
    arena = Memory(mode)
    regions = [arena.publish(returning(index) + bytes(60_000)) for index in range(40)]
    assert [call(region) for region in regions] == list(range(40))


def test_a_region_is_not_copied(mode):
    region = Memory(mode).publish(returning(1))
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="one owner"):
            duplicate(region)


def test_threads(mode):
    arena = Memory(mode)
    wrong = []

    def work(number):
        for index in range(300):
            value = number * 1000 + index
            if call(arena.publish(returning(value) + bytes(index), b"x" * index)) != value:
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert arena.usage()["code_chunks"] == 0


def test_a_signal_handler_may_publish_too(mode):
    arena = Memory(mode)
    inner = []
    depth = deepest = 0

    def handler(signum, frame):
        nonlocal depth, deepest
        depth += 1
        deepest = max(deepest, depth)
        value = 1_000_000 + len(inner)  # read once: this handler may itself be interrupted by the next signal
        inner.append((value, arena.publish(returning(value) + bytes(100), b"x" * 300)))
        depth -= 1

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        outer = []
        while len(inner) < 200 and len(outer) < 20_000:
            outer.append(arena.publish(returning(len(outer)) + bytes(100), b"y" * 300))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert inner and deepest >= 1
    regions = [*outer, *(region for _, region in inner)]
    for places in ([r.code_address for r in regions], [r.data_address for r in regions]):
        assert len(set(places)) == len(regions)
    for index, region in enumerate(outer):
        assert call(region) == index
        assert bytes(region.data) == b"y" * 300
    for value, region in inner:
        assert call(region) == value
        assert bytes(region.data) == b"x" * 300


def in_child(work) -> int:
    """Run `work` in a forked child and return its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return pid


def passed(pid: int) -> bool:
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_keeps_both_sides_apart(mode):
    arena = Memory(mode)
    regions = {index: arena.publish(returning(index) + bytes(200), b"d" * 64) for index in range(100)}
    parent_is_done, tell_child = os.pipe()
    child_is_done, tell_parent = os.pipe()

    def work():
        own = {index: arena.publish(returning(1000 + index) + bytes(200), b"c" * 64) for index in range(100)}
        os.write(tell_parent, b"x")
        os.read(parent_is_done, 1)
        for index, region in regions.items():
            assert call(region) == index
            assert bytes(region.data) == b"d" * 64
        regions.clear()
        own.update({index: arena.publish(returning(1000 + index) + bytes(200)) for index in range(100, 200)})
        for index, region in own.items():
            assert call(region) == 1000 + index

    pid = in_child(work)
    kept = {index: regions[index] for index in range(0, 100, 2)}
    regions.clear()
    new = [arena.publish(returning(5000 + index) + bytes(200), b"p" * 64) for index in range(300)]
    os.read(child_is_done, 1)
    os.write(tell_child, b"x")
    assert passed(pid)
    for index, region in kept.items():
        assert call(region) == index
    for index, region in enumerate(new):
        assert call(region) == 5000 + index
        assert bytes(region.data) == b"p" * 64


def test_the_parents_reservation_is_not_written_by_the_child():
    arena = Memory("memfd")
    region = arena.reserve(16)

    def work():
        with pytest.raises(RuntimeError, match="before a fork"):
            region.write(returning(2))
        assert call(arena.publish(returning(3))) == 3

    assert passed(in_child(work))
    assert call(region.write(returning(1))) == 1


def test_grandchildren():
    arena = Memory("memfd")
    first = arena.publish(returning(1))

    def outer():
        regions = [first, arena.publish(returning(2))]

        def inner():
            third = arena.publish(returning(3))
            assert [call(region) for region in (*regions, third)] == [1, 2, 3]

        pid = in_child(inner)
        regions.clear()
        others = [arena.publish(returning(9)) for _ in range(10)]
        assert passed(pid)
        assert [call(region) for region in others] == [9] * 10

    assert passed(in_child(outer))
    assert call(first) == 1


def test_forks_do_not_pile_up_memory():
    arena = Memory("memfd")
    for index in range(60):
        region = arena.publish(returning(index) + bytes(50_000))
        assert passed(in_child(lambda: None))
        assert call(region) == index
        del region
    assert arena.usage()["code_bytes"] <= 1 << 20


def run(program: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_under_memory_deny_write_execute():
    result = run(
        r"""
        import ctypes, errno, sys
        from jitney.asm.memory import Memory
        if ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
            sys.exit("skip: " + errno.errorcode[ctypes.get_errno()])
        memory = Memory()
        kept = [memory.publish(b"\xb8" + i.to_bytes(4, "little") + b"\xc3" + bytes(500)) for i in range(2000)]
        kept = [memory.publish(b"\xb8" + i.to_bytes(4, "little") + b"\xc3" + bytes(500)) for i in range(2000)]
        assert [ctypes.CFUNCTYPE(ctypes.c_int)(region.code_address)() for region in kept] == list(range(2000))
        assert memory.mode == "memfd"
        try:
            Memory("seal").publish(b"\xc3")
        except OSError as error:
            print("refused", error.errno == errno.EACCES)
        """
    )
    if result.stderr.startswith("skip"):
        pytest.skip(f"this kernel knows no PR_SET_MDWE: {result.stderr}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "refused True\n", "")


def test_pages_are_sealed_where_memfds_are_refused(monkeypatch):
    def refuse(name, flags):
        raise PermissionError(1, "no memfd here")

    monkeypatch.setattr(os, "memfd_create", refuse)
    arena = Memory()
    regions = [arena.publish(returning(index)) for index in range(100)]
    assert arena.mode == "seal"
    assert [call(region) for region in regions] == list(range(100))


def test_pages_are_sealed_where_stale_code_would_run(monkeypatch):
    def forget(target, code, size):
        # As an emulator that has translated what was there at first.
        if code[1] == 1:
            ctypes.memmove(target, code, size)

    monkeypatch.setattr(mapping, "memmove", forget)
    arena = Memory()
    assert call(arena.publish(returning(7))) == 7
    assert arena.mode == "seal"


def test_under_an_address_space_limit():
    result = run(
        r"""
        import ctypes, resource
        from jitney.asm import mapping, memory
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (size + (40 << 20), size + (40 << 20)))
        region = memory.publish(b"\xb8\x2a\0\0\0\xc3")
        print(ctypes.CFUNCTYPE(ctypes.c_int)(region.code_address)())
        kept = []
        try:
            while True:
                kept.append(memory.reserve(1 << 20))
        except MemoryError:
            del kept
            print("full")
        print(ctypes.CFUNCTYPE(ctypes.c_int)(memory.publish(b"\xb8\x2b\0\0\0\xc3").code_address)())
        """
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "42\nfull\n43\n", "")


def test_bad_mode():
    with pytest.raises(ValueError, match="'rwx'"):
        Memory("rwx")
