"""The BinarySecurityToken that the signature names: an X.509 certificate, and nothing else is believed (step 7)."""

import base64
import binascii
from typing import Final

from cryptography import x509
from lxml import etree

from xds.wss import names
from xds.wss.refusals import (
    SIGNATURE_SHAPE,
    TOKEN_KIND,
    TOKEN_UNAVAILABLE,
    TOKEN_UNREADABLE,
    Refused,
)
from xds.wss.structure import SecuredEnvelope

_LONGEST: Final = 64 * 1024
"""Characters of a token: no certificate of a partner comes near."""


def read_token(message: SecuredEnvelope) -> x509.Certificate:
    """Return the certificate that KeyInfo refers to.

    Raises
    ------
    Refused
        KeyInfo is of another form or names nothing, or the token is no X.509 v3 certificate.
    """
    (key_info,) = message.signature.iterchildren(names.KEY_INFO)
    reference = _only_child(_only_child(key_info, names.TOKEN_REFERENCE), names.TOKEN_REFERENCE_URI)
    token = message.token
    identity = token.get(names.WSU_ID)
    if not identity or reference.get("URI") != f"#{identity}":
        raise Refused(TOKEN_UNAVAILABLE)
    if (
        token.get("ValueType") != names.X509V3
        or token.get("EncodingType", names.BASE64_BINARY) != names.BASE64_BINARY
        or reference.get("ValueType", names.X509V3) != names.X509V3
        or len(token)
    ):
        raise Refused(TOKEN_KIND)
    text = token.text or ""
    if len(text) > _LONGEST:
        raise Refused(TOKEN_UNREADABLE)
    try:
        octets = base64.b64decode("".join(text.split()), validate=True)
        certificate = x509.load_der_x509_certificate(octets)
        certificate.public_key()
    except (binascii.Error, ValueError, TypeError, x509.InvalidVersion) as error:
        raise Refused(TOKEN_UNREADABLE, detail=type(error).__name__) from None
    except Exception as error:  # a key of a kind that the library does not know
        raise Refused(TOKEN_UNREADABLE, detail=type(error).__name__) from None
    return certificate


def _only_child(parent: etree._Element, tag: str) -> etree._Element:
    children = list(parent)
    if len(children) != 1 or children[0].tag != tag:
        raise Refused(
            SIGNATURE_SHAPE,
            what="ds:KeyInfo",
            expected="one wsse:SecurityTokenReference with one wsse:Reference",
        )
    return children[0]
