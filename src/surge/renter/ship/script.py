"""A Python file as a job: it runs as `__main__` in the sandbox, with the renter's own modules beside it."""

import ast
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from surge.model.errors import CannotShip
from surge.model.tagged.codec import encode
from surge.renter.ship import inside as sandbox
from surge.renter.ship.checks.versions import differences
from surge.renter.ship.modules import Modules

SCRIPT = "script"


@dataclass(frozen=True)
class ShippedScript:
    """code: the blob that the guest's `load` takes. modules: what an image should import before, sorted.
    warnings: sentences to show before any money moves. Its input and output are model.command's."""

    name: str
    code: bytes = field(repr=False)
    modules: tuple[str, ...]
    warnings: tuple[str, ...]


def ship_script(path: Path) -> ShippedScript:
    """Raises CannotShip for a file that isn't Python, or that imports what the sandbox lacks."""
    try:
        with tokenize.open(path) as file:  # in the encoding that it declares
            source = file.read()
        tree = ast.parse(source, str(path))
    except OSError as error:
        raise CannotShip(
            f"{path} can't be read ({error.strerror}); give the path of a Python file"
        ) from error
    except (SyntaxError, ValueError) as error:
        raise CannotShip(f"{path} is no Python that can run ({error}); correct it first") from error
    modules = Modules(beside=path.resolve().parent)
    modules.follow(tree, "", path.name)
    own = [(path.name, tree)] + [(name, ast.parse(rest[1])) for name, rest in modules.whole.items()]
    whole = [[n, *rest] for n, rest in sorted(modules.whole.items())]
    heavy = sorted(n for n in modules.needed if sandbox.top(n) in sandbox.HEAVY)
    code = encode([SCRIPT, modules.files, str(path), source, whole])
    warnings = [sentence for name, tree in own for sentence in differences(tree, name)]
    return ShippedScript(path.name, code, tuple(heavy), tuple(warnings))
