"""The commands of the identity provider, as a script meets them."""

from pathlib import Path

from tests.test_cli import tenantry


def test_a_provider_key_is_rotated(tmp_path: Path) -> None:
    tenantry(tmp_path, "init")
    ended = [tenantry(tmp_path, "provider-key", "rotate") for _ in range(2)]
    assert [one.returncode for one in ended] == [0, 0]
    # Thumbprints: SHA-256 in base64url (RFC 7638).
    assert [len(one.stdout.strip()) for one in ended] == [43, 43]
    assert ended[0].stdout != ended[1].stdout
