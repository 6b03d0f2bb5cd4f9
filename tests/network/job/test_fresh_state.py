"""A call is shipped with what it reaches as it is at that moment; each job draws its own random numbers."""

import importlib
import random
import secrets
import uuid

import pytest

import surge
from surge.model.errors import BadInput
from surge.model.task import task_seed
from surge.renter.access import Access

pytestmark = pytest.mark.slow

DEADLINE = 90


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with surge.LocalNetwork(providers=1, home=tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest.fixture(scope="module")
def executor(network):
    with network.executor(1, budget="1.50") as executor:
        yield executor


class Model:
    def __init__(self):
        self.coefficients = [0]

    def fit(self, value):
        self.coefficients[0] = value
        return self

    def predict(self, x):
        return self.coefficients[0] * x


class Counter:
    step = 1

    @classmethod
    def stepped(cls, x):
        return x + cls.step


RATE, ROWS = 2, [1, 2, 3]


def rated(x):
    return RATE * x


def total():
    return sum(ROWS)


def negated(x):
    return -x


def negated_elsewhere(x):
    return negated(x)


def appended(x, into=[]):  # noqa: B006 a default that changes is the point
    return [*into, x]


def draws(_):
    return random.random(), uuid.uuid4().hex, secrets.token_hex(8)


def drawn(network, **options):
    with network.executor(1, budget="0.20", **options) as executor:
        found = list(executor.map(draws, range(3)))
    return found, executor.report(), executor.job


def test_each_job_draws_its_own_numbers_and_a_seed_repeats_them(network):
    (first, _, _), (other, _, _) = drawn(network), drawn(network)
    every = [value for task in (*first, *other) for value in task]
    assert len(set(every)) == len(every), "two draws are the same"
    (again, _, job), (repeated, _, _) = drawn(network, seed=7), drawn(network, seed=7)
    assert again == repeated
    assert len({value for task in again for value in task}) == 9
    store = Access(network.home, "local").store()
    kept = {row.id: row for row, _ in store.jobs()}
    assert kept[job].seed == 7
    assert len({row.seed for row in kept.values()}) == len(kept) - 1
    assert {row.seed for row in store.tasks(job, store.leases(kept[job])[0].id)} == {
        task_seed(7, number) for number in range(3)
    }
    store.close()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(network, seed):
    with pytest.raises(BadInput, match="seed"):
        network.executor(seed=seed)


def changing(executor, change, *calls):
    """Results of the same calls, submitted before and after a change; all of them run after it."""
    before = [executor.submit(*call) for call in calls]
    change()
    after = [executor.submit(*call) for call in calls]
    return [future.result(DEADLINE) for future in before], [future.result(DEADLINE) for future in after]


def test_a_model_that_is_fitted_again(executor):
    model = Model().fit(1)
    assert changing(executor, lambda: model.fit(5), (model.predict, 10)) == ([10], [50])


def test_a_global_that_is_bound_anew(executor, monkeypatch):
    change = lambda: monkeypatch.setitem(globals(), "RATE", 3)  # noqa: E731
    assert changing(executor, change, (rated, 10)) == ([20], [30])


def test_a_global_that_changes_in_place(executor, monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", [1, 2, 3])
    assert changing(executor, lambda: ROWS.append(4), (total,)) == ([6], [10])


def test_a_helper_that_is_defined_anew(executor, monkeypatch):
    change = lambda: monkeypatch.setitem(globals(), "negated", lambda x: 100 * x)  # noqa: E731
    assert changing(executor, change, (negated_elsewhere, 1)) == ([-1], [100])


def test_a_cell_that_is_bound_anew(executor):
    factor = 2

    def scaled(x):
        return factor * x

    def change():
        nonlocal factor
        factor = 7

    assert changing(executor, change, (scaled, 10)) == ([20], [70])


def test_an_array_that_changes_in_place(executor):
    numpy = pytest.importorskip("numpy")
    weights = numpy.ones(3)

    def weighed(x):
        return float((weights * x).sum())

    def change():
        weights[0] = 5

    assert changing(executor, change, (weighed, 2.0)) == ([6.0], [14.0])


def test_an_attribute_of_a_class_and_a_default(executor, monkeypatch):
    def change():
        monkeypatch.setattr(Counter, "step", 10)
        monkeypatch.setattr(appended, "__defaults__", ([1],))

    assert changing(executor, change, (Counter.stepped, 1), (appended, 2)) == ([2, [2]], [11, [1, 2]])


def test_a_class_that_is_defined_anew_is_the_one_that_comes_back(executor, tmp_path, monkeypatch):
    """The same source, loaded again: another class, though not a byte of the code differs."""
    (tmp_path / "boxes.py").write_text(
        "class Box:\n    def __init__(self, x): self.x = x\n\ndef boxed(x):\n    return Box(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    boxes = importlib.import_module("boxes")
    old = boxes.Box
    assert type(executor.submit(boxes.boxed, 1).result(DEADLINE)) is old
    importlib.reload(boxes)
    assert type(executor.submit(boxes.boxed, 1).result(DEADLINE)) is boxes.Box is not old


def test_what_did_not_change_is_kept_once(executor):
    model = Model().fit(3)
    first = executor._ship(model.predict)
    assert executor._ship(model.predict) is first
    model.fit(4)
    assert executor._ship(model.predict) is not first
