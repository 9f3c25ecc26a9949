"""Names of WS-Security (WSS 1.1, XML Signature 1.1) as this package reads and writes them."""

from typing import Final

from xds.xml.namespaces import DSIG, EXC_C14N, SAML, SOAP11, SOAP12, WSA, WSSE, WSU

ENVELOPE: Final = f"{{{SOAP12}}}Envelope"
HEADER: Final = f"{{{SOAP12}}}Header"
BODY: Final = f"{{{SOAP12}}}Body"
ROLE: Final = f"{{{SOAP12}}}role"
ACTOR: Final = f"{{{SOAP11}}}actor"
MUST_UNDERSTAND: Final = f"{{{SOAP12}}}mustUnderstand"
ULTIMATE_RECEIVER: Final = f"{SOAP12}/role/ultimateReceiver"

TO: Final = f"{{{WSA}}}To"
ACTION: Final = f"{{{WSA}}}Action"
MESSAGE_ID: Final = f"{{{WSA}}}MessageID"
REPLY_TO: Final = f"{{{WSA}}}ReplyTo"
FAULT_TO: Final = f"{{{WSA}}}FaultTo"
RELATES_TO: Final = f"{{{WSA}}}RelatesTo"
ADDRESS: Final = f"{{{WSA}}}Address"
ANONYMOUS: Final = f"{WSA}/anonymous"

SECURITY: Final = f"{{{WSSE}}}Security"
TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
TOKEN_REFERENCE: Final = f"{{{WSSE}}}SecurityTokenReference"
TOKEN_REFERENCE_URI: Final = f"{{{WSSE}}}Reference"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
CREATED: Final = f"{{{WSU}}}Created"
EXPIRES: Final = f"{{{WSU}}}Expires"
WSU_ID: Final = f"{{{WSU}}}Id"
ASSERTION: Final = f"{{{SAML}}}Assertion"
ASSERTION_ID: Final = "ID"
_PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
X509V3: Final = f"{_PROFILE}x509-token-profile-1.0#X509v3"
BASE64_BINARY: Final = f"{_PROFILE}soap-message-security-1.0#Base64Binary"

SIGNATURE: Final = f"{{{DSIG}}}Signature"
SIGNED_INFO: Final = f"{{{DSIG}}}SignedInfo"
SIGNATURE_VALUE: Final = f"{{{DSIG}}}SignatureValue"
KEY_INFO: Final = f"{{{DSIG}}}KeyInfo"
CANONICALIZATION_METHOD: Final = f"{{{DSIG}}}CanonicalizationMethod"
SIGNATURE_METHOD: Final = f"{{{DSIG}}}SignatureMethod"
REFERENCE: Final = f"{{{DSIG}}}Reference"
TRANSFORMS: Final = f"{{{DSIG}}}Transforms"
TRANSFORM: Final = f"{{{DSIG}}}Transform"
DIGEST_METHOD: Final = f"{{{DSIG}}}DigestMethod"
DIGEST_VALUE: Final = f"{{{DSIG}}}DigestValue"
INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"

PREFIXES: Final = {"env": SOAP12, "wsse": WSSE, "wsu": WSU, "ds": DSIG, "wsa": WSA, "saml": SAML}
"""As reasons and XPaths write them."""


def spoken(tag: str) -> str:
    """Return a tag as a reason says it: ``wsa:To``.

    >>> spoken("{http://www.w3.org/2005/08/addressing}To")
    'wsa:To'
    """
    namespace, _, local = tag.removeprefix("{").rpartition("}")
    prefix = next((each for each, uri in PREFIXES.items() if uri == namespace), "")
    return f"{prefix}:{local}" if prefix else local
