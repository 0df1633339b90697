"""A browser's request as the functions of pages see it (`visit` among their parameters)."""

from tenantry.core.context import Principal
from tenantry.http.cookies import check_secrecy, drop_cookie, read_cookie, set_cookie
from tenantry.http.forms import anchor_of
from tenantry.http.message import Header, Query, Request


class Visit:
    """What a browser sent besides the form, and how cookies are given to it."""

    __slots__ = ("_request", "query")

    def __init__(self, request: Request) -> None:
        """Keep the request. Raises Problem 400."""
        self._request = request
        self.query = Query(request)

    @property
    def path(self) -> str:
        """The address without its query."""
        return self._request.path

    @property
    def origin(self) -> str:
        """This server's scheme and host as the browser knows them."""
        return self.query.origin

    def cookie(self, name: str) -> str:
        """A cookie's value (`http.cookies` has the names), or nothing."""
        return read_cookie(self._request, name)

    def keep(self, name: str, value: str, *, seconds: int | None = None) -> Header:
        """The header that gives a cookie to the browser, until it is closed or for so long.

        Raises Problem 403 on an open line.
        """
        check_secrecy(self._request)
        return set_cookie(self._request, name, value, seconds=seconds)

    def drop(self, name: str) -> Header:
        """The header that takes a cookie from it."""
        return drop_cookie(self._request, name)

    def anchor(self, principal: Principal) -> str:
        """What forms are bound to; nothing if the browser has nothing yet."""
        return anchor_of(self._request, principal)
