"""scikit-learn's trees of neighbours: they are made anew from their points, because their nodes are this
machine's own."""

from typing import Any

from surge.model.errors import CannotShip
from surge.model.tagged.names import METRICS

HOMES = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")


def is_neighbours(kind: type) -> bool:
    return kind.__module__ in HOMES


def made_from(tree: Any, where: str) -> tuple[Any, dict[str, Any]]:
    """(points, options) of the call that makes an equal tree. Raises CannotShip for a metric of one's own."""
    import numpy

    state = tree.__getstate__()
    points, leaf_size, metric, weights = numpy.asarray(state[0]), int(state[4]), state[11], state[12]
    named = type(metric).__name__.rstrip("0123456789").removesuffix("Distance").lower()
    options: dict[str, Any] = {"leaf_size": leaf_size, "metric": named}
    if named not in (*METRICS, "minkowski") or weights is not None:
        what = "with weights" if weights is not None else f"of the metric {named}"
        raise CannotShip(f"{where} is a {type(tree).__name__} {what}, which can't be sent: pass its points")
    if named == "minkowski":
        options["p"] = float(metric.__getstate__()[0])
    return points, options
