"""Tests of what may be done and asked."""
