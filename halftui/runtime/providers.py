"""What the credential proxy has to know of a provider: its address, what may be asked of it, and how."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

OAUTH_BETA = "oauth-2025-04-20"

# What a model may use of the Responses API: functions that the agent runs itself. Searching, connectors and
# the like are run by the provider and would reach the internet for a sandbox that must not.
_OWN_TOOLS = {"custom", "function", "local_shell", "namespace", "tool_search"}
_FETCHED = {"file_url", "image_url"}  # by the provider, so that an address can carry something out


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's interface.

    `paths` are those of the POST requests that are passed on, `counted` those that use something.
    `sign` returns the headers that carry a credential of a kind, given what the agent sent; `error` the body
    of a refusal; `fault` what is wrong with a request's body, "" if nothing is.
    """

    upstream: str
    paths: Collection[str]
    counted: Collection[str]
    sign: Callable[[str, str, Mapping[str, str]], dict[str, str]]
    error: Callable[[str, str], dict[str, Any]]
    fault: Callable[[bytes, Collection[str]], str] | None = None
    tells_limits: bool = True  # False: its agents would sleep through a limit, so they are told of it shortly


def _sign_anthropic(kind: str, secret: str, sent: Mapping[str, str]) -> dict[str, str]:
    """An OAuth token needs its beta flag, and an API key must go without it."""
    flags = [flag.strip() for flag in sent.get("anthropic-beta", "").split(",") if flag.strip()]
    flags = [flag for flag in flags if flag != OAUTH_BETA]
    if kind == "oauth":
        signed = {"Authorization": f"Bearer {secret}"}
        flags.append(OAUTH_BETA)
    else:
        signed = {"x-api-key": secret}
    return signed | ({"anthropic-beta": ",".join(flags)} if flags else {})


def _sign_openai(kind: str, secret: str, sent: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _openai_error(kind: str, message: str) -> dict[str, Any]:
    named = "usage_limit_reached" if kind == "rate_limit_error" else kind  # then Codex asks no more
    return {"error": {"type": named, "message": message}}


def _openai_fault(body: bytes, models: Collection[str]) -> str:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        return "The request is no JSON object."
    model = asked.get("model")
    if models and model not in models:
        return f"The model {str(model)[:80]!r} is not this agent's."
    return _strange(asked.get("tools") or []) or _afar(asked)


def _afar(asked: Any) -> str:
    """Return that a request names what the provider would fetch from elsewhere, "" if it does not."""
    left = [asked]
    while left:
        match left.pop():
            case dict() as part:
                for name in _FETCHED & part.keys():
                    if not str(part[name]).startswith("data:"):
                        return f"A {name} that is fetched from elsewhere is not open here."
                left += part.values()
            case list() as parts:
                left += parts
    return ""


def _strange(tools: Any) -> str:
    """Return what is wrong with the tools of a request, "" if nothing is."""
    for tool in tools if isinstance(tools, list) else [None]:
        told = tool if isinstance(tool, dict) else {}
        if not isinstance(kind := told.get("type"), str) or kind not in _OWN_TOOLS:
            return f"A tool of the type {re.sub(r'[^a-z0-9_]', '?', str(kind)[:40])} is not open here."
        if kind == "namespace" and (found := _strange(told.get("tools") or [])):
            return found
    return ""


ANTHROPIC = Provider(
    "https://api.anthropic.com",
    paths=("/v1/messages", "/v1/messages/count_tokens"),
    counted=("/v1/messages",),
    sign=_sign_anthropic,
    error=lambda kind, message: {"type": "error", "error": {"type": kind, "message": message}},
)
OPENAI = Provider(
    "https://api.openai.com",
    paths=("/v1/responses", "/v1/responses/compact"),
    counted=("/v1/responses", "/v1/responses/compact"),
    sign=_sign_openai,
    error=_openai_error,
    fault=_openai_fault,
    tells_limits=False,
)
