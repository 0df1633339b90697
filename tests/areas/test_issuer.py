"""What is remembered of a provider, which may say whatever it likes."""

from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenantry.areas.federation.id_token import usable
from tenantry.areas.federation.issuer import Metadata, lean_document, lean_key

JUNK: list[list[str]] = [[]] * 10_000


def test_of_a_key_only_what_it_is_used_for() -> None:
    for key in (RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key()):
        public = key.as_dict(private=False) | {"use": "sig", "kid": "k", "key_ops": ["verify"]}
        assert lean_key({**public, "x5c": JUNK, "junk": JUNK}) == public
        assert usable(public)
        # Some write what there is not as null.
        nulls = {name: public.get(name) for name in ("alg", "crv", "use", "x", "y")}
        assert usable(lean_key({**public, **nulls}))
        for name in ("kid", "kty", "use"):
            # What is none, or too long, is not as if it were absent: it fits nothing.
            assert lean_key({**public, name: JUNK})[name] == ""
        assert not usable(lean_key({**public, "use": JUNK}))
        assert not usable(lean_key({**public, "key_ops": ["encrypt", JUNK]}))


def test_of_a_document_no_list_without_end() -> None:
    place = "https://idp.example.com/"
    words = ("openid", "w" * 256, *(f"scope{number}" for number in range(1000)))
    found = Metadata(
        issuer=place,
        authorization_endpoint=place,
        token_endpoint=place,
        jwks_uri=place,
        scopes_supported=words,
    )
    lean = lean_document(found)
    assert lean.scopes_supported == (words[0], *words[2:500])
    assert lean_document(lean) == lean
