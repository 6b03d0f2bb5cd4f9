"""A renter that dies: its provider works no longer for it, and soon has its slots back (P6)."""

import subprocess
import sys
import textwrap

import pytest

from network.provider.conftest import PATIENCE
from surge.provider.lease.ending import OWING_SECONDS

pytestmark = pytest.mark.slow

RENTER = textwrap.dedent(
    """
    import sys
    import surge
    from surge.local.network import LocalNetwork

    def work(x):
        total = 0
        for n in range(3_000_000):
            total += n
        return total + x

    if __name__ == "__main__":
        network = LocalNetwork(home=sys.argv[1])
        with network.executor(1, budget="0.50", memory_mib=256, duration=3_600) as executor:
            futures = [executor.submit(work, x) for x in range(500)]
            print(futures[0].result(), flush=True)
            futures[-1].result()
    """
)


def test_slots_of_a_renter_that_died_are_free_again(machine, network, tmp_path):
    machine.provide(level="debug")
    script = tmp_path / "renter.py"
    script.write_text(RENTER)
    renter = subprocess.Popen([sys.executable, str(script), str(network.home.root)], stdout=subprocess.PIPE)
    with renter.stdout:
        assert renter.stdout.readline().strip().isdigit()
        renter.kill()
        renter.wait(PATIENCE)
    machine.hears("LinkLost")
    lost = len(machine.said)
    machine.hears("Tick", after=lost)
    assert machine.ask().load == 1
    network.advance(OWING_SECONDS + 1)
    machine.hears("lease over", after=lost)
    assert machine.ask().load == 0
    begun = [n for n, line in enumerate(machine.said) if "Execute" in line]
    assert begun
    assert begun[-1] < lost
    machine.end()
