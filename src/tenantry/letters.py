"""The sender that the settings ask for."""

from tenantry.core.mail import Sender, sender
from tenantry.settings import BadSetting, Settings


def sender_of(settings: Settings) -> Sender:
    """What mail leaves by. Raises BadSetting, in one sentence that tells no password."""
    try:
        return sender(settings.mail_url(), settings.mail_from)
    except (OSError, ValueError) as problem:
        raise BadSetting(str(problem)) from problem
