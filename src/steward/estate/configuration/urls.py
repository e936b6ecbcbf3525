"""Addresses of services, items and relations."""

from django.urls import path, re_path

from steward.estate.configuration import pages

app_name = "configuration"
urlpatterns = [
    path("services/", pages.services, name="services"),
    path("services/export.csv", pages.services_export, name="services-export"),
    path("services/new", pages.service_new, name="service-new"),
    path("services/<slug:slug>/", pages.service, name="service"),
    path("services/<slug:slug>/edit", pages.service_edit, name="service-edit"),
    path("services/<slug:slug>/delete", pages.service_delete, name="service-delete"),
    path("services/<slug:slug>/relations", pages.service_relate, name="service-relate"),
    path("items/", pages.items, name="items"),
    path("items/export.csv", pages.items_export, name="items-export"),
    path("items/new", pages.item_new, name="item-new"),
    path("items/<int:pk>/", pages.item, name="item"),
    path("items/<int:pk>/edit", pages.item_edit, name="item-edit"),
    path("items/<int:pk>/delete", pages.item_delete, name="item-delete"),
    path("items/<int:pk>/relations", pages.item_relate, name="item-relate"),
    path("relations/ends", pages.relation_ends, name="relation-ends"),
    re_path(
        r"^relations/(?P<side>service|item)/(?P<pk>[0-9]+)/(?P<relation_id>[0-9]+)/remove$", pages.relation_remove,
        name="relation-remove",
    ),
]  # fmt: skip
