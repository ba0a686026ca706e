"""On what the figures were taken."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "micrograd", "autograd", "mygrad")


def machine() -> dict[str, str]:
    found = {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        "numpy": version("numpy"),
        "BLAS": blas(),
    }
    found |= {name: number for name in PACKAGES if (number := installed(name))}
    return found | {"date": datetime.date.today().isoformat()}


def processor() -> str:
    """The model that Linux names, elsewhere what Python knows."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def blas() -> str:
    import numpy as np

    config = np.show_config(mode="dicts")
    found = config["Build Dependencies"]["blas"] if isinstance(config, dict) else {}
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
