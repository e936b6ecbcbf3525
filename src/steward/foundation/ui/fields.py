"""How Django form widgets become controls of the kit."""

from __future__ import annotations

from django import forms
from django.forms import BoundField
from django.utils.safestring import SafeString, mark_safe

GROUP = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def layout(field: BoundField) -> str:
    """line: label beside the control; check: one box with its label after it; group: several boxes under a legend."""
    widget = field.field.widget
    if isinstance(widget, GROUP):
        return "group"
    return "check" if isinstance(widget, forms.CheckboxInput) else "line"


def css_class(field: BoundField) -> str:
    """The class the control needs."""
    widget = field.field.widget
    if isinstance(widget, GROUP):
        return ""  # Django would put it on the list around the boxes too
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


def control(field: BoundField) -> SafeString:
    """Render the control with class, aria-invalid and aria-describedby; what the form set itself stays."""
    own = field.field.widget.attrs
    classes = [own.get("class", ""), css_class(field)]
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}_help")
    if field.errors:
        described.append(f"{field.auto_id}_error")
        classes.append("is-invalid")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))} if any(classes) else {}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return mark_safe(field.as_widget(attrs=attrs))  # noqa: S308 - Django's own rendering
