"""Objects that are no plain data: the sandbox makes each anew by a call, as pickle and copy would."""

import collections
import copyreg
import functools
import operator
import pickle
import types
import typing
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship.checks.refusals import CHANGING
from surge.renter.ship.links import CONTAINERS, Import, Named, bytes_of, kind_is_array, owner_of
from surge.renter.ship.modules import is_elsewhere
from surge.renter.ship.neighbours import is_neighbours, made_from
from surge.renter.ship.reach import Reach

_FORGETFUL: tuple[Any, ...] = (collections.Counter.__reduce__, collections.defaultdict.__reduce__)
"""They leave out what a subclass's instance has besides."""
_DISPATCH = functools.singledispatch(len).__code__  # type: ignore[attr-defined]


def is_single_dispatch(value: object) -> bool:
    return isinstance(value, types.FunctionType) and value.__code__ is _DISPATCH


def reach_object(reach: Reach, value: Any) -> None:
    """Write the steps that make `value`, and its node. Raises CannotShip for what can't be made anew."""
    if kind_is_array(type(value)):
        _view(reach, value)
    elif is_single_dispatch(value):
        _dispatcher(reach, value)
    elif isinstance(value, types.BuiltinMethodType | types.MethodWrapperType):
        _builtin_method(reach, value)
    elif isinstance(value, functools._lru_cache_wrapper):
        _cached(reach, value)
    elif type(value) is property:
        reach.call(value, property, (value.fget, value.fset, value.fdel, value.__doc__))
    elif type(value) in (staticmethod, classmethod):
        reach.call(value, type(value), (value.__func__,))
    elif type(value) is functools.cached_property:
        number = reach.call(value, functools.cached_property, (value.func,))
        reach.step("set", number, "attrname", reach.content(value.attrname))
    elif type(value) is functools.partialmethod:
        reach.call(value, functools.partialmethod, (value.func, *value.args), value.keywords)
    elif type(value) is functools.singledispatchmethod:
        reach.call(value, functools.singledispatchmethod, (value.func,))
        for kind, function in value.dispatcher.registry.items():
            if kind is not object:
                reach.call(object(), operator.methodcaller("register", kind, function), (value,))
    else:
        _reduced(reach, value)


def _view(reach: Reach, value: Any) -> None:
    """An array that shows the memory of another, which is a node."""
    owner = owner_of(value)
    if not owner.flags.c_contiguous or owner.dtype.hasobject:
        raise CannotShip(
            f"{reach.where} shares its memory with another array; that can be kept for numbers in C's order "
            "only: copy one of them (numpy.copy)"
        )
    offset = value.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    place = {"buffer": Named(reach.memo[id(owner)]), "offset": offset, "strides": value.strides}
    reach.call(value, type(value), (value.shape, value.dtype), place)
    reach.links.owned.add(id(value))
    if not value.flags.writeable:
        reach.call(object(), operator.methodcaller("setflags", write=False), (value,))


def _builtin_method(reach: Reach, value: Any) -> None:
    owner = value.__self__
    if isinstance(owner, CONTAINERS) and value.__name__ in CHANGING:
        raise CannotShip(
            f"{reach.where} is the method {value.__name__} of a {type(owner).__name__} that lives here; "
            "a task works on a copy, so its changes would be lost: return the values instead"
        )
    reach.call(value, getattr, (owner, value.__name__))


def _cached(reach: Reach, value: Any) -> None:
    settings = value.cache_parameters()
    reach.call(None, functools.lru_cache, (settings["maxsize"], settings["typed"]))
    decorator = reach.count - 1
    function = reach.content((value.__wrapped__,))
    reach.step("call", bytes_of(Named(decorator)), function, reach.content({}))
    reach.node(value)


def _dispatcher(reach: Reach, value: Any) -> None:
    """functools.singledispatch keeps its table in cells of its own; made anew from its entries."""
    reach.call(value, functools.singledispatch, (value.registry[object],))
    for kind, function in value.registry.items():
        if kind is not object:
            reach.call(object(), operator.methodcaller("register", kind, function), (value,))


def _reduced(reach: Reach, value: Any) -> None:
    """By the same protocol as pickle and copy, each part reached like any other value."""
    kind = type(value)
    if kind is typing.TypeVar:
        settings = {n: getattr(value, f"__{n}__") for n in ("bound", "covariant", "contravariant")}
        reach.call(value, typing.TypeVar, (value.__name__, *value.__constraints__), settings)
        return
    noun = f"{kind.__module__}.{kind.__qualname__}"
    if is_neighbours(kind):
        points, settings = made_from(value, reach.where)
        reach.call(value, kind, (points,), settings)
        return
    if is_elsewhere(kind):
        reach.modules.need(kind.__module__, f"{reach.where} (a {noun})")
    try:
        reducer = copyreg.dispatch_table.get(kind)
        reduced = reducer(value) if reducer else value.__reduce_ex__(4)
    except Exception as error:
        raise CannotShip(
            f"{reach.where} is a {noun}, which can't be sent ({error}): pass plain values"
        ) from error
    if isinstance(reduced, str):
        module = pickle.whichmodule(value, reduced)  # type: ignore[attr-defined]
        if module == "__main__":
            raise CannotShip(f"{reach.where} is a {noun} of this script, which can't be sent: make it inside")
        reach.modules.need(module, reach.where)
        reach.step("value", bytes_of(Import(module, reduced)))
        reach.node(value)
        return
    function, args, state, items, pairs, setter = (*reduced, *[None] * 6)[:6]
    if kind.__reduce__ in _FORGETFUL and state is None:
        state = getattr(value, "__dict__", None) or None
    if setter is not None:
        raise CannotShip(f"{reach.where} is a {noun}, which rebuilds itself in a way that can't be sent")
    number = reach.call(value, function, args)
    if state is not None or items is not None or pairs is not None:
        contents = [reach.content(x) for x in (state, list(items or ()), [list(p) for p in pairs or ()])]
        reach.step("state", number, *contents)
