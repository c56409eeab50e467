# `make` or `make help` lists the targets: every line below of the form `target: ... ## text`.
PYTHON  ?= python3
VENV    := .venv
PY      := $(VENV)/bin/python
PIP     := -m pip --quiet --disable-pip-version-check
PYTEST  := -m pytest -q -n auto
VERSIONS := 3.10 3.11 3.12 3.13
FUZZ    ?= 20000

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-others test-all levels fuzz lint bench docs clean
.DELETE_ON_ERROR:
.PRECIOUS: .venv-3.%/.with-test

help:  ## this list
	@echo "jitney: a JIT compiler for Python in pure Python. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

# One stamp a set of extras: a rule that needs an environment depends on its stamp, and a changed pyproject.toml
# brings the environment up to date. --system-site-packages is never used.
$(PY):
	$(PYTHON) -m venv $(VENV)

$(VENV)/.with-demo: pyproject.toml | $(PY)
	$(PY) $(PIP) install -e '.[demo]'
	@touch $@

$(VENV)/.with-test: pyproject.toml | $(PY)
	$(PY) $(PIP) install -e '.[test,lint]'
	@touch $@

$(VENV)/.with-docs: pyproject.toml | $(PY)
	$(PY) $(PIP) install -e '.[docs]'
	@touch $@

setup: $(VENV)/.with-test  ## create .venv with the package (editable) and all that tests and linters need

demo: $(VENV)/.with-demo  ## the tour: hello world in machine code, then six kernels timed against CPython
	@$(PY) examples/tour.py

test: $(VENV)/.with-test  ## all tests, on this Python, with the checks between passes
	$(PY) $(PYTEST)

.venv-3.%/.with-test: pyproject.toml
	"$$(.ci/python-for 3.$*)" -m venv .venv-3.$*
	.venv-3.$*/bin/python $(PIP) install -e '.[test]'
	@touch $@

# What does not depend on the version is left to `make test`: tests marked so, and the checks of the IR between passes
# and of register allocation (more than half of the time).
test-3.%: .venv-3.%/.with-test
	JITNEY_CHECK=0 .venv-3.$*/bin/python $(PYTEST) -m "not any_python"

test-others: $(VENV)/.with-test  ## the tests that depend on the version, on every other Python 3.10-3.13 found here
	@main=$$($(PY) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(VERSIONS); do \
	    test "$$version" != "$$main" || continue; \
	    .ci/python-for "$$version" >/dev/null || { echo "Python $$version: not found here, skipped"; continue; }; \
	    echo "Python $$version"; $(MAKE) --no-print-directory "test-$$version" || exit 1; \
	done

test-all: test-others test  ## test-others, then test

# The tests that run compiled code. Left out: what only assembles, proves and prints; tests marked `native`; and what
# tests do in processes of their own, which qemu leaves to this machine's CPU. One process each: -j2 for both at a time.
LEVELS := parallel special test_bench_kernels.py test_bench_arrays.py test_bench_threads.py language frontend \
    objects records runtime codegen opt fuzz test_options.py $(notdir $(filter-out %_memory.py,$(wildcard tests/test_jit_*.py)))

levels: levels-Nehalem levels-Haswell  ## the tests that run compiled code, on CPUs of 2008 and 2013 as qemu-x86_64 has them

# NumPy's OpenBLAS takes qemu's Nehalem for another CPU and stops at an instruction that is not there: so it is told.
# Gathers of AVX2 give wrong answers in some versions of qemu: NumPy does without (what is tested is not NumPy).
levels-%: $(VENV)/.with-test
	@command -v qemu-x86_64 >/dev/null || { echo "$*: there is no qemu-x86_64 here, skipped"; exit 0; }; \
	echo "$*"; OPENBLAS_CORETYPE=$* OPENBLAS_NUM_THREADS=1 NPY_DISABLE_CPU_FEATURES=X86_V3 \
	JITNEY_EMULATED=$* JITNEY_CHECK=0 qemu-x86_64 -cpu $* $(PY) -m pytest -q -p no:xdist -m "not native" $(addprefix tests/,$(LEVELS))

fuzz: $(VENV)/.with-test  ## random programs, jitted against CPython (FUZZ=20000 of them)
	JITNEY_FUZZ=$(FUZZ) $(PY) $(PYTEST) tests/fuzz

lint: $(VENV)/.with-test  ## ruff on everything, mypy --strict on src
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

# An environment of its own, so that Numba's pins of NumPy touch nobody else.
.venv-bench/.with-bench: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(PIP) install -e '.[bench]' numba scipy
	@touch $@

bench: .venv-bench/.with-bench  ## against Numba, gcc and CPython: writes docs/benchmarks.md (ARGS='--quick --only fib')
	@# as pip does for an installed package: an editable one would be compiled anew by every process that may not write
	@.venv-bench/bin/python -m compileall -q $(CURDIR)/src $(CURDIR)/bench
	.venv-bench/bin/python -m bench $(ARGS)

docs: $(VENV)/.with-docs  ## the documentation as a site in site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

clean:  ## remove everything that is made
	rm -rf .venv .venv-3.* .venv-bench site build dist bench/results examples/out
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
