"""The local chain: anvil on the loopback interface, with its state kept in a folder.

Blocks come with transactions, and every TICK_SECONDS without them, so chain time moves. (anvil mines the
slower the more blocks it has: a quick tick would make a long-lived chain slow.) anvil writes `state.json`
at a clean stop and every STATE_SECONDS; a kill loses at most that long. Because it writes that file in
place, a kill in the very moment of writing can leave it half written: `checkpoint` keeps a whole one as
`checkpoint.json`, and `start` says so when the state can't be read.
"""

import gzip
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from surge.chain.anvil.package import find_anvil
from surge.chain.anvil.programs import Program, find_program, start_program, stop_program
from surge.chain.node.rpc import Rpc, RpcError
from surge.model.errors import BadInput, CorruptState, NoNetwork, Unavailable
from surge.model.units import Address, Wei
from surge.store.files import write_atomically

LOCAL_CHAIN_ID = 31337
TICK_SECONDS = 60
STATE_SECONDS = 2
HARDFORK = "prague"
BLOCK_GAS = 300_000_000
"""Room for all that is sent together: what a full block leaves over waits for the next tick, not for the next
block, because anvil mines when transactions arrive and looks at the older ones no more."""
START_SECONDS = 30.0
STOP_SECONDS = 30.0
PORT_RACES = 5
"""A port that was free when it was looked for may be gone when anvil asks for it."""
_NAME = "anvil"


class _PortTaken(Unavailable):
    """Another program listens at the port that this chain chose."""


@dataclass(frozen=True)
class LocalChain:
    """The chain whose state lives in `folder`; one at a time runs there."""

    folder: Path
    chain_id: int = LOCAL_CHAIN_ID

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def last_whole_state(self) -> Path:
        return self.folder / "checkpoint.json"

    def start(self, port: int | None = None) -> str:
        """Start or find the running node; its URL. Port: the given one, else the last one when it is
        free, else any free one. The state resumes where it was.

        Raises CorruptState (the state can't be read; nothing is overwritten), Unavailable (port taken,
        no anvil, it did not start).
        """
        program, last = find_program(self.folder, _NAME), self._last_port()
        if program and program.running and last:
            url = _url(last)
            if port and port != last:
                raise BadInput(
                    f"the local chain runs at {url} already; stop it before you choose port {port}"
                )
            self._wait(program, url, last)  # another command may be starting it
            return url
        binary = find_anvil()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._check_state()
        for _ in range(PORT_RACES):
            try:
                return self._start_at(self._port(port), binary)
            except _PortTaken as taken:
                if port:
                    raise Unavailable(str(taken)) from taken
        raise Unavailable("every port that was free was taken before the local chain had it; try again")

    def _start_at(self, port: int, binary: Path) -> str:
        command = [
            str(binary), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(self.chain_id),
            "--hardfork", HARDFORK, "--gas-limit", str(BLOCK_GAS), "--accounts", "0", "--no-cors", "--quiet",
            "--mixed-mining", "--block-time", str(TICK_SECONDS),
            "--state", str(self.state), "--state-interval", str(STATE_SECONDS),
        ]  # fmt: skip
        write_atomically(self.folder / "port", str(port).encode())  # first: a node has its own port there
        program = start_program(self.folder, _NAME, command)
        try:
            self._wait(program, _url(port), port)
        except BaseException:
            self.stop()
            raise
        return _url(port)

    def stop(self) -> bool:
        """Stop the node and wait until it has written its state. False when it did not run."""
        return stop_program(self.folder, _NAME, STOP_SECONDS)

    def running_url(self) -> str | None:
        """The URL of the node that runs on this folder, or None."""
        program = find_program(self.folder, _NAME)
        port = self._last_port()
        # The port may be of an earlier run, and another chain's by now.
        return _url(port) if program and port and program.listens(port) else None

    def checkpoint(self, oldest: float = 0.0) -> bool:
        """Keep the running node's state, whole, unless the last copy is younger than `oldest` seconds.

        Call it after what must not be lost, such as a deployment. Raises NoNetwork.
        """
        kept = self.last_whole_state
        if oldest and kept.exists() and time.time() - kept.stat().st_mtime < oldest:
            return False
        dump = self._asked("anvil_dumpState")
        write_atomically(kept, gzip.decompress(bytes.fromhex(dump[2:])))
        return True

    def fund(self, address: Address, coins: Wei) -> None:
        """Set the balance of the chain's own coin, which pays for gas."""
        self._asked("anvil_setBalance", str(address), hex(coins))

    def _asked(self, method: str, *params: Any) -> Any:
        url = self.running_url()
        if url is None:
            raise NoNetwork(f"the local chain of {self.folder} does not run; start it with `surge up`")
        rpc = Rpc(url)
        try:
            return rpc.call(method, *params)
        finally:
            rpc.close()

    def _check_state(self) -> None:
        """Make `state.json` the newest whole state that there is. Raises CorruptState if it is damaged."""
        kept = _height(self.last_whole_state)
        if not self.state.exists():
            height = -1
        elif (found := _height(self.state)) is None:
            step = (
                f"move it away to resume from the copy of {_moment(self.last_whole_state)}"
                if kept is not None
                else "restore it from a backup, or move it away to begin a new chain"
            )
            raise CorruptState(
                f"the local chain's state {self.state} is damaged and was left as it is; {step}"
            )
        else:
            height = found
        if kept is not None and kept > height:
            write_atomically(self.state, self.last_whole_state.read_bytes())

    def _port(self, wanted: int | None) -> int:
        if wanted:
            if not _free(wanted):
                raise Unavailable(
                    f"port {wanted} is taken by another program; stop it, or choose another port"
                )
            return wanted
        last = self._last_port()
        return last if last and _free(last) else _any_free_port()

    def _last_port(self) -> int | None:
        try:
            return int((self.folder / "port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _wait(self, program: Program, url: str, port: int) -> None:
        rpc = Rpc(url, timeout=5)
        deadline = time.monotonic() + START_SECONDS
        try:
            while time.monotonic() < deadline:
                if not program.running:
                    words = program.last_lines()
                    if "in use" in words:
                        raise _PortTaken(f"port {port} is taken by another program; choose another port")
                    raise Unavailable(f"anvil did not start ({words[-300:]}); see {program.log}")
                if program.listens(port) and self._answers(rpc):
                    _keep_time_rising(rpc)
                    return
                time.sleep(0.02)
        finally:
            rpc.close()
        raise Unavailable(f"anvil did not answer within {START_SECONDS:.0f} s; see {program.log}")

    def _answers(self, rpc: Rpc) -> bool:
        try:
            return int(rpc.call("eth_chainId"), 16) == self.chain_id
        except (NoNetwork, RpcError):
            return False


def _keep_time_rising(rpc: Rpc) -> None:
    """anvil forgets a shifted clock when it stops: shift it again, so no block is older than the last."""
    latest = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    ahead = latest - int(time.time())
    if ahead > 0:
        rpc.call("evm_increaseTime", ahead + 1)


class _State(msgspec.Struct):
    """The part of anvil's state file that tells how far it got."""

    best_block_number: int


def _height(path: Path) -> int | None:
    """The last block of a state file; None when it is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_State).best_block_number
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _moment(path: Path) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
