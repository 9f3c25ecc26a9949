"""Where users ask: a service that believes one identity provider, and questions with assertions of all kinds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from lxml import etree

from tests.attacks.target import Target
from tests.saml.identities import AUDIENCE, ISSUER, RADIOLOGIST, TREATMENT, assertion, identity
from tests.transactions import samples
from tests.transactions.wire import Answer
from xds.audit import AuditEvent, decode_event
from xds.pki import pem_of
from xds.xml.namespaces import SOAP12, WSSE

POLICIES: list[dict[str, Any]] = [
    {"transactions": ["ITI-18"], "roles": [str(RADIOLOGIST)], "purposes": [str(TREATMENT)]},
    {"transactions": ["ITI-18"], "roles": ["auditor"], "attributes": ["subject-id"]},
    {"transactions": ["ITI-42"], "assertion": "ignored"},
]


def identity_settings(folder: Any) -> dict[str, Any]:
    """Settings that enrol the identity provider of the tests."""
    path = folder / "idp.pem"
    path.write_bytes(pem_of(identity("idp").certificate))
    return {
        "identity_providers": [{"issuer": ISSUER, "certificates": [str(path)]}],
        "assertions": {"audiences": [AUDIENCE], "senders": "any"},
    }


def with_header(octets: bytes, security: bytes) -> bytes:
    """A message with that in a security header, before all others."""
    header = b'<wsse:Security xmlns:wsse="%s" env:mustUnderstand="1">%s</wsse:Security>' % (
        WSSE.encode(),
        security,
    )
    return octets.replace(b"<env:Header>", b"<env:Header>" + header, 1)


@dataclass(frozen=True, slots=True)
class Clinic:
    """The service, and questions to it."""

    target: Target

    @property
    def port(self) -> int:
        return self.target.port

    def question(self, patient: str = "P1001^^^&2.999.1.1&ISO") -> bytes:
        """An envelope with FindDocuments, without a user."""
        return self.target.unsigned("ITI-18", samples.find_body(patient))

    def asked(self, security: bytes, **options: Any) -> Answer:
        """Ask with that in the security header."""
        return self.target.post("ITI-18", with_header(self.question(), security), **options)

    def events(self) -> list[AuditEvent]:
        """Everything in the audit log."""
        with psycopg.connect(self.target.dsn) as connection:
            found = connection.execute("SELECT body FROM audit_event ORDER BY number").fetchall()
        return [decode_event(row[0]) for row in found]

    def refuses(self, octets: bytes, code: str, fault_id: str, kind: str = "login") -> Answer:
        """Send an attack: a fault of that code and rule, no harm, and one failure in the audit log."""
        before = len(self.events())
        answer = self.target.refuses(octets, f"wsse:{code}", transaction="ITI-18")
        assert answer.fault_id == fault_id, (answer.fault_id, answer.reason)
        added = [event for event in self.events()[before:] if event.kind == kind]
        assert [event.outcome for event in added] == [8]
        return answer


def fresh(**changes: Any) -> bytes:
    """An assertion that is good now."""
    return assertion(now=changes.pop("now", datetime.now(UTC)), **changes)


def header_of(octets: bytes) -> tuple[etree._Element, etree._Element]:
    """A message's tree and its security header."""
    root = etree.fromstring(octets)
    found = root.find(f"{{{SOAP12}}}Header/{{{WSSE}}}Security")
    assert found is not None
    return root, found
