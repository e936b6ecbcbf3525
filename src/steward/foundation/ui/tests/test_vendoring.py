"""The vendored files are the ones the manifest names, and every icon a template uses is in the sprite."""

import json
import re
from pathlib import Path

import pytest

import steward
from steward.foundation.ui import icons, vendoring

MANIFEST = json.loads(vendoring.MANIFEST.read_text())
ROOT = Path(steward.__file__).parent if steward.__file__ else vendoring.STATIC.parents[3]
TEMPLATES = sorted(ROOT.rglob("templates/**/*.html"))


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_what_the_manifest_says(entry):
    assert vendoring.sha256((vendoring.VENDOR / entry["file"]).read_bytes()) == entry["sha256"]
    assert entry["version"] and entry["licence"]


def test_the_manifest_names_every_vendored_file():
    assert {path.name for path in vendoring.VENDOR.iterdir()} - {"MANIFEST.json"} == {
        entry["file"] for entry in MANIFEST if "/" not in entry["file"]
    }


def test_no_vendored_file_asks_for_a_source_map():
    for path in vendoring.VENDOR.glob("*.min.*"):
        assert b"sourceMappingURL" not in path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("a.css", "b{}\n/*# sourceMappingURL=a.css.map */", "b{}\n"),
        ("a.js", "f();\n//# sourceMappingURL=a.js.map\n", "f();\n"),
        ("a.woff2", "//# sourceMappingURL=x\n", "//# sourceMappingURL=x\n"),
    ],
)
def test_source_map_comments_are_stripped_from_text_only(name, text, want):
    assert vendoring.without_source_map(name, text.encode()).decode() == want


def test_the_sprite_holds_exactly_the_listed_icons():
    sprite = (vendoring.STATIC / "icons.svg").read_text()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == icons.names()


def test_an_icon_becomes_a_symbol_without_the_editors_box():
    svg = '<svg\n width="24">\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  <path d="M1 1" />\n</svg>\n'
    assert vendoring.symbol("dot", svg) == '<symbol id="dot" viewBox="0 0 24 24"><path d="M1 1" /></symbol>'


def test_vendoring_copies_and_writes_the_manifest(tmp_path, monkeypatch):
    packages = {asset.package for asset in vendoring.ASSETS} | {vendoring.ICON_PACKAGE}
    for package in packages:
        folder = tmp_path / "node_modules" / package
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"version": "1.2.3", "license": "MIT"}))
    for asset in vendoring.ASSETS:
        file = tmp_path / "node_modules" / asset.package / asset.source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"content of " + asset.target.encode())
    outline = tmp_path / "node_modules" / vendoring.ICON_PACKAGE / "icons" / "outline"
    outline.mkdir(parents=True)
    for name in icons.names():
        (outline / f"{name}.svg").write_text('<svg><path d="M1 1" /></svg>')
    monkeypatch.setattr(vendoring, "VENDOR", tmp_path / "out" / "vendor")
    monkeypatch.setattr(vendoring, "MANIFEST", tmp_path / "out" / "vendor" / "MANIFEST.json")
    assert vendoring.main([str(tmp_path / "node_modules")]) == 0
    written = json.loads((tmp_path / "out" / "vendor" / "MANIFEST.json").read_text())
    assert {entry["version"] for entry in written} == {"1.2.3"}
    for entry in written:
        content = (tmp_path / "out" / "vendor" / entry["file"]).read_bytes()
        assert vendoring.sha256(content) == entry["sha256"]


def test_the_command_says_how_it_is_used(capsys):
    assert vendoring.main([]) == 2
    assert "NODE_MODULES" in capsys.readouterr().err


def test_every_icon_that_a_template_names_is_in_the_sprite():
    used = {
        (match, path.name)
        for path in TEMPLATES
        for match in re.findall(r"""(?:\{% icon |\bicon=)["']([\w-]+)["']""", path.read_text())
    }
    assert used, "the scan must find the templates"
    assert [(name, path) for name, path in sorted(used) if name not in icons.names()] == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an inline style", r"<[^>]*\sstyle\s*="),
        ("an inline handler", r"<[^>]*\son[a-z]+\s*="),
        ("hx-on", r"\bhx-on\b"),
        ("a javascript: value", r"\bjs:|javascript:"),
        ("an inline script", r"<script(?![^>]*\ssrc=)[^>]*>"),
        ("a style element", r"<style\b"),
        ("a foreign host", r"""(?:src|href)=["'](?:https?:)?//"""),
    ],
)
def test_no_template_breaks_the_content_security_policy(what, pattern):
    found = [
        f"{path.relative_to(ROOT)}: {match.group()[:60]}"
        for path in TEMPLATES
        if "mail" not in path.stem  # messages are not pages
        for match in re.finditer(pattern, path.read_text(), re.IGNORECASE)
    ]
    assert found == [], what
