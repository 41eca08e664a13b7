"""Property tests run without a deadline: the machine is shared."""

from hypothesis import settings

settings.register_profile("half", deadline=None)
settings.load_profile("half")
