"""The meeting with CPython and NumPy: layouts, the callable type, entries, guards, bail-out, exceptions."""
