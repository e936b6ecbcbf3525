"""Fingerprints and group keys: the same for the same, different for the different."""

from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import ALL_LABELS, fingerprint, group_key, group_labels

# Few characters, digits and separators among them: the stuff of which collisions by concatenation are made.
texts = st.text(st.sampled_from("a1:;é\x00"), max_size=4)
label_sets = st.dictionaries(texts, texts, max_size=4)


@settings(deadline=None, max_examples=300)
@given(one=label_sets, other=label_sets)
def test_fingerprints_are_equal_exactly_when_the_labels_are(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


@settings(deadline=None, max_examples=100)
@given(labels=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=8), data=st.data())
def test_the_order_of_labels_does_not_matter(labels: dict[str, str], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(labels.items()))))
    assert fingerprint(labels) == fingerprint(shuffled)
    assert group_key(labels, [ALL_LABELS]) == group_key(shuffled, [ALL_LABELS])


def test_fingerprint_is_pinned() -> None:
    # Stored in the database: a changed formula would take every firing alert for a new one.
    assert fingerprint({}).hex() == "4b06a0124273e166a8d3f60f2a9abbce"
    assert fingerprint({"alertname": "HighLoad"}).hex() == "da1c99d0e8d27afe1b92eba0ad1698fa"
    assert (
        fingerprint({"alertname": "HighLoad", "env": "prod", "übel": "ja"}).hex() == "32ded4c85c8331291dd9d8bf7f10aff9"
    )
    assert fingerprint({f"l{n:03}": str(n) for n in range(100)}).hex() == "8a7d3323c2cf5a7735c1b4268792ff63"


def test_text_moved_between_names_and_values_is_another_label_set() -> None:
    sets = [{"ab": "c"}, {"a": "bc"}, {"a": "b", "c": ""}, {"a": "", "b": "c"}, {"abc": ""}, {"": "abc"}, {"a": "c"}]
    assert len({fingerprint(labels) for labels in sets}) == len(sets)


def test_the_cached_and_the_plain_way_agree_on_every_size() -> None:
    seen = {fingerprint({f"n{n}": "v" for n in range(size)}) for size in range(80)}
    assert len(seen) == 80
    assert all(len(value) == 16 for value in seen)


def test_a_lone_surrogate_has_a_fingerprint_of_its_own() -> None:
    assert fingerprint({"a": "\ud800"}) != fingerprint({"a": "?"})


@settings(deadline=None, max_examples=300)
@given(one=label_sets, other=label_sets, names=st.lists(texts, max_size=3) | st.just([ALL_LABELS]))
def test_group_keys_are_equal_exactly_when_the_group_labels_are(
    one: dict[str, str], other: dict[str, str], names: list[str]
) -> None:
    same = group_labels(one, names) == group_labels(other, names)
    assert (group_key(one, names) == group_key(other, names)) == same


def test_group_key_reads_well_and_ignores_missing_and_empty_labels() -> None:
    labels = {"cluster": "eu", "alertname": "HighLoad", "team": ""}
    assert group_key(labels, ["cluster", "alertname", "cluster"]) == "9:alertname8:HighLoad7:cluster2:eu"
    assert group_key(labels, ["cluster", "team", "region"]) == group_key(labels, ["cluster"]) == "7:cluster2:eu"
    assert group_key(labels, []) == ""
    assert group_key(labels, [ALL_LABELS]) == "9:alertname8:HighLoad7:cluster2:eu"


def test_long_group_keys_fit_an_index() -> None:
    keys = [group_key({"a": "x" * 10_000 + end}, ["a"]) for end in "yz"]
    assert keys[0] != keys[1]
    assert all(key.startswith("#") and len(key) == 65 for key in keys)
