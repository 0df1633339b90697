"""Calling the official Python client as its user does: only the host is changed.

Answers are type-checked by the client itself, unless a case says `_check_return_type=False`.
"""

from typing import TYPE_CHECKING, Any

import fastly
import fastly.apis
import pytest
from fastly.exceptions import ApiException, ApiValueError

from tests.world import ADA

if TYPE_CHECKING:
    from tests.clients.stage import Stage


class Call:
    """One method of one of its classes, to be called with different values."""

    def __init__(self, stage: "Stage", template: str) -> None:
        """`UserApi.get_user(user_id)`: what stands in parentheses is for the reader."""
        self.stage = stage
        self._class, _, method = template.partition("(")[0].partition(".")
        self._method = method
        self.served: set[str] = set()
        """The operations that were called."""
        self.said = ""
        """What it raised last."""

    def __call__(
        self,
        *values: Any,
        token: str | None = ADA.token,
        basic: tuple[str, str] | None = None,
        **named: Any,
    ) -> Any:
        """What the call returns; `basic` is a name and a password for HTTP Basic."""
        configuration = fastly.Configuration(host=self.stage.server.url)
        configuration.api_token = token
        if basic is not None:
            configuration.username, configuration.password = basic
        self.stage.served()
        try:
            with fastly.ApiClient(configuration) as client:
                api = getattr(fastly.apis, self._class)(client)
                return getattr(api, self._method)(*values, **named)
        finally:
            self.served |= self.stage.served()

    def refused(self, *values: Any, by: type[ApiException], **named: Any) -> ApiException:
        """The exception that the call raises; exactly of that class."""
        with pytest.raises(by) as caught:
            self(*values, **named)
        assert type(caught.value) is by
        self.said = f"{by.__name__} ({caught.value.status})"
        return caught.value

    def breaks(self, *values: Any, on: str, **named: Any) -> None:
        """See that the client itself refuses an answer, because of that field."""
        with pytest.raises(ApiValueError, match=f"Invalid type for variable '({on})'"):
            self(*values, **named)
