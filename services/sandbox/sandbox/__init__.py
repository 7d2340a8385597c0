"""A stand-in for every provider: real wire formats, real validation, faults on demand."""
