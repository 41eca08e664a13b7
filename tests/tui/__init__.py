"""The screens, driven by keys over a real database and real git."""
