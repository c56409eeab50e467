"""The words behind guards: what `bind` notices, and what it need not."""

import pytest

from jitney.pytypes import FLOAT, INT
from jitney.runtime.guards import GuardTable

ABSENT = object()


class Row:
    def __init__(self, container, name, value=None, type=None):
        self.container = container
        self.name = name
        self.value = value
        self.type = type


@pytest.fixture
def namespace():
    return {"pi": 3.25, "name": "text", "k": 7}


def bound(guards, hidden=()):
    table = GuardTable(guards, list(hidden), ABSENT)
    assert table.supported and table.bind()
    table.moved = False
    return table


def test_same_values_at_the_same_place(namespace):
    table = bound([Row(namespace, "pi", namespace["pi"]), Row(namespace, "range", ABSENT)])
    assert table.bind() and not table.moved


def test_grown_dictionary_has_only_moved(namespace):
    table = bound([Row(namespace, "pi", namespace["pi"]), Row(namespace, "range", ABSENT)])
    namespace["other"] = 1
    assert table.bind() and table.moved
    assert table.bind() and not table.moved


@pytest.mark.parametrize("change", [
    lambda d: d.update(pi=3.5), lambda d: d.pop("pi"), lambda d: d.update(range=1), lambda d: d.clear(),
])  # fmt: skip
def test_changed_value(namespace, change):
    table = bound([Row(namespace, "pi", namespace["pi"]), Row(namespace, "range", ABSENT)])
    change(namespace)
    assert not table.bind()
    assert table.changed and all(container is namespace for container, _ in table.changed)


def test_hidden_argument_may_change_its_value_but_not_its_type(namespace):
    table = bound([], [Row(namespace, "k", type=INT)])
    assert table.hidden_types == (INT,)
    namespace["k"] = 8
    assert table.bind()
    namespace["k"] = 8.5
    assert not table.bind() and table.changed == [(namespace, "k")]
    del namespace["k"]
    assert not table.bind()
    assert GuardTable([], [Row(namespace, "pi", type=FLOAT)], ABSENT).bind()


def test_cell():
    def outer():
        value = 3.5

        def inner():
            return value

        def change(new):
            nonlocal value
            value = new

        return inner, change

    inner, change = outer()
    (cell,) = inner.__closure__
    table = bound([Row(cell, None, cell.cell_contents)])
    change(4.5)
    assert not table.bind() and table.changed == [(cell, None)]


def test_dictionary_that_shares_its_keys_cannot_be_guarded():
    class Thing:
        def __init__(self):
            self.a = 1

    things = [Thing() for _ in range(3)]
    assert not GuardTable([Row(vars(things[0]), "a", 1)], [], ABSENT).supported or vars(things[0])["a"] == 1
    assert not GuardTable([Row(type("Sub", (dict,), {})(a=1), "a", 1)], [], ABSENT).supported
