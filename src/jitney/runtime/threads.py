"""Threads for compiled loops: workers that never touch Python, and running without the GIL.

A parallel loop's iterations are grouped into *units*; `PARALLEL` (see `sharing_x86_64`) runs all of them, in one of
three ways. What decides is what the loop should take: the work that the compiler sees in it, times what a piece of such
work took the last time.

1. A loop that should be over in `TINY` nanoseconds is run at once, 31 times out of 32, while threads hardly poll
   meanwhile, as all do that take much longer (then it is measured for a while): compiled code compares that by itself.
2. One that is worth it is shared at once: if it should take `NEAR` nanoseconds where workers still look out for work,
   as they do for a while after a loop; or `WORTH` where they have to be woken. Such as are between these, one right
   after another, are worth waking them once they have taken `CREDIT` nanoseconds together.
3. Others are run serially, by one call, and timed. Of those that are not known, or that have lately taken much longer
   than was foreseen, the calling thread runs a few units, and twice as many each time, and looks at the clock in
   between. Once what is left is worth it, it is shared. The calling thread also *polls*, as all loops do now
   and then: in the middle of a long unit what is left behind it is shared then.

To share a loop its thread takes the pool (where another has it, it goes on by itself, and tries again), and wakes the
workers. All of them, itself included, take chunks of units in order: half a fair share of what is left, at least an
eighth of the whole or four microseconds. A unit that was begun before counts as the first chunk. Then it waits for
those still at work. A loop in a loop is left to the one around it.

A loop of less than `HELD` nanoseconds is shared by a thread that has the GIL all the time, as others that want it might
not give it back for longer than that; a longer one lets it go.

Loops below `BRIEF` nanoseconds have an account each. If one is shared, and takes longer than 7/8 of what it should take
serially, that was a loss: perhaps its threads wait for the same memory. What it has gained in four of its runs, at
most, makes up for it. Once that is used up, it is run serially for `PENALTY` times as many nanoseconds as are missing,
and eight runs; twice as long each time that it loses again at once, up to 32 times. What it takes serially is measured
anew now and then.

If sharing took longer than the processor time that was spent on it, its thread may have lost time: by waking workers,
and by waiting for one that had to wait for a processor with a chunk in hand. More than that it has not lost: what else
holds it up would do so, too, if it ran alone, and a worker that comes late costs nothing. Nor does it count below a
sixteenth of what the loop should take. What was gained before, but at most `CAPITAL` nanoseconds, makes up for it.
Once that is used up, `PENALTY` times as many nanoseconds as are missing have to pass before the next loop is shared; of
loops below `BRIEF` nanoseconds, only those count that they run. To ask for the processor time takes half a microsecond:
of such loops every sixteenth is asked, and counts for all, except where it takes much more than twice as long as it
should take alone: that is noticed in each. What it costs a row of loops to wake workers is no loss.

Up to eight workers are kept away from the processor that the loop's thread is on, anew whenever it is seen on another
one than before: among more processors than that they hardly meet, and each would cost a system call. When that thread
has waited for a while, it gives its processor to workers that have a chunk and no processor.

A chunk that fails leaves its context record in the pool, unless an earlier one has. Chunks behind it are not begun any
more, and running ones leave at their next poll; those before it are finished by whoever has them. Polls in workers do
nothing else. The calling thread's polls take the GIL and run signal handlers, also while it waits.

Workers are threads of the C library, made when first needed, parked on a futex and gone with the process. They have no
thread state, so Python's end does not wait for them. A forked child starts with none. To wake one that is parked takes
10 to 40 us, so after a loop each stays awake for four times as long as that took, at most `LINGER` nanoseconds: it
yields the processor to whoever wants it, and looks again.
"""

from __future__ import annotations

import os
from ctypes import PyDLL, addressof, byref, c_uint, c_uint64, c_void_p, memset

from ..asm import memory
from ..ir.context import CAPTURES, RESULTS, SIZE
from ..ir.function import Symbol
from . import capi, sharing_x86_64, stubs, threads_x86_64, waking_x86_64
from .threads_x86_64 import WORDS

MAX_THREADS = 128
WORTH = 50_000
"""Nanoseconds of work left that are worth waking threads for."""
NEAR = 4_000
"""The same, where a worker is awake."""
CREDIT = 200_000
"""Nanoseconds that loops in between take in a row until one of them wakes threads."""
GAP = 30_000
"""Nanoseconds between two loops of a row, at most."""
HELD = 2_000_000
"""Nanoseconds for which a loop keeps the GIL while it is shared."""
BRIEF = 200_000
"""Nanoseconds of loops whose processor time is not always measured."""
PIECE = 1_000
"""Nanoseconds that a chunk should take at least."""
TRUSTED = 6_000
"""Nanoseconds after which the time that units have taken is believed."""
TINY = 3_000
"""Nanoseconds that two looks at the clock are a notable part of."""
PENALTY = 10
CAPITAL = 20_000_000
"""Nanoseconds that were gained, and count, at most; a sixteenth of that for loops below `BRIEF`."""
GRACE = 10_000
"""Nanoseconds that a short loop may take longer than twice what it should take alone, as waking somebody takes."""
LINGER = 2_000_000
"""Nanoseconds for which a worker stays awake after a loop, at most, and lets others go first."""
_SPIN = 2_000
_STACK = 8 << 20
_MARGIN = 256 << 10
_STRIDE = (16 + SIZE + 127) // 64 * 64

LISTINGS = {
    "NOW": threads_x86_64.NOW,
    "RELEASE": threads_x86_64.RELEASE,
    "RETAKE": threads_x86_64.RETAKE,
    "POLL": threads_x86_64.POLL,
    "TRANSFER": threads_x86_64.TRANSFER,
    "WORK": threads_x86_64.WORK,
    "WORKER": threads_x86_64.WORKER,
    "PLACE": waking_x86_64.PLACE,
    "FETCH": waking_x86_64.FETCH,
    "BEGIN": waking_x86_64.BEGIN,
    "PARALLEL": sharing_x86_64.PARALLEL,
}
_pools: list[Pool] = []


class Pool:
    """The pool's record and its machine code; made once, at the first need, and never freed: workers outlive Python.

    Attributes:
        address: of the record.
        addresses: of the code, by listing.
        parallel: the symbol of `PARALLEL`.
        polls: that of the word that counts polls.
    """

    def __init__(self) -> None:
        libc = PyDLL(None)
        libc.calloc.restype = c_void_p
        whole = WORDS["RECORD"] + SIZE + 64
        self.address = (libc.calloc(1, whole) + 63) & -64
        self.addresses: dict[str, int] = {}
        self._place_code()
        self.parallel = Symbol("parallel", self.addresses["PARALLEL"])
        self.polls = Symbol("polls", self.address + WORDS["POLLS"])
        key = c_uint()
        attributes = libc.calloc(1, 64)
        libc.pthread_attr_init(c_void_p(attributes))
        libc.pthread_attr_setstacksize(c_void_p(attributes), c_uint64(_STACK))
        libc.pthread_attr_setdetachstate(c_void_p(attributes), 1)
        if libc.pthread_key_create(byref(key), None):
            raise OSError("there is no room for another thread-specific key")
        words = {
            "KEY": key.value,
            "GET": capi.libm("pthread_getspecific"),
            "SET": capi.libm("pthread_setspecific"),
            "CLOCK": capi.libm("clock_gettime"),
            "SYSCALL": capi.libm("syscall"),
            "CREATE": capi.libm("pthread_create"),
            "GETCPU": capi.libm("sched_getcpu"),
            "AFFINITY": capi.libm("pthread_setaffinity_np"),
            "GETAFFINITY": capi.libm("pthread_getaffinity_np"),
            "CLOCKID": capi.libm("pthread_getcpuclockid"),
            "SAVE": capi.address("PyEval_SaveThread"),
            "RESTORE": capi.address("PyEval_RestoreThread"),
            "SIGNALS": capi.address("PyErr_CheckSignals"),
            "ATTRIBUTES": attributes,
            "BLOCKS": (libc.calloc(MAX_THREADS + 1, _STRIDE) + 63) & -64,
            "STRIDE": _STRIDE,
            "STACK": _STACK - _MARGIN,
            "COPY": (RESULTS - CAPTURES) // 8,
            "SPIN": _SPIN,
            "TRUSTED": TRUSTED,
            "WORTH": WORTH,
            "TINY": TINY,
            "PENALTY": PENALTY,
            "NEAR": NEAR,
            "GAP": GAP,
            "CREDIT": CREDIT,
            "HELD": HELD,
            "BRIEF": BRIEF,
            "PIECE": PIECE,
            "CAPITAL": -CAPITAL,
            "GRACE": GRACE,
            "LINGER": LINGER,
            "THREADS": _default_threads(),
            **{name: self.addresses[name] for name in LISTINGS if name in WORDS},
        }
        for name, value in words.items():
            self[name] = value
        os.register_at_fork(after_in_child=self._forked)

    def __getitem__(self, name: str) -> int:
        return int(c_uint64.from_address(self.address + WORDS[name]).value)

    def __setitem__(self, name: str, value: int) -> None:
        c_uint64.from_address(self.address + WORDS[name]).value = value

    def known(self) -> Symbol:
        """Room for what will be known of one loop."""
        words = (c_uint64 * 8)()
        return Symbol("known", addressof(words), words)

    def _place_code(self) -> None:
        whole = bytearray()
        starts: dict[str, int] = {}
        for name, listing in LISTINGS.items():
            whole += b"\xcc" * (-len(whole) % 64)
            starts[name] = len(whole)
            whole += stubs.code(listing, self.address)
        region = memory.publish(bytes(whole)).keep()
        self.addresses.update({name: region.code_address + start for name, start in starts.items()})

    def _forked(self) -> None:
        """In a child: the workers are not there. A loop that was under way in the thread that forked (from a signal
        handler) has lost what they were at, and ends with an error."""
        failed = (1 << 64) - 1 if self["BUSY"] else 0
        memset(self.address + WORDS["STARTED"], 0, WORDS["BUSY"] - WORDS["STARTED"])
        memset(self.address + WORDS["LOCK"], 0, 8)
        memset(self.address + WORDS["STATE"], 0, WORDS["TINY"] - WORDS["STATE"])
        self["FAILED"] = failed
        self["BUSY"] = 0


def pool() -> Pool:
    """The process's pool: of those that several threads make at once, the first that is there."""
    if not _pools:
        _pools.append(Pool())
    found = _pools[0]
    # From now on polls ask whether the thread has the GIL.
    capi.POLL_HOOK.value = found.addresses["POLL"]
    return found


def _default_threads() -> int:
    """JITNEY_NUM_THREADS, or the number of processors this process may use."""
    asked = os.environ.get("JITNEY_NUM_THREADS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return min(int(asked), MAX_THREADS)
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)


def set_number(number: int) -> None:
    """See `jitney.set_num_threads`."""
    if type(number) is not int:
        raise TypeError(f"the number of threads must be an int, not {type(number).__name__}")
    if not 1 <= number <= MAX_THREADS:
        raise ValueError(f"the number of threads must be between 1 and {MAX_THREADS}, not {number}")
    pool()["THREADS"] = number
