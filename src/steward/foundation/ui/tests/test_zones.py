"""Time zones in forms."""

import pytest
from django import forms

from steward.foundation.ui.zones import ZoneField


class Form(forms.Form):
    zone = ZoneField()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Australia/Lord_Howe"])
def test_a_zone_is_taken(zone):
    assert Form({"zone": zone}).is_valid()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "europe/berlin", "../etc/passwd", "+02:00"])
def test_what_is_no_zone_is_said_beside_the_field(zone):
    form = Form({"zone": zone})
    assert "Europe/Berlin" in form.errors["zone"][0]


def test_zones_are_suggested_and_what_was_typed_stays():
    html = str(Form({"zone": "Mars/Olympus"})["zone"])
    assert 'list="zone-zones"' in html and 'value="Mars/Olympus"' in html
    assert '<option value="America/New_York"></option>' in html
