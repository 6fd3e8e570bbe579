"""The settings' page in the docs says what the settings are."""

from stacks import reference


def test_the_page_is_current() -> None:
    assert reference.TARGET.read_text() == reference.text(), "run: python -m stacks.reference"


def test_every_section_and_key_is_there() -> None:
    page = reference.text()
    for expected in ("## `cluster.gpu`", "## `models.<name>.scale`", "| `cidr` | text | `10.0.0.0/16` |", "`per_zone`"):
        assert expected in page
