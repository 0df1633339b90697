"""The commands about operator keys, as a script meets them."""

from pathlib import Path

from tests.test_cli import is_one_line, tenantry


def test_a_key_is_listed_without_its_secret_and_ended(tmp_path: Path) -> None:
    tenantry(tmp_path, "init")
    secrets = [
        tenantry(tmp_path, "operator-key", "create", "--name", name).stdout.strip()
        for name in ("metering", "on-call \x1b[2J")
    ]
    listed = tenantry(tmp_path, "operator-key", "list").stdout
    assert not any(secret in listed for secret in secrets)
    lines = listed.splitlines()
    assert [line[46:] for line in lines] == ["operator", "metering", "on-call \ufffd[2J"]
    key_id = lines[1][:22]
    ended = [tenantry(tmp_path, "operator-key", "revoke", key_id) for _ in range(2)]
    assert [one.returncode for one in ended] == [0, 1]
    assert is_one_line(ended[1].stderr)
    assert tenantry(tmp_path, "operator-key", "list").stdout.splitlines() == [lines[0], lines[2]]
