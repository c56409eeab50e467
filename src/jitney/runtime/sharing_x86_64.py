"""The machine code that runs a parallel loop and shares it, for x86-64: see `threads_x86_64` for what it works on."""

from __future__ import annotations

# parallel(context, part, env, units, work, known), of the jit's convention, without results: calls
# ``part(context, env, lo, hi)`` for all of [0, units). Work, in tenths of a nanosecond, is what the compiler guesses;
# what its guesses have been worth last time tells whether the pool is asked at once, or never. Where that is not known
# the first calls are made right here, twice as much each time, and timed. In the middle of one POLL may ask the pool.
# Its frame is the participant, and goes on:
#
#     +16  hi: the units before it have been run here, or are being run     +24  units     +32  part     +40  env
#     +48  when it began     +56  known     +64  nanoseconds that all of it should take
#     +72  when threads began to share it     +80  the participant that this thread was before
#     +88  how many nanoseconds are worth sharing     +96  work     +104  when the last call was over
#     +112  as +64, in front of the loop; 0 if it is not known     +120  nanoseconds spent on waking and waiting
PARALLEL = """
53                            push rbx
55                            push rbp
4154                          push r12
4155                          push r13
4156                          push r14
4157                          push r15
4881ec98000000                sub rsp, 152
48bb POOL                     mov rbx, POOL
488d6c2410                    lea rbp, [rsp+16]
4989fc                        mov r12, rdi
48897520                      mov [rbp+32], rsi
48895528                      mov [rbp+40], rdx
48894d18                      mov [rbp+24], rcx
4c894560                      mov [rbp+96], r8
4883bb9800000001              cmp qword ptr [rbx+THREADS], 1
0f8ec3030000                  jle once
4c894d38                      mov [rbp+56], r9
4531f6                        xor r14d, r14d
498b01                        mov rax, [r9+0]
49f7e0                        mul r8
480facd010                    shrd rax, rdx, 16
48c1ea10                      shr rdx, 16
7520                          jne unknown
4885c0                        test rax, rax
781b                          js unknown
4989c6                        mov r14, rax
483b8300020000                cmp rax, [rbx+TINY]
7d0f                          jge unknown
4983790800                    cmp qword ptr [r9+8], 0
7c08                          jl unknown
49c7412010000000              mov qword ptr [r9+32], 16
                              unknown:
4c897540                      mov [rbp+64], r14
4c897570                      mov [rbp+112], r14
488b3b                        mov rdi, [rbx+KEY]
ff5308                        call [rbx+GET]
48894550                      mov [rbp+80], rax
b901000000                    mov ecx, 1
4885c0                        test rax, rax
7417                          je own
48ba0000000000000080          movabs rdx, -9223372036854775808
48395008                      cmp [rax+8], rdx
0f855b030000                  jne once
488b08                        mov rcx, [rax+0]
                              own:
48894d00                      mov [rbp+0], rcx
48b80100000000000080          movabs rax, -9223372036854775807
48894508                      mov [rbp+8], rax
488b3b                        mov rdi, [rbx+KEY]
4889ee                        mov rsi, rbp
ff5310                        call [rbx+SET]
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
48894530                      mov [rbp+48], rax
48c7451000000000              mov qword ptr [rbp+16], 0
4531ed                        xor r13d, r13d
488b8bb0000000                mov rcx, [rbx+WORTH]
8b93c8010000                  mov edx, [rbx+SLEEPING]
483b93b8000000                cmp rdx, [rbx+STARTED]
480f4c8b10020000              cmovl rcx, [rbx+NEAR]
48894d58                      mov [rbp+88], rcx
41bf01000000                  mov r15d, 1
4d85f6                        test r14, r14
0f84fd000000                  je measure
4c8b7d18                      mov r15, [rbp+24]
4883bb1001000000              cmp qword ptr [rbx+DEBT], 0
7e36                          jle solvent
4c3bb330020000                cmp r14, [rbx+BRIEF]
0f8ce2000000                  jl measure
4889c2                        mov rdx, rax
482b9320010000                sub rdx, [rbx+LAST]
48898320010000                mov [rbx+LAST], rax
48299310010000                sub [rbx+DEBT], rdx
0f8fc4000000                  jg measure
48c7831001000000000000        mov qword ptr [rbx+DEBT], 0
                              solvent:
488b5538                      mov rdx, [rbp+56]
48837a2800                    cmp qword ptr [rdx+40], 0
0f8faa000000                  jg measure
4939ce                        cmp r14, rcx
7d45                          jge enough
48837a2000                    cmp qword ptr [rdx+32], 0
7408                          je certain
49c1ef02                      shr r15, 2
4983c701                      add r15, 1
                              certain:
4c3bb310020000                cmp r14, [rbx+NEAR]
0f8c89000000                  jl measure
482b8320010000                sub rax, [rbx+LAST]
483b8318020000                cmp rax, [rbx+GAP]
7f72                          jg first
4c03b318010000                add r14, [rbx+ROW]
4c89b318010000                mov [rbx+ROW], r14
4c3bb320020000                cmp r14, [rbx+CREDIT]
7c62                          jl measure
eb32                          jmp at_once
                              enough:
4c3bb330020000                cmp r14, [rbx+BRIEF]
7d29                          jge at_once
488b7230                      mov rsi, [rdx+48]
4883fe04                      cmp rsi, 4
7418                          je check
4c8b8398000000                mov r8, [rbx+THREADS]
49c1e006                      shl r8, 6
4c39c6                        cmp rsi, r8
7c0f                          jl at_once
48c7423004000000              mov qword ptr [rdx+48], 4
                              check:
4883423001                    add qword ptr [rdx+48], 1
eb2e                          jmp measure
                              at_once:
48c7831801000000000000        mov qword ptr [rbx+ROW], 0
ff9348020000                  call [rbx+BEGIN]
85c0                          test eax, eax
0f8539020000                  jne shared
4c8b7d18                      mov r15, [rbp+24]
49c1ef02                      shr r15, 2
4983c701                      add r15, 1
eb07                          jmp measure
                              first:
4c89b318010000                mov [rbx+ROW], r14
                              measure:
4c89ea                        mov rdx, r13
4d01fd                        add r13, r15
488b4518                      mov rax, [rbp+24]
4939c5                        cmp r13, rax
4c0f4fe8                      cmovg r13, rax
4c896d10                      mov [rbp+16], r13
4c89e7                        mov rdi, r12
488b7528                      mov rsi, [rbp+40]
4c89e9                        mov rcx, r13
ff5520                        call [rbp+32]
400f92c7                      setb dil
48837d0800                    cmp qword ptr [rbp+8], 0
0f8df5010000                  jge offered
4084ff                        test dil, dil
0f85e2010000                  jne lost
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
48894568                      mov [rbp+104], rax
482b4530                      sub rax, [rbp+48]
4989c6                        mov r14, rax
488b4d18                      mov rcx, [rbp+24]
4939cd                        cmp r13, rcx
7450                          je over
483b83a8000000                cmp rax, [rbx+TRUSTED]
7c36                          jl more
4883bb1001000000              cmp qword ptr [rbx+DEBT], 0
7f34                          jg rest
488b5538                      mov rdx, [rbp+56]
48837a2800                    cmp qword ptr [rdx+40], 0
7f29                          jg rest
48f7e1                        mul rcx
49f7f5                        div r13
48894540                      mov [rbp+64], rax
4c29f0                        sub rax, r14
483b4558                      cmp rax, [rbp+88]
7c0e                          jl more
ff9348020000                  call [rbx+BEGIN]
85c0                          test eax, eax
0f858c010000                  jne shared
                              more:
49d1e7                        shl r15, 1
e960ffffff                    jmp measure
                              rest:
4c8b7d18                      mov r15, [rbp+24]
e957ffffff                    jmp measure
                              over:
488b5570                      mov rdx, [rbp+112]
4885d2                        test rdx, rdx
741e                          je foreseen
48c1e202                      shl rdx, 2
4939d6                        cmp r14, rdx
7c15                          jl foreseen
4c3bb3b0000000                cmp r14, [rbx+WORTH]
7c0c                          jl foreseen
488b5538                      mov rdx, [rbp+56]
48c7422010000000              mov qword ptr [rdx+32], 16
                              foreseen:
488b5538                      mov rdx, [rbp+56]
48837a2800                    cmp qword ptr [rdx+40], 0
7e0e                          jle balanced
4c297228                      sub [rdx+40], r14
7908                          jns balanced
48c7422800000000              mov qword ptr [rdx+40], 0
                              balanced:
488b4568                      mov rax, [rbp+104]
4889c1                        mov rcx, rax
482b8b20010000                sub rcx, [rbx+LAST]
48898320010000                mov [rbx+LAST], rax
4531ff                        xor r15d, r15d
4883bb1001000000              cmp qword ptr [rbx+DEBT], 0
7e28                          jle learn
4c3bb310020000                cmp r14, [rbx+NEAR]
7c1f                          jl learn
4c3bb330020000                cmp r14, [rbx+BRIEF]
490f4cce                      cmovl rcx, r14
48298b10010000                sub [rbx+DEBT], rcx
790b                          jns learn
48c7831001000000000000        mov qword ptr [rbx+DEBT], 0
                              learn:
48b80000000000400000          movabs rax, 70368744177664
4939c6                        cmp r14, rax
490f4cc6                      cmovl rax, r14
48c1e010                      shl rax, 16
31d2                          xor edx, edx
48f77560                      div qword ptr [rbp+96]
b901000000                    mov ecx, 1
4839c8                        cmp rax, rcx
480f42c1                      cmovb rax, rcx
488b7d38                      mov rdi, [rbp+56]
488b0f                        mov rcx, [rdi+0]
4885c9                        test rcx, rcx
740c                          je fresh
4585ff                        test r15d, r15d
7407                          je fresh
4839c8                        cmp rax, rcx
480f47c1                      cmova rax, rcx
                              fresh:
488907                        mov [rdi+0], rax
ba1f000000                    mov edx, 31
48836f2001                    sub qword ptr [rdi+32], 1
7804                          js sure
31d2                          xor edx, edx
eb08                          jmp counted
                              sure:
48c7472000000000              mov qword ptr [rdi+32], 0
                              counted:
48895708                      mov [rdi+8], rdx
4889c1                        mov rcx, rax
b800000100                    mov eax, 65536
48f7a300020000                mul qword ptr [rbx+TINY]
4839ca                        cmp rdx, rcx
7308                          jae many
48f7f1                        div rcx
4885c0                        test rax, rax
790a                          jns few
                              many:
48b8ffffffffffffff7f          movabs rax, 9223372036854775807
                              few:
48894710                      mov [rdi+16], rax
4531ff                        xor r15d, r15d
                              leave:
488b3b                        mov rdi, [rbx+KEY]
488b7550                      mov rsi, [rbp+80]
ff5310                        call [rbx+SET]
48837d5000                    cmp qword ptr [rbp+80], 0
750d                          jne kept
488b7d00                      mov rdi, [rbp+0]
4883ff01                      cmp rdi, 1
7403                          je kept
ff5320                        call [rbx+RESTORE]
                              kept:
4585ff                        test r15d, r15d
7528                          jne failed
                              good:
31c0                          xor eax, eax
                              end:
4881c498000000                add rsp, 152
415f                          pop r15
415e                          pop r14
415d                          pop r13
415c                          pop r12
5d                            pop rbp
5b                            pop rbx
f7d8                          neg eax
c3                            ret
                              once:
4c89e7                        mov rdi, r12
488b7528                      mov rsi, [rbp+40]
31d2                          xor edx, edx
488b4d18                      mov rcx, [rbp+24]
ff5520                        call [rbp+32]
73d8                          jae good
                              failed:
488b4d28                      mov rcx, [rbp+40]
488b01                        mov rax, [rcx]
4909442408                    or [r12+DIRTY], rax
b801000000                    mov eax, 1
ebc7                          jmp end
                              lost:
41bf01000000                  mov r15d, 1
eb9a                          jmp leave
                              shared:
31ff                          xor edi, edi
                              offered:
400fb6ff                      movzx edi, dil
ff5358                        call [rbx+WORK]
4883bb0801000000              cmp qword ptr [rbx+WEIGHT], 0
7413                          je uncounted
bf03000000                    mov edi, 3
ff9340020000                  call [rbx+NOW]
f048018390010000              lock add [rbx+TAKEN], rax
                              uncounted:
b8ffffffff                    mov eax, -1
f048218380010000              lock and [rbx+STATE], rax
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
48294578                      sub [rbp+120], rax
48c7450800000000              mov qword ptr [rbp+8], 0
448bb3a0000000                mov r14d, [rbx+SPIN]
                              await:
83bb8001000000                cmp dword ptr [rbx+STATE], 0
7471                          je joined
f390                          pause
4183ee01                      sub r14d, 1
75ef                          jne await
48837d0001                    cmp qword ptr [rbp+0], 1
7507                          jne freed
ff5318                        call [rbx+SAVE]
48894500                      mov [rbp+0], rax
                              freed:
ff9388020000                  call [rbx+FETCH]
b801000000                    mov eax, 1
878388010000                  xchg [rbx+WAITING], eax
8b8b80010000                  mov ecx, [rbx+STATE]
85c9                          test ecx, ecx
7440                          je joined
48c7042400000000              mov qword ptr [rsp], 0
48c7442408002d3101            mov qword ptr [rsp+8], 20000000
bfca000000                    mov edi, 202
488db380010000                lea rsi, [rbx+STATE]
ba80000000                    mov edx, 128
4989e0                        mov r8, rsp
31c0                          xor eax, eax
ff5338                        call [rbx+SYSCALL]
4c89e7                        mov rdi, r12
488b7528                      mov rsi, [rbp+40]
31d2                          xor edx, edx
31c9                          xor ecx, ecx
ff5520                        call [rbp+32]
41be01000000                  mov r14d, 1
eb86                          jmp await
                              joined:
c7838801000000000000          mov dword ptr [rbx+WAITING], 0
bf01000000                    mov edi, 1
ff9340020000                  call [rbx+NOW]
48898320010000                mov [rbx+LAST], rax
48014578                      add [rbp+120], rax
4889c1                        mov rcx, rax
482b4d30                      sub rcx, [rbp+48]
488b5570                      mov rdx, [rbp+112]
48837d1000                    cmp qword ptr [rbp+16], 0
7571                          jne booked
483b5558                      cmp rdx, [rbp+88]
7c6b                          jl booked
483b9330020000                cmp rdx, [rbx+BRIEF]
7d62                          jge booked
488b7538                      mov rsi, [rbp+56]
4883463001                    add qword ptr [rsi+48], 1
4829d1                        sub rcx, rdx
4c8d0452                      lea r8, [rdx+rdx*2]
4c39c1                        cmp rcx, r8
7f4d                          jg booked
4989d0                        mov r8, rdx
49c1e803                      shr r8, 3
4c01c1                        add rcx, r8
48c1e202                      shl rdx, 2
48034e28                      add rcx, [rsi+40]
7e23                          jle gain
480faf8b08020000              imul rcx, [rbx+PENALTY]
4c8d0451                      lea r8, [rcx+rdx*2]
488b4e38                      mov rcx, [rsi+56]
49d3e0                        shl r8, cl
4883f905                      cmp rcx, 5
7d05                          jge often
4883463801                    add qword ptr [rsi+56], 1
                              often:
4c89c1                        mov rcx, r8
eb08                          jmp lost_time
                              gain:
48c7463800000000              mov qword ptr [rsi+56], 0
                              lost_time:
48f7da                        neg rdx
4839d1                        cmp rcx, rdx
480f4cca                      cmovl rcx, rdx
48894e28                      mov [rsi+40], rcx
                              booked:
482b4548                      sub rax, [rbp+72]
48898330010000                mov [rbx+TOOK], rax
488b5540                      mov rdx, [rbp+64]
4801d2                        add rdx, rdx
48039358020000                add rdx, [rbx+GRACE]
488b8b08010000                mov rcx, [rbx+WEIGHT]
4885c9                        test rcx, rcx
751c                          jne weighed
4c8bb3e0000000                mov r14, [rbx+SHARE]
49d1ee                        shr r14, 1
4c0faff0                      imul r14, rax
4829d0                        sub rax, rdx
480f48c1                      cmovs rax, rcx
b901000000                    mov ecx, 1
eb16                          jmp compared
                              weighed:
4c8bb390010000                mov r14, [rbx+TAKEN]
be01000000                    mov esi, 1
4839d0                        cmp rax, rdx
480f4fce                      cmovg rcx, rsi
4c29f0                        sub rax, r14
                              compared:
488b5578                      mov rdx, [rbp+120]
48899338010000                mov [rbx+LOST], rdx
4839d0                        cmp rax, rdx
480f4fc2                      cmovg rax, rdx
4885c0                        test rax, rax
7e0f                          jle scaled
488b5540                      mov rdx, [rbp+64]
48c1ea04                      shr rdx, 4
4829d0                        sub rax, rdx
7902                          jns scaled
31c0                          xor eax, eax
                              scaled:
480fafc1                      imul rax, rcx
48038310010000                add rax, [rbx+DEBT]
4885c0                        test rax, rax
7e14                          jle gained
480faf8308020000              imul rax, [rbx+PENALTY]
b900ca9a3b                    mov ecx, 1000000000
4839c8                        cmp rax, rcx
480f4fc1                      cmovg rax, rcx
                              gained:
488b8b50020000                mov rcx, [rbx+CAPITAL]
488b5540                      mov rdx, [rbp+64]
483b9330020000                cmp rdx, [rbx+BRIEF]
7d04                          jge long
48c1f904                      sar rcx, 4
                              long:
4839c8                        cmp rax, rcx
480f4cc1                      cmovl rax, rcx
48898310010000                mov [rbx+DEBT], rax
4c037548                      add r14, [rbp+72]
4c2b7530                      sub r14, [rbp+48]
4c8bbbf0000000                mov r15, [rbx+FAILED]
4983ffff                      cmp r15, -1
750e                          jne unforced
4c89e7                        mov rdi, r12
488b7528                      mov rsi, [rbp+40]
31d2                          xor edx, edx
31c9                          xor ecx, ecx
ff5520                        call [rbp+32]
                              unforced:
48b8ffffffffffffff7f          movabs rax, 9223372036854775807
4939c7                        cmp r15, rax
7428                          je whole
4d85ff                        test r15, r15
780d                          js broken
488db3c0020000                lea rsi, [rbx+RECORD]
4c89e7                        mov rdi, r12
ff5370                        call [rbx+TRANSFER]
                              broken:
48c783c000000000000000        mov qword ptr [rbx+BUSY], 0
41bf01000000                  mov r15d, 1
e90bfdffff                    jmp leave
                              whole:
48c783c000000000000000        mov qword ptr [rbx+BUSY], 0
41bf01000000                  mov r15d, 1
e96afcffff                    jmp learn
"""
