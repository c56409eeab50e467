"""What became of a function, to look at."""

from __future__ import annotations


class Explanation:
    """Stand-in."""
