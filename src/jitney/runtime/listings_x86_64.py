"""The machine code that entries share, for x86-64: bytes on the left, instructions on the right.

These few functions are needed by the first call already, so they are written down as bytes; a test assembles the right
side and compares. A name among the bytes stands for the 8-byte address of a C function or object, or for an offset that
fits one byte (`stubs.py` tells both). All follow the C convention. No frame of Python code of ours may show in a user's
traceback, so Python here never calls the user's function: it *returns* what is to be called with the same arguments.
"""

from __future__ import annotations

# entry(self, args, nargsf, kwnames), for calls that no specialisation takes: calls self.slow with the arguments, then
# what that returned with the same arguments.
SLOW = """
53                                push rbx
4154                              push r12
4155                              push r13
4156                              push r14
50                                push rax
4989f4                            mov r12, rsi
4989d5                            mov r13, rdx
4989ce                            mov r14, rcx
488b7f SLOW                       mov rdi, [rdi+SLOW]
48b8 PyObject_Vectorcall          mov rax, PyObject_Vectorcall
ffd0                              call rax
4885c0                            test rax, rax
7430                              je end
4889c3                            mov rbx, rax
4889c7                            mov rdi, rax
4c89e6                            mov rsi, r12
4c89ea                            mov rdx, r13
4c89f1                            mov rcx, r14
48b8 PLAIN_CALL                   mov rax, PLAIN_CALL
ff10                              call [rax]
4889df                            mov rdi, rbx
4889c3                            mov rbx, rax
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
4889d8                            mov rax, rbx
                              end:
59                                pop rcx
415e                              pop r14
415d                              pop r13
415c                              pop r12
5b                                pop rbx
c3                                ret
"""

# entry(self, args, nargsf, kwnames) that lets CPython run every call.
PLAIN = """
488b7f FUNCTION                   mov rdi, [rdi+FUNCTION]
48b8 PLAIN_CALL                   mov rax, PLAIN_CALL
ff20                              jmp [rax]
"""

# object deep(void): RecursionError, unless there is an exception already.
DEEP = """
4883ec08                          sub rsp, 8
48b8 PyErr_Occurred               mov rax, PyErr_Occurred
ffd0                              call rax
4885c0                            test rax, rax
7523                              jne end
48b8 PyExc_RecursionError         mov rax, PyExc_RecursionError
488b38                            mov rdi, [rax]
48be PassedLimit                  mov rsi, PassedLimit
48b8 PyErr_SetString              mov rax, PyErr_SetString
ffd0                              call rax
                              end:
31c0                              xor eax, eax
4883c408                          add rsp, 8
c3                                ret
"""

# object fail(args, nargsf, kwnames, context, words): what an entry returns after compiled code has failed. Where
# nothing visible had happened, CPython runs the call again from its start. Otherwise, and now and then so that somebody
# watches (REVIEW), HANDLER is called with the context's address and the pending exception or None; it returns an
# exception to raise, or something to call.
FAIL = """
53                                push rbx
55                                push rbp
4154                              push r12
4155                              push r13
4156                              push r14
4157                              push r15
4883ec38                          sub rsp, 56
4989fc                            mov r12, rdi
4989f5                            mov r13, rsi
4989d6                            mov r14, rdx
4889cb                            mov rbx, rcx
4c89c5                            mov rbp, r8
48b8 PyErr_Occurred               mov rax, PyErr_Occurred
ffd0                              call rax
4889c1                            mov rcx, rax
480b4b DIRTY                      or rcx, [rbx+DIRTY]
753a                              jne handled
488b4d BAILS                      mov rcx, [rbp+BAILS]
4883c101                          add rcx, 1
48894d BAILS                      mov [rbp+BAILS], rcx
48854d REVIEW                     test rcx, [rbp+REVIEW]
7428                              je handled
488b7d PLAIN                      mov rdi, [rbp+PLAIN]
4c89e6                            mov rsi, r12
4c89ea                            mov rdx, r13
4c89f1                            mov rcx, r14
48b8 PLAIN_CALL                   mov rax, PLAIN_CALL
ff10                              call [rax]
                              leave:
4883c438                          add rsp, 56
415f                              pop r15
415e                              pop r14
415d                              pop r13
415c                              pop r12
5d                                pop rbp
5b                                pop rbx
c3                                ret
                              handled:
31c9                              xor ecx, ecx
48890c24                          mov [rsp], rcx
48894c2408                        mov [rsp+8], rcx
48894c2410                        mov [rsp+16], rcx
48b9 None                         mov rcx, None
48894c2420                        mov [rsp+32], rcx
4885c0                            test rax, rax
7452                              je ask
4889e7                            mov rdi, rsp
488d742408                        lea rsi, [rsp+8]
488d542410                        lea rdx, [rsp+16]
48b8 PyErr_Fetch                  mov rax, PyErr_Fetch
ffd0                              call rax
4889e7                            mov rdi, rsp
488d742408                        lea rsi, [rsp+8]
488d542410                        lea rdx, [rsp+16]
48b8 PyErr_NormalizeException     mov rax, PyErr_NormalizeException
ffd0                              call rax
488b7c2408                        mov rdi, [rsp+8]
48897c2420                        mov [rsp+32], rdi
488b742410                        mov rsi, [rsp+16]
4885f6                            test rsi, rsi
740c                              je ask
48b8 PyException_SetTraceback     mov rax, PyException_SetTraceback
ffd0                              call rax
                              ask:
4889df                            mov rdi, rbx
48b8 PyLong_FromVoidPtr           mov rax, PyLong_FromVoidPtr
ffd0                              call rax
4889442418                        mov [rsp+24], rax
4885c0                            test rax, rax
0f845effffff                      je leave
488b7d HANDLER                    mov rdi, [rbp+HANDLER]
488d742418                        lea rsi, [rsp+24]
ba02000000                        mov edx, 2
31c9                              xor ecx, ecx
48b8 PyObject_Vectorcall          mov rax, PyObject_Vectorcall
ffd0                              call rax
4989c7                            mov r15, rax
31db                              xor ebx, ebx
                              release:
488b3cdc                          mov rdi, [rsp+rbx*8]
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
83c301                            add ebx, 1
83fb04                            cmp ebx, 4
75e8                              jne release
4c89f8                            mov rax, r15
4885c0                            test rax, rax
0f8419ffffff                      je leave
498b7f TYPE                       mov rdi, [r15+TYPE]
48b8 PyType_GetFlags              mov rax, PyType_GetFlags
ffd0                              call rax
a900000040                        test eax, 0x40000000
7532                              jne throw
4c89ff                            mov rdi, r15
4c89e6                            mov rsi, r12
4c89ea                            mov rdx, r13
4c89f1                            mov rcx, r14
48b8 PLAIN_CALL                   mov rax, PLAIN_CALL
ff10                              call [rax]
4889c3                            mov rbx, rax
                              done:
4c89ff                            mov rdi, r15
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
4889d8                            mov rax, rbx
e9d0feffff                        jmp leave
                              throw:
498b7f TYPE                       mov rdi, [r15+TYPE]
4c89fe                            mov rsi, r15
48b8 PyErr_SetObject              mov rax, PyErr_SetObject
ffd0                              call rax
31db                              xor ebx, ebx
ebd2                              jmp done
"""

# int locate(dict, key, out): where a plain dictionary holds this very key. Fills in: the address of the entry (key,
# value), the value, the table of keys, how many entries of it have ever been filled, its shape. 0 if the key is not
# there; the first two are not set then. One call, because no other thread may change the dictionary in between. Once
# key and value are known to be there, side by side, a search for them from the table's start ends inside the table.
LOCATE = """
53                                push rbx
4154                              push r12
4155                              push r13
4883ec20                          sub rsp, 32
4889fb                            mov rbx, rdi
4989f4                            mov r12, rsi
4989d5                            mov r13, rdx
488b47 DICT_KEYS                  mov rax, [rdi+DICT_KEYS]
49894510                          mov [r13+16], rax
488b48 KEYS_USED                  mov rcx, [rax+KEYS_USED]
49894d18                          mov [r13+24], rcx
8b48 KEYS_SHAPE                   mov ecx, [rax+KEYS_SHAPE]
c1e108                            shl ecx, 8
49894d20                          mov [r13+32], rcx
31c0                              xor eax, eax
48890424                          mov [rsp], rax
                              ask:
4889df                            mov rdi, rbx
4889e6                            mov rsi, rsp
488d542408                        lea rdx, [rsp+8]
488d4c2410                        lea rcx, [rsp+16]
48b8 PyDict_Next                  mov rax, PyDict_Next
ffd0                              call rax
85c0                              test eax, eax
742e                              je end
4c39642408                        cmp [rsp+8], r12
75d9                              jne ask
488b542410                        mov rdx, [rsp+16]
49895508                          mov [r13+8], rdx
498b4d10                          mov rcx, [r13+16]
                              search:
4c3921                            cmp [rcx], r12
7506                              jne next
48395108                          cmp [rcx+8], rdx
7406                              je found
                              next:
4883c108                          add rcx, 8
ebef                              jmp search
                              found:
49894d00                          mov [r13], rcx
b801000000                        mov eax, 1
                              end:
4883c420                          add rsp, 32
415d                              pop r13
415c                              pop r12
5b                                pop rbx
c3                                ret
"""

# int check(table): whether all guards hold; 0 if one does not. The table (`guards.py`): the numbers of dictionaries,
# names, hidden names and cells; then their rows.
CHECK = """
488b07                            mov rax, [rdi]
488b4f08                          mov rcx, [rdi+8]
488b5710                          mov rdx, [rdi+16]
488b7718                          mov rsi, [rdi+24]
4883c720                          add rdi, 32
                              tables:
4883e801                          sub rax, 1
782b                              js names
4c8b07                            mov r8, [rdi]
4d8b40 DICT_KEYS                  mov r8, [r8+DICT_KEYS]
4c3b4708                          cmp r8, [rdi+8]
7577                              jne stale
4d8b48 KEYS_USED                  mov r9, [r8+KEYS_USED]
4c3b4f10                          cmp r9, [rdi+16]
756d                              jne stale
458b48 KEYS_SHAPE                 mov r9d, [r8+KEYS_SHAPE]
41c1e108                          shl r9d, 8
4c3b4f18                          cmp r9, [rdi+24]
755f                              jne stale
4883c720                          add rdi, 32
ebcf                              jmp tables
                              names:
4883e901                          sub rcx, 1
781c                              js hidden
4c8b07                            mov r8, [rdi]
4d8b08                            mov r9, [r8]
4c3b4f08                          cmp r9, [rdi+8]
7547                              jne stale
4d8b4808                          mov r9, [r8+8]
4c3b4f10                          cmp r9, [rdi+16]
753d                              jne stale
4883c718                          add rdi, 24
ebde                              jmp names
                              hidden:
4883ea01                          sub rdx, 1
7812                              js cells
4c8b07                            mov r8, [rdi]
4d8b08                            mov r9, [r8]
4c3b4f08                          cmp r9, [rdi+8]
7525                              jne stale
4883c710                          add rdi, 16
ebe8                              jmp hidden
                              cells:
4883ee01                          sub rsi, 1
7813                              js good
4c8b07                            mov r8, [rdi]
4d8b40 CELL_CONTENTS              mov r8, [r8+CELL_CONTENTS]
4c3b4708                          cmp r8, [rdi+8]
750c                              jne stale
4883c710                          add rdi, 16
ebe7                              jmp cells
                              good:
b801000000                        mov eax, 1
c3                                ret
                              stale:
31c0                              xor eax, eax
c3                                ret
"""

# int poll(void): runs pending signal handlers, then lets another thread have the GIL if one waits for it (otherwise
# that is two uncontended locks). Not 0 when a handler has raised; then the exception is set. Where there are functions
# that run without the GIL, `threads_x86_64.POLL` does this.
POLL = """
48b8 POLL_HOOK                    mov rax, POLL_HOOK
488b00                            mov rax, [rax]
4885c0                            test rax, rax
7536                              jne hooked
4883ec08                          sub rsp, 8
48b8 PyErr_CheckSignals           mov rax, PyErr_CheckSignals
ffd0                              call rax
85c0                              test eax, eax
751d                              jne end
48b8 PyEval_SaveThread            mov rax, PyEval_SaveThread
ffd0                              call rax
4889c7                            mov rdi, rax
48b8 PyEval_RestoreThread         mov rax, PyEval_RestoreThread
ffd0                              call rax
31c0                              xor eax, eax
                              end:
4883c408                          add rsp, 8
c3                                ret
                              hooked:
ffe0                              jmp rax
"""

# For entries: takes the int object in rax and the address of PyLong_AsLongLongAndOverflow in rdi; gives the value in
# rdi, and the zero flag clear if it does not fit 64 bits. Of what an entry keeps arguments in, nothing else changes.
LONG = """
4883ec78                      sub rsp, 120
48894c2440                    mov [rsp+64], rcx
4889542448                    mov [rsp+72], rdx
4889742450                    mov [rsp+80], rsi
4c89442458                    mov [rsp+88], r8
4c894c2460                    mov [rsp+96], r9
4c895c2468                    mov [rsp+104], r11
f20f110424                    movsd [rsp], xmm0
f20f114c2408                  movsd [rsp+8], xmm1
f20f11542410                  movsd [rsp+16], xmm2
f20f115c2418                  movsd [rsp+24], xmm3
f20f11642420                  movsd [rsp+32], xmm4
f20f116c2428                  movsd [rsp+40], xmm5
f20f11742430                  movsd [rsp+48], xmm6
f20f117c2438                  movsd [rsp+56], xmm7
4989fa                        mov r10, rdi
4889c7                        mov rdi, rax
488d742470                    lea rsi, [rsp+112]
41ffd2                        call r10
4889c7                        mov rdi, rax
488b4c2440                    mov rcx, [rsp+64]
488b542448                    mov rdx, [rsp+72]
488b742450                    mov rsi, [rsp+80]
4c8b442458                    mov r8, [rsp+88]
4c8b4c2460                    mov r9, [rsp+96]
4c8b5c2468                    mov r11, [rsp+104]
f20f100424                    movsd xmm0, [rsp]
f20f104c2408                  movsd xmm1, [rsp+8]
f20f10542410                  movsd xmm2, [rsp+16]
f20f105c2418                  movsd xmm3, [rsp+24]
f20f10642420                  movsd xmm4, [rsp+32]
f20f106c2428                  movsd xmm5, [rsp+40]
f20f10742430                  movsd xmm6, [rsp+48]
f20f107c2438                  movsd xmm7, [rsp+56]
8b442470                      mov eax, [rsp+112]
4883c478                      add rsp, 120
85c0                          test eax, eax
c3                            ret
"""

# int bind(args, nargsf, kwnames, table, out): 1 after writing borrowed references to all arguments to `out`, in the
# order of the parameters; 0 if the call is unusual. Keyword names are compared by identity. For the table see
# `arguments.Binding`.
BIND = """
53                            push rbx
55                            push rbp
4154                          push r12
4155                          push r13
4156                          push r14
4157                          push r15
4883ec18                      sub rsp, 24
4889cb                        mov rbx, rcx
4d89c4                        mov r12, r8
4989fe                        mov r14, rdi
4c8d2c36                      lea r13, [rsi+rsi]
49d1ed                        shr r13, 1
4c3b6b08                      cmp r13, [rbx+8]
0f87fd000000                  ja wrong
31c0                          xor eax, eax
                              copy:
4c39e8                        cmp rax, r13
730e                          jae rest
498b0cc6                      mov rcx, [r14+rax*8]
49890cc4                      mov [r12+rax*8], rcx
4883c001                      add rax, 1
ebed                          jmp copy
                              rest:
31c9                          xor ecx, ecx
                              clear:
483b03                        cmp rax, [rbx]
730a                          jae keywords
49890cc4                      mov [r12+rax*8], rcx
4883c001                      add rax, 1
ebf1                          jmp clear
                              keywords:
4885d2                        test rdx, rdx
744d                          je fill
4c8b4a TUPLE_SIZE             mov r9, [rdx+TUPLE_SIZE]
4c8d52 TUPLE_ITEMS            lea r10, [rdx+TUPLE_ITEMS]
4f8d34ee                      lea r14, [r14+r13*8]
                              place:
4983e901                      sub r9, 1
783b                          js fill
4d8b1a                        mov r11, [r10]
4983c208                      add r10, 8
488b4310                      mov rax, [rbx+16]
                              match:
483b03                        cmp rax, [rbx]
0f83ac000000                  jae wrong
4c3b5cc320                    cmp r11, [rbx+rax*8+32]
7406                          je matched
4883c001                      add rax, 1
ebea                          jmp match
                              matched:
498b0cc4                      mov rcx, [r12+rax*8]
4885c9                        test rcx, rcx
0f8592000000                  jne wrong
498b0e                        mov rcx, [r14]
4983c608                      add r14, 8
49890cc4                      mov [r12+rax*8], rcx
ebbf                          jmp place
                              fill:
488b7b18                      mov rdi, [rbx+24]
48b8 PyFunction_GetDefaults   mov rax, PyFunction_GetDefaults
ffd0                          call rax
4989c7                        mov r15, rax
488b7b18                      mov rdi, [rbx+24]
48b8 PyFunction_GetKwDefaults mov rax, PyFunction_GetKwDefaults
ffd0                          call rax
4889c5                        mov rbp, rax
4c8b7308                      mov r14, [rbx+8]
4d85ff                        test r15, r15
7404                          je next
4d2b77 TUPLE_SIZE             sub r14, [r15+TUPLE_SIZE]
                              next:
4c3b2b                        cmp r13, [rbx]
7346                          jae good
4b8b04ec                      mov rax, [r12+r13*8]
4885c0                        test rax, rax
7537                          jne filled
4c3b6b08                      cmp r13, [rbx+8]
730f                          jae named
4c89e8                        mov rax, r13
4c29f0                        sub rax, r14
7836                          js wrong
498b44c7 TUPLE_ITEMS          mov rax, [r15+rax*8+TUPLE_ITEMS]
eb1e                          jmp found
                              named:
4885ed                        test rbp, rbp
742a                          je wrong
4889ef                        mov rdi, rbp
4a8b74eb20                    mov rsi, [rbx+r13*8+32]
48b8 PyDict_GetItem           mov rax, PyDict_GetItem
ffd0                          call rax
4885c0                        test rax, rax
7411                          je wrong
                              found:
4b8904ec                      mov [r12+r13*8], rax
                              filled:
4983c501                      add r13, 1
ebb5                          jmp next
                              good:
b801000000                    mov eax, 1
eb02                          jmp end
                              wrong:
31c0                          xor eax, eax
                              end:
4883c418                      add rsp, 24
415f                          pop r15
415e                          pop r14
415d                          pop r13
415c                          pop r12
5d                            pop rbp
5b                            pop rbx
c3                            ret
"""

# void begin(context): before a call of a function that holds references. Their slots lie in a block of their own, so
# that they are still there when frames of the machine's stack are gone. One block is kept and lent (under the GIL) to
# one call after the other; a call inside another one, or in another thread, gets a fresh one. Slots not in use are 0.
BEGIN = """
53                                push rbx
4889fb                            mov rbx, rdi
48b8 PoolOfSlots                  mov rax, PoolOfSlots
488b08                            mov rcx, [rax]
31d2                              xor edx, edx
488910                            mov [rax], rdx
4885c9                            test rcx, rcx
7519                              jne ready
bf01000000                        mov edi, 1
be00008000                        mov esi, 0x800000
48b8 PyMem_RawCalloc              mov rax, PyMem_RawCalloc
ffd0                              call rax
4889c1                            mov rcx, rax
                              ready:
48894b OWNED_BLOCK                mov [rbx+OWNED_BLOCK], rcx
48894b OWNED_TOP                  mov [rbx+OWNED_TOP], rcx
4885c9                            test rcx, rcx
7407                              je limit
4881c100008000                    add rcx, 0x800000
                              limit:
48894b OWNED_LIMIT                mov [rbx+OWNED_LIMIT], rcx
5b                                pop rbx
c3                                ret
"""

# void release(context, end): drop the references held in the slots from `end` to the top, and the slots.
RELEASE = """
53                                push rbx
4154                              push r12
50                                push rax
4889fb                            mov rbx, rdi
4989f4                            mov r12, rsi
                              again:
488b43 OWNED_TOP                  mov rax, [rbx+OWNED_TOP]
4c39e0                            cmp rax, r12
7623                              jbe end
4883e808                          sub rax, 8
488943 OWNED_TOP                  mov [rbx+OWNED_TOP], rax
488b38                            mov rdi, [rax]
4885ff                            test rdi, rdi
74e7                              je again
31c9                              xor ecx, ecx
488908                            mov [rax], rcx
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
ebd4                              jmp again
                              end:
58                                pop rax
415c                              pop r12
5b                                pop rbx
c3                                ret
"""

# void finish(context): give the block back, which has no slot in use any more.
FINISH = """
488b7f OWNED_BLOCK                mov rdi, [rdi+OWNED_BLOCK]
48b8 PoolOfSlots                  mov rax, PoolOfSlots
48833800                          cmp qword ptr [rax], 0
7504                              jne free
488938                            mov [rax], rdi
c3                                ret
                              free:
48b8 PyMem_RawFree                mov rax, PyMem_RawFree
ffe0                              jmp rax
"""
