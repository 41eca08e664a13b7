"""The tests: one folder a floor."""
