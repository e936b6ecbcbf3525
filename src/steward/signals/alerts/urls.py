"""Addresses of alerts and sources."""

from django.urls import path

from steward.signals.alerts.pages import alerts, enrichment, mapping, sources, tables

app_name = "alerts"
urlpatterns = [
    path("alerts/", alerts.alert_list, name="list"),
    path("alerts/export.csv", alerts.export, name="export"),
    path("alerts/<int:alert_id>/", alerts.detail, name="detail"),
    path("alerts/<int:alert_id>/changes/<int:change_id>/payload", alerts.payload, name="payload"),
    path("alerts/of-service/<int:service_id>", alerts.service_panel, name="service-panel"),
    path("alerts/of-item/<int:item_id>", alerts.item_panel, name="item-panel"),
    path("sources/", sources.source_list, name="sources"),
    path("sources/new", sources.create, name="source-new"),
    path("sources/<int:source_id>/", sources.detail, name="source"),
    path("sources/<int:source_id>/edit", sources.edit, name="source-edit"),
    path("sources/<int:source_id>/rotate", sources.rotate, name="source-rotate"),
    path("sources/<int:source_id>/mapping", mapping.mapping, name="source-mapping"),
    path("sources/<int:source_id>/mapping/try", mapping.mapping_trial, name="source-mapping-try"),
    path(
        "sources/<int:source_id>/mapping/<int:mapping_version>/restore", mapping.restore, name="source-mapping-restore"
    ),
    path("sources/<int:source_id>/known-by", mapping.known_by, name="source-identity"),
    path("sources/<int:source_id>/replay-parked", mapping.replay_all, name="source-replay-all"),
    path("sources/kinds/<slug:kind>/<str:name>", sources.kind_file, name="kind-file"),
    path("sources/enrichment/", enrichment.rule_list, name="enrichment"),
    path("sources/enrichment/new/<slug:rule_kind>", enrichment.create, name="enrichment-new"),
    path("sources/enrichment/try/<slug:rule_kind>", enrichment.rule_trial, name="enrichment-try"),
    path("sources/enrichment/<int:enrichment_id>/", enrichment.edit, name="enrichment-rule"),
    path("sources/enrichment/<int:enrichment_id>/move", enrichment.move, name="enrichment-move"),
    path("sources/enrichment/<int:enrichment_id>/switch", enrichment.switch, name="enrichment-switch"),
    path("sources/enrichment/<int:enrichment_id>/delete", enrichment.delete, name="enrichment-delete"),
    path("sources/enrichment/versions/<int:enrichment_version>/restore", enrichment.restore, name="enrichment-restore"),
    path("sources/tables/", tables.table_list, name="tables"),
    path("sources/tables/new", tables.create, name="table-new"),
    path("sources/tables/preview", tables.preview, name="table-preview"),
    path("sources/tables/<int:table_id>/", tables.detail, name="table"),
    path("sources/tables/<int:table_id>/replace", tables.replace, name="table-replace"),
    path("sources/tables/<int:table_id>/export.csv", tables.export, name="table-export"),
    path("sources/tables/<int:table_id>/versions/<int:lookup_version>/restore", tables.restore, name="table-restore"),
    path("sources/tables/<int:table_id>/delete", tables.delete, name="table-delete"),
    path("sources/parked/<int:parked_id>/", sources.parked, name="parked"),
    path("sources/parked/<int:parked_id>/replay", sources.replay, name="parked-replay"),
    path("sources/parked/<int:parked_id>/discard", sources.discard, name="parked-discard"),
]
