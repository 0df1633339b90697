"""What the tests of mail share: a sender, a letter, and how what arrived is read."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from tenantry.core.mail import Mail

ROBOT = "Acme Édge <robot@acme.example>"
MAIL = Mail("ada@example.com", "Hello", "Good morning, Ada.\n", "<p>Good morning, Ada.</p>\n")
FACTS = {
    "product_name": "Acme Edge",
    "customer_name": "Bücher & Söhne",
    "login": "ada@example.com",
    "user_name": "Ådá <Lovelace>",
    "link": "https://acme.example/password?user=4umpm08hsE8JNpjJOQGa2r&code=" + "c" * 32,
    "valid_for": "24 hours",
}


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, EmailMessage, policy=policy.default)


def parts(letter: EmailMessage) -> list[tuple[str, str]]:
    """Type and content of each, with the wire's line ends (RFC 5322 §2.1) made ours."""
    return [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n"))
        for part in letter.iter_parts()
    ]
