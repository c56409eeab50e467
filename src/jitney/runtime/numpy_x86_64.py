"""Machine code that calls NumPy, for x86-64: written as in `listings_x86_64.py`, made when first needed."""

from __future__ import annotations

from .listings_x86_64 import RELEASE

# object stretch(record, data, dtype, n, fortran): a new contiguous array with the elements of the one of `n` axes at
# `data`, broadcast; null and an exception where that fails. The record: its lengths, its strides, the lengths wanted.
STRETCH = """
53                                push rbx
55                                push rbp
4154                              push r12
4155                              push r13
4156                              push r14
4883ec10                          sub rsp, 16
4889fb                            mov rbx, rdi
4989f4                            mov r12, rsi
4989d5                            mov r13, rdx
4889cd                            mov rbp, rcx
4d89c6                            mov r14, r8
4c89ef                            mov rdi, r13
48b8 Py_IncRef                    mov rax, Py_IncRef
ffd0                              call rax
4889ef                            mov rdi, rbp
488d34eb                          lea rsi, [rbx+rbp*8]
488d34ee                          lea rsi, [rsi+rbp*8]
4c89ea                            mov rdx, r13
4c89f1                            mov rcx, r14
48b8 PyArray_Empty                mov rax, PyArray_Empty
ffd0                              call rax
4989c6                            mov r14, rax
4885c0                            test rax, rax
0f8483000000                      je end
4c89ef                            mov rdi, r13
48b8 Py_IncRef                    mov rax, Py_IncRef
ffd0                              call rax
31c0                              xor eax, eax
48890424                          mov [rsp], rax
4889442408                        mov [rsp+8], rax
48bf PyArray_Type                 mov rdi, PyArray_Type
4c89ee                            mov rsi, r13
4889ea                            mov rdx, rbp
4889d9                            mov rcx, rbx
4c8d04eb                          lea r8, [rbx+rbp*8]
4d89e1                            mov r9, r12
48b8 PyArray_NewFromDescr         mov rax, PyArray_NewFromDescr
ffd0                              call rax
4989c4                            mov r12, rax
4885c0                            test rax, rax
7429                              je failed
4c89f7                            mov rdi, r14
4889c6                            mov rsi, rax
48b8 PyArray_CopyInto             mov rax, PyArray_CopyInto
ffd0                              call rax
4989c5                            mov r13, rax
4c89e7                            mov rdi, r12
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
4585ed                            test r13d, r13d
7912                              jns end
                              failed:
4c89f7                            mov rdi, r14
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
4531f6                            xor r14d, r14d
                              end:
4c89f0                            mov rax, r14
4883c410                          add rsp, 16
415e                              pop r14
415d                              pop r13
415c                              pop r12
5d                                pop rbp
5b                                pop rbx
c3                                ret
"""

# object empty(n, lengths, dtype, fortran, itemsize, zero): PyArray_Empty, or PyArray_Zeros if `zero`; or a kept array
# that looks like that one (see `keeping.py`). Takes over the reference to the dtype, as these do.
EMPTY = """
4c89c0                            mov rax, r8
4189fa                            mov r10d, edi
85ff                              test edi, edi
0f849f000000                      je new
                              size:
4a0faf44d6f8                      imul rax, [rsi+r10*8-8]
0f8093000000                      jo new
4183ea01                          sub r10d, 1
75ee                              jne size
483d00004000                      cmp rax, 0x400000
0f8781000000                      ja new
53                                push rbx
55                                push rbp
4154                              push r12
83c101                            add ecx, 1
49ba PoolOfArrays                 mov r10, PoolOfArrays
41bb10000000                      mov r11d, 16
                              search:
4b8b1cda                          mov rbx, [r10+r11*8]
4885db                            test rbx, rbx
7454                              je next
48395338                          cmp [rbx+56], rdx
754e                              jne next
397b18                            cmp [rbx+24], edi
7549                              jne next
854b40                            test [rbx+64], ecx
7444                              je next
488b6b20                          mov rbp, [rbx+32]
4189f8                            mov r8d, edi
                              same:
4e8b64c5f8                        mov r12, [rbp+r8*8-8]
4e3b64c6f8                        cmp r12, [rsi+r8*8-8]
7531                              jne next
4183e801                          sub r8d, 1
75ee                              jne same
4f8904da                          mov [r10+r11*8], r8
4585c9                            test r9d, r9d
740b                              je found
488b7b10                          mov rdi, [rbx+16]
4889c1                            mov rcx, rax
31c0                              xor eax, eax
f3aa                              rep stosb
                              found:
4889d7                            mov rdi, rdx
48b8 Py_DecRef                    mov rax, Py_DecRef
ffd0                              call rax
4889d8                            mov rax, rbx
415c                              pop r12
5d                                pop rbp
5b                                pop rbx
c3                                ret
                              next:
4183eb01                          sub r11d, 1
759d                              jne search
83e901                            sub ecx, 1
415c                              pop r12
5d                                pop rbp
5b                                pop rbx
                              new:
48b8 PyArray_Zeros                mov rax, PyArray_Zeros
4585c9                            test r9d, r9d
750a                              jne make
48b8 PyArray_Empty                mov rax, PyArray_Empty
                              make:
ffe0                              jmp rax
"""

# void discard(object): drop a reference, or keep the array for `empty` if nobody else has one.
DISCARD = """
4885ff                            test rdi, rdi
0f84ba000000                      je drop
48833f01                          cmp qword ptr [rdi], 1
0f85b0000000                      jne drop
48b8 PyArray_Type                 mov rax, PyArray_Type
483947 TYPE                       cmp [rdi+TYPE], rax
0f859c000000                      jne drop
8b4740                            mov eax, [rdi+64]
a803                              test al, 3
0f8491000000                      je drop
83e0fc                            and eax, -4
3d04050000                        cmp eax, 0x504
0f8583000000                      jne drop
31c0                              xor eax, eax
48394730                          cmp [rdi+48], rax
757b                              jne drop
48394748                          cmp [rdi+72], rax
7575                              jne drop
488b5738                          mov rdx, [rdi+56]
48be PoolOfArrays                 mov rsi, PoolOfArrays
488d8e88000000                    lea rcx, [rsi+136]
                              known:
488b01                            mov rax, [rcx]
4885c0                            test rax, rax
7458                              je drop
4883c110                          add rcx, 16
4839d0                            cmp rax, rdx
75ef                              jne known
488b41f8                          mov rax, [rcx-8]
448b4718                          mov r8d, [rdi+24]
4c8b4f20                          mov r9, [rdi+32]
4585c0                            test r8d, r8d
743e                              je drop
                              size:
4b0faf44c1f8                      imul rax, [r9+r8*8-8]
4183e801                          sub r8d, 1
75f4                              jne size
483d00004000                      cmp rax, 0x400000
772a                              ja drop
b910000000                        mov ecx, 16
                              room:
48833cce00                        cmp qword ptr [rsi+rcx*8], 0
7413                              je put
83e901                            sub ecx, 1
75f4                              jne room
488b0e                            mov rcx, [rsi]
83c101                            add ecx, 1
89c8                              mov eax, ecx
83e00f                            and eax, 15
488906                            mov [rsi], rax
                              put:
488b04ce                          mov rax, [rsi+rcx*8]
48893cce                          mov [rsi+rcx*8], rdi
4889c7                            mov rdi, rax
                              drop:
48b8 Py_DecRef                    mov rax, Py_DecRef
ffe0                              jmp rax
"""

# void release(context, end): as the one in `listings_x86_64`, by `discard`.
RELEASE_ARRAYS = RELEASE.replace("Py_DecRef", "PoolArray")
