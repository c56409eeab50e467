"""The kernels of the benchmark, written as a user writes numeric Python: plain functions, not decorated.

One module a family. The rows that say how to call them are in `bench.registry`; C twins are in `kernels.c`.
Calling a kernel twice with the same arguments gives the same results (what it changes, it first fills).
"""
