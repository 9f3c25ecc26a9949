"""What real partners send is taken: each test is a good message in another dress (real-world-quirks.md)."""

import base64
import quopri
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.test_iti42 import found
from tests.transactions.wire import (
    ACTION,
    PATH,
    SOAP,
    XOP_TYPE,
    Answer,
    envelope,
    multipart,
    part,
    post,
    related,
    send,
    send_mtom,
)
from xds.xml import namespaces as ns

CONTENT = b"octets \x00\xff\r\n--=_par\r\n--=_part, nearly\r\n\n"
XOP = 'multipart/related; type="application/xop+xml"'
ANONYMOUS = f"<wsa:ReplyTo><wsa:Address>{ns.WSA}/anonymous</wsa:Address></wsa:ReplyTo>"


@dataclass(frozen=True, slots=True)
class Provided:
    """An ITI-41 that is good: whoever dresses it publishes it."""

    patient: str
    unique_id: str
    root: bytes  # the envelope; its xop:Include is href="cid:doc0@test"
    content: bytes = CONTENT

    def parts(self, *root_lines: str, document_lines: tuple[str, ...] = ()) -> tuple[bytes, bytes]:
        """The two parts, heads as they should be and lines added."""
        return (
            part(self.root, f"Content-Type: {XOP_TYPE}", "Content-ID: <root@test>", *root_lines),
            part(
                self.content,
                "Content-Type: application/octet-stream",
                "Content-ID: <doc0@test>",
                *document_lines,
            ),
        )


@pytest.fixture
def provided() -> Provided:
    patient = samples.fresh_patient()
    entry = samples.entry(patient)
    body, _ = samples.provide_body(samples.provided(samples.submission(entry)), {entry.entry_uuid: CONTENT})
    return Provided(patient, entry.unique_id or "", envelope("ITI-41", body))


def publish(service: Service, provided: Provided, octets: bytes, content_type: str, **options: Any) -> Answer:
    """Send a dressed ITI-41; it is registered and comes back octet for octet."""
    answer = post(service.port, PATH["ITI-41"], octets, content_type=content_type, **options)
    assert (answer.status, answer.result) == (200, "Success"), answer.body
    assert list(found(service, provided.patient)) == [provided.unique_id]
    got = send(service.port, "ITI-43", samples.retrieve_body(provided.unique_id))
    (document,) = got.elements("Document")
    assert base64.b64decode(document.text or "") == provided.content
    return answer


def query(service: Service, *, headers: str, content_type: str = SOAP, **options: Any) -> Answer:
    """An ITI-18 with the addressing headers given."""
    octets = envelope("ITI-18", samples.find_body(samples.fresh_patient()), headers=headers.encode())
    answer = post(service.port, PATH["ITI-18"], octets, content_type=content_type, **options)
    assert (answer.status, answer.result) == (200, "Success"), answer.body
    return answer


def wsa(name: str, value: str) -> str:
    return f"<wsa:{name}>{value}</wsa:{name}>"


QUERY_ACTION = wsa("Action", ACTION["ITI-18"])

# -- multipart -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        f'{XOP}; boundary="=_part"; start="<root@test>"; start-info="application/soap+xml"',
        "multipart/related; type=application/xop+xml; boundary==_part; start=<root@test>",
        'Multipart/Related; Type="application/xop+xml"; BOUNDARY="=_part"; Start="<root@test>"',
        f'{XOP}; boundary="=_part"; start-info="application/soap+xml"',
        f'{XOP}; boundary="=_part"; start="<root@test>"',
        f'{XOP}; boundary="=_part"',
        'multipart/related; boundary="=_part"',
        f'{XOP}; boundary="=_part"; start="<root@test>";',
        f'{XOP};; boundary="=_part" ; start = "root@test"',
        f'{XOP}; boundary="=_part"; start-info="text/xml"',
        f'{XOP}; boundary="=_part"; start-info="application/soap+xml; action=\\"urn:x\\""',
        'multipart/related; boundary="=_part"; type="application/soap+xml; action=\\"urn:x\\""; start="<root@test>"',
    ],
    ids=[
        "quoted",
        "unquoted",
        "upper and lower case",
        "start missing",
        "start-info missing",
        "both missing",
        "type missing",
        "a semicolon at the end",
        "an empty parameter and spaces",
        "start-info text/xml",
        "quoted pairs in start-info",
        "quoted pairs in type",
    ],
)
def test_the_content_type_in_every_dress(service: Service, provided: Provided, content_type: str) -> None:
    publish(service, provided, multipart(*provided.parts()), content_type)


@pytest.mark.parametrize("quoted", [True, False], ids=["quoted", "unquoted"])
@pytest.mark.parametrize(
    "boundary", ["uuid:0ca1d9a5-8a4b-4b6a-9a52-5d3c9b8f0a3f+id=17", "----=_Part_5_123.456", "uuid_a=b:c"]
)
def test_boundaries_of_microsoft_and_cxf(
    service: Service, provided: Provided, boundary: str, quoted: bool
) -> None:
    shown = f'"{boundary}"' if quoted else boundary
    publish(service, provided, multipart(*provided.parts(), boundary=boundary), f"{XOP}; boundary={shown}")


def test_a_preamble_and_an_epilogue(service: Service, provided: Provided) -> None:
    octets = multipart(
        *provided.parts(),
        before=b"This is a message for MIME.\r\n--=_partly\r\n",
        after=b"an epilogue\r\n--=_part\r\n",
    )
    publish(service, provided, octets, f'{XOP}; boundary="=_part"')


@pytest.mark.parametrize("blank", [b"\r\n", b"\n", b"\r\n\r\n"])
def test_a_blank_line_first(service: Service, provided: Provided, blank: bytes) -> None:
    publish(service, provided, blank + multipart(*provided.parts()), f'{XOP}; boundary="=_part"')


def test_lines_that_end_in_lf_only(service: Service, provided: Provided) -> None:
    root = part(provided.root, f"Content-Type: {XOP_TYPE}", "Content-ID: <root@test>", end=b"\n")
    document = part(provided.content, "Content-ID: <doc0@test>", end=b"\n")
    publish(service, provided, multipart(root, document, end=b"\n"), f'{XOP}; boundary="=_part"')


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with length"])
def test_chunked_or_with_length(service: Service, provided: Provided, chunked: bool) -> None:
    octets = multipart(*provided.parts())
    publish(service, provided, octets, f'{XOP}; boundary="=_part"', chunked=chunked)


def test_parts_before_the_root_when_start_names_a_later_one(service: Service, provided: Provided) -> None:
    root, document = provided.parts()
    publish(service, provided, multipart(document, root), f'{XOP}; boundary="=_part"; start="<root@test>"')


@pytest.mark.parametrize(
    ("content_id", "href"),
    [
        ("<doc0@test>", "cid:doc0@test"),
        ("<doc0@test>", "cid:doc0%40test"),
        ("<http://tempuri.org/0>", "cid:http%3A%2F%2Ftempuri.org%2F0"),
        ("<http://tempuri.org/0>", "cid:http://tempuri.org/0"),
        ("doc0@test", "cid:doc0@test"),
        ("<urn:uuid:7a+b@x>", "cid:urn:uuid:7a+b@x"),
    ],
    ids=["as it is", "encoded", "a URL, encoded", "a URL", "no angle brackets", "with a plus"],
)
def test_the_content_id_percent_encoded_or_not(
    service: Service, provided: Provided, content_id: str, href: str
) -> None:
    root = part(provided.root.replace(b"cid:doc0@test", href.encode()), "Content-Type: " + XOP_TYPE)
    octets = multipart(root, part(provided.content, f"Content-ID: {content_id}"))
    publish(service, provided, octets, f'{XOP}; boundary="=_part"')


@pytest.mark.parametrize("encoding", ["8bit", "7bit", "binary", "Binary"])
def test_encodings_that_change_no_octet(service: Service, provided: Provided, encoding: str) -> None:
    line = f"Content-Transfer-Encoding: {encoding}"
    octets = multipart(*provided.parts(line, document_lines=(line,)))
    publish(service, provided, octets, f'{XOP}; boundary="=_part"')


@pytest.mark.parametrize("encoding", ["base64", "BASE64", "quoted-printable"])
def test_parts_in_base64_and_quoted_printable(service: Service, provided: Provided, encoding: str) -> None:
    # Quoted-printable as RFC 2045 writes binary data: its line ends are escaped.
    encode = base64.encodebytes if encoding.lower() == "base64" else _quoted_printable
    line = f"Content-Transfer-Encoding: {encoding}"
    root = part(encode(provided.root), f"Content-Type: {XOP_TYPE}", line)
    document = part(encode(provided.content), "Content-ID: <doc0@test>", line)
    publish(service, provided, multipart(root, document), f'{XOP}; boundary="=_part"')


def _quoted_printable(content: bytes) -> bytes:
    escaped = b"".join(
        b"=%02X" % octet if octet in b"\r\n=" or octet > 126 or octet < 32 else bytes((octet,))
        for octet in content
    )
    lines = re.findall(rb"(?:=..|[^=]){1,70}", escaped)
    encoded = b"=\r\n".join(lines)
    assert quopri.decodestring(encoded) == content
    return encoded


def test_the_root_may_be_called_text_xml(service: Service, provided: Provided) -> None:
    root = part(provided.root, "Content-Type: text/xml; charset=utf-8")
    octets = multipart(root, part(provided.content, "Content-ID: <doc0@test>"))
    publish(service, provided, octets, f'{XOP}; boundary="=_part"')


# -- the answer has the form of the request --------------------------------------------------------------------


def test_iti41_is_answered_in_mtom_when_it_came_as_mtom(service: Service, provided: Provided) -> None:
    answer = publish(service, provided, multipart(*provided.parts()), f'{XOP}; boundary="=_part"')
    assert answer.headers["Content-Type"].startswith('multipart/related; boundary="')
    assert 'type="application/xop+xml"' in answer.headers["Content-Type"]
    assert 'start-info="application/soap+xml"' in answer.headers["Content-Type"]


def test_plain_iti18_over_multipart_is_answered_in_mtom(service: Service) -> None:
    content_type, octets = related(envelope("ITI-18", samples.find_body(samples.fresh_patient())))
    answer = post(service.port, PATH["ITI-18"], octets, content_type=content_type)
    assert (answer.status, answer.result) == (200, "Success")
    assert answer.headers["Content-Type"].startswith("multipart/related")


def test_iti43_plain_is_answered_plain(service: Service, provided: Provided) -> None:
    publish(service, provided, multipart(*provided.parts()), f'{XOP}; boundary="=_part"')
    plain = send(service.port, "ITI-43", samples.retrieve_body(provided.unique_id))
    assert plain.headers["Content-Type"].startswith("application/soap+xml")
    assert plain.elements("Include") == []
    mtom = send_mtom(service.port, "ITI-43", samples.retrieve_body(provided.unique_id))
    assert mtom.headers["Content-Type"].startswith("multipart/related")
    (include,) = mtom.elements("Include")
    assert f"Content-ID: <{include.get('href').removeprefix('cid:')}>".encode() in mtom.body


def test_an_answer_names_the_response_action(service: Service) -> None:
    answer = query(service, headers=QUERY_ACTION)
    (action,) = answer.elements("Action")
    assert action.text == ACTION["ITI-18"] + "Response"
    assert action.get(f"{{{ns.SOAP12}}}mustUnderstand") == "1"


# -- the action ------------------------------------------------------------------------------------------------


def test_the_action_only_in_the_header(service: Service) -> None:
    query(service, headers=QUERY_ACTION, content_type="application/soap+xml")


def test_the_action_only_in_the_content_type(service: Service) -> None:
    query(service, headers="", content_type=f'application/soap+xml; action="{ACTION["ITI-18"]}"')


def test_the_action_only_in_the_content_type_of_multipart(service: Service, provided: Provided) -> None:
    root = provided.root.replace(
        f'<wsa:Action env:mustUnderstand="1">{ACTION["ITI-41"]}</wsa:Action>'.encode(), b""
    )
    assert b"wsa:Action" not in root
    octets = multipart(part(root, f"Content-Type: {XOP_TYPE}"), provided.parts()[1])
    publish(service, provided, octets, f'{XOP}; boundary="=_part"; action="{ACTION["ITI-41"]}"')


@pytest.mark.parametrize("content_type", ["application/soap+xml", 'application/soap+xml; action=""'])
def test_without_any_action_the_body_decides(service: Service, content_type: str) -> None:
    query(service, headers=wsa("MessageID", "m"), content_type=content_type)


@pytest.mark.parametrize("action", ["urn:something:else", ACTION["ITI-42"], ACTION["ITI-41"]])
def test_wsa_action_beats_the_http_action(service: Service, action: str) -> None:
    answer = query(service, headers=QUERY_ACTION, content_type=f'application/soap+xml; action="{action}"')
    assert answer.elements("AdhocQueryResponse")


@pytest.mark.parametrize("action", ["urn:something:else", ACTION["ITI-42"]])
def test_the_http_action_is_ignored_when_the_body_says_otherwise(service: Service, action: str) -> None:
    query(service, headers="", content_type=f'application/soap+xml; action="{action}"')


def test_soapaction_is_ignored(service: Service) -> None:
    query(service, headers=QUERY_ACTION, SOAPAction='"urn:something:else"')


def test_white_space_around_the_action(service: Service) -> None:
    query(service, headers=wsa("Action", f"\n      {ACTION['ITI-18']}\n    "))


# -- the other headers -----------------------------------------------------------------------------------------


def test_without_messageid_there_is_no_relates_to(service: Service) -> None:
    assert query(service, headers=QUERY_ACTION).relates_to is None


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("urn:uuid:6f1b0f4e-93c1-4c1c-8d0e-0d4a3a4c1b11", None),
        ("6f1b0f4e-93c1-4c1c-8d0e-0d4a3a4c1b11", None),
        ("word", None),
        ("\n   urn:uuid:1\n\t ", None),
        ("a&amp;b&lt;c]]&gt;d", "a&b<c]]>d"),
        ("a&#13;b", "a\rb"),
        ("é\u4e2d", None),
    ],
    ids=["urn", "bare UUID", "a word", "white space", "markup", "carriage return", "not ASCII"],
)
def test_messageid_is_echoed_as_it_is(service: Service, sent: str, echoed: str | None) -> None:
    answer = query(service, headers=QUERY_ACTION + wsa("MessageID", sent))
    assert answer.relates_to == (echoed or sent)


def test_without_reply_to_and_to(service: Service) -> None:
    query(service, headers=QUERY_ACTION + wsa("MessageID", "m"))


def test_an_anonymous_reply_to_in_white_space(service: Service) -> None:
    query(service, headers=QUERY_ACTION + ANONYMOUS.replace(ns.WSA, f"\n {ns.WSA}"))


def test_nothing_is_asked_of_mustunderstand(service: Service) -> None:
    for value in ("1", "true", "0", "false"):
        marked = QUERY_ACTION.replace("<wsa:Action", f'<wsa:Action env:mustUnderstand="{value}"')
        query(service, headers=marked)


def test_security_is_ignored_on_an_unsecured_end_point(service: Service) -> None:
    security = (
        f'<wsse:Security xmlns:wsse="{ns.WSSE}" env:mustUnderstand="true"><saml:Assertion'
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0"/></wsse:Security>'
    )
    query(service, headers=security + QUERY_ACTION)


def test_foreign_headers_are_ignored(service: Service) -> None:
    foreign = (
        '<ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="1">'
        '2</ActivityId><x:homeCommunityBlock xmlns:x="urn:ihe:iti:xdr:2014">urn:oid:2.999</x:homeCommunityBlock>'
        '<h:Header xmlns:h="urn:example:dgws" env:mustUnderstand="0"><h:Name>x</h:Name></h:Header>'
    )
    query(service, headers=foreign + QUERY_ACTION)


def test_a_header_for_another_node_is_not_ours_to_understand(service: Service) -> None:
    other = '<x:Trace xmlns:x="urn:example:x" env:mustUnderstand="1" env:role="urn:example:gateway"/>'
    query(service, headers=other + QUERY_ACTION)


def test_addressing_in_the_soap_namespace_is_as_if_absent(service: Service) -> None:
    wrong = (
        "<env:To>http://elsewhere</env:To><env:Action>urn:something:else</env:Action>"
        "<env:ReplyTo><env:Address>http://elsewhere</env:Address></env:ReplyTo>"
    )
    answer = query(service, headers=wrong + wsa("MessageID", "m"))
    assert answer.relates_to == "m"


# -- the envelope ------------------------------------------------------------------------------------------------


def test_a_byte_order_mark(service: Service, provided: Provided) -> None:
    octets = b"\xef\xbb\xbf" + envelope("ITI-18", samples.find_body(provided.patient))
    assert post(service.port, PATH["ITI-18"], octets).result == "Success"
    root = part(
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>' + provided.root, f"Content-Type: {XOP_TYPE}"
    )
    publish(service, provided, multipart(root, provided.parts()[1]), f'{XOP}; boundary="=_part"')


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_any_encoding_that_xml_declares(service: Service, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    text = declared + envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"), message_id="é").decode()
    answer = post(service.port, PATH["ITI-18"], text.encode(encoding), content_type="application/soap+xml")
    assert (answer.result, answer.relates_to) == ("Success", "é")


def test_comments_and_white_space_around_the_body(service: Service) -> None:
    octets = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))
    octets = octets.replace(b"<env:Body>", b"<env:Body><!-- a comment -->\n  ").replace(
        b"</env:Body>", b"\n<!-- another --></env:Body>"
    )
    assert post(service.port, PATH["ITI-18"], octets).result == "Success"


def test_a_query_string_behind_the_path(service: Service) -> None:
    octets = envelope("ITI-18", samples.find_body("T1^^^&2.999.1.1&ISO"))
    assert post(service.port, f"{PATH['ITI-18']}?from={quote('a gateway')}", octets).result == "Success"


@pytest.mark.parametrize(
    "content_type", ["APPLICATION/SOAP+XML", "application/soap+xml;charset=utf-8;", SOAP]
)
def test_the_plain_content_type_in_any_case(service: Service, content_type: str) -> None:
    query(service, headers=QUERY_ACTION, content_type=content_type)
