"""One line of a stack's file is edited, and nothing else."""

import difflib
from pathlib import Path

import pytest
import yaml
from slipway_ops.problems import ReleaseError
from slipway_ops.settings_file import StackFile

OLD, NEW = "fraud-20260102-0123abcd", "fraud-20260101-89abcdef"
STACKS = Path(__file__).parents[2] / "stacks"

BLOCK = f"""# Production.
config:
  aws:region: eu-west-1   # Ireland
  slipway:models:
    # the oldest
    churn: {{release: churn-20260102-0123abcd, scale: {{min: 1, max: 2}}}}
    fraud:
      scale: {{min: 3, max: 40}}
      release: {OLD}     # roll back = yesterday's id
      settings: ["{OLD}"]

  slipway:namespace: acme
"""

REPLACED = [
    ("block style with comments", BLOCK),
    ("flow style", f"config:\n  slipway:models:\n    fraud: {{release: {OLD}, scale: {{min: 1}}}}  # one line\n"),
    ("all on one line", f"{{config: {{slipway:models: {{fraud: {{scale: {{min: 1}}, release: {OLD}}}}}}}}}\n"),
    ("single quotes", f"config:\n  slipway:models:\n    fraud:\n      release: '{OLD}'\n"),
    ("double quotes", f'config:\n  "slipway:models":\n    "fraud":\n      "release": "{OLD}"   # quoted\n'),
    ("CRLF", BLOCK.replace("\n", "\r\n")),
    ("byte order mark", "\ufeff" + BLOCK),
    (
        "wide indentation",
        f"config:\n        slipway:models:\n                fraud:\n                        release:   {OLD}\n",
    ),
    ("no newline at the end", f"config:\n  slipway:models:\n    fraud:\n      release: {OLD}"),
    (
        "characters of other scripts",
        f"# Zürich 東京 🚀\nconfig:\n  x: Zürich 🚀\n  slipway:models:\n    fraud: {{release: {OLD}}}\n",
    ),
    (
        "the model twice, elsewhere",
        f"config:\n  other: {{fraud: {{release: x}}}}\n  slipway:models:\n    fraud: {{release: {OLD}}}\n",
    ),
    ("a value on the next line", f"config:\n  slipway:models:\n    fraud:\n      release:\n        {OLD}\n"),
    ("document marks", f"---\nconfig:\n  slipway:models:\n    fraud: {{release: {OLD}}}\n...\n"),
    ("newest", "config:\n  slipway:models:\n    fraud: {release: newest}\n"),
    ("anchors elsewhere", f"config:\n  a: &a [1]\n  b: *a\n  slipway:models:\n    fraud: {{release: {OLD}}}\n"),
    ("secrets elsewhere", f"config:\n  k: {{secure: AAABA=}}\n  slipway:models:\n    fraud: {{release: {OLD}}}\n"),
]


def stack_file(text: str, directory: Path) -> StackFile:
    (directory / "Pulumi.test.yaml").write_bytes(text.encode())
    return StackFile.read("test", directory)


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.split("\n"), after.split("\n")) if line[0] in "+-"]


@pytest.mark.parametrize("text", [text for _, text in REPLACED], ids=[name for name, _ in REPLACED])
def test_only_the_value_changes(text: str, tmp_path: Path) -> None:
    file = stack_file(text, tmp_path)
    said = file.release("fraud")
    assert said in (OLD, "newest")
    after = file.edited("fraud", NEW)
    removed, added = changed_lines(text, after.text)
    assert added[2:] == removed[2:].replace(said, NEW)
    after.write(file)
    written = (tmp_path / "Pulumi.test.yaml").read_bytes().decode()
    assert written == after.text
    config = yaml.safe_load(text)["config"]
    config["slipway:models"]["fraud"]["release"] = NEW
    assert yaml.safe_load(written)["config"] == config
    assert after.line("fraud") == file.line("fraud")
    assert written.splitlines()[(after.line("fraud") or 0) - 1].count(NEW) == 1


ADDED = [
    (
        "config:\n  slipway:models:\n    fraud:\n      # release: later\n      scale: {min: 1}\n",
        f"      release: {NEW}",
    ),
    ("config:\r\n  slipway:models:\r\n    fraud:\r\n      scale: {min: 1}\r\n", f"      release: {NEW}\r"),
    (
        "config:\n  slipway:models:\n    fraud: {scale: {min: 1}}  # why\n",
        f"    fraud: {{release: {NEW}, scale: {{min: 1}}}}  # why",
    ),
    (
        "config:\n  slipway:models:\n    fraud: { scale: {min: 1} }\n",
        f"    fraud: {{release: {NEW}, scale: {{min: 1}} }}",
    ),
    ("config:\n  slipway:models:\n    fraud: {}\n", f"    fraud: {{release: {NEW}}}"),
    ("config:\n  slipway:models:\n    fraud:\n    churn: {}\n", f"    fraud: {{release: {NEW}}}"),
    ("config:\n  slipway:models:\n    fraud: # none yet\n    churn: {}\n", f"    fraud: {{release: {NEW}}} # none yet"),
    ("config:\n  slipway:models:\n    fraud: ~\n", f"    fraud: {{release: {NEW}}}"),
    ("config:\n  slipway:models:\n    fraud: null  # none\n", f"    fraud: {{release: {NEW}}}  # none"),
]


@pytest.mark.parametrize(("text", "line"), ADDED)
def test_a_model_without_a_release_gets_one_line(text: str, line: str, tmp_path: Path) -> None:
    file = stack_file(text, tmp_path)
    assert file.release("fraud") is None and file.line("fraud") is None
    after = file.edited("fraud", NEW)
    added = [entry[2:] for entry in changed_lines(text, after.text) if entry[0] == "+"]
    assert added == [line]
    assert after.release("fraud") == NEW


REFUSED = [
    ("config: {", "file: accepted: YAML: received: "),
    ("a: 1\n---\nb: 2\n", "file: accepted: YAML: received: "),
    ("[]", "file: accepted: a map: received: "),
    ("", "file: accepted: a map: received: "),
    ("x: 1\n", "config, once: received: "),
    ("config: {x: 1}\n", "slipway:models, once: received: "),
    ("config:\n  slipway:models:\n", 'slipway:models: accepted: a map without an anchor: received: "a single value"'),
    ("config: {slipway:models: [fraud]}\n", 'received: "a list"'),
    ("config:\n  slipway:models:\n    churn: {}\n", 'slipway:models: accepted: churn: received: "fraud"'),
    ("config: {slipway:models: {}}\n", "slipway:models: accepted: none; the file has no model"),
    ("config: {slipway:models: {fraud: x}}\n", 'slipway:models.fraud: accepted: a section: received: "a single value"'),
    ("config: {slipway:models: {fraud: [x]}}\n", 'a section: received: "a list"'),
    (f"config: {{slipway:models: {{fraud: {{release: &r {OLD}}}, b: {{release: *r}}}}}}\n", "without an anchor"),
    (f"config: {{slipway:models: {{fraud: {{release: &r {OLD}}}}}}}\n", "without an anchor: received: "),
    (f"x: &r {OLD}\nconfig: {{slipway:models: {{fraud: {{release: *r}}}}}}\n", '"an anchor or alias"'),
    (
        f"config:\n  slipway:models:\n    a: &m {{release: {OLD}}}\n    fraud: *m\n",
        "a section of its own, without an anchor",
    ),
    (f"config:\n  slipway:models:\n    a: &m {{release: {OLD}}}\n    fraud: {{<<: *m}}\n", "without a merge"),
    (f"x: &m {{fraud: {{release: {OLD}}}}}\nconfig: {{slipway:models: *m}}\n", "a map without an anchor"),
    (f"config: {{slipway:models: {{fraud: {{release: {OLD}, release: {NEW}}}}}}}\n", "release, once: received: "),
    (f"config: {{slipway:models: {{fraud: {{release: {OLD}}}, fraud: {{}}}}}}\n", "fraud, once: received: "),
    (f"config:\n  slipway:models:\n    fraud:\n      release: >-\n        {OLD}\n", "a release's id on one line"),
    ('config: {slipway:models: {fraud: {release: "fraud\\x2d20260102-0123abcd"}}}\n', "a release's id on one line"),
    (f"config: {{slipway:models: {{fraud: {{release: !!str {OLD}}}}}}}\n", "a release's id on one line"),
    ("config: {slipway:models: {fraud: {release: [x]}}}\n", 'received: "a list"'),
    ("config:\n  slipway:models:\n    ? fraud\n    : scale: {min: 1}\n", "begins on a line of its own"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_edited_safely_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as refused:
        stack_file(text, tmp_path).edited("fraud", NEW)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "Pulumi.test.yaml"))
    assert "\n" not in str(refused.value)
    assert (tmp_path / "Pulumi.test.yaml").read_bytes().decode() == text


def test_a_file_that_would_read_differently_elsewhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stack_file(BLOCK, tmp_path)
    monkeypatch.setattr(StackFile, "_replaced", lambda self, value, release: self.text.replace(OLD, release))
    with pytest.raises(ReleaseError, match="one that would read differently elsewhere"):
        file.edited("fraud", NEW)


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = stack_file(BLOCK, tmp_path)
    (tmp_path / "Pulumi.test.yaml").write_text(BLOCK + "# mine\n")
    with pytest.raises(ReleaseError, match="one that changed meanwhile"):
        file.edited("fraud", NEW).write(file)
    assert (tmp_path / "Pulumi.test.yaml").read_text().endswith("# mine\n")


def test_the_file_is_replaced_in_one_step_with_its_rights_and_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "settings.yaml"
    real.write_text(BLOCK)
    real.chmod(0o640)
    (tmp_path / "Pulumi.test.yaml").symlink_to(real)
    file = StackFile.read("test", tmp_path)
    after = file.edited("fraud", NEW)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", die)
        with pytest.raises(KeyboardInterrupt):
            after.write(file)
    assert real.read_text() == BLOCK and list((tmp_path / "real").iterdir()) == [real]
    after.write(file)
    assert (tmp_path / "Pulumi.test.yaml").is_symlink()
    assert real.read_text() == after.text and real.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"Pulumi.none.yaml: file: accepted: a readable file in UTF-8"):
        StackFile.read("none", tmp_path)
    (tmp_path / "Pulumi.none.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ReleaseError, match="a readable file in UTF-8"):
        StackFile.read("none", tmp_path)


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_every_shipped_stack_can_be_edited(stack: str) -> None:
    file = StackFile.read(stack, STACKS)
    assert file.models() == ["flight-delay"]
    release = "flight-delay-20260102-0123abcd"
    after = file.edited("flight-delay", release)
    assert after.release("flight-delay") == release
    lines = changed_lines(file.text, after.text)
    assert len([line for line in lines if line[0] == "+"]) == 1
    assert file.setting("environment") == stack and file.setting("nothing") is None
