"""Attempts, the dispatcher that opens them, and the patrol that repairs."""
