"""What the wheel has besides the package: its systems, and the sources of the contracts in it."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SYSTEMS = ("macosx_11_0_arm64", "manylinux_2_28_aarch64", "manylinux_2_28_x86_64")
"""Those that iroh, coincurve and wasmtime all have wheels for, less Windows, which has no fcntl."""
SOURCES = "surge/chain/network/contracts"


class WheelHook(BuildHookInterface):
    """Called by hatchling."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":  # an editable install is no wheel to pass on
            build_data["tag"] = f"py3-none-{'.'.join(SYSTEMS)}"
            build_data["force_include"]["contracts"] = SOURCES
