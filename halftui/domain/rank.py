"""A key between two neighbours, so that moving a card writes one row."""

from fractional_indexing import FIError, generate_key_between, generate_n_keys_between

from halftui.errors import Refused

LONGEST = 48  # beyond this the lane is ranked anew: keys at one place grow by a character in six moves


def between(before: str | None, behind: str | None) -> str:
    """Return a key that sorts (by bytes) after `before` and ahead of `behind`; None is an end.

    Raises Refused if there is no place between them.
    """
    try:
        return str(generate_key_between(before, behind))
    except (FIError, IndexError) as error:
        raise Refused(f"no place between {before} and {behind}", "look at the lane again") from error


def spread(count: int) -> list[str]:
    """Return `count` short keys in order."""
    return [str(key) for key in generate_n_keys_between(None, None, count)]


def among(low: str | None, high: str | None, count: int) -> list[str] | None:
    """Return `count` short keys in order between two; None is an end. None if there are none."""
    try:
        keys = [str(key) for key in generate_n_keys_between(low, high, count)]
    except (FIError, IndexError):
        return None
    return keys if max(map(len, keys), default=0) <= LONGEST // 2 else None


def following(last: str | None, count: int) -> list[str]:
    """Return `count` keys in order, all of them after `last`."""
    return [str(key) for key in generate_n_keys_between(last, None, count)]
