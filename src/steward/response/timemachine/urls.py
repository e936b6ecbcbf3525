"""Addresses of versions and drafts."""

from django.urls import path

from steward.response.timemachine import draft_pages, pages, replay_pages

app_name = "timemachine"
urlpatterns = [
    path("time-machine/", pages.version_list, name="list"),
    path("time-machine/export.csv", pages.export, name="export"),
    path("time-machine/compare", pages.compare, name="compare"),
    path("time-machine/versions/<int:version_number>/", pages.version, name="version"),
    path("time-machine/versions/<int:version_number>/roll-back", pages.roll_back, name="roll-back"),
    path("time-machine/drafts/new", draft_pages.create, name="create"),
    path("time-machine/drafts/<int:draft_id>/", draft_pages.draft, name="draft"),
    path("time-machine/drafts/<int:draft_id>/save", draft_pages.save, name="draft-save"),
    path("time-machine/drafts/<int:draft_id>/policies", draft_pages.assign, name="draft-policies"),
    path("time-machine/drafts/<int:draft_id>/rebase", draft_pages.rebase, name="draft-rebase"),
    path("time-machine/drafts/<int:draft_id>/publish", draft_pages.publish, name="draft-publish"),
    path("time-machine/drafts/<int:draft_id>/delete", draft_pages.delete, name="draft-delete"),
    path("time-machine/drafts/<int:draft_id>/replay", replay_pages.start, name="replay-start"),
    path("panels/draft/<int:draft_id>/replay", replay_pages.panel, name="replay-panel"),
    path("time-machine/replays/<int:replay_id>/", replay_pages.replay, name="replay"),
    path("time-machine/replays/<int:replay_id>/cancel", replay_pages.cancel, name="replay-cancel"),
]
