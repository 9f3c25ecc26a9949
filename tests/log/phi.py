"""The check that nothing of a patient is in a text: for logs, faults, pages and metrics."""

import json
from collections.abc import Iterable


def assert_no_phi(text: str, secrets: Iterable[str]) -> None:
    """Fail when one of the secrets is in the text, as it is, without regard to case, or escaped as JSON or URL.

    The failure tells which of the secrets by its position, so that a report of the test holds none either.
    """
    folded = text.casefold()
    for position, secret in enumerate(secrets):
        assert len(secret) >= 4, "a shorter secret is in every text by chance"
        forms = {secret, json.dumps(secret)[1:-1], secret.encode("unicode_escape").decode("ascii")}
        forms |= {"".join(f"%{octet:02x}" if octet > 127 or chr(octet) in "^&' " else chr(octet) for octet in
                          secret.encode())}  # fmt: skip
        found = any(form.casefold() in folded for form in forms)
        assert not found, f"secret number {position} is in the text"
