"""The documents say what the code does, and their links lead somewhere."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.cli.main import parser
from steward.config.document import document
from steward.config.environment import Environment

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(text: str) -> Iterator[str]:
    """Targets in this repository, without their anchors' pages elsewhere."""
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_configuration_page_is_the_code() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text() == document(), "run `make snapshot`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in links(page.read_text()):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found.read_text())):
            broken.append(target)
    assert not broken


def test_pages_name_only_variables_that_exist() -> None:
    known = {item.metadata["name"] for item in Environment.__dataclass_fields__.values()}
    for page in PAGES:
        named = set(re.findall(r"\bSTEWARD_[A-Z_]+\b", page.read_text()))
        assert named <= known | {"STEWARD_TEST_EVERYTHING"}, page


def test_pages_name_only_commands_that_exist() -> None:
    action = next(action for action in parser()._actions if action.dest == "command")
    known = set(action.choices or ())
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        named = set(re.findall(r"(?:^|`|bin/)steward ([a-z-]+)", page.read_text(), re.MULTILINE))
        assert named <= known, page


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(links((folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("0*.md")}


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_lock_files_hold_every_dependency_in_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base, dev = locked("base.txt"), locked("dev.txt")
    assert base.items() <= dev.items()
    for wanted, found in (
        (project["dependencies"], base),
        (project["optional-dependencies"]["dev"], dev),
    ):
        assert {re.split(r"[\[<>=]", name)[0].lower() for name in wanted} <= found.keys()


@pytest.mark.parametrize("name", ["base.txt", "dev.txt"])
def test_lock_files_have_hashes_and_name_no_registry(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
