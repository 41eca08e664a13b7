"""Which server an address is at: scheme, host and port in one spelling, as a credential is given for them."""

import re
from typing import Final

from halftui.errors import Misconfigured

HTTPS_PORT: Final = "443"

# Nothing that two readers of an address could read as two hosts: no name, sign of escape or backslash.
_PLACE = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(/[^\s\\]*)?", re.IGNORECASE)


def scope_of(address: str) -> str:
    """Return the scope of an https address, as in https://git.example.org:8443; "" if it has none."""
    found = _PLACE.fullmatch(address)
    if not found:
        return ""
    port = (found[2] or HTTPS_PORT).lstrip("0")
    return f"https://{found[1].lower()}" + (f":{port}" if port != HTTPS_PORT else "")


def given(text: str) -> str:
    """Return the scope that a person named. Raises Misconfigured unless it is a server's and no more."""
    found = _PLACE.fullmatch(text.strip())
    if not found or (found[3] or "/") != "/":
        raise Misconfigured(
            "a credential is for one https server", "name it alone, as in https://git.example.org"
        )
    return scope_of(text.strip())


def host_of(scope: str) -> str:
    """Return a scope without its scheme, as people say it."""
    return scope.removeprefix("https://")
