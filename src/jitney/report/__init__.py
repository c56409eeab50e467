"""What the compiler made of a function, for people to read."""
