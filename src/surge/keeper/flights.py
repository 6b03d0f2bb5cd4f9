"""Transactions on their way: none waits for another's receipt, and none keeps the program from ending."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Each goes by a key, in a thread of its own."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._under_way

    def __len__(self) -> int:
        return len(self._under_way)

    def launch(self, key: Hashable, act: Callable[[], T]) -> None:
        future: Future[T] = Future()
        self._under_way[key] = future
        threading.Thread(target=_fly, args=(future, act), daemon=True).start()

    def landed(self, patience: float) -> list[tuple[Hashable, Future[T]]]:
        """Those that have ended, after waiting for all of them for at most `patience` seconds."""
        wait(self._under_way.values(), patience)
        done = [(key, future) for key, future in self._under_way.items() if future.done()]
        for key, _ in done:
            del self._under_way[key]
        return done


def _fly(future: "Future[T]", act: Callable[[], T]) -> None:
    try:
        future.set_result(act())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        future.set_exception(error)
