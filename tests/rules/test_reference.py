"""The generated documentation says what the program does."""

import pytest

from tests.helpers.reference import DOCS, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_generated_page_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], (
        "run: python -m tests.helpers.reference"
    )
