"""scikit-learn's trees of neighbours: they are made anew from their points, because their nodes are this
machine's own."""

from typing import Any

from surge.model.errors import CannotShip

HOMES = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")
METRICS = ("euclidean", "manhattan", "chebyshev")


def is_neighbours(kind: type) -> bool:
    return kind.__module__ in HOMES


def made_from(tree: Any, where: str) -> tuple[Any, dict[str, Any]]:
    """(points, options) of the call that makes an equal tree. Raises CannotShip for a metric of one's own."""
    import numpy

    state = tree.__getstate__()
    points, leaf_size, metric, weights = numpy.asarray(state[0]), int(state[4]), state[11], state[12]
    named = type(metric).__name__.rstrip("0123456789").removesuffix("Distance").lower()
    options: dict[str, Any] = {"leaf_size": leaf_size, "metric": named}
    if named == "minkowski":
        options["p"] = float(metric.__getstate__()[0])
    elif named not in METRICS or weights is not None:
        raise CannotShip(
            f"{where} is a {type(tree).__name__} of the metric {named}, which can't be sent: pass its points"
        )
    return points, options
