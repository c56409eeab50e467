"""x86-64: the instruction table, its forms, and the encoder."""
