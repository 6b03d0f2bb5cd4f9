"""A result that has no tagged form."""

import pickle
from dataclasses import dataclass, field
from typing import NoReturn

from surge.model.errors import BadInput


@dataclass(frozen=True, slots=True)
class Opaque:
    """What a task returned when it is neither data nor an instance of the renter's own classes.

    Only described: `type_name` and `text` (its repr, cut) are the provider's words; `content` is its
    pickle, which nothing opens by itself.
    """

    type_name: str
    text: str
    content: bytes = field(repr=False)

    def __getattr__(self, name: str) -> NoReturn:
        """Of what is inside: a word on how to get at it."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"a {self.type_name} came back closed, because it is no plain data (docs/sandbox.md, Results): "
            f"open_trusting_the_provider() unpickles it, and then it has {name}; else return its parts"
        )

    def open_trusting_the_provider(self) -> object:
        """Unpickle the content.

        Warning: a pickle runs what its writer chose, with all your rights, outside of any sandbox.
        Do it only if you trust the provider that sent it. Raises BadInput where it does not load here.
        """
        try:
            return pickle.loads(self.content)  # noqa: S301 — the caller's explicit choice
        except Exception as error:
            raise BadInput(
                f"the {self.type_name} that came back does not load here ({type(error).__name__}: {error}); "
                "return its parts as arrays, lists or dicts instead"
            ) from error
