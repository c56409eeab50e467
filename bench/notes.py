"""Why gcc's code is faster, kernel by kernel, where it is by more than 1.3x. The report shows those that apply."""

from __future__ import annotations

NOTES: dict[str, str] = {}
