"""The pieces that entries are put together from, for x86-64: bytes on the left, instructions on the right.

As in `listings_x86_64.py`; besides, an `@name` is filled in anew for each entry (`pieces.py` tells its size), and an
exit's name stands for the distance to it. The registers of a piece are fixed, so that nothing has to be allocated.
"""

from __future__ import annotations

# Exits. The frame: the four parameters below rbp, one word of room, the context record, the outgoing arguments.
OTHER = """
488b7df8                      mov rdi, [rbp-8]
488b75f0                      mov rsi, [rbp-16]
488b55e8                      mov rdx, [rbp-24]
488b4de0                      mov rcx, [rbp-32]
c9                            leave
"""

NEXT = """
48b8 @address                 mov rax, @address
ffe0                          jmp rax
"""

HUGE = """
48bf @address                 mov rdi, @address
488b7f PLAIN                  mov rdi, [rdi+PLAIN]
488b75f0                      mov rsi, [rbp-16]
488b55e8                      mov rdx, [rbp-24]
488b4de0                      mov rcx, [rbp-32]
c9                            leave
48b8 PLAIN_CALL               mov rax, PLAIN_CALL
ff20                          jmp [rax]
"""

# There is too little of the stack left.
DEEP = """
c9                            leave
48b8 @address                 mov rax, @address
ffe0                          jmp rax
"""

FAILED = """
488b7df0                      mov rdi, [rbp-16]
488b75e8                      mov rsi, [rbp-24]
488b55e0                      mov rdx, [rbp-32]
488d8d @context               lea rcx, [rbp+@context]
49b8 @address                 mov r8, @address
48b8 @address                 mov rax, @address
ffd0                          call rax
"""

# A tuple that is not complete, because there is no memory.
RELEASE = """
488b7dd8                      mov rdi, [rbp-40]
48b8 Py_DecRef                mov rax, Py_DecRef
ffd0                          call rax
"""

NOTHING = """
31c0                          xor eax, eax
"""

# Exactly as many positional arguments: the flag in the top bit of nargsf is shifted out. No keywords.
START = """
488d0412                      lea rax, [rdx+rdx]
4835 @count                   xor rax, @count
4809c8                        or rax, rcx
0f85 @next                    jne @next
"""

FRAME = """
55                            push rbp
4889e5                        mov rbp, rsp
57                            push rdi
56                            push rsi
52                            push rdx
51                            push rcx
4881ec @frame                 sub rsp, @frame
"""

# Slots for the references that compiled code holds: before everything else, when they are dropped after a failure, and
# when the block is given back (see the stubs BEGIN, RELEASE and FINISH).
BEGIN = """
488dbd @context               lea rdi, [rbp+@context]
48b8 @address                 mov rax, @address
ffd0                          call rax
488b7df8                      mov rdi, [rbp-8]
488b75f0                      mov rsi, [rbp-16]
488b55e8                      mov rdx, [rbp-24]
488b4de0                      mov rcx, [rbp-32]
"""

DROP = """
488dbd @context               lea rdi, [rbp+@context]
488b77 OWNED_BLOCK            mov rsi, [rdi+OWNED_BLOCK]
48b8 @address                 mov rax, @address
ffd0                          call rax
"""

FINISH = """
488dbd @context               lea rdi, [rbp+@context]
48b8 @address                 mov rax, @address
ffd0                          call rax
"""

# Keywords and defaults: the word below the parameters points to the arguments in the order of the parameters.
BIND = """
488975d8                      mov [rbp-40], rsi
488d0412                      lea rax, [rdx+rdx]
4835 @count                   xor rax, @count
4809c8                        or rax, rcx
7433                          je ready
4889f7                        mov rdi, rsi
4889d6                        mov rsi, rdx
4889ca                        mov rdx, rcx
48b9 @address                 mov rcx, @address
4c8d85 @place                 lea r8, [rbp+@place]
4c8945d8                      mov [rbp-40], r8
48b8 @address                 mov rax, @address
ffd0                          call rax
4885c0                        test rax, rax
0f84 @huge                    je @huge
                              ready:
"""

GUARDS = """
48bf @address                 mov rdi, @address
48b8 @address                 mov rax, @address
ffd0                          call rax
4885c0                        test rax, rax
0f84 @other                   je @other
"""

LIMIT = """
48b8 @address                 mov rax, @address
ffd0                          call rax
488dbd @context               lea rdi, [rbp+@context]
488947 STACK_LIMIT            mov [rdi+STACK_LIMIT], rax
"""

DEPTH = """
4839c4                        cmp rsp, rax
0f82 @deep                    jb @deep
"""

ARGUMENTS = """
4c8b5df0                      mov r11, [rbp-16]
"""

BOUND_ARGUMENTS = """
4c8b5dd8                      mov r11, [rbp-40]
"""

# From here on: arguments in r11, the one at hand in rax, its value in rdi; r10 is free. All else may be a leaf already.
ARGUMENT = """
498b83 @argument              mov rax, [r11+@argument]
"""

# An object as it is.
MOVE = """
4889c7                        mov rdi, rax
"""

HIDDEN_NAME = """
48b8 @address                 mov rax, @address
488b00                        mov rax, [rax]
488b4008                      mov rax, [rax+8]
4885c0                        test rax, rax
0f84 @other                   je @other
"""

HIDDEN_CELL = """
48b8 @address                 mov rax, @address
488b40 CELL_CONTENTS          mov rax, [rax+CELL_CONTENTS]
4885c0                        test rax, rax
0f84 @other                   je @other
"""

TYPE_IS = """
49ba @address                 mov r10, @address
4c3950 TYPE                   cmp [rax+TYPE], r10
0f85 @other                   jne @other
"""

OBJECT_IS = """
49ba @address                 mov r10, @address
4c39d0                        cmp rax, r10
0f85 @other                   jne @other
"""

# An int of 3.10 and 3.11: at once where it has one digit.
SIGNED_INT = """
488b78 INT_SIZE               mov rdi, [rax+INT_SIZE]
4c8d5701                      lea r10, [rdi+1]
4983fa03                      cmp r10, 3
721f                          jb small
48bf @address                 mov rdi, @address
49ba @address                 mov r10, @address
41ffd2                        call r10
0f85 @huge                    jne @huge
eb07                          jmp done
                              small:
8b40 INT_DIGITS               mov eax, [rax+INT_DIGITS]
480faff8                      imul rdi, rax
                              done:
"""

# An int of 3.12 and later.
TAGGED_INT = """
4c8b50 INT_SIZE               mov r10, [rax+INT_SIZE]
4983fa10                      cmp r10, 16
721f                          jb small
48bf @address                 mov rdi, @address
49ba @address                 mov r10, @address
41ffd2                        call r10
0f85 @huge                    jne @huge
eb13                          jmp done
                              small:
8b40 INT_DIGITS               mov eax, [rax+INT_DIGITS]
4183e203                      and r10d, 3
bf01000000                    mov edi, 1
4c29d7                        sub rdi, r10
480faff8                      imul rdi, rax
                              done:
"""

BOOLEAN = """
31ff                          xor edi, edi
49ba @address                 mov r10, @address
4c39d0                        cmp rax, r10
400f94c7                      sete dil
7413                          je done
49ba @address                 mov r10, @address
4c39d0                        cmp rax, r10
0f85 @other                   jne @other
                              done:
"""

ARRAY = """
49ba @address                 mov r10, @address
4c3950 @offset                cmp [rax+@offset], r10
0f85 @other                   jne @other
49ba @address                 mov r10, @address
4c3950 @offset                cmp [rax+@offset], r10
0f85 @other                   jne @other
448b50 @offset                mov r10d, [rax+@offset]
4181e2 @mask                  and r10d, @mask
4181fa @flags                 cmp r10d, @flags
0f85 @other                   jne @other
448b50 @offset                mov r10d, [rax+@offset]
4181fa @count                 cmp r10d, @count
0f85 @other                   jne @other
4889c7                        mov rdi, rax
"""

WORD = """
488b78 @offset                mov rdi, [rax+@offset]
"""

# The lengths or the strides of an array, then one of them.
ROW = """
4c8b50 @offset                mov r10, [rax+@offset]
"""

ITEM = """
498b7a @offset                mov rdi, [r10+@offset]
"""

# Lengths above `pytypes.MAX_LENGTH` are another type's.
LENGTH = """
41f742 @offset 000000f0       test dword ptr [r10+@offset], 0xf0000000
0f85 @other                   jne @other
498b7a @offset                mov rdi, [r10+@offset]
"""

LOAD_B1 = """
31ff                          xor edi, edi
8078 @offset 00               cmp byte ptr [rax+@offset], 0
400f95c7                      setne dil
"""

LOAD_U8 = """
0fb678 @offset                movzx edi, byte ptr [rax+@offset]
"""

LOAD_U16 = """
0fb778 @offset                movzx edi, word ptr [rax+@offset]
"""

LOAD_U32 = """
8b78 @offset                  mov edi, [rax+@offset]
"""

LOAD_I8 = """
480fbe78 @offset              movsx rdi, byte ptr [rax+@offset]
"""

LOAD_I16 = """
480fbf78 @offset              movsx rdi, word ptr [rax+@offset]
"""

LOAD_I32 = """
486378 @offset                movsxd rdi, dword ptr [rax+@offset]
"""

# One line per register in which the compiled function takes leaves. The first parameter is the context.
TO_REGISTER = """
4889fe                        mov rsi, rdi
4889fa                        mov rdx, rdi
4889f9                        mov rcx, rdi
4989f8                        mov r8, rdi
4989f9                        mov r9, rdi
"""

TO_STACK = """
4889bc24 @place               mov [rsp+@place], rdi
"""

LOAD_F64 = """
f20f1040 @offset              movsd xmm0, [rax+@offset]
f20f1048 @offset              movsd xmm1, [rax+@offset]
f20f1050 @offset              movsd xmm2, [rax+@offset]
f20f1058 @offset              movsd xmm3, [rax+@offset]
f20f1060 @offset              movsd xmm4, [rax+@offset]
f20f1068 @offset              movsd xmm5, [rax+@offset]
f20f1070 @offset              movsd xmm6, [rax+@offset]
f20f1078 @offset              movsd xmm7, [rax+@offset]
"""

LOAD_F32 = """
f30f1040 @offset              movss xmm0, [rax+@offset]
f30f1048 @offset              movss xmm1, [rax+@offset]
f30f1050 @offset              movss xmm2, [rax+@offset]
f30f1058 @offset              movss xmm3, [rax+@offset]
f30f1060 @offset              movss xmm4, [rax+@offset]
f30f1068 @offset              movss xmm5, [rax+@offset]
f30f1070 @offset              movss xmm6, [rax+@offset]
f30f1078 @offset              movss xmm7, [rax+@offset]
"""

# An object that a name gave is owned by the call: a thread that gets the GIL meanwhile may rebind the name.
HOLD = """
4889bd @place                 mov [rbp+@place], rdi
"""

OWN = """
488b85 @place                 mov rax, [rbp+@place]
"""

# One more reference, from 3.12 on, unless the object is immortal.
COUNT_MORTAL = """
448b10                        mov r10d, [rax]
4183c201                      add r10d, 1
7403                          je done
448910                        mov [rax], r10d
                              done:
"""

CALL = """
48b8 @address                 mov rax, @address
48830001                      add qword ptr [rax], 1
488dbd @context               lea rdi, [rbp+@context]
31c0                          xor eax, eax
488947 DIRTY                  mov [rdi+DIRTY], rax
488947 TRACE_COUNT            mov [rdi+TRACE_COUNT], rax
48c747 FUEL 00800000          mov qword ptr [rdi+FUEL], 32768
48b8 @address                 mov rax, @address
ffd0                          call rax
0f82 @fail                    jb @fail
"""

BOX_FLOAT = """
48b8 PyFloat_FromDouble       mov rax, PyFloat_FromDouble
ffd0                          call rax
"""

BOX_COMPLEX = """
48b8 PyComplex_FromDoubles    mov rax, PyComplex_FromDoubles
ffd0                          call rax
"""

WIDEN = """
f30f5ac0                      cvtss2sd xmm0, xmm0
"""

BOX_INT = """
4889c7                        mov rdi, rax
48b8 @address                 mov rax, @address
ffd0                          call rax
"""

BOX_BOOL = """
84c0                          test al, al
48b8 @address                 mov rax, @address
48b9 @address                 mov rcx, @address
480f44c1                      cmove rax, rcx
"""

BOX_NONE = """
48b8 None                     mov rax, None
"""

# One more reference.
COUNT = """
48830001                      add qword ptr [rax], 1
"""

BOX_OBJECT = """
488945d8                      mov [rbp-40], rax
4889c7                        mov rdi, rax
48b8 Py_IncRef                mov rax, Py_IncRef
ffd0                          call rax
488b45d8                      mov rax, [rbp-40]
"""

RESULT = """
488945d8                      mov [rbp-40], rax
"""

DISOWN = """
488bbd @place                 mov rdi, [rbp+@place]
48b8 Py_DecRef                mov rax, Py_DecRef
ffd0                          call rax
"""

LEAVE = """
c9                            leave
c3                            ret
"""

# A union: its tag is in rax, its value in rdx or xmm0.
MEMBER = """
4883f8 @small                 cmp rax, @small
0f85 @skip                    jne @skip
"""

VALUE = """
4889d0                        mov rax, rdx
"""

BITS = """
66480f6ec2                    movq xmm0, rdx
"""

# Results, put aside until they become items of a tuple.
KEEP = """
488985 @place                 mov [rbp+@place], rax
488995 @place                 mov [rbp+@place], rdx
48898d @place                 mov [rbp+@place], rcx
4889b5 @place                 mov [rbp+@place], rsi
4889bd @place                 mov [rbp+@place], rdi
4c8985 @place                 mov [rbp+@place], r8
4c898d @place                 mov [rbp+@place], r9
"""

KEEP_FLOAT = """
f20f1185 @place               movsd [rbp+@place], xmm0
f20f118d @place               movsd [rbp+@place], xmm1
f20f1195 @place               movsd [rbp+@place], xmm2
f20f119d @place               movsd [rbp+@place], xmm3
f20f11a5 @place               movsd [rbp+@place], xmm4
f20f11ad @place               movsd [rbp+@place], xmm5
f20f11b5 @place               movsd [rbp+@place], xmm6
"""

TUPLE = """
bf @count                     mov edi, @count
48b8 PyTuple_New              mov rax, PyTuple_New
ffd0                          call rax
488945d8                      mov [rbp-40], rax
4885c0                        test rax, rax
0f84 @nothing                 je @nothing
"""

KEPT = """
488b85 @place                 mov rax, [rbp+@place]
"""

KEPT_FLOAT = """
f20f1085 @place               movsd xmm0, [rbp+@place]
"""

KEPT_SECOND = """
f20f108d @place               movsd xmm1, [rbp+@place]
"""

SET_ITEM = """
4885c0                        test rax, rax
0f84 @release                 je @release
4c8b55d8                      mov r10, [rbp-40]
498982 @place                 mov [r10+@place], rax
"""

MADE = """
488b45d8                      mov rax, [rbp-40]
"""

# ptr stack_limit(void): see `stack.StackLimits`; its table and the method to ask for what the table does not hold.
# Where that fails, the exception is set, and the limit is higher than any address.
STACK_LIMIT = """
53                            push rbx
48b8 PyThreadState_Get        mov rax, PyThreadState_Get
ffd0                          call rax
4889c7                        mov rdi, rax
48b8 PyThreadState_GetID      mov rax, PyThreadState_GetID
ffd0                          call rax
89c1                          mov ecx, eax
81e1 @mask                    and ecx, @mask
c1e104                        shl ecx, 4
48be @address                 mov rsi, @address
4801ce                        add rsi, rcx
483906                        cmp [rsi], rax
7506                          jne unknown
488b4608                      mov rax, [rsi+8]
5b                            pop rbx
c3                            ret
                              unknown:
48bf @address                 mov rdi, @address
31d2                          xor edx, edx
31c9                          xor ecx, ecx
48b8 PyObject_Vectorcall      mov rax, PyObject_Vectorcall
ffd0                          call rax
4885c0                        test rax, rax
7429                          je failed
4889c3                        mov rbx, rax
4889c7                        mov rdi, rax
48b8 PyLong_AsVoidPtr         mov rax, PyLong_AsVoidPtr
ffd0                          call rax
4889df                        mov rdi, rbx
4889c3                        mov rbx, rax
48b8 Py_DecRef                mov rax, Py_DecRef
ffd0                          call rax
4889d8                        mov rax, rbx
5b                            pop rbx
c3                            ret
                              failed:
4883c8ff                      or rax, -1
5b                            pop rbx
c3                            ret
"""

# object checked_call(callable, args, nargsf, kwnames): as PyObject_Vectorcall, while enough of the stack is left; the
# function that tells the limit, and the one that raises RecursionError.
CHECKED_CALL = """
57                            push rdi
56                            push rsi
52                            push rdx
51                            push rcx
50                            push rax
48b8 @address                 mov rax, @address
ffd0                          call rax
59                            pop rcx
59                            pop rcx
5a                            pop rdx
5e                            pop rsi
5f                            pop rdi
4839c4                        cmp rsp, rax
720c                          jb deep
48b8 PyObject_Vectorcall      mov rax, PyObject_Vectorcall
ffe0                          jmp rax
                              deep:
48b8 @address                 mov rax, @address
ffe0                          jmp rax
"""
