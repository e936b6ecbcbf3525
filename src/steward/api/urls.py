"""The API door: every room's router under one document."""

urlpatterns: list[object] = []
