"""Finding every model: they live in modules named `models`, one beside each aggregate."""

from importlib import import_module
from pkgutil import walk_packages

import app


def load_models() -> None:
    """Import every module named `models` below `app`, so that `Base.metadata` is whole whoever asks."""
    for found in walk_packages(app.__path__, f"{app.__name__}."):
        if found.name.rpartition(".")[2] == "models" and found.name != __name__:
            import_module(found.name)
