"""Every write to services, items and their relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from steward.estate.configuration import queries, writing
from steward.estate.configuration.models import ConfigurationItem, Relation, RelationKind, Service
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, NotFound
from steward.foundation.slugs import free_slug
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit

PERMISSION = "estate.manage"
SERVICE_FIELDS = ("name", "slug", "description", "tier", "owner_team_id", "supplier_id", "links", "match_labels")
ITEM_FIELDS = ("type", "name", "environment", "labels", "service_id")
M = TypeVar("M", bound=Model)


@transaction.atomic
def create_service(
    *, actor: Actor, now: datetime, name: str, slug: str = "", description: str = "", tier: int = 3,
    owner_team_id: int | None = None, supplier_id: int | None = None, links: Sequence[Mapping[str, str]] = (),
    match_labels: Mapping[str, str] | None = None,
) -> Service:  # fmt: skip
    """Make a service. Without ``match_labels`` no alert belongs to it by its labels."""
    actor.require(PERMISSION)
    service = Service(
        name=name.strip(), slug=slug or free_slug(Service.objects.all(), name, "service"), description=description, tier=tier,
        owner_team_id=owner_team_id, supplier_id=supplier_id, links=list(links), match_labels=dict(match_labels or {}),
    )  # fmt: skip
    _save_service(service)
    _record(actor, now, "service.create", service, {}, _values(service, SERVICE_FIELDS))
    return service


@transaction.atomic
def update_service(*, actor: Actor, now: datetime, service_id: int, **changes: Any) -> Service:
    """Change fields of a service; a changed short name changes its address."""
    actor.require(PERMISSION)
    service = _lock(Service, service_id, _("There is no such service."))
    before = _values(service, SERVICE_FIELDS)
    _apply(service, changes, SERVICE_FIELDS)
    _save_service(service)
    _record(actor, now, "service.update", service, before, _values(service, SERVICE_FIELDS))
    return service


@transaction.atomic
def delete_service(*, actor: Actor, now: datetime, service_id: int) -> None:
    """Remove a service and its relations; its items, incidents and alerts stay and belong to no service then."""
    actor.require(PERMISSION)
    service = _lock(Service, service_id, _("There is no such service."))
    _delete(actor, now, "service.delete", service, SERVICE_FIELDS)


@transaction.atomic
def create_item(
    *, actor: Actor, now: datetime, type: str, name: str, environment: str = "",
    labels: Mapping[str, str] | None = None, service_id: int | None = None,
) -> ConfigurationItem:  # fmt: skip
    """Make a configuration item. Without ``labels`` no alert belongs to it."""
    actor.require(PERMISSION)
    item = ConfigurationItem(
        type=type.strip(), name=name.strip(), environment=environment.strip(), labels=dict(labels or {}),
        service_id=service_id,
    )  # fmt: skip
    _save_item(item)
    _record(actor, now, "item.create", item, {}, _values(item, ITEM_FIELDS))
    return item


@transaction.atomic
def update_item(*, actor: Actor, now: datetime, item_id: int, **changes: Any) -> ConfigurationItem:
    """Change fields of an item."""
    actor.require(PERMISSION)
    item = _lock(ConfigurationItem, item_id, _("There is no such item."))
    before = _values(item, ITEM_FIELDS)
    _apply(item, changes, ITEM_FIELDS)
    _save_item(item)
    _record(actor, now, "item.update", item, before, _values(item, ITEM_FIELDS))
    return item


@transaction.atomic
def delete_item(*, actor: Actor, now: datetime, item_id: int) -> None:
    """Remove an item and its relations."""
    actor.require(PERMISSION)
    item = _lock(ConfigurationItem, item_id, _("There is no such item."))
    _delete(actor, now, "item.delete", item, ITEM_FIELDS)


@transaction.atomic
def add_relation(
    *, actor: Actor, now: datetime, kind: str, source_service_id: int | None = None, source_item_id: int | None = None,
    target_service_id: int | None = None, target_item_id: int | None = None,
) -> Relation:  # fmt: skip
    """Say that one service or item depends on or runs on another; saying it again changes nothing."""
    actor.require(PERMISSION)
    if kind not in RelationKind.values:
        raise Invalid(_("Unknown kind of relation."), fields={"kind": [_("Unknown kind of relation.")]})
    source = _end(source_service_id, source_item_id, "source")
    target = _end(target_service_id, target_item_id, "target")
    if source == target:
        raise Invalid(_("Nothing relates to itself."), fields={"target": [_("Choose another one.")]})
    relation, made = Relation.objects.get_or_create(
        kind=kind, source_service_id=source_service_id, source_item_id=source_item_id,
        target_service_id=target_service_id, target_item_id=target_item_id,
    )  # fmt: skip
    if made:
        _record_relation(actor, now, "relation.add", source, kind, target)
    return relation


@transaction.atomic
def remove_relation(*, actor: Actor, now: datetime, relation_id: int) -> None:
    """Take a relation away."""
    actor.require(PERMISSION)
    relation = _lock(Relation, relation_id, _("There is no such relation."))
    source = _end(relation.source_service_id, relation.source_item_id, "source")
    target = _end(relation.target_service_id, relation.target_item_id, "target")
    relation.delete()
    _record_relation(actor, now, "relation.remove", source, relation.kind, target)


def _lock(model: type[M], key: int, missing: str) -> M:
    found = model._default_manager.select_for_update(of=("self",)).filter(pk=key).first()
    if found is None:
        raise NotFound(missing)
    return found


def _values(record: Model, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _apply(record: Model, changes: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for name, value in changes.items():
        if name not in allowed:
            raise Invalid(_("“%(name)s” cannot be changed.") % {"name": name})
        setattr(record, name, value.strip() if isinstance(value, str) else value)


def _save_service(service: Service) -> None:
    _refuse("match_labels", writing.label_problem(service.match_labels))
    _refuse("links", writing.link_problem(service.links))
    _check_organisations(service)
    _save(service)


def _check_organisations(service: Service) -> None:
    if service.owner_team_id is not None and not accounts.is_home_team(service.owner_team_id):
        _refuse("owner_team_id", _("Choose a team of your own organisation."))
    if service.supplier_id is not None and not accounts.is_supplier(service.supplier_id):
        _refuse("supplier_id", _("Choose an organisation that is a supplier."))


def _save_item(item: ConfigurationItem) -> None:
    _refuse("labels", writing.label_problem(item.labels))
    if item.service_id is not None and queries.service_by_id(item.service_id) is None:
        _refuse("service_id", _("There is no such service."))
    _save(item)


def _refuse(field: str, problem: str) -> None:
    if problem:
        raise Invalid(problem, fields={field: [problem]})


def _save(record: Service | ConfigurationItem) -> None:
    try:
        record.full_clean()
        with transaction.atomic():
            record.save()
    except ValidationError as error:
        raise Invalid(_("Some values cannot be used."), fields=error.message_dict) from error
    except IntegrityError as error:
        # Somebody else took the name between the check and the write.
        raise Conflict(_("This name was taken just now. Choose another one.")) from error
    _forget()


def _forget() -> None:
    # Once when it is seen here, and once more when other connections can see it.
    queries.forget()
    transaction.on_commit(queries.forget)


def _delete(
    actor: Actor, now: datetime, action: str, record: Service | ConfigurationItem, names: Sequence[str]
) -> None:
    before, key, label = _values(record, names), record.pk, str(record)
    try:
        record.delete()
    except (ProtectedError, RestrictedError) as error:
        raise Conflict(_("“%(name)s” is still in use and stays.") % {"name": label}) from error
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef(action.partition(".")[0], key), subject_label=label,
        before=before,
    )  # fmt: skip
    _forget()


def _record(
    actor: Actor, now: datetime, action: str, record: Service | ConfigurationItem,
    before: Mapping[str, Any], after: Mapping[str, Any],
) -> None:  # fmt: skip
    subject = SubjectRef(action.partition(".")[0], record.pk)
    audit.record(
        actor=actor, now=now, action=action, subject=subject, subject_label=str(record), before=before, after=after
    )


def _end(service_id: int | None, item_id: int | None, side: str) -> tuple[SubjectRef, str]:
    if (service_id is None) == (item_id is None):
        raise Invalid(_("Each end is a service or an item."), fields={side: [_("Choose a service or an item.")]})
    found: Service | ConfigurationItem | None
    if service_id is not None:
        found = queries.service_by_id(service_id)
    else:
        found = ConfigurationItem.objects.filter(pk=item_id or 0).first()
    if found is None:
        raise NotFound(_("The service or item is not there any more."))
    return SubjectRef("service" if service_id is not None else "item", found.pk), str(found)


def _record_relation(
    actor: Actor, now: datetime, action: str, source: tuple[SubjectRef, str], kind: str, target: tuple[SubjectRef, str]
) -> None:
    audit.record(
        actor=actor, now=now, action=action, subject=source[0], subject_label=source[1],
        after={"kind": kind, "target": str(target[0]), "target_name": target[1]},
    )  # fmt: skip
