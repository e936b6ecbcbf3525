"""The Chinese catalogue says everything that the product says, with the same placeholders, and is compiled."""

import ast
import re
import shutil
from collections.abc import Iterator

import polib
import pytest

from tests.architecture.source import modules
from tests.checks import messages

ENTRIES = list(polib.pofile(str(messages.CATALOGUE)))
PLACEHOLDER = re.compile(r"%?%\(\w+\)(?:\.\d+)?[a-z]")
TAG = re.compile(r"</?\w+[^<>]*>|<\w+>")
HAN = "\u4e00-\u9fff"
# What extraction finds: gettext by its own names, or as _.
ALIAS = "_"


def said(entry: polib.POEntry) -> list[str]:
    """The translation; Chinese has one form for every number."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def is_format(entry: polib.POEntry) -> bool:
    return "format characters" in (entry.msgctxt or "")


def wrong_spelling(text: str) -> str:
    """What the rules of docs/translation.md forbid, or nothing."""
    bare = PLACEHOLDER.sub("x", text)
    for rule, why in (
        (rf"[{HAN}][,;:?!()]|[(,;:?!][{HAN}]|[{HAN}]\.(?:\s|$)", "half-width punctuation beside Chinese"),
        (rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]", "no space between Chinese and Latin letters or digits"),
        (
            r"(?<!“)\.\.\.|[，。；：？！、] | [，。；：？！、]|！",
            "an ellipsis of dots, a space at a full-width mark, an exclamation",
        ),
    ):
        if re.search(rule, bare if "Latin" not in why else PLACEHOLDER.sub("%", text)):
            return why
    return ""


def foreign_aliases(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for name in node.names:
                if "gettext" in name.name and name.asname not in {None, ALIAS}:
                    yield f"{name.name} as {name.asname}"


def test_there_is_a_catalogue_worth_its_name() -> None:
    assert len(ENTRIES) > 1000


@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext is missing: install the Debian package gettext")
def test_the_catalogue_holds_what_the_sources_say() -> None:
    sources = {(each.msgctxt, each.msgid, each.msgid_plural) for each in messages.extract()}
    catalogue = {(each.msgctxt, each.msgid, each.msgid_plural) for each in ENTRIES}
    new, gone = sources - catalogue, catalogue - sources
    assert not new, "run `make messages` and translate what is new"
    assert not gone, "run `make messages`: the sources do not say this any more"


def test_every_message_is_translated() -> None:
    empty = [each.msgid for each in ENTRIES if each.fuzzy or each.obsolete or not said(each) or not all(said(each))]
    assert not empty


def test_placeholders_and_tags_stay() -> None:
    for entry in ENTRIES:
        known = entry.msgid + (entry.msgid_plural or "")
        for text in said(entry):
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(known)), entry.msgid
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(entry.msgid)), entry.msgid


def test_translations_follow_the_spelling_rules() -> None:
    texts = [text for entry in ENTRIES if not is_format(entry) for text in said(entry)]
    wrong = [f"{text}: {why}" for text in texts if (why := wrong_spelling(text))]
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_spelling_rules_find_what_they_forbid() -> None:
    for text in ("好,", "好(的)", "打开Steward", "3条", "已保存.", "等等...", "好！"):
        assert wrong_spelling(text), text
    for text in ("已保存 %(name)s。", "%(n)s 条告警，3 条触发中", "（可选）", "%(span)s前", "A, b."):
        assert not wrong_spelling(text), text


def test_the_compiled_catalogue_is_the_text() -> None:
    catalogue = polib.pofile(str(messages.CATALOGUE))
    assert messages.CATALOGUE.with_suffix(".mo").read_bytes() == messages.compiled(catalogue), "run `make messages`"


def test_the_catalogue_is_written_as_the_tool_writes_it() -> None:
    """Else the next run of the tool would rewrite lines that nobody changed."""
    catalogue = polib.pofile(str(messages.CATALOGUE), wrapwidth=messages.WIDTH)
    assert messages.CATALOGUE.read_text(encoding="utf-8") == f"{catalogue}\n"


def test_texts_are_marked_by_names_that_extraction_knows() -> None:
    found = [f"{module.name}: {alias}" for module in modules() for alias in foreign_aliases(module.tree)]
    assert not found
    assert list(foreign_aliases(ast.parse("from django.utils.translation import gettext as later")))
