"""Tests of the service: live lines and the watch."""
