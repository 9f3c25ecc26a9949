"""Rows P1 and P2 of the attack list: XML that wants to be expanded, fetched, or held in memory."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.transactions import samples
from tests.transactions.wire import PATH, SOAP, Answer, envelope, multipart, part, post
from xds.xml import namespaces as ns

MIB = 1024 * 1024
XOP = 'multipart/related; type="application/xop+xml"; boundary="=_part"'
FORMS = ("small", "large", "MTOM")
"""An envelope is parsed whole below 1 MiB, streamed above, and may be the root part."""


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    with attacked(new_database(), tmp_path_factory.mktemp("attacked")) as started:
        yield started


def find(*headers: bytes, before: bytes = b"") -> bytes:
    """A good query with something in its Header."""
    octets = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))
    return before + octets.replace(b"</env:Header>", b"".join(headers) + b"</env:Header>")


def sent(target: OpenTarget, octets: bytes, form: str = "small") -> Answer:
    if form == "large":
        octets = octets.replace(b"</env:Header>", b"</env:Header><!--%s-->" % (b"x" * 1_100_000))
    if form == "MTOM":
        root = part(octets, "Content-Type: application/xop+xml", "Content-ID: <root@test>")
        return post(target.port, PATH["ITI-18"], multipart(root), content_type=XOP)
    return post(target.port, PATH["ITI-18"], octets, content_type=SOAP)


def refused(answer: Answer, *words: str) -> None:
    assert (answer.status, answer.fault) in {(400, "Sender"), (413, "Sender")}, answer.body[:500]
    assert answer.fault_id in {"malformed-xml", "too-large", "not-soap"}
    assert not words or any(word in answer.reason for word in words), answer.reason


LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>%s]>" % b"".join(
    b"<!ENTITY %c '&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;'>" % (code, *[code - 1] * 8) for code in range(98, 112)
)
QUADRATIC = b"<!DOCTYPE x [<!ENTITY a '%s'>]>" % (b"x" * 60_000)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("prolog", "used"),
    [
        (LAUGHS, b"&o;"),
        (QUADRATIC, b"&a;" * 10_000),
        (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'URL'>]>", b"&a;"),
        (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>", b"&a;"),
        (b"<!DOCTYPE x [<!ENTITY % a SYSTEM 'URL'> %a;]>", b""),
        (b"<!DOCTYPE x SYSTEM 'URL'>", b""),
        (b"<!DOCTYPE x PUBLIC '-//x//y' 'URL'>", b""),
        (b"<!DOCTYPE Envelope []>", b""),
    ],
    ids=["laughs", "quadratic", "external", "file", "parameter", "DTD", "public DTD", "empty DTD"],
)
def test_p1_entities_and_dtds(target: OpenTarget, prolog: bytes, used: bytes, form: str) -> None:
    octets = find(b"<x:x xmlns:x='urn:x'>%s</x:x>" % used, before=prolog.replace(b"URL", target.url.encode()))
    with target.unharmed(size=len(octets)):
        refused(sent(target, octets, form), "DOCTYPE", "amplification")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["before", "header", "after"])
def test_p1_a_processing_instruction(target: OpenTarget, place: str, form: str) -> None:
    """SOAP 1.2 part 1, section 5: a SOAP message MUST NOT contain one."""
    style = b'<?xml-stylesheet type="text/xsl" href="%s"?>' % target.url.encode()
    octets = {"before": find(before=style), "header": find(style), "after": find() + style}[place]
    with target.unharmed():
        refused(sent(target, octets, form), "processing instruction")


def test_p1_an_xml_declaration_is_none(target: OpenTarget) -> None:
    for declaration in (b'<?xml version="1.0"?>', b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n'):
        with target.unharmed():
            assert sent(target, find(before=declaration)).result == "Success"


@pytest.mark.parametrize("form", FORMS)
def test_p1_xinclude_and_schema_locations_are_never_followed(target: OpenTarget, form: str) -> None:
    url = target.url.encode()
    octets = find(
        b"<x:x xmlns:x='urn:x' xmlns:i='http://www.w3.org/2001/XInclude'"
        b" xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='urn:x %s'>"
        b"<i:include href='%s'/><i:include parse='text' href='file:///etc/hostname'/></x:x>" % (url, url)
    )
    with target.unharmed():
        assert sent(target, octets, form).result == "Success"  # foreign headers are read past


def test_p1_is_refused_in_a_moment(target: OpenTarget) -> None:
    octets = find(b"<x:x xmlns:x='urn:x'>&o;</x:x>", before=LAUGHS)
    sent(target, octets)
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        refused(sent(target, octets))
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.1


def nested(inner: bytes) -> bytes:
    return b"<x:x xmlns:x='urn:x'>%s</x:x>" % inner


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(lambda: b"<d>" * 100_000 + b"</d>" * 100_000, id="depth 100,000"),
        pytest.param(
            lambda: b"<d %s/>" % b" ".join(b"a%d='1'" % n for n in range(200_000)), id="200,000 attributes"
        ),
        pytest.param(lambda: b"<d/>" * 1_000_000, id="1,000,000 elements"),
        pytest.param(
            lambda: b"<d %s/>" % b" ".join(b"xmlns:n%d='urn:%d'" % (n, n) for n in range(10_000)),
            id="10,000 namespaces",
        ),
        pytest.param(
            lambda: b"".join(b"<n%d:d xmlns:n%d='urn:%d'/>" % (n, n, n) for n in range(10_000)),
            id="10,000 namespaces in a row",
        ),
        pytest.param(lambda: b"x" * 64 * MIB, id="a text of 64 MB"),
        pytest.param(lambda: b"<%s/>" % (b"n" * 15 * MIB), id="a name of 15 MB"),
        pytest.param(lambda: b"<%s/>" % (b"n" * 257), id="a name of 257"),
    ],
)
def test_p2_shapes(target: OpenTarget, inner: Callable[[], bytes], form: str) -> None:
    octets = find(nested(inner()))
    with target.unharmed(size=len(octets)):
        refused(sent(target, octets, form))


LIMITS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "depth": (lambda n: b"<d>" * (n - 3) + b"</d>" * (n - 3), 64),  # beside Envelope, Header and x:x
    "attributes": (lambda n: b"<d %s/>" % b" ".join(b"a%d='1'" % i for i in range(n)), 64),
    "name": (lambda n: b"<%s/>" % (b"n" * n), 256),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", LIMITS)
def test_p2_at_each_limit_and_one_beyond(target: OpenTarget, what: str, form: str) -> None:
    inner, limit = LIMITS[what]
    with target.unharmed():
        assert sent(target, find(nested(inner(limit))), form).result == "Success"
        refused(sent(target, find(nested(inner(limit + 1))), form))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "inner",
    [
        b"\xff\xfe\xfd",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"a\0b",
        b"&#0;",
        b"&#xD800;",
        b"\xf5\x80\x80\x80",
        b"+ADw-x\x00",
    ],
    ids=[
        "not UTF-8",
        "overlong",
        "lone surrogate",
        "NUL",
        "&#0;",
        "&#xD800;",
        "beyond Unicode",
        "UTF-7 and NUL",
    ],
)
def test_p2_octets_that_are_no_text(target: OpenTarget, inner: bytes, form: str) -> None:
    with target.unharmed():
        refused(sent(target, find(nested(inner)), form))


@pytest.mark.parametrize(
    "octets",
    [
        find().decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-16"?>' + find(),
        b'<?xml version="1.0" encoding="UTF-7"?>' + find(),
        ('<?xml version="1.0" encoding="UTF-8"?>' + find().decode()).encode("utf-16-le"),
        find().decode().encode("utf-32"),
    ],
    ids=["UTF-16", "declared UTF-16", "declared UTF-7", "UTF-16 declared UTF-8", "UTF-32"],
)
def test_p2_encodings(target: OpenTarget, octets: bytes) -> None:
    """Told or understood, and never two meanings: what hides a DOCTYPE from us is a DOCTYPE to nobody."""
    with target.unharmed():
        answer = sent(target, octets)
        assert answer.status in (200, 400) and answer.fault in ("", "Sender")
        hidden = octets.replace(b"<env:Envelope", b"<!DOCTYPE env:Envelope><env:Envelope")
        if hidden != octets:
            assert sent(target, hidden).status == 400


def test_p2_seven_bits_are_no_markup(target: OpenTarget) -> None:
    """UTF-7 of <!DOCTYPE is text and stays text."""
    with target.unharmed():
        answer = sent(target, find(nested(b"+ADwAIQ-DOCTYPE x+AD4-")))
    assert answer.result == "Success"
    assert ns.SOAP12.encode() in answer.body
