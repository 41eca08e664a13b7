"""Sessions: what people type, what they read, and how each command ends."""
