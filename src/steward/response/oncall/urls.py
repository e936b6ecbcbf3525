"""Addresses of on-call."""

from django.urls import path

from steward.response.oncall.pages import board, calendars, layers, links, overrides, policies, schedules, swaps

app_name = "oncall"
urlpatterns = [
    path("schedules/", board.board, name="schedules"),
    path("schedules/new", schedules.new_schedule, name="schedule-new"),
    path("schedules/new/preview", schedules.preview_new, name="schedule-new-preview"),
    path("schedules/replace", overrides.replace, name="replace"),
    path("schedules/mine", swaps.mine, name="mine"),
    path("schedules/mine/link", links.own_link, name="own-link"),
    path("schedules/mine/link/renew", links.renew_own_link, name="own-link-renew"),
    path("schedules/mine/link/remove", links.remove_own_link, name="own-link-remove"),
    path("schedules/<slug:slug>/link", links.schedule_link, name="schedule-link"),
    path("schedules/<slug:slug>/link/renew", links.renew_schedule_link, name="schedule-link-renew"),
    path("schedules/<slug:slug>/link/remove", links.remove_schedule_link, name="schedule-link-remove"),
    path("schedules/<slug:slug>/calendars/new", calendars.new_calendar, name="calendar-new"),
    path("schedules/<slug:slug>/calendars/check", calendars.check_calendar, name="calendar-new-check"),
    path("schedules/<slug:slug>/calendars/<int:calendar_id>/check", calendars.check_calendar, name="calendar-check"),
    path("schedules/calendars/<int:calendar_id>/", calendars.calendar, name="calendar"),
    path("schedules/calendars/<int:calendar_id>/edit", calendars.edit_calendar, name="calendar-edit"),
    path("schedules/calendars/<int:calendar_id>/read", calendars.read_calendar, name="calendar-read"),
    path("schedules/calendars/<int:calendar_id>/delete", calendars.delete_calendar, name="calendar-delete"),
    path("calendars/<str:token>.ics", links.feed, name="feed"),
    path("schedules/swaps/<int:swap_id>/take", swaps.take, name="swap-take"),
    path("schedules/swaps/<int:swap_id>/decline", swaps.decline, name="swap-decline"),
    path("schedules/swaps/<int:swap_id>/withdraw", swaps.withdraw, name="swap-withdraw"),
    path("schedules/overrides/<int:override_id>/remove", overrides.remove_override, name="override-remove"),
    path("schedules/<slug:slug>/", board.schedule, name="schedule"),
    path("schedules/<slug:slug>/edit", schedules.edit_schedule, name="schedule-edit"),
    path("schedules/<slug:slug>/delete", schedules.delete_schedule, name="schedule-delete"),
    path("schedules/<slug:slug>/overrides", overrides.add_override, name="override-add"),
    path("schedules/<slug:slug>/swaps", swaps.ask, name="swap-ask"),
    path("schedules/<slug:slug>/layers/new", layers.new_layer, name="layer-new"),
    path("schedules/<slug:slug>/layers/preview", layers.preview_layer, name="layer-new-preview"),
    path("schedules/<slug:slug>/layers/<int:layer_id>/edit", layers.edit_layer, name="layer-edit"),
    path("schedules/<slug:slug>/layers/<int:layer_id>/preview", layers.preview_layer, name="layer-preview"),
    path("schedules/<slug:slug>/layers/<int:layer_id>/delete", layers.delete_layer, name="layer-delete"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new", policies.new_policy, name="policy-new"),
    path("policies/<slug:slug>/", policies.policy, name="policy"),
    path("policies/<slug:slug>/edit", policies.edit_policy, name="policy-edit"),
    path("policies/<slug:slug>/secret", policies.renew_secret, name="policy-secret"),
    path("policies/<slug:slug>/delete", policies.delete_policy, name="policy-delete"),
    path("panels/incident/<int:subject_id>/escalation", policies.escalation_panel, name="incident-escalation"),
]
