"""docs/compatibility.md says what the tests prove."""

from pathlib import Path

from tests.clients.document import compatibility

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == compatibility(), "run `make docs`"
