"""Why a signed message is refused: one row for each rule, with the fault code of WSS 1.1 section 12.

The words name the rule and how to keep it, for a partner's engineer; they hold nothing of a certificate, of a key or
of what a parser said. What is known beyond that goes into our own log.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultCode(StrEnum):
    """The fault codes of WSS 1.1 section 12, with their usual prefix."""

    UNSUPPORTED_SECURITY_TOKEN = "wsse:UnsupportedSecurityToken"  # noqa: S105  # a name
    UNSUPPORTED_ALGORITHM = "wsse:UnsupportedAlgorithm"
    INVALID_SECURITY = "wsse:InvalidSecurity"
    INVALID_SECURITY_TOKEN = "wsse:InvalidSecurityToken"  # noqa: S105  # a name
    FAILED_AUTHENTICATION = "wsse:FailedAuthentication"
    FAILED_CHECK = "wsse:FailedCheck"
    SECURITY_TOKEN_UNAVAILABLE = "wsse:SecurityTokenUnavailable"  # noqa: S105  # a name
    MESSAGE_EXPIRED = "wsu:MessageExpired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One rule that a message can break; ``{…}`` in the reasons is filled by whoever raises it."""

    id: str
    code: FaultCode
    en: str
    fr: str


class Refused(Exception):
    """A message whose sender, or whose wholeness, is not proven.

    Parameters
    ----------
    refusal
        The rule.
    detail
        What our own log says besides: never told to the peer.
    values
        What fills the reason: names of elements and of algorithms, numbers, our own addresses.
    """

    def __init__(self, refusal: Refusal, *, detail: str = "", **values: object) -> None:
        super().__init__(refusal.id)
        self.refusal = refusal
        self.detail = detail
        self.values = values

    def __str__(self) -> str:
        return f"{self.refusal.id}: {self.refusal.en.format(**self.values)}"


SIGNATURE_MISSING: Final = Refusal(
    id="signature-missing",
    code=FaultCode.INVALID_SECURITY,
    en="{transaction} must be signed here, and the message has no ds:Signature in a wsse:Security header.",
    fr="{transaction} doit être signée ici, et le message n'a pas de ds:Signature dans un en-tête wsse:Security.",
)
SHAPE: Final = Refusal(
    id="signed-message-shape",
    code=FaultCode.INVALID_SECURITY,
    en="A signed message is an Envelope of exactly one Header and one Body, in that order, and the Body holds one"
    " element.",
    fr="Un message signé est une Envelope d'exactement un Header et un Body, dans cet ordre, et le Body contient un"
    " seul élément.",
)
COMMENT: Final = Refusal(
    id="signed-message-comment",
    code=FaultCode.INVALID_SECURITY,
    en="A signed message holds no comment, processing instruction, entity or DOCTYPE; leave it out.",
    fr="Un message signé ne contient ni commentaire, ni instruction de traitement, ni entité, ni DOCTYPE ;"
    " retirez-les.",
)
BODY_ELSEWHERE: Final = Refusal(
    id="signed-body-elsewhere",
    code=FaultCode.FAILED_CHECK,
    en="A {what} stands elsewhere in the message too; there must be one, at its own place.",
    fr="Un {what} figure aussi ailleurs dans le message ; il ne doit y en avoir qu'un, à sa place.",
)
ONE_PLACE: Final = Refusal(
    id="signed-part-place",
    code=FaultCode.INVALID_SECURITY,
    en="{what} must be in the message exactly once, as a child of {where}.",
    fr="{what} doit figurer exactement une fois dans le message, comme enfant de {where}.",
)
HEADER_TWICE: Final = Refusal(
    id="signed-header-twice",
    code=FaultCode.INVALID_SECURITY,
    en="The header {header} is there {count} times; in a message with wsse:Security each is sent once.",
    fr="L'en-tête {header} figure {count} fois ; dans un message avec wsse:Security, chacun n'est envoyé qu'une fois.",
)
ACTOR: Final = Refusal(
    id="security-actor",
    code=FaultCode.INVALID_SECURITY,
    en="wsse:Security is addressed to another actor or role; send it without one.",
    fr="wsse:Security est adressé à un autre acteur ou rôle ; envoyez-le sans.",
)
ID_TWICE: Final = Refusal(
    id="signed-id-twice",
    code=FaultCode.INVALID_SECURITY,
    en="An Id is there twice, or is also the id of another element; the wsu:Id of each element must be its own.",
    fr="Un Id figure deux fois, ou est aussi l'id d'un autre élément ; le wsu:Id de chaque élément doit lui être"
    " propre.",
)
SIGNATURE_SHAPE: Final = Refusal(
    id="signature-shape",
    code=FaultCode.INVALID_SECURITY,
    en="{what} is not of the form that is served: {expected}.",
    fr="{what} n'a pas la forme acceptée : {expected}.",
)
REFERENCES: Final = Refusal(
    id="signature-references",
    code=FaultCode.INVALID_SECURITY,
    en="The signature has {count} references; {least} to {most} are served.",
    fr="La signature a {count} références ; {least} à {most} sont acceptées.",
)
REFERENCE_URI: Final = Refusal(
    id="signature-reference-uri",
    code=FaultCode.INVALID_SECURITY,
    en="Reference {number} must name one element of the message, by # and its wsu:Id, and no element twice.",
    fr="La référence {number} doit désigner un élément du message, par # et son wsu:Id, et aucun élément deux fois.",
)
TRANSFORM: Final = Refusal(
    id="signature-transform",
    code=FaultCode.UNSUPPORTED_ALGORITHM,
    en="Reference {number} must have one transform, exclusive C14N without comments"
    " (http://www.w3.org/2001/10/xml-exc-c14n#).",
    fr="La référence {number} doit avoir une seule transformation, C14N exclusif sans commentaires"
    " (http://www.w3.org/2001/10/xml-exc-c14n#).",
)
ALGORITHM: Final = Refusal(
    id="signature-algorithm",
    code=FaultCode.UNSUPPORTED_ALGORITHM,
    en="The {what} is not served; use one of: {served}.",
    fr="L'algorithme ({what}) n'est pas accepté ; utilisez l'un de : {served}.",
)
NOT_SIGNED: Final = Refusal(
    id="part-not-signed",
    code=FaultCode.FAILED_CHECK,
    en="{what} is not signed; sign Body, wsu:Timestamp, wsa:To, wsa:Action and wsa:MessageID, each where it belongs.",
    fr="{what} n'est pas signé ; signez Body, wsu:Timestamp, wsa:To, wsa:Action et wsa:MessageID, chacun à sa place.",
)
SIGNED_ELSEWHERE: Final = Refusal(
    id="signed-part-elsewhere",
    code=FaultCode.FAILED_CHECK,
    en="Reference {number} covers an element that is neither the Body, the Timestamp, the token, an assertion nor a"
    " header.",
    fr="La référence {number} couvre un élément qui n'est ni le Body, ni le Timestamp, ni le jeton, ni une assertion,"
    " ni un en-tête.",
)
TOKEN_UNAVAILABLE: Final = Refusal(
    id="token-unavailable",
    code=FaultCode.SECURITY_TOKEN_UNAVAILABLE,
    en="The SecurityTokenReference of the signature does not name the BinarySecurityToken of the message by its"
    " wsu:Id.",
    fr="La SecurityTokenReference de la signature ne désigne pas le BinarySecurityToken du message par son wsu:Id.",
)
TOKEN_KIND: Final = Refusal(
    id="token-kind",
    code=FaultCode.UNSUPPORTED_SECURITY_TOKEN,
    en="The BinarySecurityToken must be an X.509 v3 certificate (ValueType …#X509v3) in Base64Binary.",
    fr="Le BinarySecurityToken doit être un certificat X.509 v3 (ValueType …#X509v3) en Base64Binary.",
)
TOKEN_UNREADABLE: Final = Refusal(
    id="token-unreadable",
    code=FaultCode.INVALID_SECURITY_TOKEN,
    en="The BinarySecurityToken holds no certificate that can be read.",
    fr="Le BinarySecurityToken ne contient pas de certificat lisible.",
)
SECURITY_INCLUDE: Final = Refusal(
    id="security-include",
    code=FaultCode.INVALID_SECURITY,
    en="An xop:Include stands in a header; the token and the signature are sent as text.",
    fr="Un xop:Include figure dans un en-tête ; le jeton et la signature s'envoient en texte.",
)
CERTIFICATE_UNKNOWN: Final = Refusal(
    id="certificate-unknown",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The certificate is not enrolled here; have the operator enrol it.",
    fr="Le certificat n'est pas inscrit ici ; faites-le inscrire par l'exploitant.",
)
CERTIFICATE_REVOKED: Final = Refusal(
    id="certificate-revoked",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The certificate is revoked, or it is not known whether it is; sign with another one.",
    fr="Le certificat est révoqué, ou son statut n'est pas connu ; signez avec un autre.",
)
CERTIFICATE_DATE: Final = Refusal(
    id="certificate-date",
    code=FaultCode.INVALID_SECURITY_TOKEN,
    en="The certificate is not in date; sign with its successor.",
    fr="Le certificat n'est pas en cours de validité ; signez avec son successeur.",
)
CERTIFICATE_USAGE: Final = Refusal(
    id="certificate-usage",
    code=FaultCode.INVALID_SECURITY_TOKEN,
    en="The certificate is not for signatures: its KeyUsage lacks digitalSignature.",
    fr="Le certificat n'est pas destiné aux signatures : son KeyUsage n'a pas digitalSignature.",
)
KEY: Final = Refusal(
    id="certificate-key",
    code=FaultCode.UNSUPPORTED_ALGORITHM,
    en="The key of the certificate is not served, or is not of the signature's kind; use RSA of 2048 bits or more,"
    " P-256 or P-384.",
    fr="La clé du certificat n'est pas acceptée, ou n'est pas du type de la signature ; utilisez RSA de 2048 bits ou"
    " plus, P-256 ou P-384.",
)
OTHER_PARTNER: Final = Refusal(
    id="signer-not-sender",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The message is signed by another partner than the one whose certificate the connection shows.",
    fr="Le message est signé par un autre partenaire que celui dont la connexion présente le certificat.",
)
CLIENT_CERTIFICATE: Final = Refusal(
    id="client-certificate",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The client certificate of this connection is not taken here; have the operator enrol it.",
    fr="Le certificat client de cette connexion n'est pas accepté ici ; faites-le inscrire par l'exploitant.",
)
PROXY_HEADER: Final = Refusal(
    id="proxy-header",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="X-Client-Certificate and X-Client-Address are for the proxy of this service; send the request without them.",
    fr="X-Client-Certificate et X-Client-Address sont réservés au mandataire de ce service ; envoyez la requête sans.",
)
OTHER_END_POINT: Final = Refusal(
    id="signer-end-point",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The partner who signed may not call this end point; have the operator allow it.",
    fr="Le partenaire qui a signé ne peut pas appeler cette adresse ; faites-le autoriser par l'exploitant.",
)
DIGEST: Final = Refusal(
    id="signature-digest",
    code=FaultCode.FAILED_CHECK,
    en="The digest of {what} is not that of what arrived: it was changed after it was signed, or attachments were not"
    " signed as their base64 without white space.",
    fr="L'empreinte de {what} n'est pas celle de ce qui est arrivé : il a été modifié après la signature, ou les pièces"
    " jointes n'ont pas été signées comme leur base64 sans espaces.",
)
SIGNATURE_VALUE: Final = Refusal(
    id="signature-value",
    code=FaultCode.FAILED_CHECK,
    en="The SignatureValue does not fit the SignedInfo and the certificate of the token.",
    fr="La SignatureValue ne correspond pas au SignedInfo et au certificat du jeton.",
)
CANONICAL: Final = Refusal(
    id="signature-canonical",
    code=FaultCode.FAILED_CHECK,
    en="The message cannot be canonicalized; namespace names must be absolute URIs.",
    fr="Le message ne peut être mis sous forme canonique ; les espaces de noms doivent être des URI absolus.",
)
TIMESTAMP: Final = Refusal(
    id="timestamp-shape",
    code=FaultCode.INVALID_SECURITY,
    en="wsu:Timestamp must hold wsu:Created, then wsu:Expires, in UTC such as 2026-01-31T12:00:00Z, and nothing else.",
    fr="wsu:Timestamp doit contenir wsu:Created puis wsu:Expires, en UTC comme 2026-01-31T12:00:00Z, et rien d'autre.",
)
TIMESTAMP_LIFE: Final = Refusal(
    id="timestamp-life",
    code=FaultCode.FAILED_CHECK,
    en="wsu:Expires must be after wsu:Created, by at most {minutes} minutes.",
    fr="wsu:Expires doit être postérieur à wsu:Created, d'au plus {minutes} minutes.",
)
EXPIRED: Final = Refusal(
    id="message-expired",
    code=FaultCode.MESSAGE_EXPIRED,
    en="The message has expired, or was created in the future; the clock here says {now}. Sign it anew, and compare"
    " the clocks.",
    fr="Le message a expiré, ou a été créé dans le futur ; l'horloge indique ici {now}. Signez-le à nouveau et"
    " comparez les horloges.",
)
TO: Final = Refusal(
    id="to-other-end-point",
    code=FaultCode.FAILED_CHECK,
    en="wsa:To names another end point; this one is {expected}.",
    fr="wsa:To désigne une autre adresse ; celle-ci est {expected}.",
)
ACTION: Final = Refusal(
    id="signed-action-missing",
    code=FaultCode.INVALID_SECURITY,
    en="{header} of a signed message is empty; send it.",
    fr="{header} d'un message signé est vide ; envoyez-le.",
)
REPLAY: Final = Refusal(
    id="message-replayed",
    code=FaultCode.FAILED_CHECK,
    en="A message with this wsa:MessageID came already; send each new message with a MessageID of its own, and a"
    " repeat to the letter and by the same connection's certificate.",
    fr="Un message portant ce wsa:MessageID est déjà venu ; envoyez chaque nouveau message avec un MessageID propre, et"
    " une répétition à la lettre et sous le même certificat de connexion.",
)
