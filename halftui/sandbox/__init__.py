"""Where an agent's program runs: on this machine, or in a container."""
