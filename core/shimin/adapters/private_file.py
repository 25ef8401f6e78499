"""Files for secrets: only their owner reads them; of processes that start together one makes each, all use it."""

import os
import tempfile
from pathlib import Path

MODE_OTHERS = 0o077


def make_private(file: Path, content: bytes) -> bool:
    """Write a new file of mode 0600, whole or not at all; return False where another process was first."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as fresh:
            fresh.write(content)
            fresh.flush()
            os.fsync(fresh.fileno())
        os.link(name, file)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    return True


def is_private(file: Path) -> bool:
    """Tell whether nobody but the owner may read the file."""
    return not file.stat().st_mode & MODE_OTHERS
