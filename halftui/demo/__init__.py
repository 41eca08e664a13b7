"""`halftui demo`: a private stage, a scripted model, and six beads that move."""
