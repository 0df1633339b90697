"""The installation's secret key, as the settings name it."""

from pathlib import Path

from tenantry.core.database import sqlite_path
from tenantry.core.secrets import Keyring, parse_key, read_key
from tenantry.settings import BadSetting, Settings, data_folder


class NoKey(BadSetting):
    """There is none where it should be."""


def keyring_of(settings: Settings, *, makes: bool = False) -> Keyring:
    """The key, which a first start `makes`. Raises BadSetting; NoKey where it is not there."""
    try:
        if settings.secret_key:
            return parse_key(settings.secret_key)
        path = _path(settings)
        if makes and not settings.secret_file:
            # Only our own: that a folder which was named is missing tells of a slip, such as a
            # volume that is not mounted, and a new key in it would be lost with it.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return read_key(path, makes=makes)
    except (OSError, ValueError) as problem:
        message = f"the secret key can't be used: {problem}"
        wrong = NoKey if isinstance(problem, FileNotFoundError) else BadSetting
        raise wrong(message) from problem


def _path(settings: Settings) -> Path:
    if settings.secret_file:
        return Path(settings.secret_file)
    if settings.is_sqlite:
        return Path(sqlite_path(settings.database) + ".key")
    return data_folder() / "secret.key"
