"""Packages that only some installations have: imported when they are first needed."""

from importlib import import_module
from types import ModuleType

from schemas.errors import PartMissing


def load_part(module: str) -> ModuleType:
    """The imported module.

    Raises: PartMissing (permanent) where it, or a package that it needs itself, is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = getattr(error, "name", None) or module
        raise PartMissing(
            f"The Python package {missing!r} is not installed: `make setup` gets all that works without a key."
        ) from error
