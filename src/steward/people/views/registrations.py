"""Saved views stand above every list."""

from steward.foundation.ui.lists import register_views
from steward.people.views.shown import around

register_views(around)
