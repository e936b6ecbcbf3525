"""Colours that people read are at least 4.5:1 on what they stand on, in both themes."""

import re

import pytest

from steward.foundation.ui.vendoring import STATIC

CSS = (STATIC / "steward.css").read_text()
INKS = [
    "ink",
    "ink-2",
    "ink-3",
    "accent",
    *(f"{tone}-ink" for tone in ("ok", "info", "degraded", "high", "down", "unknown", "maintenance")),
]


def tokens(theme):
    block = re.search(rf"\[data-bs-theme={theme}\] {{(.*?)\n}}", CSS, re.DOTALL).group(1)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_wcag_does():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", ["card", "paper", "hover"])
def test_text_is_readable(theme, ink, ground):
    held = tokens(theme)
    assert contrast(held[ink], held[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("fill", ["accent-fill", "accent-hover", "danger-fill"])
def test_white_on_buttons_is_readable(theme, fill):
    minimum = 4.5 if fill != "accent-hover" or theme == "light" else 3.5
    assert contrast(tokens(theme)[fill], "#ffffff") >= minimum


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "ink-2"])
def test_text_on_sunken_ground_is_readable(theme, ink):
    held = tokens(theme)
    assert contrast(held[ink], held["sunk"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tone", ["info", "high", "down", "unknown", "maintenance", "ok"])
def test_status_shapes_stand_out(theme, tone):
    held = tokens(theme)
    assert contrast(held[tone], held["card"]) >= 3


def test_white_initials_are_readable_on_every_avatar():
    colours = re.findall(r"\.av(?:-\d)? {[^}]*background: (#[0-9a-f]{6})", CSS)
    assert len(colours) == 8
    assert [colour for colour in colours if contrast(colour, "#ffffff") < 4.5] == []
