"""`surge demo`: the whole story on real input, once."""

from surge.cli.options import AsJson, Network


def demo(as_json: AsJson = False, network: Network = None) -> int:
    """A real grid search on leased machines, paid and verified."""
    from surge.cli.demo import demo as perform

    return perform(as_json=as_json, network=network)
