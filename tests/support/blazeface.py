"""Takes BlazeFace's package away from a test, or gives another one in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detection import blazeface
from detection.choice import chosen, shared_network


@contextmanager
def no_blazeface() -> Iterator[None]:
    """Have this process find no package of BlazeFace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blazeface, "PACKAGE", "no_such_package_anywhere")
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    """Forget which detector was chosen: another is to be, or was for a test only."""
    chosen.cache_clear()
    shared_network.cache_clear()


def spoilt_package(folder: Path) -> Path:
    """Make a package of BlazeFace's name whose file is another one; return the folder to import it from."""
    file = folder / blazeface.PACKAGE / blazeface.FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"another network")
    (folder / blazeface.PACKAGE / "__init__.py").write_text("")
    return folder
