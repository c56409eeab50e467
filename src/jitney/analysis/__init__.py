"""Facts about IR that passes ask for: loops, value ranges, liveness, memory. Nothing here changes a function."""
