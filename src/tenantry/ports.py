"""The ports that a server listens on, each for one server alone."""

import socket
import sys

from tenantry.settings import PREFIX, BadSetting

_IS_LINUX = sys.platform == "linux"
"""Elsewhere the workers are handed one socket, which nobody shares with them."""


def claimed(name: str, host: str, port: int) -> socket.socket:
    """Keep a port from other servers of ours for as long as this is open. Raises BadSetting.

    The workers listen on one port together, which Linux allows to every process of one user: two
    servers that start in the same moment would share it, and each answer half of what is asked.
    So each first takes a name that only one can have, and that goes with the process.
    """
    claim = socket.socket(socket.AF_UNIX if _IS_LINUX else socket.AF_INET)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            address = probe.getsockname()[0]
        if _IS_LINUX:
            claim.bind(f"\0tenantry-serves-{address}:{port}")
    except OSError as problem:
        claim.close()
        named = "HOST" if isinstance(problem, socket.gaierror) else name
        message = f"{PREFIX}{named}: can't listen on {host}:{port}: {problem.strerror}"
        raise BadSetting(message) from problem
    return claim
