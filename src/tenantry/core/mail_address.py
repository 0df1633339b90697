"""Mail addresses: whether a text is one. Nobody is asked over the network whether it exists."""

from email_validator import validate_email


def checked_address(text: str) -> str:
    """The address without blanks around it, otherwise as it was written.

    Raises ValueError, saying what is wrong with it.
    """
    address = text.strip()
    validate_email(address, check_deliverability=False, test_environment=True)
    return address
