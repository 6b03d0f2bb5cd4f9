"""The peers' published packages: fetched into the cache folder, never installed, committed or shipped.

Exact versions at pinned digests, no script of theirs is run. Morpho Blue ships sources alone: they are
compiled with the compiler and the settings of its own repository (foundry.toml: via-IR, optimizer with
999,999 runs, no metadata hash, EVM paris). Aave ships its compiled artefacts.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import platformdirs

from surge.store.files import write_atomically

CACHE = platformdirs.user_cache_path("surge") / "benchmarks"
MORPHO_SETTINGS = {
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 999_999},
    "evmVersion": "paris",
    "metadata": {"bytecodeHash": "none"},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
}
# The compiler is one file; driven through its C interface it needs none of its package's dependencies.
_COMPILE = """
const compiler = require(process.argv[1]);
const compile = compiler.cwrap("solidity_compile", "string", ["string", "number", "number"]);
process.stdout.write(compile(require("fs").readFileSync(0, "utf8"), 0, 0));
"""


@dataclass(frozen=True)
class Package:
    """One version of an npm package. integrity: the registry's SHA-512."""

    name: str
    version: str
    integrity: str

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"

    @cached_property
    def archive(self) -> Path:
        """The package's archive, fetched when it is not in the cache yet."""
        kept = CACHE / f"{self.name.replace('/', '-').removeprefix('@')}-{self.version}.tgz"
        if not kept.exists():
            write_atomically(kept, self._fetched())
        found = "sha512-" + b64encode(hashlib.sha512(kept.read_bytes()).digest()).decode()
        if found != self.integrity:
            raise SystemExit(f"{kept} is not the pinned {self.spec}; delete it and start again to refetch it")
        return kept

    def _fetched(self) -> bytes:
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["pack", self.spec, "--ignore-scripts", "--silent", "--pack-destination", folder]
            subprocess.run([_program("npm"), *arguments], cwd=folder, check=True, capture_output=True)
            return next(Path(folder).glob("*.tgz")).read_bytes()

    def members(self, under: str, end: str) -> dict[str, bytes]:
        """Content of the files under a folder whose path ends so, by path inside the package."""
        found = {}
        with tarfile.open(self.archive) as archive:
            for member in archive:
                path = member.name.removeprefix("package/")
                if path.startswith(under) and path.endswith(end):
                    opened = archive.extractfile(member)
                    assert opened is not None, path
                    found[path] = opened.read()
        return found


MORPHO = Package(
    "@morpho-org/morpho-blue",
    "1.0.0",
    "sha512-MKtzYMRE65B1hVJYAPtml3ecHPY2e/SL3JRvM7XWjtbnWQX6U/C3beSdxr7v+rHaVJ0ri/dUPxvNfWtr0NZdGw==",
)
SOLC = Package(
    "solc",
    "0.8.19",
    "sha512-yqurS3wzC4LdEvmMobODXqprV4MYJcVtinuxgrp61ac8K2zz40vXA0eSAskSHPgv8dQo7Nux39i3QBsHx4pqyA==",
)
AAVE = Package(
    "@aave/core-v3",
    "1.19.3",
    "sha512-Xr7+VcoU5b4mPwM4IUCnskw3lciwrnL4Xloyad8GOddYeixnri2lZYobNmErm1LwE50vqjI0O+9QGNKY2TDkeQ==",
)


def morpho_contracts() -> dict[str, dict[str, Any]]:
    """Morpho and its mock token: {abi, bytecode} by name. The first compilation takes half a minute."""
    settings = hashlib.sha256(json.dumps(MORPHO_SETTINGS).encode()).hexdigest()[:12]
    kept = CACHE / f"morpho-blue-{MORPHO.version}-solc-{SOLC.version}-{settings}.json"
    if not kept.exists():
        write_atomically(kept, json.dumps(_compiled()).encode())
    contracts: dict[str, dict[str, Any]] = json.loads(kept.read_bytes())
    return contracts


def _compiled() -> dict[str, dict[str, Any]]:
    sources = {path: {"content": text.decode()} for path, text in MORPHO.members("src/", ".sol").items()}
    asked = json.dumps({"language": "Solidity", "sources": sources, "settings": MORPHO_SETTINGS})
    with tempfile.TemporaryDirectory() as folder:
        compiler = Path(folder) / "soljson.cjs"
        compiler.write_bytes(SOLC.members("soljson.js", "soljson.js")["soljson.js"])
        done = subprocess.run(
            [_program("node"), "-e", _COMPILE, str(compiler)],
            input=asked.encode(),
            check=True,
            stdout=subprocess.PIPE,
        )
    answer = json.loads(done.stdout)
    errors = [each["formattedMessage"] for each in answer.get("errors", ()) if each["severity"] == "error"]
    if errors:
        raise SystemExit(f"{SOLC.spec} could not compile {MORPHO.spec}: {errors[0]}")
    wanted = {"Morpho": "src/Morpho.sol", "ERC20Mock": "src/mocks/ERC20Mock.sol"}
    return {
        name: {
            "abi": answer["contracts"][path][name]["abi"],
            "bytecode": answer["contracts"][path][name]["evm"]["bytecode"]["object"],
        }
        for name, path in wanted.items()
    }


def aave_contracts() -> dict[str, dict[str, Any]]:
    """Aave's artefacts {abi, bytecode, linkReferences, ...} by name."""
    found = {}
    for path, content in AAVE.members("artifacts/contracts/protocol/", ".json").items():
        if not path.endswith(".dbg.json"):
            found[Path(path).stem] = json.loads(content)
    return found


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"the peers come from npm, and there is no {name} on PATH; install Node.js")
    return path
