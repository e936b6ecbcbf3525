"""Label sets as keys: the fingerprint of an alert and the key of its group."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from struct import Struct

ALL_LABELS = "..."
"""In `group_by`, stands for every label, as in Alertmanager: one group for each distinct label set."""

_MAX_KEY_LENGTH = 500
_MAX_CACHED_NAMES = 64

_Getter = Callable[[Mapping[str, str]], tuple[str, ...]]


def fingerprint(labels: Mapping[str, str]) -> bytes:
    """Return 16 bytes that name this label set, whatever the order of its labels.

    BLAKE2b over: the number of labels, the sorted names each with its length, the lengths of the values, the
    values. Every text is preceded by its length, so two different label sets never feed the same bytes
    (concatenation cannot collide). Ingest calls this for every alert it receives: the part that depends on the
    names alone is kept for each set of names, because an estate has many alerts and few sets of names.
    """
    if 1 < len(labels) <= _MAX_CACHED_NAMES:
        values_of, pack, head = _shape(tuple(labels))
        values = values_of(labels)
    else:
        names = tuple(sorted(labels))
        pack, head = _head(names)
        values = tuple([labels[name] for name in names])
    # surrogatepass: a lone surrogate is ingest's to refuse; here it must not become an unrelated error.
    text = "".join(values).encode("utf-8", "surrogatepass")
    return blake2b(head + pack(*map(len, values)) + text, digest_size=16).digest()


@lru_cache(maxsize=4096)
def _shape(names: tuple[str, ...]) -> tuple[_Getter, Callable[..., bytes], bytes]:
    ordered = tuple(sorted(names))
    return (itemgetter(*ordered), *_head(ordered))


def _head(ordered: tuple[str, ...]) -> tuple[Callable[..., bytes], bytes]:
    text = f"{len(ordered)};" + "".join([f"{len(name)}:{name}" for name in ordered])
    return Struct(f"<{len(ordered)}I").pack, text.encode("utf-8", "surrogatepass")


def group_labels(labels: Mapping[str, str], group_by: Iterable[str]) -> dict[str, str]:
    """Return the labels that decide the group, sorted by name; empty values count as missing, as everywhere."""
    names = set(group_by)
    chosen = labels.keys() if ALL_LABELS in names else names
    return {name: labels[name] for name in sorted(chosen) if labels.get(name)}


def group_key(labels: Mapping[str, str], group_by: Iterable[str]) -> str:
    """Return the text that all alerts of one group share, and no alert of another group has.

    Names and values carry their lengths (`7:cluster2:eu`), so that no two groups collide. A key that would not
    fit a database index is replaced by its hash, marked with `#`, which no plain key starts with.
    """
    chosen = group_labels(labels, group_by)
    key = "".join([f"{len(name)}:{name}{len(value)}:{value}" for name, value in chosen.items()])
    if len(key) <= _MAX_KEY_LENGTH:
        return key
    return "#" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
