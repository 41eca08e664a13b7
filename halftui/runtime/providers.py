"""What the credential proxy has to know of a provider: its address, what may be asked of it, and how."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "The request is no JSON object."
OAUTH_BETA = "oauth-2025-04-20"

# What a model may use of the Responses API: functions that the agent runs itself. Searching, connectors and
# the like are run by the provider and would reach the internet for a sandbox that must not.
_OWN_TOOLS = {"custom", "function", "local_shell", "namespace", "tool_search"}
_GOOGLE_TOOLS = {"functionDeclarations"}
_FETCHED = {"file_url", "fileUri", "file_uri", "image_url"}  # by the provider: an address carries things out
# Of the Messages API: what its caller runs, or what stays with the provider.
_CALLERS_TOOL = re.compile(r"custom|(bash|text_editor|computer|memory|tool_search_tool_(regex|bm25))_\d{8}")
_FAMILIES = {"haiku", "opus", "sonnet"}
_ENCLOSED = {"base64", "content", "text"}  # sources of a block that come with the request


Fault = Callable[[str, bytes, Collection[str]], str]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's interface.

    `paths` match those of the POST requests that are passed on, `counted` those that use something.
    `sign` returns the headers that carry a credential of a kind, given what the agent sent; `error` the body
    of a refusal; `fault` what is wrong with a request's target and body, given the models that it may ask
    for, "" if nothing is.
    """

    upstream: str
    paths: re.Pattern[str]
    counted: re.Pattern[str]
    sign: Callable[[str, str, Mapping[str, str]], dict[str, str]]
    error: Callable[[str, str], dict[str, Any]]
    fault: Fault | None = None
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


def _anthropic_fault(target: str, body: bytes, models: Collection[str]) -> str:
    if not (asked := _read(body)):
        return NOTHING
    if asked.get("mcp_servers") or asked.get("container"):
        return "Servers and containers of the provider's are not open here."
    tools = asked.get("tools") or []
    for tool in tools if isinstance(tools, list) else [None]:
        kind = tool.get("type") or "custom" if isinstance(tool, dict) else None
        if not isinstance(kind, str) or not _CALLERS_TOOL.fullmatch(kind):
            return _closed(kind)
    if models and not _is_own(str(asked.get("model")), models):
        return _foreign(asked.get("model"), models)
    return _sourced([asked.get("system"), asked.get("messages")])


def _is_own(model: str, models: Collection[str]) -> bool:
    """Return whether a model is one of these, by the beginning of its name or by its family.

    Claude Code asks Haiku for small things, whatever its own model is.
    """
    names = [name.partition("[")[0] for name in models]  # without the size of its context
    return "haiku" in model or any(n in model if n in _FAMILIES else model.startswith(n) for n in names)


def _sourced(left: list[Any]) -> str:
    """Return that a block's source is elsewhere, "" if none is; what a tool was given is no source."""
    while left:
        match left.pop():
            case dict() as part:
                source = part.get("source")
                if isinstance(source, dict) and source.get("type") not in _ENCLOSED:
                    return "A source that is fetched from elsewhere is not open here."
                left += [value for name, value in part.items() if name != "input"]
            case list() as parts:
                left += parts
    return ""


def _sign_openai(kind: str, secret: str, sent: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _openai_error(kind: str, message: str) -> dict[str, Any]:
    named = "usage_limit_reached" if kind == "rate_limit_error" else kind  # then Codex asks no more
    return {"error": {"type": named, "message": message}}


def _openai_fault(target: str, body: bytes, models: Collection[str]) -> str:
    if not (asked := _read(body)):
        return NOTHING
    model = asked.get("model")
    return _foreign(model, models) or _strange(asked.get("tools") or []) or _afar(asked)


def _sign_google(kind: str, secret: str, sent: Mapping[str, str]) -> dict[str, str]:
    return {"x-goog-api-key": secret}


def _google_error(kind: str, message: str) -> dict[str, Any]:
    if kind != "rate_limit_error":
        return {"error": {"code": 400, "status": kind.upper(), "message": message}}
    quota = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerDay"}]}
    # Of a day's quota: then Gemini CLI asks no more.
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message, "details": [quota]}
    return {"error": error}


def _google_fault(target: str, body: bytes, models: Collection[str]) -> str:
    path, _, query = target.partition("?")
    if query not in ("", "alt=sse"):
        return "A request can't say more in its address."
    if not (asked := _read(body)):
        return NOTHING
    tools = asked.get("tools") or []
    own = isinstance(tools, list) and all(isinstance(t, dict) and t.keys() <= _GOOGLE_TOOLS for t in tools)
    strange = "" if own else "Functions of the agent alone are open here as tools."
    return _foreign(path.rpartition("/")[2].partition(":")[0], models) or strange or _afar(asked)


def _read(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request, empty if it is none.

    A name that stands twice could mean one thing here and another to the provider.
    """
    try:
        asked = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _foreign(model: Any, models: Collection[str]) -> str:
    """Return that a model is not the agent's, "" if it is."""
    return f"The model {str(model)[:80]!r} is not this agent's." if models and model not in models else ""


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


def _closed(kind: Any) -> str:
    return f"A tool of the type {re.sub(r'[^a-z0-9_]', '?', str(kind)[:40])} is not open here."


def _strange(tools: Any) -> str:
    """Return what is wrong with the tools of a request, "" if nothing is."""
    for tool in tools if isinstance(tools, list) else [None]:
        told = tool if isinstance(tool, dict) else {}
        if not isinstance(kind := told.get("type"), str) or kind not in _OWN_TOOLS:
            return _closed(kind)
        if kind == "namespace" and (found := _strange(told.get("tools") or [])):
            return found
    return ""


ANTHROPIC = Provider(
    "https://api.anthropic.com",
    paths=re.compile("/v1/messages(/count_tokens)?"),
    counted=re.compile("/v1/messages"),
    sign=_sign_anthropic,
    error=lambda kind, message: {"type": "error", "error": {"type": kind, "message": message}},
    fault=_anthropic_fault,
)
OPENAI = Provider(
    "https://api.openai.com",
    paths=re.compile("/v1/responses(/compact)?"),
    counted=re.compile("/v1/responses(/compact)?"),
    sign=_sign_openai,
    error=_openai_error,
    fault=_openai_fault,
    tells_limits=False,
)
GOOGLE = Provider(
    "https://generativelanguage.googleapis.com",
    paths=re.compile("/v1beta/models/[a-z0-9.-]+:(streamGenerateContent|generateContent|countTokens)"),
    counted=re.compile("/v1beta/models/[a-z0-9.-]+:(streamGenerateContent|generateContent)"),
    sign=_sign_google,
    error=_google_error,
    fault=_google_fault,
    tells_limits=False,
)
