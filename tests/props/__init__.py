"""Property tests over random graphs and races."""
