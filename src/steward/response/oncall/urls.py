"""Addresses of on-call."""

from django.urls import path

from steward.response.oncall.pages import policies, schedules

app_name = "oncall"
urlpatterns = [
    path("schedules/", schedules.board, name="schedules"),
    path("schedules/new", schedules.new_schedule, name="schedule-new"),
    path("schedules/overrides/<int:override_id>/remove", schedules.remove_override, name="override-remove"),
    path("schedules/<slug:slug>/", schedules.schedule, name="schedule"),
    path("schedules/<slug:slug>/edit", schedules.edit_schedule, name="schedule-edit"),
    path("schedules/<slug:slug>/delete", schedules.delete_schedule, name="schedule-delete"),
    path("schedules/<slug:slug>/overrides", schedules.add_override, name="override-add"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new", policies.new_policy, name="policy-new"),
    path("policies/<slug:slug>/", policies.policy, name="policy"),
    path("policies/<slug:slug>/edit", policies.edit_policy, name="policy-edit"),
    path("policies/<slug:slug>/delete", policies.delete_policy, name="policy-delete"),
    path("panels/incident/<int:subject_id>/escalation", policies.escalation_panel, name="incident-escalation"),
]
