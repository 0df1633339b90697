"""The ports that a server listens on, each for one server alone."""

import errno
import os
import socket
import sys
from pathlib import Path

from tenantry.settings import PREFIX, BadSetting

_IS_LINUX = sys.platform == "linux"
"""Elsewhere the workers are handed one socket, which nobody shares with them."""
_CLAIM = "tenantry-serves-"
_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - what is compared with, not listened on


def address_of(host: str) -> str:
    """The address that a host stands for, which is listened on. Raises BadSetting."""
    try:
        # A name that is empty would stand for every address.
        return host if ":" in host else socket.gethostbyname(host or " ")
    except (OSError, ValueError) as problem:
        message = f"{PREFIX}HOST: can't listen on {host!r}: it is no address, and no name of one"
        raise BadSetting(message) from problem


def claimed(name: str, host: str, port: int) -> socket.socket:
    """Keep a port from other servers of ours for as long as this is open. Raises BadSetting.

    The workers listen on one port together, which Linux allows to every process of one user: two
    servers that start in the same moment would share it, and each answer half of what is asked.
    So each first takes a name that only one can have, and that goes with the process; who listens
    on every address looks for others of that port, and they for him.
    """
    claim = socket.socket(socket.AF_UNIX if _IS_LINUX else socket.AF_INET)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            address = probe.getsockname()[0]
        if _IS_LINUX:
            claim.bind(f"\0{_CLAIM}{address}:{port}")
            _check_others(address, port)
    except OSError as problem:
        claim.close()
        named = "HOST" if isinstance(problem, socket.gaierror) else name
        message = f"{PREFIX}{named}: can't listen on {host}:{port}: {problem.strerror}"
        raise BadSetting(message) from problem
    return claim


def _check_others(address: str, port: int) -> None:
    """Refuse a claim beside another of the same port, if either is every address's. Raises OSError.

    In the very same moment each may see the other, and both are refused.
    """
    table = Path("/proc/net/unix")
    names = table.read_text(errors="replace").split("\n") if table.exists() else []
    claims = {line.partition(f"@{_CLAIM}")[2] for line in names}
    others = {one.rpartition(":")[0] for one in claims if one.endswith(f":{port}")} - {address}
    if others and (address in _ANYWHERE or others & _ANYWHERE):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
