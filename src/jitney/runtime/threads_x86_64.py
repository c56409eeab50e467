"""The machine code of parallel loops, for x86-64: bytes left, instructions right, as in `listings_x86_64`.

One *pool* for the process: a record whose words are named in `WORDS`, by offset in bytes; POOL stands for its address.
A *participant* is a thread that runs compiled code without the GIL, two words that its thread-specific KEY leads to:

    +0   the thread state to take the GIL with again; 0 of a worker, which is no thread of Python's
    +8   where the chunk begins that it is at; negative where it is in no parallel loop

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
    "LOCK": 248, "MXCSR": 256,
    # A table of loops known to be tiny, found by their code's address: that address, how many units there were, for
    # how many more runs nobody will look at the clock; and what is tiny, in nanoseconds. How many nanoseconds are run
    # serially for one that sharing has lost; how many are still to be.
    "KNOWN": 264, "TINY": 272, "PENALTY": 280, "DEBT": 288,
    # What threads change while it runs, on cache lines of their own: the next unit; workers at it (low half) and
    # tickets for more (high half), whether the loop's own thread waits for them, and the processor time that all have
    # taken; the number of loops so far, and the workers that wait for it to change.
    "NEXT": 320, "STATE": 384, "WAITING": 392, "TAKEN": 400, "EPOCH": 448, "SLEEPING": 456,
    # What the lowest chunk that failed has left in its context.
    "RECORD": 512,
}  # fmt: skip

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
# wants any more leaves. Workers do nothing else; whoever let the GIL go takes it to run signal handlers.
POLL = """
53                            push rbx
55                            push rbp
4154                          push r12
48bb POOL                     mov rbx, POOL
488b3b                        mov rdi, [rbx+KEY]
ff5308                        call [rbx+GET]
4885c0                        test rax, rax
745e                          je held
4889c5                        mov rbp, rax
488b4508                      mov rax, [rbp+8]
483b83f0000000                cmp rax, [rbx+FAILED]
7f47                          jg leave
488b4500                      mov rax, [rbp+0]
4885c0                        test rax, rax
7457                          je end
488b3b                        mov rdi, [rbx+KEY]
31f6                          xor esi, esi
ff5310                        call [rbx+SET]
488b7d00                      mov rdi, [rbp+0]
ff5320                        call [rbx+RESTORE]
ff5328                        call [rbx+SIGNALS]
4189c4                        mov r12d, eax
ff5318                        call [rbx+SAVE]
48894500                      mov [rbp+0], rax
488b3b                        mov rdi, [rbx+KEY]
4889ee                        mov rsi, rbp
ff5310                        call [rbx+SET]
4585e4                        test r12d, r12d
742b                          je good
488b4508                      mov rax, [rbp+8]
4885c0                        test rax, rax
780b                          js leave
48c783f0000000ffffffff        mov qword ptr [rbx+FAILED], -1
                              leave:
b801000000                    mov eax, 1
eb12                          jmp end
                              held:
ff5328                        call [rbx+SIGNALS]
85c0                          test eax, eax
750b                          jne end
ff5318                        call [rbx+SAVE]
4889c7                        mov rdi, rax
ff5320                        call [rbx+RESTORE]
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

# Takes chunks until there are none, or one fails. rbx: the pool, r12: the context, rbp: the participant. Chunks are
# taken in order, so whatever comes before a failing one has been taken by somebody, who finishes it.
WORK = """
4883ec08                      sub rsp, 8
                              next:
4c8b8340010000                mov r8, [rbx+NEXT]
                              take:
488b8bd8000000                mov rcx, [rbx+END]
4c29c1                        sub rcx, r8
0f8e9b000000                  jle done
4889c8                        mov rax, rcx
31d2                          xor edx, edx
48f7b3e0000000                div qword ptr [rbx+SHARE]
488b93e8000000                mov rdx, [rbx+LEAST]
4839d0                        cmp rax, rdx
480f42c2                      cmovb rax, rdx
4839c8                        cmp rax, rcx
480f47c1                      cmova rax, rcx
498d0c00                      lea rcx, [r8+rax]
4c89c0                        mov rax, r8
f0480fb18b40010000            lock cmpxchg [rbx+NEXT], rcx
7405                          je mine
4989c0                        mov r8, rax
ebb8                          jmp take
                              mine:
4c894508                      mov [rbp+8], r8
4c3b83f0000000                cmp r8, [rbx+FAILED]
7f56                          jg done
4c89e7                        mov rdi, r12
488bb3d0000000                mov rsi, [rbx+ENV]
4c89c2                        mov rdx, r8
ff93c8000000                  call [rbx+CHUNK]
738f                          jae next
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
488dbb00020000                lea rdi, [rbx+RECORD]
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
# its context. It joins a loop by taking a ticket; where there is none it waits, busily for a moment, then parked.
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
0f84af000000                  je wait
48ba01000000ffffffff          movabs rdx, -4294967295
4801c2                        add rdx, rax
f0480fb19380010000            lock cmpxchg [rbx+STATE], rdx
75db                          jne join
31c0                          xor eax, eax
4989442408                    mov [r12+DIRTY], rax
4989442420                    mov [r12+TRACE_COUNT], rax
49c744241800800000            mov qword ptr [r12+FUEL], 32768
0fae9300010000                ldmxcsr dword ptr [rbx+MXCSR]
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4c69342400ca9a3b              imul r14, [rsp], 1000000000
4c03742408                    add r14, [rsp+8]
488b4358                      mov rax, [rbx+WORK]
ffd0                          call rax
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
4c29f0                        sub rax, r14
f048018390010000              lock add [rbx+TAKEN], rax
f0ff8b80010000                lock dec dword ptr [rbx+STATE]
0f8563ffffff                  jne look
83bb8801000000                cmp dword ptr [rbx+WAITING], 0
0f8456ffffff                  je look
bfca000000                    mov edi, 202
488db380010000                lea rsi, [rbx+STATE]
ba81000000                    mov edx, 129
b901000000                    mov ecx, 1
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
e936ffffff                    jmp look
                              wait:
8b8ba0000000                  mov ecx, [rbx+SPIN]
                              spin:
4439abc0010000                cmp [rbx+EPOCH], r13d
0f8523ffffff                  jne look
f390                          pause
83e901                        sub ecx, 1
75ec                          jne spin
f0ff83c8010000                lock inc dword ptr [rbx+SLEEPING]
bfca000000                    mov edi, 202
488db3c0010000                lea rsi, [rbx+EPOCH]
ba80000000                    mov edx, 128
4489e9                        mov ecx, r13d
4531c0                        xor r8d, r8d
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
f0ff8bc8010000                lock dec dword ptr [rbx+SLEEPING]
e9edfeffff                    jmp look
"""

# parallel(context, chunk, env, units, first), of the jit's convention, without results: calls
# ``chunk(context, env, lo, hi)`` for all of [0, units). The first calls are made right here, twice as much each time,
# and timed; the pool is asked only if the rest is worth it. Units are of one size where there are fewer than 256.
PARALLEL = """
53                            push rbx
55                            push rbp
4154                          push r12
4155                          push r13
4156                          push r14
4157                          push r15
4883ec58                      sub rsp, 88
48bb POOL                     mov rbx, POOL
4989fc                        mov r12, rdi
4889742420                    mov [rsp+32], rsi
4889542428                    mov [rsp+40], rdx
48894c2430                    mov [rsp+48], rcx
4d89c6                        mov r14, r8
4531ed                        xor r13d, r13d
4883bb9800000001              cmp qword ptr [rbx+THREADS], 1
0f8e0c020000                  jle serial
4883bbc000000000              cmp qword ptr [rbx+BUSY], 0
0f85fe010000                  jne serial
4889f0                        mov rax, rsi
48c1e806                      shr rax, 6
0fb6c0                        movzx eax, al
488d0440                      lea rax, [rax+rax*2]
48c1e003                      shl rax, 3
48038308010000                add rax, [rbx+KNOWN]
4889442440                    mov [rsp+64], rax
483b30                        cmp rsi, [rax]
7511                          jne unknown
483b4808                      cmp rcx, [rax+8]
7f0b                          jg unknown
4883681001                    sub qword ptr [rax+16], 1
0f89ca010000                  jns serial
                              unknown:
4531c0                        xor r8d, r8d
4c89442448                    mov [rsp+72], r8
bf01000000                    mov edi, 1
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
4889442438                    mov [rsp+56], rax
                              measure:
4f8d7c3500                    lea r15, [r13+r14]
488b442430                    mov rax, [rsp+48]
4939c7                        cmp r15, rax
4c0f4ff8                      cmovg r15, rax
4c89e7                        mov rdi, r12
488b742428                    mov rsi, [rsp+40]
4c89ea                        mov rdx, r13
4c89f9                        mov rcx, r15
ff542420                      call [rsp+32]
0f8296010000                  jb failed
4d89fd                        mov r13, r15
4c3b6c2430                    cmp r13, [rsp+48]
744a                          je over
bf01000000                    mov edi, 1
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
482b442438                    sub rax, [rsp+56]
4989c0                        mov r8, rax
4c89442448                    mov [rsp+72], r8
4c3b83a8000000                cmp r8, [rbx+TRUSTED]
7c17                          jl more
488b4c2430                    mov rcx, [rsp+48]
4c29e9                        sub rcx, r13
48f7e1                        mul rcx
49f7f5                        div r13
483b83b0000000                cmp rax, [rbx+WORTH]
7342                          jae worth
                              more:
4d01f6                        add r14, r14
eb83                          jmp measure
                              over:
4981fd00010000                cmp r13, 256
0f8d31010000                  jge good
4c8b442448                    mov r8, [rsp+72]
4c3b8310010000                cmp r8, [rbx+TINY]
0f8d1f010000                  jge good
488b4c2440                    mov rcx, [rsp+64]
488b442420                    mov rax, [rsp+32]
488901                        mov [rcx], rax
4c896908                      mov [rcx+8], r13
48c741101f000000              mov qword ptr [rcx+16], 31
e901010000                    jmp good
                              worth:
4883bb2001000000              cmp qword ptr [rbx+DEBT], 0
7e60                          jle share
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
4889442448                    mov [rsp+72], rax
4c89e7                        mov rdi, r12
488b742428                    mov rsi, [rsp+40]
4c89ea                        mov rdx, r13
488b4c2430                    mov rcx, [rsp+48]
ff542420                      call [rsp+32]
0f82c4000000                  jb failed
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
482b442448                    sub rax, [rsp+72]
48298320010000                sub [rbx+DEBT], rax
e997000000                    jmp good
                              share:
b801000000                    mov eax, 1
488783c0000000                xchg [rbx+BUSY], rax
4885c0                        test rax, rax
7570                          jne serial
4969c510270000                imul rax, r13, 10000
31d2                          xor edx, edx
49f7f0                        div r8
4883c001                      add rax, 1
488983e8000000                mov [rbx+LEAST], rax
4c8bb398000000                mov r14, [rbx+THREADS]
4983ee01                      sub r14, 1
                              spawn:
488b83b8000000                mov rax, [rbx+STARTED]
4c39f0                        cmp rax, r14
7d32                          jge spawned
4889c1                        mov rcx, rax
480faf8b80000000              imul rcx, [rbx+STRIDE]
48034b78                      add rcx, [rbx+BLOCKS]
4889e7                        mov rdi, rsp
488b7348                      mov rsi, [rbx+ATTRIBUTES]
488b5350                      mov rdx, [rbx+WORKER]
ff5340                        call [rbx+CREATE]
85c0                          test eax, eax
750a                          jne short
488383b800000001              add qword ptr [rbx+STARTED], 1
ebc9                          jmp spawn
                              short:
4c8bb3b8000000                mov r14, [rbx+STARTED]
                              spawned:
4d85f6                        test r14, r14
7548                          jne go
48c783c000000000000000        mov qword ptr [rbx+BUSY], 0
                              serial:
4c89e7                        mov rdi, r12
488b742428                    mov rsi, [rsp+40]
4c89ea                        mov rdx, r13
488b4c2430                    mov rcx, [rsp+48]
ff542420                      call [rsp+32]
7204                          jb failed
                              good:
31c0                          xor eax, eax
eb12                          jmp end
                              failed:
488b4c2428                    mov rcx, [rsp+40]
488b01                        mov rax, [rcx]
4909442408                    or [r12+DIRTY], rax
b801000000                    mov eax, 1
                              end:
4883c458                      add rsp, 88
415f                          pop r15
415e                          pop r14
415d                          pop r13
415c                          pop r12
5d                            pop rbp
5b                            pop rbx
f7d8                          neg eax
c3                            ret
                              go:
4b8d443602                    lea rax, [r14+r14+2]
488983e0000000                mov [rbx+SHARE], rax
488d7c2410                    lea rdi, [rsp+16]
488b4360                      mov rax, [rbx+RELEASE]
ffd0                          call rax
4889c5                        mov rbp, rax
0fae9b00010000                stmxcsr dword ptr [rbx+MXCSR]
488b442420                    mov rax, [rsp+32]
488983c8000000                mov [rbx+CHUNK], rax
488b442428                    mov rax, [rsp+40]
488983d0000000                mov [rbx+ENV], rax
4c89ab40010000                mov [rbx+NEXT], r13
488b442430                    mov rax, [rsp+48]
488983d8000000                mov [rbx+END], rax
48b8ffffffffffffff7f          movabs rax, 9223372036854775807
488983f0000000                mov [rbx+FAILED], rax
bf01000000                    mov edi, 1
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
4889442448                    mov [rsp+72], rax
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
48f7d8                        neg rax
48898390010000                mov [rbx+TAKEN], rax
4c89f0                        mov rax, r14
48c1e020                      shl rax, 32
48898380010000                mov [rbx+STATE], rax
f0ff83c0010000                lock inc dword ptr [rbx+EPOCH]
83bbc801000000                cmp dword ptr [rbx+SLEEPING], 0
7419                          je awake
bfca000000                    mov edi, 202
488db3c0010000                lea rsi, [rbx+EPOCH]
ba81000000                    mov edx, 129
4489f1                        mov ecx, r14d
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
                              awake:
488b4358                      mov rax, [rbx+WORK]
ffd0                          call rax
bf03000000                    mov edi, 3
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
f048018390010000              lock add [rbx+TAKEN], rax
b8ffffffff                    mov eax, -1
f048218380010000              lock and [rbx+STATE], rax
48c7450800000000              mov qword ptr [rbp+8], 0
448bb3a0000000                mov r14d, [rbx+SPIN]
                              await:
83bb8001000000                cmp dword ptr [rbx+STATE], 0
745f                          je joined
f390                          pause
4183ee01                      sub r14d, 1
75ef                          jne await
b801000000                    mov eax, 1
878388010000                  xchg [rbx+WAITING], eax
8b8b80010000                  mov ecx, [rbx+STATE]
85c9                          test ecx, ecx
7442                          je joined
48c7042400000000              mov qword ptr [rsp], 0
48c7442408002d3101            mov qword ptr [rsp+8], 20000000
bfca000000                    mov edi, 202
488db380010000                lea rsi, [rbx+STATE]
ba80000000                    mov edx, 128
4989e0                        mov r8, rsp
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
4c89e7                        mov rdi, r12
488b742428                    mov rsi, [rsp+40]
31d2                          xor edx, edx
31c9                          xor ecx, ecx
ff542420                      call [rsp+32]
41be01000000                  mov r14d, 1
eb98                          jmp await
                              joined:
c7838801000000000000          mov dword ptr [rbx+WAITING], 0
bf01000000                    mov edi, 1
4889e6                        mov rsi, rsp
ff5330                        call [rbx+CLOCK]
4869042400ca9a3b              imul rax, [rsp], 1000000000
4803442408                    add rax, [rsp+8]
482b442448                    sub rax, [rsp+72]
482b8390010000                sub rax, [rbx+TAKEN]
7e1b                          jle gained
480faf8318010000              imul rax, [rbx+PENALTY]
b900ca9a3b                    mov ecx, 1000000000
4839c8                        cmp rax, rcx
480f4fc1                      cmovg rax, rcx
48898320010000                mov [rbx+DEBT], rax
                              gained:
4c8bb3f0000000                mov r14, [rbx+FAILED]
4983feff                      cmp r14, -1
7510                          jne unforced
4c89e7                        mov rdi, r12
488b742428                    mov rsi, [rsp+40]
31d2                          xor edx, edx
31c9                          xor ecx, ecx
ff542420                      call [rsp+32]
                              unforced:
48b80000000000000080          movabs rax, -9223372036854775808
48894508                      mov [rbp+8], rax
41bf00000000                  mov r15d, 0
4d85f6                        test r14, r14
781f                          js broken
48b8ffffffffffffff7f          movabs rax, 9223372036854775807
4939c6                        cmp r14, rax
7416                          je free
488db300020000                lea rsi, [rbx+RECORD]
4c89e7                        mov rdi, r12
488b4370                      mov rax, [rbx+TRANSFER]
ffd0                          call rax
                              broken:
41bf01000000                  mov r15d, 1
                              free:
48c783c000000000000000        mov qword ptr [rbx+BUSY], 0
488d7c2410                    lea rdi, [rsp+16]
488b4368                      mov rax, [rbx+RETAKE]
ffd0                          call rax
4585ff                        test r15d, r15d
0f8497fdffff                  je good
e996fdffff                    jmp failed
"""
