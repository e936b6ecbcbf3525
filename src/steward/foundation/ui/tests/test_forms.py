"""Forms: every control has a label, its help and its error announced beside it."""

from html.parser import HTMLParser

import pytest
from django import forms
from django.template.loader import render_to_string


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="Shown on pages.")
    zone = forms.ChoiceField(label="Zone", choices=[("a", "A")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"class": "mono"}))
    kind = forms.ChoiceField(label="Kind", choices=[("w", "Weekly"), ("d", "Daily")], widget=forms.RadioSelect)
    people = forms.MultipleChoiceField(
        label="People", choices=[("1", "One")], required=False, widget=forms.CheckboxSelectMultiple
    )
    agree = forms.BooleanField(label="Agree", required=False)
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Two <rotations> overlap.")


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def one(self, **wanted):
        return next(
            attrs for _tag, attrs in self.found if all(attrs.get(key) == value for key, value in wanted.items())
        )


def draw(form):
    return render_to_string("ui/form.html", {"form": form})


@pytest.fixture
def broken():
    return draw(Sample({"zone": "x"}))


def test_a_control_has_its_label_and_class():
    tags = Tags(draw(Sample()))
    assert tags.one(name="name")["class"] == "form-control"
    assert tags.one(name="zone")["class"] == "form-select"
    assert tags.one(name="agree")["class"] == "form-check-input"
    assert tags.one(**{"for": "id_name"})


def test_classes_that_the_form_set_stay():
    assert Tags(draw(Sample())).one(name="note")["class"] == "mono form-control"


def test_an_error_stands_beside_its_field_and_is_announced(broken):
    tags = Tags(broken)
    control = tags.one(name="name")
    assert control["aria-invalid"] == "true"
    assert "is-invalid" in control["class"]
    for target in control["aria-describedby"].split():
        assert tags.one(id=target)
    assert set(control["aria-describedby"].split()) == {"id_name_help", "id_name_error"}


def test_every_description_that_is_announced_exists(broken):
    tags = Tags(broken)
    ids = {attrs.get("id") for _tag, attrs in tags.found}
    described = {target for _tag, attrs in tags.found for target in (attrs.get("aria-describedby") or "").split()}
    assert described and described <= ids


def test_errors_of_the_whole_form_and_of_hidden_fields_are_shown(broken):
    assert "Two &lt;rotations&gt; overlap." in broken
    assert "Token: This field is required." in broken


def test_only_optional_fields_say_so():
    html = draw(Sample())
    assert html.count("optional") == 2


def test_a_group_of_boxes_is_named_by_its_legend():
    tags = Tags(draw(Sample()))
    group = tags.one(role="group")
    assert tags.one(id=group["aria-labelledby"])


def test_a_form_without_trouble_shows_none():
    html = draw(Sample())
    assert "field-error" not in html
    assert "form-errors" not in html
