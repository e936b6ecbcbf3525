"""Addresses of burden."""

from django.urls import path

from steward.response.burden import pages

app_name = "burden"

urlpatterns = [
    path("burden/", pages.everybody, name="everybody"),
    path("burden/pay", pages.pay, name="pay"),
    path("burden/pay/<int:organisation_id>", pages.pay, name="pay-of"),
    path("burden/pay/export.csv", pages.export, name="export"),
    path("burden/shifts/<int:report_id>", pages.report, name="report"),
    path("schedules/<slug:slug>/quality", pages.schedule, name="schedule"),
    path("schedules/<slug:slug>/guard", pages.guard, name="guard"),
    path("schedules/<slug:slug>/notes", pages.note, name="note"),
    path("schedules/<slug:slug>/proposal", pages.apply, name="apply"),
    path("panels/schedule/<int:schedule_id>/notes", pages.schedule_panel, name="schedule-panel"),
    path("panels/home/<int:days>/shift-questions", pages.questions, name="questions"),
]
