"""Measures HalfTUI beside its floors and its peer: `python -m tests.bench`."""
