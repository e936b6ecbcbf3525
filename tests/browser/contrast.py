"""Is every text on a page readable? WCAG 2.2 AA: 4.5 to 1, and 3 to 1 for large text (24 px, or 18.66 px bold)."""

from __future__ import annotations

from typing import Any

# Colours are painted on a canvas and read back: the browser then understands every notation, color-mix() among them.
# What lies behind a text is the first opaque background above it with the translucent ones over it; where that is a
# picture or gradient nothing can be said, and switched-off controls are exempt.
_CHECK = """
() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (text) => {
    if (!known.has(text)) {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = text;
      paint.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = (top, under) => top.slice(0, 3).map((part, i) => part * top[3] + under[i] * (1 - top[3]));
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const opacity = (element) => {
    let all = 1;
    for (let each = element; each; each = each.parentElement) all *= Number(getComputedStyle(each).opacity);
    return all;
  };
  const off = (element) => element.closest(":disabled, [aria-disabled=true], .disabled, .visually-hidden");
  const found = [];
  const look = (element, text, colour, size, weight) => {
    const ground = behind(element);
    if (!ground || off(element) || !element.checkVisibility({ visibilityProperty: true })) return;
    const front = rgba(colour);
    const seen = over([...front.slice(0, 3), front[3] * opacity(element)], ground);
    const need = size >= 24 || (size >= 18.66 && weight >= 700) ? 3 : 4.5;
    const has = ratio(seen, ground);
    const name = `${element.tagName}.${element.className.baseVal ?? element.className}`;
    if (has < need) found.push(`${has.toFixed(2)} "${text.trim().slice(0, 40)}" ${name}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("script, style, noscript, template, option, title")) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    look(element, walker.currentNode.textContent, colour, parseFloat(style.fontSize), Number(style.fontWeight));
  }
  for (const field of document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select")) {
    const style = getComputedStyle(field, field.value ? null : "::placeholder");
    const text = field.value || field.placeholder || "";
    if (text) look(field, text, style.color, parseFloat(style.fontSize), Number(style.fontWeight));
  }
  return found;
}
"""


def too_faint(page: Any) -> list[str]:
    """The texts of the open page that are too faint, each with its ratio."""
    found: list[str] = page.evaluate(_CHECK)
    return found
