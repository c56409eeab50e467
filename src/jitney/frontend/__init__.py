"""From a Python function to typed IR: source, names and guards, and one walk that infers types and lowers."""
