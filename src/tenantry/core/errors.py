"""Refusals: what a verb raises, and the door translates into the operation's own dialect."""

from typing import Self


class Problem(Exception):
    """A refusal with a status, a title and one sentence.

    `status` is HTTP's, because the contract names refusals by it; `code` is the machine-readable
    word that some endpoints add (contract: identity §6.3).
    """

    def __init__(  # noqa: PLR0913 - a refusal has that many sides
        self,
        status: int,
        title: str,
        detail: str | None = None,
        *,
        code: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        permission: str | None = None,
        service_id: str | None = None,
    ) -> None:
        """Say it; for what lacks a permission, which one, and on which service."""
        super().__init__(status, title, detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.code = code
        self.headers = headers
        self.permission = permission
        self.service_id = service_id

    def untraced(self) -> Self:
        """Itself, without its way to the door.

        That holds the request, which holds the refusal: all of it would wait for the collector.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


def bad_request(detail: str, *, code: str | None = None) -> Problem:
    """400: the request is understood and wrong."""
    return Problem(400, "Bad request", detail, code=code)


def not_found(kind: str, name: str) -> Problem:
    """404: absent, or another customer's, or out of sight; nobody can tell which."""
    return Problem(404, "Record not found", f"Cannot find {kind} '{name}'")


def duplicate(kind: str, name: str) -> Problem:
    """409: somebody was first."""
    return Problem(409, "Duplicate record", f"Duplicate {kind}: '{name}'")


def not_authorized(permission: str | None = None, service_id: str | None = None) -> Problem:
    """403: you exist here but may not; the permission that is missing, where it is one."""
    return Problem(
        403,
        "You are not authorized to perform this action",
        permission=permission,
        service_id=service_id,
    )


def unauthenticated(why: str | None = None) -> Problem:
    """401: no key, or one that opens nothing, and why where that is told (protocol §3)."""
    return Problem(401, why or "Provided credentials are missing or invalid")


def sudo_missing() -> Problem:
    """403: the token was not lifted (contract: identity §8)."""
    return Problem(403, "You must POST /sudo to access this endpoint")


def too_large() -> Problem:
    """413: a body over the limit, which was not read."""
    return Problem(413, "Request entity too large")
