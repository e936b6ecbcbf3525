"""Addresses for the kit's own tests."""

from django.http import HttpResponse
from django.urls import include, path


def nothing(request, *args):
    return HttpResponse("")


incidents = (
    [path("", nothing, name="list"), path("<int:pk>/", nothing, name="detail"), path("new/", nothing, name="new")],
    "incidents",
)
levels = ([path("<int:pk>/", nothing, name="panel")], "levels")

urlpatterns = [
    path("", nothing, name="home"),
    path("incidents/", include(incidents)),
    path("incidents-archive/", nothing, name="archive"),
    path("levels/panel/", include(levels)),
    path("alerts/", nothing, name="alerts"),
    path("sign-in", nothing, name="login"),
    path("search", nothing, name="search"),
    path("sign-out", nothing, name="logout"),
]
