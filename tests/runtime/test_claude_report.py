"""From the CLI's messages to happenings."""

from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from halftui.domain.happenings import (
    Happening,
    Metered,
    Printed,
    Reached,
    Retrying,
    Returned,
    Said,
    Started,
    Thought,
    Used,
)
from halftui.runtime.claude_report import LARGEST, Report
from halftui.runtime.claude_stream import GARBAGE

USAGE = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}


def result(**changes: Any) -> ResultMessage:
    fields = {
        "subtype": "success",
        "duration_ms": 1,
        "duration_api_ms": 1,
        "is_error": False,
        "num_turns": 1,
        "session_id": "s",
        "result": "Done.",
    }
    return ResultMessage(**{**fields, **changes})


def said(*blocks: Any, **changes: Any) -> AssistantMessage:
    return AssistantMessage(content=list(blocks), model="m", **changes)


def returned(content: Any, is_error: bool | None = None) -> UserMessage:
    return UserMessage(content=[ToolResultBlock("c", content, is_error)])


CASES: list[tuple[Message, list[Happening]]] = [
    (
        SystemMessage("init", {"session_id": "s", "model": "opus", "cwd": "/work"}),
        [Started("s", "opus")],
    ),
    (SystemMessage("init", {}), [Started("own", "")]),
    (
        SystemMessage("api_retry", {"error_status": 529, "attempt": 2, "retry_delay_ms": 1500, "x": 1}),
        [Retrying(529, 2, 1.5)],
    ),
    (SystemMessage("api_retry", {"error_status": None}), [Retrying(None, 0, 0.0)]),
    (SystemMessage("api_retry", {"error_status": "x", "attempt": []}), [Retrying(None, 0, 0.0)]),
    (SystemMessage(GARBAGE, {"text": "junk"}), [Printed("junk")]),
    (SystemMessage("thinking_tokens", {}), []),
    (said(TextBlock("Hello")), [Said("Hello")]),
    (said(TextBlock("  ")), []),
    (said(ThinkingBlock("Hm", "sig")), [Thought("Hm")]),
    (
        said(ToolUseBlock("c", "Bash", {"command": "ls\npwd"})),
        [Used("c", "Bash", "Bash ls pwd", "ls\npwd")],
    ),
    (said(ToolUseBlock("c", "Odd", ["x"])), [Used("c", "Odd", "Odd", "{}")]),  # type: ignore[arg-type]
    (said(TextBlock("API Error: 429"), error="rate_limit"), []),
    (said(message_id="m1", usage=USAGE), [Metered(15, 1, 0.0, 1)]),
    (said(message_id="m1", usage={"input_tokens": "x"}), [Metered(0, 0, 0.0, 1)]),
    (said(message_id="m1", usage={"input_tokens": 10**4000}), [Metered(LARGEST, 0, 0.0, 1)]),
    (said(message_id="m1", usage={"output_tokens": float("inf")}), [Metered(0, LARGEST, 0.0, 1)]),
    (returned("fine"), [Returned("c", True, "fine")]),
    (returned("no", is_error=True), [Returned("c", False, "no")]),
    (
        returned([{"type": "text", "text": "a"}, {"type": "image", "source": {}}, 3]),
        [Returned("c", True, "a\n[image]")],
    ),
    (returned(None), [Returned("c", True, "")]),
    (UserMessage(content="[Request interrupted]"), []),
    (result(), []),
    (result(model_usage={"m": {"inputTokens": 3, "costUSD": 0.5}}), [Metered(3, 0, 0.5)]),
    (result(model_usage={"m": 3, "n": {"inputTokens": "x", "costUSD": -1}}), []),
]


@pytest.mark.parametrize(("message", "happenings"), CASES)
def test_mapping(message: Message, happenings: list[Happening]) -> None:
    assert list(Report("own").of(message)) == happenings


def test_an_answer_in_parts_is_metered_once_and_the_result_adds_the_rest() -> None:
    report = Report("s")
    first = list(report.of(said(TextBlock("a"), message_id="m1", usage=USAGE)))
    second = list(report.of(said(TextBlock("b"), message_id="m1", usage=USAGE)))
    use = {"m": {"inputTokens": 12, "cacheReadInputTokens": 5, "outputTokens": 9, "costUSD": 0.25}}
    last = list(report.of(result(model_usage=use)))
    assert (first, second) == ([Said("a"), Metered(15, 1, 0.0, 1)], [Said("b")])
    assert last == [Metered(2, 8, 0.25)]
    assert list(report.of(result(model_usage=use))) == [Metered(17, 9, 0.25)]


def test_a_later_start_is_no_second_start() -> None:
    report = Report("s")
    init = SystemMessage("init", {"session_id": "s"})
    assert len(list(report.of(init))) == 1
    assert list(report.of(init)) == []


def test_it_is_over_when_there_is_a_result_and_nothing_goes_on() -> None:
    report = Report("s")
    assert not report.is_over
    list(report.of(SystemMessage("session_state_changed", {"state": "running"})))
    list(report.of(result()))
    assert not report.is_over
    list(report.of(SystemMessage("session_state_changed", {"state": "idle"})))
    assert report.is_over


def test_what_is_taken_up_after_a_result_brings_another_one_but_not_what_is_only_acknowledged_again() -> None:
    report = Report("s")
    prompt, letter = (UserMessage(content="x", uuid=ident) for ident in ("prompt", "letter"))
    happenings = [h for m in (prompt, result(), prompt, letter) for h in report.of(m)]
    assert happenings == [Reached("prompt"), Reached("letter")]
    assert not report.is_over
    assert [*report.of(result()), *report.of(prompt)] == []
    assert report.is_over


def test_a_failure_keeps_the_clis_words_for_it() -> None:
    report = Report("s")
    list(report.of(said(TextBlock("API Error"), error="rate_limit")))
    list(report.of(result(is_error=True, api_error_status=429, terminal_reason="api_error")))
    assert report.result is not None
    assert report.result.status == 429
    assert report.result.causes == ("rate_limit", "api_error", "success")
