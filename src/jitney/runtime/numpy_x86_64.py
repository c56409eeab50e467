"""Machine code that calls NumPy, for x86-64: written as in `listings_x86_64.py`, made when first needed."""

from __future__ import annotations

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
