"""The Python programs in the documentation run as they stand."""

import re
from pathlib import Path

import pytest

from tests.components.graph import declare

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SNIPPETS = [
    (page.relative_to(ROOT), number, code)
    for page in PAGES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE))
]


@pytest.mark.parametrize(("page", "number", "code"), SNIPPETS, ids=[f"{page}-{number}" for page, number, _ in SNIPPETS])
def test_a_snippet_declares_resources(page: Path, number: int, code: str) -> None:
    program = compile(code, f"{page}:{number}", "exec")
    graph = declare(lambda: exec(program, {"__name__": "__main__"}))
    assert graph.resources


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert re.match(r"https?:", target) or (page.parent / target).exists(), f"{page}: {target}"
