"""The xmlsec1 tool: an implementation of XML Signature that shares no line with ours."""

import base64
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from xds.pki import key_pem_of, pem_of
from xds.wss import SigningIdentity, names
from xds.xml.namespaces import DSIG, EXC_C14N, SOAP12, WSA, WSSE, WSU

_WITH_ID = (
    f"{SOAP12}:Body",
    f"{WSA}:To",
    f"{WSA}:Action",
    f"{WSA}:MessageID",
    f"{WSA}:ReplyTo",
    f"{WSU}:Timestamp",
    f"{WSSE}:BinarySecurityToken",
)
_IDS = [item for name in _WITH_ID for item in ("--id-attr:Id", name)]


def verifies(octets: bytes, identity: SigningIdentity, folder: Path) -> bool:
    """Whether xmlsec1 takes a message that we signed."""
    (folder / "signed.xml").write_bytes(octets)
    (folder / "certificate.pem").write_bytes(pem_of(identity.certificate))
    key = ["--pubkey-cert-pem", str(folder / "certificate.pem")]
    done = subprocess.run(
        ["xmlsec1", "--verify", *key, *_IDS, str(folder / "signed.xml")], capture_output=True, check=False
    )
    return done.returncode == 0


def signs(octets: bytes, identity: SigningIdentity, folder: Path, *, created: str, expires: str) -> bytes:
    """An envelope that xmlsec1 signed: the five parts of the profile, by a template of ours."""
    (folder / "template.xml").write_bytes(_template(octets, identity, created, expires))
    (folder / "key.pem").write_bytes(key_pem_of(identity.key))
    command = ["xmlsec1", "--sign", "--privkey-pem", str(folder / "key.pem"), *_IDS]
    done = subprocess.run([*command, str(folder / "template.xml")], capture_output=True, check=True)
    return done.stdout


def _template(octets: bytes, identity: SigningIdentity, created: str, expires: str) -> bytes:
    root = etree.fromstring(octets)
    named = {names.BODY: "body", names.TO: "to", names.ACTION: "action", names.MESSAGE_ID: "id"}
    for tag, value in named.items():
        next(root.iter(tag)).set(names.WSU_ID, value)
    kind = "rsa-sha256" if "RSA" in type(identity.key).__name__ else "ecdsa-sha256"
    references = "".join(
        f'<Reference URI="#{value}"><Transforms><Transform Algorithm="{EXC_C14N}"/></Transforms>'
        '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>'
        for value in (*named.values(), "ts")
    )
    token = base64.b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()
    # Line breaks and a default namespace, as tools write them.
    security = f"""<s:Security xmlns:s="{WSSE}" xmlns:u="{WSU}">
      <s:BinarySecurityToken u:Id="x509" ValueType="{names.X509V3}" EncodingType="{names.BASE64_BINARY}">
        {token}
      </s:BinarySecurityToken>
      <u:Timestamp u:Id="ts"><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp>
      <Signature xmlns="{DSIG}">
        <SignedInfo>
          <CanonicalizationMethod Algorithm="{EXC_C14N}"/>
          <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{kind}"/>{references}
        </SignedInfo>
        <SignatureValue/>
        <KeyInfo><s:SecurityTokenReference>
          <s:Reference URI="#x509" ValueType="{names.X509V3}"/>
        </s:SecurityTokenReference></KeyInfo>
      </Signature>
    </s:Security>"""
    next(root.iter(names.HEADER)).append(etree.fromstring(security))
    return etree.tostring(root)
