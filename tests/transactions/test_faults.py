"""What is wrong with a message is a fault that says how to mend it, and nothing of the message is kept."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import (
    ACTION,
    PATH,
    SOAP,
    XOP_TYPE,
    Answer,
    envelope,
    get,
    multipart,
    part,
    post,
    raw,
    related,
    send,
)
from xds.xml import namespaces as ns

XOP = 'multipart/related; type="application/xop+xml"; boundary="=_part"'
DOCUMENT = part(b"octets", "Content-ID: <doc0@test>")
LIMITS = {
    "request_bytes": 3_000_000,
    "envelope_bytes": 1_500_000,
    "document_bytes": 2_000_000,
    "mime_parts": 8,
    "documents": 7,
    "mime_header_bytes": 1024,
    "xml_nodes": 20_000,
}

SERVED = {PATH["ITI-18"], PATH["ITI-41"]}


@dataclass(frozen=True, slots=True)
class Wronged:
    """A service, and a way to see whether it kept anything."""

    service: Service
    dsn: str

    @property
    def port(self) -> int:
        return self.service.port

    def kept(self) -> tuple[dict[str, int], set[Path]]:
        """Rows of every table but the audit log's, which has an event of each attempt, and files of vault and spool."""
        with psycopg.connect(self.dsn) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT table_name FROM information_schema.tables"
                    " WHERE table_schema = 'public' AND table_name NOT LIKE 'audit%'"
                )
            ]
            assert "document_entry" in tables and "replay" in tables
            rows = {}
            for table in tables:
                query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                (count,) = connection.execute(query).fetchone() or (0,)
                rows[table] = int(count)
        folder = self.service.folder / "data" / "documents"
        return rows, {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def services(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Wronged]]:
    """The same service in `field` and in `strict`, started when first asked for."""
    started: dict[str, Wronged] = {}
    stack = []

    def service(strictness: str) -> Wronged:
        if strictness not in started:
            folder, dsn = tmp_path_factory.mktemp(strictness), new_database()
            changes = {"limits": LIMITS, "rules": {"strictness": strictness}}
            context = running(folder, merged(base_settings(dsn, folder), changes))
            started[strictness] = Wronged(context.__enter__(), dsn)
            stack.append(context)
        return started[strictness]

    yield service
    for context in stack:
        context.__exit__(None, None, None)


@pytest.fixture
def field(services: Callable[[str], Wronged]) -> Iterator[Wronged]:
    """Nothing that a test sends to it leaves a row or a file."""
    service = services("field")
    before = service.kept()
    yield service
    assert service.kept() == before


@pytest.fixture
def strict(services: Callable[[str], Wronged]) -> Iterator[Wronged]:
    """The strict one; nothing stays either."""
    service = services("strict")
    before = service.kept()
    yield service
    assert service.kept() == before


def provide(extra: bytes = b"") -> bytes:
    """The envelope of a good ITI-41 whose Document is the part doc0@test."""
    entry = samples.entry(samples.fresh_patient())
    body, _ = samples.provide_body(samples.provided(samples.submission(entry)), {entry.entry_uuid: b"octets"})
    return envelope("ITI-41", body).replace(b"</env:Header>", extra + b"</env:Header>")


def root(octets: bytes) -> bytes:
    return part(octets, f"Content-Type: {XOP_TYPE}", "Content-ID: <root@test>")


def find() -> bytes:
    return envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))


def refused(answer: Answer, status: int, fault_id: str, code: str = "Sender", subcode: str = "") -> str:
    """Check the form of a fault and return its reason."""
    assert answer.status == status, answer.body
    assert (answer.fault_id, answer.fault, answer.subcode) == (fault_id, code, subcode), answer.body
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    (action,) = answer.elements("Action")
    expected = "/fault" if subcode else "/soap/fault"
    assert (action.text or "").startswith(ns.WSA) and (action.text or "").endswith(expected)
    assert answer.reason
    return answer.reason


def iti41(service: Wronged, octets: bytes, content_type: str = XOP) -> Answer:
    return post(service.port, PATH["ITI-41"], octets, content_type=content_type)


# -- the body as HTTP and MIME bring it --------------------------------------------------------------------------


def test_a_truncated_body_with_a_length(field: Wronged) -> None:
    octets = multipart(root(provide()), DOCUMENT)
    for sent in (octets, octets[:-20], octets[: len(octets) // 2]):
        head = (f"Content-Type: {XOP}", f"Content-Length: {len(octets) + 1}")
        answer = raw(field.port, PATH["ITI-41"], sent, *head, end_of_sending=True)
        reason = refused(answer, 400, "truncated")
        assert f"after {len(sent)} octets" in reason and "Content-Length" in reason
        assert answer.headers["Connection"] == "close"


def test_a_truncated_plain_body(field: Wronged) -> None:
    octets = find()
    head = (f"Content-Type: {SOAP}", f"Content-Length: {len(octets) + 1}")
    refused(raw(field.port, PATH["ITI-18"], octets, *head, end_of_sending=True), 400, "truncated")


def test_a_truncated_chunked_body(field: Wronged) -> None:
    octets = multipart(root(provide()), DOCUMENT)
    head = (f"Content-Type: {XOP}", "Transfer-Encoding: chunked")
    whole = f"{len(octets):x}\r\n".encode() + octets + b"\r\n"
    for sent in (whole, whole[:-100], whole + b"nonsense\r\n"):
        answer = raw(field.port, PATH["ITI-41"], sent, *head, end_of_sending=True)
        refused(answer, 400, "truncated")
        assert answer.headers["Connection"] == "close"


def test_a_missing_closing_delimiter(field: Wronged) -> None:
    octets = multipart(root(provide()), DOCUMENT)
    for cut in (4, 12, 15):
        assert "closing line" in refused(iti41(field, octets[:-cut]), 400, "mime")


def test_a_boundary_that_is_not_in_the_body(field: Wronged) -> None:
    octets = multipart(root(provide()), DOCUMENT, boundary="another")
    assert "=_part" in refused(iti41(field, octets), 400, "mime")
    reason = refused(iti41(field, octets, "multipart/related; type=x"), 400, "mime")
    assert "no boundary parameter" in reason
    reason = refused(iti41(field, octets, f'multipart/related; boundary="{"b" * 71}"'), 400, "mime")
    assert "71 characters; at most 70" in reason


def test_no_part_at_all(field: Wronged) -> None:
    assert "no parts" in refused(iti41(field, b"--=_part--\r\n"), 400, "mime")


def test_start_names_no_part(field: Wronged) -> None:
    octets = multipart(root(provide()), DOCUMENT)
    reason = refused(iti41(field, octets, f'{XOP}; start="<absent@test>"'), 400, "mime")
    assert "absent@test" in reason


def test_a_missing_part(field: Wronged) -> None:
    assert "doc0@test" in refused(iti41(field, multipart(root(provide()))), 400, "part-missing")
    plain = post(field.port, PATH["ITI-41"], provide(), content_type=SOAP)
    assert "doc0@test" in refused(plain, 400, "part-missing")


def test_a_part_referenced_twice(field: Wronged) -> None:
    first, second = (samples.entry(samples.fresh_patient()) for _ in range(2))
    made = samples.provided(samples.submission(first, second))
    body, _ = samples.provide_body(made, {first.entry_uuid: b"1", second.entry_uuid: b"2"})
    octets = envelope("ITI-41", body).replace(b"cid:doc1@test", b"cid:doc0@test")
    reason = refused(iti41(field, multipart(root(octets), DOCUMENT)), 400, "part-twice")
    assert "doc0@test is referred to twice" in reason


def test_a_part_never_referenced(field: Wronged) -> None:
    for line, name in (("Content-ID: <other@test>", "other@test"), ("X-No: id", "without a Content-ID")):
        octets = multipart(root(provide()), DOCUMENT, part(b"more", line))
        assert name in refused(iti41(field, octets), 400, "part-unused")
    # What a name cannot hold in XML does not make the answer unreadable.
    octets = multipart(root(provide()), DOCUMENT, part(b"more", "Content-ID: <a\x01\ufffe&<b>"))
    assert "a\ufffd\ufffd&<b" in refused(iti41(field, octets), 400, "part-unused")


def test_a_part_sent_twice(field: Wronged) -> None:
    reason = refused(iti41(field, multipart(root(provide()), DOCUMENT, DOCUMENT)), 400, "part-twice")
    assert "doc0@test is in the message twice" in reason


def test_a_part_named_as_a_document_taken_out_of_the_envelope(field: Wronged) -> None:
    entry = samples.entry(samples.fresh_patient())
    body = samples.inline_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"x" * 1_100_000}
    )
    stranger = part(b"more", "Content-ID: <inline-1@xds>")
    for parts in ((root(envelope("ITI-41", body)), stranger), (stranger, root(envelope("ITI-41", body)))):
        refused(iti41(field, multipart(*parts), f'{XOP}; start="<root@test>"'), 400, "part-twice")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<xop:Include ", b"text<xop:Include "),
        (b'<xop:Include href="cid:doc0@test"/>', b'<xop:Include href="cid:doc0@test"/>text'),
        (b'<xop:Include href="cid:doc0@test"/>', b'<xop:Include href="cid:doc0@test"/><other/>'),
    ],
    ids=["text before", "text after", "an element beside"],
)
def test_an_include_with_text_beside(field: Wronged, old: bytes, new: bytes) -> None:
    octets = provide()
    assert old in octets
    reason = refused(iti41(field, multipart(root(octets.replace(old, new)), DOCUMENT)), 400, "xop-include")
    assert "Document" in reason and "only content" in reason


@pytest.mark.parametrize(
    "href", ["http://127.0.0.1:1/secret", "file:///etc/hostname", "cid:", "doc0@test", ""]
)
def test_an_include_that_is_no_cid(field: Wronged, href: str) -> None:
    octets = provide().replace(b"cid:doc0@test", href.encode())
    assert "cid:" in refused(iti41(field, multipart(root(octets), DOCUMENT)), 400, "mime")


def test_too_many_parts(field: Wronged) -> None:
    strangers = [part(b"x", f"Content-ID: <more{number}@test>") for number in range(6)]
    refused(iti41(field, multipart(root(provide()), DOCUMENT, *strangers)), 400, "part-unused")
    more = part(b"x", "Content-ID: <last@test>")
    assert "more than 8 parts" in refused(
        iti41(field, multipart(root(provide()), DOCUMENT, *strangers, more)), 400, "mime"
    )


def test_a_part_header_too_long(field: Wronged) -> None:
    octets = multipart(root(provide()), part(b"octets", "Content-ID: <doc0@test>", "X-Long: " + "x" * 1024))
    assert "longer than 1024 octets" in refused(iti41(field, octets), 400, "mime")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("Content-ID: <doc0@test>", "Content-ID: <doc1@test>"), "twice"),
        (("Content-ID: <doc0@test>", "no colon here"), "no colon here"),
        (("Content-ID: <doc0@test>", "Content-Transfer-Encoding: uuencode"), "uuencode"),
    ],
    ids=["a field twice", "no colon", "unknown encoding"],
)
def test_a_part_whose_head_is_broken(field: Wronged, lines: tuple[str, ...], found: str) -> None:
    assert found in refused(iti41(field, multipart(root(provide()), part(b"octets", *lines))), 400, "mime")


@pytest.mark.parametrize("content", [b"%%%%", b"YWJj=YWJj", b"YWJ"])
def test_a_part_that_is_not_the_base64_it_says(field: Wronged, content: bytes) -> None:
    broken = part(content, "Content-ID: <doc0@test>", "Content-Transfer-Encoding: base64")
    assert "base64" in refused(iti41(field, multipart(root(provide()), broken)), 400, "mime")


@pytest.mark.parametrize("size", [100, 1_200_000], ids=["in memory", "streamed"])
def test_an_inline_document_that_is_not_base64(field: Wronged, size: int) -> None:
    text = b"A" * size + b"!"
    octets = provide().replace(b'<xop:Include href="cid:doc0@test"/>', text)
    refused(post(field.port, PATH["ITI-41"], octets, content_type=SOAP), 400, "base64")
    octets = provide().replace(b'<xop:Include href="cid:doc0@test"/>', b"A" * size + b"<b/>")
    refused(post(field.port, PATH["ITI-41"], octets, content_type=SOAP), 400, "base64")


# -- sizes -------------------------------------------------------------------------------------------------------


def test_a_request_over_the_total_is_refused_before_the_body_is_read(field: Wronged) -> None:
    head = (f"Content-Type: {XOP}", f"Content-Length: {LIMITS['request_bytes'] + 1}")
    answer = raw(field.port, PATH["ITI-41"], b"", *head)  # not one octet of the body is sent
    reason = refused(answer, 413, "too-large")
    assert str(LIMITS["request_bytes"]) in reason
    assert answer.headers["Connection"] == "close"


def test_a_chunked_request_over_the_total(field: Wronged) -> None:
    octets = multipart(root(provide()), part(b"x" * LIMITS["request_bytes"], "Content-ID: <doc0@test>"))
    answer = post(field.port, PATH["ITI-41"], octets, content_type=XOP, chunked=True)
    refused(answer, 413, "too-large")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("form", ["plain", "multipart"])
def test_an_envelope_over_its_limit(field: Wronged, form: str) -> None:
    long = find().replace(
        b"</env:Header>", b"<x:x xmlns:x='urn:x'>%s</x:x></env:Header>" % (b"x" * 1_500_000)
    )
    if form == "plain":
        answer = post(field.port, PATH["ITI-18"], long)
    else:
        answer = post(field.port, PATH["ITI-18"], multipart(root(long)), content_type=XOP)
    assert "envelope" in refused(answer, 413, "too-large")


# -- XML ---------------------------------------------------------------------------------------------------------

LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>%s]>" % b"".join(
    b"<!ENTITY %c '&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;'>" % (code, *[code - 1] * 8) for code in range(98, 112)
)
PROLOGS = {
    "a DTD": b"<!DOCTYPE Envelope>",
    "an entity": b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    "an external entity": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>",
    "a parameter entity": b"<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://127.0.0.1:1/'> %a;]>",
    "an external DTD": b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>",
    "billion laughs": LAUGHS,
}


@pytest.mark.parametrize("large", [False, True], ids=["in memory", "streamed"])
@pytest.mark.parametrize("prolog", PROLOGS.values(), ids=PROLOGS.keys())
def test_a_dtd_and_every_kind_of_entity(field: Wronged, prolog: bytes, large: bool) -> None:
    used = b"&o;" if prolog is LAUGHS else b"&a;" if b"ENTITY a" in prolog else b""
    octets = find().replace(b"</env:Header>", b"<x:x xmlns:x='urn:x'>%s</x:x></env:Header>" % used)
    padding = b"<!--%s-->" % (b"x" * 1_100_000) if large else b""
    for before, after in ((padding, b""), (b"", padding)):
        answer = post(field.port, PATH["ITI-18"], before + prolog + after + octets)
        reason = refused(answer, 400, "malformed-xml")
        assert "DOCTYPE" in reason or "amplification" in reason
        assert b"hahaha" not in answer.body
    as_utf16 = (b'<?xml version="1.0" encoding="UTF-16"?>' + prolog + octets).decode().encode("utf-16")
    refused(post(field.port, PATH["ITI-18"], as_utf16), 400, "malformed-xml")


@pytest.mark.parametrize("large", [False, True], ids=["in memory", "streamed"])
@pytest.mark.parametrize(
    ("inner", "found"),
    [
        (b"<deep>" * 300 + b"</deep>" * 300, "nested more than 64 deep|Excessive depth"),
        (b"<deep>" * 3000 + b"</deep>" * 3000, "deep|depth"),
        (b"<x %s/>" % b" ".join(b"a%d='1'" % number for number in range(100)), "64 attributes"),
        (b"<x/>" * 45_000, "20000 elements"),
        (b"<x><y></x>", "line 1, column"),
        (b"\xff\xfe", "line 1, column"),
        (b"<x>&undefined;</x>", "line 1, column"),
        (b"<a:x/>", "line 1, column"),
        (b"&#0;", "line 1, column"),
    ],
    ids=[
        "300 levels deep",
        "3000 levels deep",
        "100 attributes",
        "too many elements",
        "not closed",
        "invalid UTF-8",
        "an undefined entity",
        "an undeclared prefix",
        "a character that XML has not",
    ],
)
def test_xml_beyond_its_limits_or_broken(field: Wronged, inner: bytes, found: str, large: bool) -> None:
    padding = b"<!--%s-->" % (b"x" * 1_100_000) if large else b""
    octets = find().replace(b"</env:Header>", b"<w xmlns='urn:x'>" + inner + b"</w></env:Header>" + padding)
    assert re.search(found, refused(post(field.port, PATH["ITI-18"], octets), 400, "malformed-xml"))


def test_white_space_before_the_xml_declaration(field: Wronged) -> None:
    octets = b'\n  <?xml version="1.0" encoding="UTF-8"?>' + find()
    reason = refused(post(field.port, PATH["ITI-18"], octets), 400, "malformed-xml")
    assert "white space before the XML declaration (line 2, column" in reason


@pytest.mark.parametrize("octets", [b"", b"   \n", b"not XML", b"{}"])
def test_no_xml_at_all(field: Wronged, octets: bytes) -> None:
    refused(post(field.port, PATH["ITI-18"], octets), 400, "malformed-xml")


# -- SOAP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["text/xml; charset=utf-8", SOAP, XOP], ids=["own type", "1.2", "MTOM"]
)
def test_soap_1_1_is_told_in_its_own_form(field: Wronged, content_type: str) -> None:
    octets = find().replace(ns.SOAP12.encode(), ns.SOAP11.encode())
    if content_type == XOP:
        octets = multipart(root(octets))
    answer = post(field.port, PATH["ITI-18"], octets, content_type=content_type)
    assert answer.status == 500
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.root is not None and answer.root.tag == f"{{{ns.SOAP11}}}Envelope"
    assert answer.elements("faultcode")[0].text == "e:VersionMismatch"
    assert "application/soap+xml" in (answer.elements("faultstring")[0].text or "")
    (supported,) = answer.elements("SupportedEnvelope")
    prefix, _, local = supported.get("qname", "").partition(":")
    assert (supported.nsmap[prefix], local) == (ns.SOAP12, "Envelope")
    assert supported.getparent().tag == f"{{{ns.SOAP12}}}Upgrade"
    assert supported.getparent().getparent().tag == f"{{{ns.SOAP11}}}Header"


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml", "application/json", "multipart/form-data; boundary=x", ""]
)
def test_a_wrong_content_type(field: Wronged, content_type: str) -> None:
    answer = post(field.port, PATH["ITI-18"], find(), content_type=content_type)
    reason = refused(answer, 415, "content-type")
    assert (content_type.partition(";")[0] or "(none)") in reason
    assert "application/soap+xml" in reason and "multipart/related" in reason


@pytest.mark.parametrize("name", ["{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}x", "x"])
def test_a_root_that_is_no_envelope(field: Wronged, name: str) -> None:
    namespace, _, local = name.removeprefix("{").rpartition("}")
    octets = f'<{local} xmlns="{namespace}"/>'.encode()
    assert name in refused(post(field.port, PATH["ITI-18"], octets), 400, "not-soap")


def test_a_header_that_must_be_understood_and_is_not(field: Wronged) -> None:
    for namespace, shown in (
        ("urn:example:policy", "urn:example:policy"),
        ("urn:a&amp;b'c", "urn:a&b'c"),
        ("", None),
    ):
        block = f'<Policy xmlns="{namespace}" env:mustUnderstand="1"/>'.encode()
        octets = find().replace(b"</env:Header>", block + b"</env:Header>")
        answer = post(field.port, PATH["ITI-18"], octets)
        assert "Policy" in refused(answer, 500, "must-understand", "MustUnderstand")
        (block_of,) = answer.elements("NotUnderstood")
        assert block_of.tag == f"{{{ns.SOAP12}}}NotUnderstood"
        prefix, _, local = block_of.get("qname", "").rpartition(":")
        assert (local, block_of.nsmap.get(prefix)) == ("Policy", shown)


def test_a_reply_to_of_its_own(field: Wronged) -> None:
    octets = find()
    for name in ("ReplyTo", "FaultTo"):
        block = f"<wsa:{name}><wsa:Address>http://127.0.0.1:1/</wsa:Address></wsa:{name}>".encode()
        stripped = octets.replace(
            f"<wsa:ReplyTo><wsa:Address>{ns.WSA}/anonymous</wsa:Address></wsa:ReplyTo>".encode(), block
        )
        assert block in stripped
        answer = post(field.port, PATH["ITI-18"], stripped)
        reason = refused(answer, 400, "reply-to", subcode="OnlyAnonymousAddressSupported")
        assert f"wsa:{name}" in reason and "anonymous" in reason


@pytest.mark.parametrize("name", ["Action", "MessageID", "To", "ReplyTo"])
def test_an_addressing_header_twice(field: Wronged, name: str) -> None:
    octets = find().replace(b"</env:Header>", f"<wsa:{name}>x</wsa:{name}></env:Header>".encode())
    reason = refused(
        post(field.port, PATH["ITI-18"], octets), 400, "addressing-header", subcode="InvalidAddressingHeader"
    )
    assert f"{name} is there 2 times" in reason


@pytest.mark.parametrize(
    ("body", "count"), [(b"", 0), (b"<a/><b/>", 2), (b"text", 0), (b"<!-- only this -->", 0)]
)
def test_a_body_without_exactly_one_element(field: Wronged, body: bytes, count: int) -> None:
    answer = post(field.port, PATH["ITI-18"], envelope("ITI-18", body))
    assert f"holds {count}" in refused(answer, 400, "body")


@pytest.mark.parametrize("name", [b"Header", b"Body"])
def test_a_second_header_or_body(field: Wronged, name: bytes) -> None:
    octets = find().replace(b"</env:Envelope>", b"<env:%s/></env:Envelope>" % name)
    refused(post(field.port, PATH["ITI-18"], octets), 400, "not-soap")
    octets = find().replace(b"env:Body>", b"env:Bodies>")
    assert "Body is missing" in refused(post(field.port, PATH["ITI-18"], octets), 400, "not-soap")


# -- dispatch ----------------------------------------------------------------------------------------------------


def acted(action: str) -> bytes:
    return find().replace(ACTION["ITI-18"].encode(), action.encode())


def test_an_unknown_action(field: Wronged) -> None:
    answer = post(field.port, PATH["ITI-18"], acted("urn:ihe:iti:2007:Unknown"))
    reason = refused(answer, 400, "action-unknown", subcode="ActionNotSupported")
    assert "urn:ihe:iti:2007:Unknown" in reason
    assert f"{ACTION['ITI-18']} (ITI-18)" in reason and f"{ACTION['ITI-42']} (ITI-42)" in reason


def test_an_action_that_is_mistyped_is_told_the_nearest(field: Wronged) -> None:
    answer = post(field.port, PATH["ITI-18"], acted("urn:ihe:iti:2007:RegistryStoredQuerry"))
    reason = refused(answer, 400, "action-unknown", subcode="ActionNotSupported")
    assert f"{ACTION['ITI-18']} may be meant. Served here: " in reason


@pytest.mark.parametrize("transaction", ["ITI-18", "ITI-42", "ITI-41", "ITI-43"])
def test_an_action_of_the_other_end_point_is_told_where_it_is_served(
    field: Wronged, transaction: str
) -> None:
    (other,) = SERVED - {PATH[transaction]}
    answer = post(field.port, other, envelope(transaction, b"<x/>"))
    reason = refused(answer, 400, "action-unknown", subcode="ActionNotSupported")
    assert f"It is served at {PATH[transaction]}." in reason


def test_an_action_that_is_not_the_bodys(field: Wronged) -> None:
    answer = post(field.port, PATH["ITI-18"], acted(ACTION["ITI-42"]))
    reason = refused(answer, 400, "action-body-mismatch", subcode="ActionMismatch")
    assert "SubmitObjectsRequest" in reason and "AdhocQueryRequest" in reason


def test_a_body_of_the_right_name_in_the_wrong_namespace(field: Wronged) -> None:
    octets = find().replace(ns.QUERY.encode(), b"urn:another")
    answer = post(field.port, PATH["ITI-18"], octets)
    refused(answer, 400, "action-body-mismatch", subcode="ActionMismatch")


def test_neither_action_nor_body_tell_the_transaction(field: Wronged) -> None:
    answer = post(field.port, PATH["ITI-18"], envelope("ITI-18", b"<x/>", headers=b""))
    reason = refused(answer, 400, "action-missing", subcode="MessageAddressingHeaderRequired")
    assert ACTION["ITI-18"] in reason


def test_a_fault_relates_to_the_message(field: Wronged) -> None:
    identity = f"urn:uuid:{uuid.uuid4()}"
    octets = envelope("ITI-18", b"<x/>", message_id=identity)
    answer = post(field.port, PATH["ITI-18"], octets)
    refused(answer, 400, "action-body-mismatch", subcode="ActionMismatch")
    assert answer.relates_to == identity


# -- strict ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [SOAP, f'{SOAP}; action="{ACTION["ITI-18"]}"'])
def test_strict_refuses_a_missing_action(strict: Wronged, content_type: str) -> None:
    octets = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"), headers=b"")
    answer = post(strict.port, PATH["ITI-18"], octets, content_type=content_type)
    refused(answer, 400, "action-missing", subcode="MessageAddressingHeaderRequired")


@pytest.mark.parametrize("transaction", ["ITI-41", "ITI-43"])
def test_strict_refuses_plain_soap_where_mtom_is_asked(strict: Wronged, transaction: str) -> None:
    entry = samples.entry(samples.fresh_patient())
    bodies = {
        "ITI-41": samples.inline_body(
            samples.provided(samples.submission(entry)), {entry.entry_uuid: b"octets"}
        ),
        "ITI-43": samples.retrieve_body("2.999.404"),
    }
    reason = refused(send(strict.port, transaction, bodies[transaction]), 400, "mtom-required")
    assert reason.startswith(f"{transaction} is sent as MTOM (multipart/related")
    assert "came as SOAP (application/soap+xml)" in reason


@pytest.mark.parametrize("transaction", ["ITI-18", "ITI-42"])
def test_strict_refuses_mtom_where_plain_soap_is_asked(strict: Wronged, transaction: str) -> None:
    made = samples.submission(samples.entry(samples.fresh_patient()))
    bodies = {"ITI-18": samples.find_body("T1^^^&2.999.1.1&ISO"), "ITI-42": samples.register_body(made)}
    content_type, octets = related(envelope(transaction, bodies[transaction]))
    answer = post(strict.port, PATH[transaction], octets, content_type=content_type)
    reason = refused(answer, 400, "mtom-required")
    assert reason.startswith(f"{transaction} is sent as SOAP (application/soap+xml)")


def test_strict_takes_what_is_right(strict: Wronged) -> None:
    assert send(strict.port, "ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO")).result == "Success"
    content_type, octets = related(envelope("ITI-43", samples.retrieve_body("2.999.404")))
    assert post(strict.port, PATH["ITI-43"], octets, content_type=content_type).result == "Failure"


# -- languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr", "fr"),
        ("fr-CA, en;q=0.5", "fr"),
        ("en;q=0.5, fr", "fr"),
        ("de, FR;q=0.1", "fr"),
        ("en, fr;q=0.9", "en"),
        ("fr;q=0, en", "en"),
        ("fr;q=nonsense", "en"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_reasons_are_french_when_accept_language_asks(field: Wronged, accepted: str, language: str) -> None:
    answer = post(field.port, PATH["ITI-18"], acted(ACTION["ITI-41"]), Accept_Language=accepted)
    texts = {item.get(ns.XML_LANG): item.text for item in answer.elements("Text")}
    assert next(iter(texts)) == language
    assert f"It is served at {PATH['ITI-41']}." in (texts["en"] or "")
    if language == "fr":
        assert f"Elle est servie à {PATH['ITI-41']}." in (texts["fr"] or "")
    else:
        assert list(texts) == ["en"]


def test_no_english_words_in_a_french_reason(field: Wronged) -> None:
    french = {"Accept_Language": "fr"}
    twice = multipart(root(provide()), DOCUMENT, DOCUMENT)
    answer = post(field.port, PATH["ITI-41"], twice, content_type=XOP, **french)
    assert answer.reason.startswith("La partie doc0@test est deux fois dans le message")
    head = (f"Content-Type: {XOP}", f"Content-Length: {LIMITS['request_bytes'] + 1}", "Accept-Language: fr")
    assert raw(field.port, PATH["ITI-41"], b"", *head).reason.startswith("La requête dépasse la limite")
    octets = find().replace(ns.SOAP12.encode(), ns.SOAP11.encode())
    answer = post(field.port, PATH["ITI-18"], octets, **french)
    assert (answer.elements("faultstring")[0].text or "").startswith("Ceci est une enveloppe SOAP 1.1")


# -- methods and paths -------------------------------------------------------------------------------------------


def test_an_action_that_no_end_point_here_serves_is_not_sent_elsewhere(field: Wronged) -> None:
    """The gateway is not among the roles of this service."""
    answer = post(field.port, PATH["ITI-18"], acted(ACTION["ITI-38"]))
    reason = refused(answer, 400, "action-unknown", subcode="ActionNotSupported")
    assert "is served at" not in reason and ACTION["ITI-18"] in reason


@pytest.mark.parametrize("path", sorted(SERVED))
def test_other_methods_are_told_what_the_path_answers(field: Wronged, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = get(field.port, path, method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
        assert b"GET, HEAD, POST" in answer.body


def test_post_to_an_unknown_path_names_the_end_points(field: Wronged) -> None:
    answer = post(field.port, "/dics/regisrty", find(), Accept_Language="fr")
    assert (answer.status, answer.fault_id) == (404, "not-served")
    assert "/dics/regisrty" in answer.reason and "servi" in answer.reason
    assert PATH["ITI-18"] in answer.reason and PATH["ITI-41"] in answer.reason
    assert answer.headers["Connection"] == "close"
    assert get(field.port, "/dics/regisrty").status == 404
    assert get(field.port, "/dics/regisrty", "PUT").status == 404


def test_the_connection_goes_on_after_a_fault_whose_body_was_read(field: Wronged) -> None:
    answer = post(field.port, PATH["ITI-18"], acted("urn:unknown"))
    assert (answer.status, answer.headers["Connection"]) == (400, "keep-alive")
