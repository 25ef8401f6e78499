"""What the package brings along for its own code: manifest, texts and forms, held in memory.

Inside the sandbox there are no files, so the build writes them as Python literals into the module
``shimin_package`` (made by ``shimin_sdk.pack.embed``); outside, ``shimin_sdk.testing`` reads them from the folder.
"""

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODULE = "shimin_package"
TEXT_CHARS_MAX = 2_000

_SLOT = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")


@dataclass(frozen=True)
class PackageData:
    """A package as its own handlers see it."""

    manifest: Mapping[str, Any]
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Words by locale and code."""
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Form definitions by name (``forms/pay.json`` is ``pay``)."""
    documents: Sequence[str] = ()
    """Paths of the declared GraphQL documents."""

    @property
    def app_id(self) -> str:
        """The mini-app's reverse-DNS name."""
        return str(self.manifest.get("app_id", ""))

    def words(self, locale: str, code: str) -> str | None:
        """Return a text in the citizen's locale, its language, or the package's own language; None if nowhere."""
        language = locale.partition("-")[0]
        near = [name for name in self.texts if name == language or name.partition("-")[0] == language]
        own = self.manifest.get("lang", "")
        for name in (locale, *near, own, *self.texts):
            found = self.texts.get(name, {}).get(code)
            if found is not None:
                return found
        return None


def fill(words: str, params: Mapping[str, object]) -> str:
    """Put values into ``{name}`` slots; an unknown slot stays as it is, and a value is never read as a template."""

    def value(found: re.Match[str]) -> str:
        return str(params[found[1]]) if found[1] in params else found[0]

    return _SLOT.sub(value, words)[:TEXT_CHARS_MAX]


def embedded() -> PackageData:
    """Return what the build put beside this code.

    Raises:
        RuntimeError: this is no built package; says what to do in a test.
    """
    try:
        module = importlib.import_module(MODULE)
    except ModuleNotFoundError:
        msg = "the package's texts and forms are not here: in tests, make a phone with shimin_sdk.testing.Phone(folder)"
        raise RuntimeError(msg) from None
    return PackageData(module.MANIFEST, module.TEXTS, module.FORMS, module.DOCUMENTS)
