"""Addresses of services, items and relations."""

from django.urls import path

from steward.estate.configuration.pages import items, relations, services

app_name = "configuration"

urlpatterns = [
    path("services/", services.services, name="services"),
    path("services/export.csv", services.export, name="services-export"),
    path("services/new", services.new_service, name="service-new"),
    path("services/<slug:slug>/", services.service, name="service"),
    path("services/<slug:slug>/edit", services.edit_service, name="service-edit"),
    path("services/<slug:slug>/delete", services.delete_service, name="service-delete"),
    path("services/<slug:slug>/relations", relations.add_to_service, name="service-relate"),
    path("items/", items.items, name="items"),
    path("items/export.csv", items.export, name="items-export"),
    path("items/new", items.new_item, name="item-new"),
    path("items/<int:item_id>/", items.item, name="item"),
    path("items/<int:item_id>/edit", items.edit_item, name="item-edit"),
    path("items/<int:item_id>/delete", items.delete_item, name="item-delete"),
    path("items/<int:item_id>/relations", relations.add_to_item, name="item-relate"),
    path("relations/ends", relations.ends, name="relation-ends"),
    path("relations/<int:relation_id>/remove", relations.remove, name="relation-remove"),
]
