"""Whether this machine can jail a runner, and what to do where it cannot."""

import platform
from dataclasses import dataclass

from shimin.adapters.wasm import jail


@dataclass(frozen=True, slots=True)
class Support:
    """What the kernel offers."""

    system: str
    landlock: int
    """Landlock's version; 0 where there is none. From 4 on it covers the network, from 6 on signals."""
    seccomp: bool

    @property
    def jails(self) -> bool:
        """Whether a runner can be jailed."""
        return self.system == "Linux" and self.landlock > 0 and self.seccomp

    @property
    def reason(self) -> str:
        """What is missing; empty where nothing is."""
        if self.system != "Linux":
            return f"runners are jailed on Linux; this is {self.system}"
        missing = [name for name, there in (("Landlock", self.landlock > 0), ("seccomp", self.seccomp)) if not there]
        return f"the kernel lacks {' and '.join(missing)}" if missing else ""

    @property
    def remedy(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        if self.jails:
            return ""
        if self.system != "Linux":
            return "Run the platform on Linux; on a developer's machine set SHIMIN_SANDBOX_UNJAILED=true."
        return (
            "Use Linux 5.13 or newer on x86-64 or arm64 with CONFIG_SECCOMP_FILTER and CONFIG_SECURITY_LANDLOCK, and "
            "'landlock' among the kernel's lsm= modules; inside a container allow the landlock and seccomp system "
            "calls. "
            "On a developer's machine set SHIMIN_SANDBOX_UNJAILED=true."
        )


def sandbox_support() -> Support:
    """Ask the kernel; changes nothing."""
    if platform.system() != "Linux":
        return Support(platform.system(), 0, seccomp=False)
    return Support("Linux", jail.landlock_version(), seccomp=jail.has_seccomp())
