"""The machine code that wakes workers, and says where they run, for x86-64: `threads_x86_64` says what it works on."""

from __future__ import annotations

# int begin(void): the loop of a frame (rbp) takes the pool, and wakes workers for its units from `hi` on. 0 if the pool
# is taken, or if there are no workers. A short loop keeps the GIL: to get it back could take longer than the loop.
# rbx: the pool.
BEGIN = """
4156                          push r14
b801000000                    mov eax, 1
488783c0000000                xchg [rbx+BUSY], rax
4885c0                        test rax, rax
7575                          jne taken
4c8bb398000000                mov r14, [rbx+THREADS]
4983ee01                      sub r14, 1
                              spawn:
488b83b8000000                mov rax, [rbx+STARTED]
4c39f0                        cmp rax, r14
7d4e                          jge spawned
4889c1                        mov rcx, rax
480faf8b80000000              imul rcx, [rbx+STRIDE]
48034b78                      add rcx, [rbx+BLOCKS]
48c74108ffffffff              mov qword ptr [rcx+8], -1
488bbb80000000                mov rdi, [rbx+STRIDE]
488d7c39f8                    lea rdi, [rcx+rdi-8]
488b7348                      mov rsi, [rbx+ATTRIBUTES]
488b5350                      mov rdx, [rbx+WORKER]
ff5340                        call [rbx+CREATE]
85c0                          test eax, eax
7515                          jne short
488383b800000001              add qword ptr [rbx+STARTED], 1
48c7839002000000000000        mov qword ptr [rbx+AWAY], 0
ebad                          jmp spawn
                              short:
4c8bb3b8000000                mov r14, [rbx+STARTED]
                              spawned:
4d85f6                        test r14, r14
7f10                          jg go
48c783c000000000000000        mov qword ptr [rbx+BUSY], 0
                              taken:
31c0                          xor eax, eax
415e                          pop r14
c3                            ret
                              go:
488b4540                      mov rax, [rbp+64]
483b8328020000                cmp rax, [rbx+HELD]
7c0e                          jl keep
48837d0001                    cmp qword ptr [rbp+0], 1
7507                          jne keep
ff5318                        call [rbx+SAVE]
48894500                      mov [rbp+0], rax
                              keep:
4c8b4540                      mov r8, [rbp+64]
4c89c0                        mov rax, r8
48c1e803                      shr rax, 3
488b8b38020000                mov rcx, [rbx+PIECE]
4839c8                        cmp rax, rcx
480f42c1                      cmovb rax, rcx
b9a00f0000                    mov ecx, 4000
4839c8                        cmp rax, rcx
480f47c1                      cmova rax, rcx
480faf4518                    imul rax, [rbp+24]
31d2                          xor edx, edx
4983c001                      add r8, 1
49f7f0                        div r8
4883c001                      add rax, 1
488983e8000000                mov [rbx+LEAST], rax
4b8d443602                    lea rax, [r14+r14+2]
488983e0000000                mov [rbx+SHARE], rax
0fae9b00010000                stmxcsr dword ptr [rbx+MXCSR]
488b4520                      mov rax, [rbp+32]
488983c8000000                mov [rbx+CHUNK], rax
488b4528                      mov rax, [rbp+40]
488983d0000000                mov [rbx+ENV], rax
488b4510                      mov rax, [rbp+16]
48898340010000                mov [rbx+NEXT], rax
488b4518                      mov rax, [rbp+24]
488983d8000000                mov [rbx+END], rax
48b8ffffffffffffff7f          movabs rax, 9223372036854775807
488983f0000000                mov [rbx+FAILED], rax
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
48894548                      mov [rbp+72], rax
48c7457800000000              mov qword ptr [rbp+120], 0
b901000000                    mov ecx, 1
48837d1000                    cmp qword ptr [rbp+16], 0
7527                          jne count
48894530                      mov [rbp+48], rax
488b4540                      mov rax, [rbp+64]
483b8330020000                cmp rax, [rbx+BRIEF]
7d16                          jge count
31c9                          xor ecx, ecx
483b4558                      cmp rax, [rbp+88]
7c0e                          jl count
f683c00100000f                test byte ptr [rbx+EPOCH], 15
7505                          jne count
b910000000                    mov ecx, 16
                              count:
48898b08010000                mov [rbx+WEIGHT], rcx
4885c9                        test rcx, rcx
7415                          je uncounted
bf03000000                    mov edi, 3
ff9340020000                  call [rbx+NOW]
48f7d8                        neg rax
48898390010000                mov [rbx+TAKEN], rax
                              uncounted:
48c7450800000000              mov qword ptr [rbp+8], 0
4883bbb800000008              cmp qword ptr [rbx+STARTED], 8
7f28                          jg placed
ff9368020000                  call [rbx+GETCPU]
3d00040000                    cmp eax, 1024
731b                          jae placed
89c7                          mov edi, eax
83c001                        add eax, 1
483b8390020000                cmp rax, [rbx+AWAY]
740d                          je placed
48898390020000                mov [rbx+AWAY], rax
ff9380020000                  call [rbx+PLACE]
                              placed:
4c89f0                        mov rax, r14
48c1e020                      shl rax, 32
48898380010000                mov [rbx+STATE], rax
f0ff83c0010000                lock inc dword ptr [rbx+EPOCH]
83bbc801000000                cmp dword ptr [rbx+SLEEPING], 0
742c                          je awake
bfca000000                    mov edi, 202
488db3c0010000                lea rsi, [rbx+EPOCH]
ba81000000                    mov edx, 129
4489f1                        mov ecx, r14d
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
482b4548                      sub rax, [rbp+72]
48894578                      mov [rbp+120], rax
                              awake:
b801000000                    mov eax, 1
415e                          pop r14
c3                            ret
"""

# void place(processor): keeps workers away from the processor that their loop's thread is on; they may go wherever else
# that thread may. A worker that is woken there would take the processor from it, or wait for it: some kernels put the
# two together where one of them has slept. Nothing changes for a thread that may only be on one, as long as it may.
# rbx: the pool.
PLACE = """
4154                          push r12
4155                          push r13
4156                          push r14
4157                          push r15
4881ec88000000                sub rsp, 136
4989fc                        mov r12, rdi
bfcc000000                    mov edi, 204
31f6                          xor esi, esi
ba80000000                    mov edx, 128
4889e1                        mov rcx, rsp
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
4989c5                        mov r13, rax
4885c0                        test rax, rax
7e67                          jle end
4489e1                        mov ecx, r12d
83e13f                        and ecx, 63
b801000000                    mov eax, 1
48d3e0                        shl rax, cl
48f7d0                        not rax
49c1ec06                      shr r12, 6
4a2104e4                      and [rsp+r12*8], rax
4c89e9                        mov rcx, r13
48c1e903                      shr rcx, 3
31c0                          xor eax, eax
                              any:
480b44ccf8                    or rax, [rsp+rcx*8-8]
4883e901                      sub rcx, 1
75f5                          jne any
4885c0                        test rax, rax
742a                          je one
4c8b7378                      mov r14, [rbx+BLOCKS]
4c8bbbb8000000                mov r15, [rbx+STARTED]
                              each:
4c03b380000000                add r14, [rbx+STRIDE]
498b7ef8                      mov rdi, [r14-8]
4c89ee                        mov rsi, r13
4889e2                        mov rdx, rsp
ff9370020000                  call [rbx+AFFINITY]
4983ef01                      sub r15, 1
75e3                          jne each
eb0b                          jmp end
                              one:
48c7839002000000000000        mov qword ptr [rbx+AWAY], 0
                              end:
4881c488000000                add rsp, 136
415f                          pop r15
415e                          pop r14
415d                          pop r13
415c                          pop r12
c3                            ret
"""

# void fetch(void): gives the processor of the loop's thread, which is about to wait, to workers that have a chunk and
# no processor: their time stands still. They go there at once, and may go wherever they might before. rbx: the pool.
FETCH = """
55                            push rbp
4154                          push r12
4155                          push r13
4156                          push r14
4157                          push r15
4881ec10010000                sub rsp, 272
4889e7                        mov rdi, rsp
b922000000                    mov ecx, 34
31c0                          xor eax, eax
f348ab                        rep stosq
ff9368020000                  call [rbx+GETCPU]
3d00040000                    cmp eax, 1024
0f83e9000000                  jae end
89c1                          mov ecx, eax
83e13f                        and ecx, 63
c1e806                        shr eax, 6
ba01000000                    mov edx, 1
48d3e2                        shl rdx, cl
488954c410                    mov [rsp+rax*8+16], rdx
4989c4                        mov r12, rax
4989d5                        mov r13, rdx
4c8b7378                      mov r14, [rbx+BLOCKS]
4c8bbbb8000000                mov r15, [rbx+STARTED]
                              each:
83bb8001000000                cmp dword ptr [rbx+STATE], 0
0f84b6000000                  je end
4c89f5                        mov rbp, r14
4c03b380000000                add r14, [rbx+STRIDE]
48837d0800                    cmp qword ptr [rbp+8], 0
0f8c97000000                  jl on
498b7ef8                      mov rdi, [r14-8]
4889e6                        mov rsi, rsp
ff9378020000                  call [rbx+CLOCKID]
85c0                          test eax, eax
0f8582000000                  jne on
8b3c24                        mov edi, [rsp]
ff9340020000                  call [rbx+NOW]
4889c5                        mov rbp, rax
b964000000                    mov ecx, 100
                              spin:
f390                          pause
83e901                        sub ecx, 1
75f9                          jne spin
8b3c24                        mov edi, [rsp]
ff9340020000                  call [rbx+NOW]
4829e8                        sub rax, rbp
4885c0                        test rax, rax
7f59                          jg on
498b7ef8                      mov rdi, [r14-8]
be80000000                    mov esi, 128
488d942490000000              lea rdx, [rsp+144]
ff9398020000                  call [rbx+GETAFFINITY]
85c0                          test eax, eax
753e                          jne on
4e09ace490000000              or [rsp+r12*8+144], r13
498b7ef8                      mov rdi, [r14-8]
be80000000                    mov esi, 128
488d542410                    lea rdx, [rsp+16]
ff9370020000                  call [rbx+AFFINITY]
498b7ef8                      mov rdi, [r14-8]
be80000000                    mov esi, 128
488d942490000000              lea rdx, [rsp+144]
ff9370020000                  call [rbx+AFFINITY]
48c7839002000000000000        mov qword ptr [rbx+AWAY], 0
                              on:
4983ef01                      sub r15, 1
0f853dffffff                  jne each
                              end:
4881c410010000                add rsp, 272
415f                          pop r15
415e                          pop r14
415d                          pop r13
415c                          pop r12
5d                            pop rbp
c3                            ret
"""
