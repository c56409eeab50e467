"""The targets: one folder each, with the same file names."""
