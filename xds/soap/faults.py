"""SOAP 1.2 faults: one row for each thing that can be wrong with a message, in English and French.

What is wrong with the *content* of a well-formed message is a RegistryResponse instead (`xds.model.errors`).
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import quoteattr

from xds.xml.namespaces import SOAP11, SOAP12, WSA, WSSE, WSU

FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/soap/fault"
WSA_FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/fault"
_SUBCODES: Final = {"wsa": WSA, "wsse": WSSE, "wsu": WSU}
DETAIL_NAMESPACE: Final = "urn:oid:2.999.9.1"
"""Namespace of our fault detail: the stable id that a support desk is told."""
# What XML 1.0 cannot hold (2.2): a peer's MIME head may have it, and our answer must stay readable.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Phrase(NamedTuple):
    """Words within a reason that are said in its language."""

    en: str
    fr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind of fault; ``{…}`` in the reasons is filled by whoever raises it."""

    id: str
    code: str  # local name in the SOAP 1.2 namespace
    http_status: int
    en: str
    fr: str
    subcode: str | None = None  # local name in the namespace of `prefix`
    prefix: Literal["wsa", "wsse", "wsu"] = "wsa"  # WS-Addressing, or WS-Security 1.1 section 12

    @property
    def is_security(self) -> bool:
        """Whether it is about who sent the message, or whether it is whole."""
        return self.prefix != "wsa"


class SoapFault(Exception):
    """A message that cannot be dispatched; raised anywhere on its way down, encoded once at the front door.

    Parameters
    ----------
    kind
        A row of this module.
    headers
        HTTP headers that go with the answer (Retry-After, Upgrade).
    values
        What fills the reason: never a patient's data, never a document's.
    log_detail
        What only our own log says.
    """

    def __init__(
        self,
        kind: FaultKind,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        log_detail: str = "",
        **values: object,
    ) -> None:
        super().__init__(kind.id)
        self.kind = kind
        self.headers = headers
        self.log_detail = log_detail
        self.values = values

    def reason(self, language: str = "en") -> str:
        """Return the reason in that language ("en" or "fr")."""
        text, place = (self.kind.fr, 1) if language == "fr" else (self.kind.en, 0)
        said = {
            name: value[place] if isinstance(value, Phrase) else value for name, value in self.values.items()
        }
        return text.format(**said)

    def __str__(self) -> str:
        return f"{self.kind.id}: {self.reason()}"


MALFORMED_XML: Final = FaultKind(
    id="malformed-xml",
    code="Sender",
    http_status=400,
    en="The message is not XML that can be read: {detail}.",
    fr="Le message n'est pas un XML lisible : {detail}.",
)
NOT_SOAP: Final = FaultKind(
    id="not-soap",
    code="Sender",
    http_status=400,
    en="The root element is {found}; a SOAP 1.2 Envelope ({{http://www.w3.org/2003/05/soap-envelope}}Envelope)"
    " was expected. {detail}",
    fr="L'élément racine est {found} ; une enveloppe SOAP 1.2"
    " ({{http://www.w3.org/2003/05/soap-envelope}}Envelope) était attendue. {detail}",
)
SOAP_11: Final = FaultKind(
    id="version-mismatch",
    code="VersionMismatch",
    http_status=500,
    en="This is a SOAP 1.1 envelope; only SOAP 1.2 is spoken here. Use the namespace"
    " http://www.w3.org/2003/05/soap-envelope and Content-Type application/soap+xml.",
    fr="Ceci est une enveloppe SOAP 1.1 ; seul SOAP 1.2 est accepté ici. Utilisez l'espace de noms"
    " http://www.w3.org/2003/05/soap-envelope et le Content-Type application/soap+xml.",
)
MUST_UNDERSTAND: Final = FaultKind(
    id="must-understand",
    code="MustUnderstand",
    http_status=500,
    en="The header {header} is marked mustUnderstand and is not understood here; leave it out or unmark it.",
    fr="L'en-tête {header} est marqué mustUnderstand et n'est pas compris ici ; retirez-le ou sa marque.",
)
ACTION_MISSING: Final = FaultKind(
    id="action-missing",
    code="Sender",
    http_status=400,
    subcode="MessageAddressingHeaderRequired",
    en="wsa:Action is missing and the body does not tell the transaction; send one of: {known}.",
    fr="wsa:Action manque et le corps n'indique pas la transaction ; envoyez l'une de : {known}.",
)
ACTION_UNKNOWN: Final = FaultKind(
    id="action-unknown",
    code="Sender",
    http_status=400,
    subcode="ActionNotSupported",
    en="wsa:Action {action} is not served at this end point. {hint}",
    fr="wsa:Action {action} n'est pas servie à cette adresse. {hint}",
)
ACTION_MISMATCH: Final = FaultKind(
    id="action-body-mismatch",
    code="Sender",
    http_status=400,
    subcode="ActionMismatch",
    en="wsa:Action {action} goes with a body of {expected}; the body is {found}. Send the pair that belongs"
    " together.",
    fr="wsa:Action {action} va avec un corps {expected} ; le corps est {found}. Envoyez la paire qui va"
    " ensemble.",
)
HTTP_ACTION: Final = FaultKind(
    id="http-action",
    code="Sender",
    http_status=400,
    subcode="ActionMismatch",
    en="The action parameter of the Content-Type is not the signed wsa:Action {header}; send the same, or leave the"
    " parameter out.",
    fr="Le paramètre action du Content-Type n'est pas le wsa:Action signé {header} ; envoyez le même, ou omettez le"
    " paramètre.",
)
ADDRESSING_HEADER: Final = FaultKind(
    id="addressing-header",
    code="Sender",
    http_status=400,
    subcode="InvalidAddressingHeader",
    en="The WS-Addressing header {header} is there {count} times; send it once.",
    fr="L'en-tête WS-Addressing {header} figure {count} fois ; envoyez-le une seule fois.",
)
REPLY_TO: Final = FaultKind(
    id="reply-to",
    code="Sender",
    http_status=400,
    subcode="OnlyAnonymousAddressSupported",
    en="wsa:{header} names an address of its own; only synchronous exchanges are served here. Send"
    " http://www.w3.org/2005/08/addressing/anonymous or leave it out.",
    fr="wsa:{header} désigne sa propre adresse ; seuls les échanges synchrones sont servis ici. Envoyez"
    " http://www.w3.org/2005/08/addressing/anonymous ou omettez-le.",
)
CONTENT_TYPE: Final = FaultKind(
    id="content-type",
    code="Sender",
    http_status=415,
    en="Content-Type {found} is not served; send application/soap+xml, or multipart/related with"
    ' type="application/xop+xml" for MTOM.',
    fr="Le Content-Type {found} n'est pas accepté ; envoyez application/soap+xml, ou multipart/related avec"
    ' type="application/xop+xml" pour MTOM.',
)
CONTENT_ENCODING: Final = FaultKind(
    id="content-encoding",
    code="Sender",
    http_status=415,
    en="Content-Encoding {found} is not taken; send the body as it is.",
    fr="Le Content-Encoding {found} n'est pas accepté ; envoyez le corps tel quel.",
)
MTOM_REQUIRED: Final = FaultKind(
    id="mtom-required",
    code="Sender",
    http_status=400,
    en="{number} is sent as {expected} (ITI TF-2 Appendix V.8); the request came as {found}.",
    fr="{number} s'envoie en {expected} (ITI TF-2 annexe V.8) ; la requête est venue en {found}.",
)
MIME: Final = FaultKind(
    id="mime",
    code="Sender",
    http_status=400,
    en="The multipart body cannot be read: {detail}",
    fr="Le corps multipart ne peut être lu : {detail}",
)
TRUNCATED: Final = FaultKind(
    id="truncated",
    code="Sender",
    http_status=400,
    en="The request ended before its end, after {taken} octets; nothing was stored. Send it whole, with the"
    " Content-Length that it has or with its last chunk.",
    fr="La requête s'est terminée avant sa fin, après {taken} octets ; rien n'a été enregistré. Envoyez-la"
    " entière, avec son Content-Length ou son dernier fragment.",
)
PART_MISSING: Final = FaultKind(
    id="part-missing",
    code="Sender",
    http_status=400,
    en="xop:Include refers to the part {content_id}, which is not in the message; send a MIME part with that"
    " Content-ID.",
    fr="xop:Include renvoie à la partie {content_id}, absente du message ; envoyez une partie MIME portant ce"
    " Content-ID.",
)
PART_TWICE: Final = FaultKind(
    id="part-twice",
    code="Sender",
    http_status=400,
    en="The part {content_id} is {how}; each part is sent once and referred to once.",
    fr="La partie {content_id} est {how} ; chaque partie est envoyée et référencée une seule fois.",
)
REFERRED_TWICE: Final = Phrase("referred to twice", "référencée deux fois")
SENT_TWICE: Final = Phrase("in the message twice", "deux fois dans le message")
PART_UNUSED: Final = FaultKind(
    id="part-unused",
    code="Sender",
    http_status=400,
    en="No xop:Include refers to the part {content_id}; refer to it, or leave it out.",
    fr="Aucun xop:Include ne renvoie à la partie {content_id} ; référencez-la ou omettez-la.",
)
XOP_INCLUDE: Final = FaultKind(
    id="xop-include",
    code="Sender",
    http_status=400,
    en="xop:Include in {parent}: {detail}",
    fr="xop:Include dans {parent} : {detail}",
)
BASE64: Final = FaultKind(
    id="base64",
    code="Sender",
    http_status=400,
    en="The content of Document {document} is neither an xop:Include nor base64: {detail}.",
    fr="Le contenu de Document {document} n'est ni un xop:Include ni du base64 : {detail}.",
)
TOO_LARGE: Final = FaultKind(
    id="too-large",
    code="Sender",
    http_status=413,
    en="The {what} is larger than the limit of {limit} octets; nothing was stored. Send less at once.",
    fr="{what} dépasse la limite de {limit} octets ; rien n'a été enregistré. Envoyez moins à la fois.",
)
WHOLE_REQUEST: Final = Phrase("request", "La requête")
ENVELOPE_ALONE: Final = Phrase("envelope without attachments", "L'enveloppe sans pièces jointes")
NO_BODY: Final = FaultKind(
    id="body",
    code="Sender",
    http_status=400,
    en="The SOAP Body must hold exactly one element; it holds {count}.",
    fr="Le Body SOAP doit contenir exactement un élément ; il en contient {count}.",
)
BUSY: Final = FaultKind(
    id="busy",
    code="Receiver",
    http_status=503,
    en="Too many {what} are under way; repeat the request after {seconds} s.",
    fr="Trop de {what} en cours ; répétez la requête après {seconds} s.",
)
REQUESTS_OF_PEER: Final = Phrase("requests of this peer", "requêtes de ce partenaire")
DOWNLOADS: Final = Phrase("downloads", "téléchargements")
RATE: Final = FaultKind(
    id="rate",
    code="Sender",
    http_status=429,
    en="More than {limit} requests a second came from this peer; repeat the request after {seconds} s.",
    fr="Plus de {limit} requêtes par seconde de ce partenaire ; répétez la requête après {seconds} s.",
)
FAILED_TOO_OFTEN: Final = FaultKind(
    id="failed-authentications",
    code="Sender",
    http_status=429,
    en="Too many messages of this sender did not prove who sent them; it is listened to again in {seconds} s.",
    fr="Trop de messages de cet expéditeur n'ont pas prouvé leur origine ; il sera écouté à nouveau dans {seconds} s.",
)
OUT_OF_SPACE: Final = FaultKind(
    id="out-of-space",
    code="Receiver",
    http_status=503,
    en="The document store is full; nothing was stored. Repeat the message when its operator has made room.",
    fr="Le dépôt de documents est plein ; rien n'a été enregistré. Répétez le message quand l'exploitant aura"
    " libéré de l'espace.",
)
USERS_UNKNOWN: Final = FaultKind(
    id="users-unknown",
    code="Receiver",
    http_status=503,
    en="The metadata store is unavailable, and without it no user's assertion is believed; repeat the request a little"
    " later.",
    fr="Le dépôt de métadonnées est indisponible, et sans lui aucune assertion d'utilisateur n'est crue ; répétez la"
    " requête un peu plus tard.",
)
NOT_SERVED: Final = FaultKind(
    id="not-served",
    code="Sender",
    http_status=404,
    en="Nothing is served at {path}. The end points of this service: {served}.",
    fr="Rien n'est servi à {path}. Les adresses de ce service : {served}.",
)
INTERNAL: Final = FaultKind(
    id="internal",
    code="Receiver",
    http_status=500,
    en="The service failed on this message; tell its operator the incident {incident}.",
    fr="Le service a échoué sur ce message ; indiquez à son exploitant l'incident {incident}.",
)


def encode_fault(fault: SoapFault, *, relates_to: str | None, language: str) -> bytes:
    """Encode a SOAP 1.2 envelope with the fault; SOAP 1.1 is answered in its own form (SOAP 1.2 Appendix A)."""
    if fault.kind is SOAP_11:
        return _encode_soap11(fault, language)
    kind = fault.kind
    action = WSA_FAULT_ACTION if kind.subcode and kind.prefix == "wsa" else FAULT_ACTION
    relates = "" if relates_to is None else f"<wsa:RelatesTo>{escape_text(relates_to)}</wsa:RelatesTo>"
    subcode = _subcode(kind)
    texts = f'<env:Text xml:lang="en">{escape_text(fault.reason())}</env:Text>'
    if language == "fr":
        texts = f'<env:Text xml:lang="fr">{escape_text(fault.reason("fr"))}</env:Text>{texts}'
    not_understood = ""
    if kind is MUST_UNDERSTAND:
        not_understood = _not_understood(str(fault.values["header"]))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
        f'{not_understood}<wsa:Action env:mustUnderstand="1">{action}</wsa:Action>{relates}</env:Header>'
        f"<env:Body><env:Fault><env:Code><env:Value>env:{kind.code}</env:Value>{subcode}</env:Code>"
        f"<env:Reason>{texts}</env:Reason><env:Detail>"
        f'<x:FaultId xmlns:x="{DETAIL_NAMESPACE}">{kind.id}</x:FaultId></env:Detail>'
        "</env:Fault></env:Body></env:Envelope>"
    ).encode()


def _subcode(kind: FaultKind) -> str:
    if not kind.subcode:
        return ""
    declared = "" if kind.prefix == "wsa" else f' xmlns:{kind.prefix}="{_SUBCODES[kind.prefix]}"'
    return f"<env:Subcode><env:Value{declared}>{kind.prefix}:{kind.subcode}</env:Value></env:Subcode>"


def escape_text(text: str) -> str:
    """Escape text for an element: what cannot be in XML becomes U+FFFD, a CR stays one, "]]>" does no harm."""
    legal = _NO_XML.sub("\ufffd", text)
    return legal.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _not_understood(header: str) -> str:
    """SOAP 1.2 5.4.8; a header without a namespace is no legal SOAP, but it may be sent."""
    namespace, _, local = header.removeprefix("{").rpartition("}")
    if not namespace:
        return f'<env:NotUnderstood qname="{local}"/>'
    return f'<env:NotUnderstood qname="n:{local}" xmlns:n={quoteattr(namespace)}/>'


def _encode_soap11(fault: SoapFault, language: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{SOAP11}"><e:Header>'
        f'<v:Upgrade xmlns:v="{SOAP12}"><v:SupportedEnvelope qname="n:Envelope" xmlns:n="{SOAP12}"/></v:Upgrade>'
        "</e:Header><e:Body><e:Fault><faultcode>e:VersionMismatch</faultcode>"
        f"<faultstring>{escape_text(fault.reason(language))}</faultstring></e:Fault></e:Body></e:Envelope>"
    ).encode()
