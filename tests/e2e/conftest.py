"""An engine with the agents' image for the journeys in containers."""

from tests.helpers.docker import agent_image, docker_host

__all__ = ["agent_image", "docker_host"]
