"""The machine code of parallel loops, for x86-64: bytes left, instructions right, as in `listings_x86_64`.

One *pool* for the process: a record whose words are named in `WORDS`, by offset in bytes; POOL stands for its address.
A *participant* is a thread in a parallel loop, or one that runs compiled code without the GIL: two words that its
thread-specific KEY leads to:

    +0   the thread state to take the GIL with again; 1 where it has the GIL; 0 of a worker, which is no thread of
         Python's
    +8   where the chunk begins that it is at; -2 ** 63 where it is in no parallel loop, -1 of a worker; -2 ** 63 + 1 in
         one that nobody shares yet, where what follows is the frame of PARALLEL

A worker has a block of STRIDE bytes: these words, its context, and at the end its `pthread_t`. Here is what each thread
does; how a loop comes to be shared is in `sharing_x86_64` and `waking_x86_64`. What is *known* of a loop is eight
words that its code refers to (`Pool.known`):

    +0   65536ths of a nanosecond that a tenth of a nanosecond of guessed work has taken; 0 where that is not known
    +8   how many more times the loop is run at once, if it is tiny
    +16  so many tenths of a nanosecond of guessed work are not tiny any more
    +24  POLLS when it was asked for last
    +32  how many more times it is measured each time, and in pieces, since it took much longer than was foreseen, or
         somebody polled while it was thought to be tiny
    +40  what sharing it has lost, in nanoseconds of runs that are still to be serial; below 0: what it has gained
    +48  how many times it has been shared, since it was last made to run serially
    +56  how often it has lost since it has last gained anything, at most 5

`threads.py` fills the pool and tells the whole story.
"""

from __future__ import annotations

WORDS = {
    # Set once.
    "KEY": 0, "GET": 8, "SET": 16, "SAVE": 24, "RESTORE": 32, "SIGNALS": 40, "CLOCK": 48, "SYSCALL": 56, "CREATE": 64,
    "ATTRIBUTES": 72, "WORKER": 80, "WORK": 88, "RELEASE": 96, "RETAKE": 104, "TRANSFER": 112, "BLOCKS": 120,
    "STRIDE": 128, "STACK": 136, "COPY": 144, "THREADS": 152, "SPIN": 160, "TRUSTED": 168, "WORTH": 176,
    # How many workers there are; whether a loop has the pool; that loop.
    "STARTED": 184, "BUSY": 192, "CHUNK": 200, "ENV": 208, "END": 216, "SHARE": 224, "LEAST": 232, "FAILED": 240,
    "LOCK": 248, "MXCSR": 256, "WEIGHT": 264,
    # What sharing has lost, in nanoseconds of loops that are still to be run serially; below 0: what it has gained.
    "DEBT": 272,
    # How often threads have polled: all loops that take some time have.
    "POLLS": 296,
    # How long loops that somebody should be woken for have been, in a row; when the last loop ended.
    "ROW": 280, "LAST": 288,
    # What the last shared loop took; what of it its thread has spent on waking workers, and on waiting for them.
    "TOOK": 304, "LOST": 312,
    # What threads change while it runs, on cache lines of their own: the next unit; workers at it (low half) and
    # tickets for more (high half), whether the loop's own thread waits for them, and the processor time that all have
    # taken; the number of loops so far, and the workers that wait for it to change.
    "NEXT": 320, "STATE": 384, "WAITING": 392, "TAKEN": 400, "EPOCH": 448, "SLEEPING": 456,
    # Set once, too: see `threads.py`.
    "TINY": 512, "PENALTY": 520, "NEAR": 528, "GAP": 536, "CREDIT": 544, "HELD": 552, "BRIEF": 560, "PIECE": 568,
    "NOW": 576, "BEGIN": 584, "CAPITAL": 592, "GRACE": 600, "LINGER": 608,
    "GETCPU": 616, "AFFINITY": 624, "CLOCKID": 632, "PLACE": 640, "FETCH": 648, "GETAFFINITY": 664,
    # The processor that workers are kept away from, counted from 1.
    "AWAY": 656,
    # What the lowest chunk that failed has left in its context.
    "RECORD": 704,
}  # fmt: skip

# i64 now(clock): nanoseconds. rbx: the pool.
NOW = """
4883ec18                      sub rsp, 24
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
4883c418                      add rsp, 24
c3                            ret
"""

# participant *release(participant): lets other threads have the GIL, unless this one is without it already; gives the
# participant that this thread is from then on.
RELEASE = """
53                            push rbx
55                            push rbp
4883ec08                      sub rsp, 8
48bb POOL                     mov rbx, POOL
4889fd                        mov rbp, rdi
488b3b                        mov rdi, [rbx+KEY]
ff5308                        call [rbx+GET]
4885c0                        test rax, rax
7521                          jne end
ff5318                        call [rbx+SAVE]
48894500                      mov [rbp+0], rax
48b80000000000000080          movabs rax, -9223372036854775808
48894508                      mov [rbp+8], rax
488b3b                        mov rdi, [rbx+KEY]
4889ee                        mov rsi, rbp
ff5310                        call [rbx+SET]
4889e8                        mov rax, rbp
                              end:
4883c408                      add rsp, 8
5d                            pop rbp
5b                            pop rbx
c3                            ret
"""

# void retake(participant): takes the GIL again, if it was this participant that let it go.
RETAKE = """
53                            push rbx
55                            push rbp
4883ec08                      sub rsp, 8
48bb POOL                     mov rbx, POOL
4889fd                        mov rbp, rdi
488b3b                        mov rdi, [rbx+KEY]
ff5308                        call [rbx+GET]
4839e8                        cmp rax, rbp
750f                          jne end
488b3b                        mov rdi, [rbx+KEY]
31f6                          xor esi, esi
ff5310                        call [rbx+SET]
488b7d00                      mov rdi, [rbp+0]
ff5320                        call [rbx+RESTORE]
                              end:
4883c408                      add rsp, 8
5d                            pop rbp
5b                            pop rbx
c3                            ret
"""

# int poll(void), with or without the GIL: as the stub of that name, which jumps here. A participant whose chunk nobody
# wants any more leaves. Workers do nothing else; others run signal handlers with the GIL, as no participant, and let
# other threads have it. In a parallel loop that nobody shares yet, what is left of it is shared now if that pays: the
# call that was interrupted may just have begun, so each unit is taken to be four times what is known of it.
POLL = """
53                            push rbx
55                            push rbp
4154                          push r12
48bb POOL                     mov rbx, POOL
4883832801000001              add qword ptr [rbx+POLLS], 1
488b3b                        mov rdi, [rbx+KEY]
ff5308                        call [rbx+GET]
4885c0                        test rax, rax
747f                          je held
4889c5                        mov rbp, rax
488b4508                      mov rax, [rbp+8]
483b83f0000000                cmp rax, [rbx+FAILED]
7f68                          jg leave
488b7d00                      mov rdi, [rbp+0]
4885ff                        test rdi, rdi
0f84ce000000                  je good
488b3b                        mov rdi, [rbx+KEY]
31f6                          xor esi, esi
ff5310                        call [rbx+SET]
488b7d00                      mov rdi, [rbp+0]
4883ff01                      cmp rdi, 1
7403                          je signals
ff5320                        call [rbx+RESTORE]
                              signals:
ff5328                        call [rbx+SIGNALS]
4189c4                        mov r12d, eax
48837d0001                    cmp qword ptr [rbp+0], 1
7510                          jne again
4585e4                        test r12d, r12d
7512                          jne without
ff5318                        call [rbx+SAVE]
4889c7                        mov rdi, rax
ff5320                        call [rbx+RESTORE]
eb07                          jmp without
                              again:
ff5318                        call [rbx+SAVE]
48894500                      mov [rbp+0], rax
                              without:
488b3b                        mov rdi, [rbx+KEY]
4889ee                        mov rsi, rbp
ff5310                        call [rbx+SET]
488b4508                      mov rax, [rbp+8]
4585e4                        test r12d, r12d
7429                          je handled
4885c0                        test rax, rax
780b                          js leave
48c783f0000000ffffffff        mov qword ptr [rbx+FAILED], -1
                              leave:
b801000000                    mov eax, 1
eb6e                          jmp end
                              held:
ff5328                        call [rbx+SIGNALS]
85c0                          test eax, eax
7567                          jne end
ff5318                        call [rbx+SAVE]
4889c7                        mov rdi, rax
ff5320                        call [rbx+RESTORE]
eb5a                          jmp good
                              handled:
48b90100000000000080          movabs rcx, -9223372036854775807
4839c8                        cmp rax, rcx
754b                          jne good
4883bb1001000000              cmp qword ptr [rbx+DEBT], 0
7f41                          jg good
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
482b4530                      sub rax, [rbp+48]
4889c1                        mov rcx, rax
480faf4518                    imul rax, [rbp+24]
31d2                          xor edx, edx
48f77510                      div qword ptr [rbp+16]
48894540                      mov [rbp+64], rax
4829c8                        sub rax, rcx
48c1e002                      shl rax, 2
483b83b0000000                cmp rax, [rbx+WORTH]
7c10                          jl good
488b4d18                      mov rcx, [rbp+24]
483b4d10                      cmp rcx, [rbp+16]
7e06                          jle good
ff9348020000                  call [rbx+BEGIN]
                              good:
31c0                          xor eax, eax
                              end:
415c                          pop r12
5d                            pop rbp
5b                            pop rbx
c3                            ret
"""

# Copies what a failure has left in a context (rsi) to another one (rdi). rbx: the pool.
TRANSFER = """
488b06                        mov rax, [rsi]
488907                        mov [rdi], rax
488b4608                      mov rax, [rsi+DIRTY]
48894708                      mov [rdi+DIRTY], rax
488b4620                      mov rax, [rsi+TRACE_COUNT]
48894720                      mov [rdi+TRACE_COUNT], rax
4883c640                      add rsi, CAPTURES
4883c740                      add rdi, CAPTURES
488b8b90000000                mov rcx, [rbx+COPY]
f348a5                        rep movsq
c3                            ret
"""

# void work(failed): takes chunks until there are none, or one fails, as the one has that it comes with. rbx: the pool,
# r12: the context, rbp: the participant. Chunks are taken in order, so whatever comes before a failing one has been
# taken by somebody, who finishes it. Chunks of eight units or more are of so many times eight: such are vectors, and
# lines of the cache.
WORK = """
4883ec08                      sub rsp, 8
85ff                          test edi, edi
757b                          jne failed
                              next:
4c8b8340010000                mov r8, [rbx+NEXT]
                              take:
488b8bd8000000                mov rcx, [rbx+END]
4c29c1                        sub rcx, r8
0f8ea5000000                  jle done
4889c8                        mov rax, rcx
31d2                          xor edx, edx
48f7b3e0000000                div qword ptr [rbx+SHARE]
488b93e8000000                mov rdx, [rbx+LEAST]
4839d0                        cmp rax, rdx
480f42c2                      cmovb rax, rdx
4883f808                      cmp rax, 8
7204                          jb few
4883e0f8                      and rax, -8
                              few:
4839c8                        cmp rax, rcx
480f47c1                      cmova rax, rcx
498d0c00                      lea rcx, [r8+rax]
4c89c0                        mov rax, r8
f0480fb18b40010000            lock cmpxchg [rbx+NEXT], rcx
7405                          je mine
4989c0                        mov r8, rax
ebae                          jmp take
                              mine:
4c894508                      mov [rbp+8], r8
4c3b83f0000000                cmp r8, [rbx+FAILED]
7f56                          jg done
4c89e7                        mov rdi, r12
488bb3d0000000                mov rsi, [rbx+ENV]
4c89c2                        mov rdx, r8
ff93c8000000                  call [rbx+CHUNK]
7385                          jae next
                              failed:
488b4508                      mov rax, [rbp+8]
                              lock:
b901000000                    mov ecx, 1
878bf8000000                  xchg [rbx+LOCK], ecx
85c9                          test ecx, ecx
7404                          je locked
f390                          pause
ebed                          jmp lock
                              locked:
483b83f0000000                cmp rax, [rbx+FAILED]
7d17                          jge unlock
488983f0000000                mov [rbx+FAILED], rax
488dbbc0020000                lea rdi, [rbx+RECORD]
4c89e6                        mov rsi, r12
488b4370                      mov rax, [rbx+TRANSFER]
ffd0                          call rax
                              unlock:
c783f800000000000000          mov dword ptr [rbx+LOCK], 0
                              done:
4883c408                      add rsp, 8
c3                            ret
"""

# void worker(block): a thread's life. block: its participant, without a thread state since it never touches Python, and
# its context. It joins a loop by taking a ticket. Where there is none it waits: busily for a moment, then going behind
# others that want the processor, for four times as long as the last loop took, then parked.
WORKER = """
53                            push rbx
55                            push rbp
4154                          push r12
4155                          push r13
4156                          push r14
4883ec10                      sub rsp, 16
48bb POOL                     mov rbx, POOL
4889fd                        mov rbp, rdi
4c8d6510                      lea r12, [rbp+16]
48c70424ffffffff              mov qword ptr [rsp], -1
bf0e000000                    mov edi, 14
31f6                          xor esi, esi
4889e2                        mov rdx, rsp
31c9                          xor ecx, ecx
41b808000000                  mov r8d, 8
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
488b3b                        mov rdi, [rbx+KEY]
4889ee                        mov rsi, rbp
ff5310                        call [rbx+SET]
4889e0                        mov rax, rsp
482b8388000000                sub rax, [rbx+STACK]
4989442410                    mov [r12+STACK_LIMIT], rax
                              look:
448babc0010000                mov r13d, [rbx+EPOCH]
488b8380010000                mov rax, [rbx+STATE]
                              join:
4889c1                        mov rcx, rax
48c1e920                      shr rcx, 32
0f84b7000000                  je wait
48ba01000000ffffffff          movabs rdx, -4294967295
4801c2                        add rdx, rax
f0480fb19380010000            lock cmpxchg [rbx+STATE], rdx
75db                          jne join
31c0                          xor eax, eax
48894508                      mov [rbp+8], rax
4989442408                    mov [r12+DIRTY], rax
4989442420                    mov [r12+TRACE_COUNT], rax
49c744241800800000            mov qword ptr [r12+FUEL], 32768
0fae9300010000                ldmxcsr dword ptr [rbx+MXCSR]
4883bb0801000000              cmp qword ptr [rbx+WEIGHT], 0
740e                          je begin
bf03000000                    mov edi, 3
ff9340020000                  call [rbx+NOW]
4989c6                        mov r14, rax
                              begin:
31ff                          xor edi, edi
ff5358                        call [rbx+WORK]
4883bb0801000000              cmp qword ptr [rbx+WEIGHT], 0
7416                          je over
bf03000000                    mov edi, 3
ff9340020000                  call [rbx+NOW]
4c29f0                        sub rax, r14
f048018390010000              lock add [rbx+TAKEN], rax
                              over:
48c74508ffffffff              mov qword ptr [rbp+8], -1
f0ff8b80010000                lock dec dword ptr [rbx+STATE]
0f855bffffff                  jne look
83bb8801000000                cmp dword ptr [rbx+WAITING], 0
0f844effffff                  je look
bfca000000                    mov edi, 202
488db380010000                lea rsi, [rbx+STATE]
ba81000000                    mov edx, 129
b901000000                    mov ecx, 1
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
e92effffff                    jmp look
                              wait:
8b8ba0000000                  mov ecx, [rbx+SPIN]
                              spin:
4439abc0010000                cmp [rbx+EPOCH], r13d
0f851bffffff                  jne look
f390                          pause
83e901                        sub ecx, 1
75ec                          jne spin
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
4c8bb330010000                mov r14, [rbx+TOOK]
49c1e602                      shl r14, 2
4c3bb360020000                cmp r14, [rbx+LINGER]
4c0f4fb360020000              cmovg r14, [rbx+LINGER]
4901c6                        add r14, rax
                              linger:
4439abc0010000                cmp [rbx+EPOCH], r13d
0f85dffeffff                  jne look
bf18000000                    mov edi, 24
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
4c39f0                        cmp rax, r14
7cd9                          jl linger
f0ff83c8010000                lock inc dword ptr [rbx+SLEEPING]
bfca000000                    mov edi, 202
488db3c0010000                lea rsi, [rbx+EPOCH]
ba80000000                    mov edx, 128
4489e9                        mov ecx, r13d
4531c0                        xor r8d, r8d
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
f0ff8bc8010000                lock dec dword ptr [rbx+SLEEPING]
e996feffff                    jmp look
"""
