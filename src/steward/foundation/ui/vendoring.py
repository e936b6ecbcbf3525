"""Copy the browser's assets out of an npm folder and build the icon sprite.

    python -m steward.foundation.ui.vendoring NODE_MODULES

The result is committed: pages need no network, no CDN and no Node, and MANIFEST.json says what each file is.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from steward.foundation.ui import icons

STATIC = Path(__file__).with_name("static") / "ui"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "MANIFEST.json"
SPRITE = "../icons.svg"
ICON_PACKAGE = "@tabler/icons"
# A source map that is not shipped makes browsers ask for it in vain.
SOURCE_MAP = re.compile(r"(?m)^\s*(?:/\*|//)[#@]\s*sourceMappingURL=[^\n]*\n?")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a package and the name it gets here."""

    package: str
    source: str
    target: str


ASSETS = (
    Asset("@tabler/core", "dist/css/tabler.min.css", "tabler.min.css"),
    Asset("htmx.org", "dist/htmx.min.js", "htmx.min.js"),
    Asset("echarts", "dist/echarts.common.min.js", "echarts.min.js"),
    Asset("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2", "inter-latin.woff2"),
    Asset("@fontsource-variable/inter", "files/inter-latin-ext-wght-normal.woff2", "inter-latin-ext.woff2"),
)


def sha256(content: bytes) -> str:
    """The digest that the manifest names."""
    return hashlib.sha256(content).hexdigest()


def without_source_map(name: str, content: bytes) -> bytes:
    """The file without its reference to a source map."""
    if not name.endswith((".css", ".js")):
        return content
    return SOURCE_MAP.sub("", content.decode()).encode()


def symbol(name: str, svg: str) -> str:
    """One icon as a symbol of the sprite; the empty box that Tabler draws for editors is dropped."""
    body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", svg, flags=re.DOTALL)
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body)
    body = re.sub(r"\s*\n\s*", "", body).strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def sprite(folder: Path) -> bytes:
    """All icons of icons.txt in one SVG; strokes are styled by the page that uses them."""
    drawn = [symbol(name, (folder / f"{name}.svg").read_text(encoding="utf-8")) for name in sorted(icons.names())]
    opening = '<svg xmlns="http://www.w3.org/2000/svg">'
    return "\n".join([opening, *drawn, "</svg>", ""]).encode()


def vendor(node_modules: Path) -> list[dict[str, str]]:
    """Copy every asset, write the sprite and return the manifest."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    entries = []
    for asset in ASSETS:
        content = without_source_map(asset.target, (node_modules / asset.package / asset.source).read_bytes())
        (VENDOR / asset.target).write_bytes(content)
        entries.append(_entry(node_modules, asset.package, asset.target, content))
    drawing = sprite(node_modules / ICON_PACKAGE / "icons" / "outline")
    (VENDOR / SPRITE).resolve().write_bytes(drawing)
    entries.append(_entry(node_modules, ICON_PACKAGE, SPRITE, drawing))
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return entries


def _entry(node_modules: Path, package: str, file: str, content: bytes) -> dict[str, str]:
    described = json.loads((node_modules / package / "package.json").read_text(encoding="utf-8"))
    return {
        "file": file,
        "package": package,
        "version": described["version"],
        "licence": described["license"],
        "sha256": sha256(content),
    }


def main(arguments: list[str]) -> int:
    """Run as a command."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m steward.foundation.ui.vendoring NODE_MODULES\n")
        return 2
    for entry in vendor(Path(arguments[0])):
        sys.stdout.write(f"{entry['package']} {entry['version']} -> {entry['file']}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
