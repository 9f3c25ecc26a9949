"""The codes.xml of test tools (NIST XDS Toolkit, Gazelle): CodeType elements with Code elements, by attribute."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.model import ClassificationScheme, CodeKey
from xds.xml import MalformedXml, parse

_NAMES: Final = {"folderCodeList": "codeList", "folderCode": "codeList"}
"""CodeType/@name where it is not the attribute's."""
_SCHEMES: Final = {
    ClassificationScheme.CLASS_CODE: "classCode",
    ClassificationScheme.TYPE_CODE: "typeCode",
    ClassificationScheme.FORMAT_CODE: "formatCode",
    ClassificationScheme.HEALTHCARE_FACILITY_TYPE_CODE: "healthcareFacilityTypeCode",
    ClassificationScheme.PRACTICE_SETTING_CODE: "practiceSettingCode",
    ClassificationScheme.CONFIDENTIALITY_CODE: "confidentialityCode",
    ClassificationScheme.EVENT_CODE_LIST: "eventCodeList",
    ClassificationScheme.CONTENT_TYPE_CODE: "contentTypeCode",
    ClassificationScheme.FOLDER_CODE_LIST: "codeList",
    ClassificationScheme.ASSOCIATION_DOCUMENTATION: "associationDocumentation",
}
"""CodeType/@classScheme says it whatever the name is."""
_WITHOUT_SCHEME: Final = "mimeType"


class WrongCodes(Exception):
    """The file says something that it may not; one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """What a codes.xml says."""

    codes: dict[str, dict[CodeKey, str]]  # attribute, or the CodeType's own name → code and scheme → display
    left_out: tuple[str, ...]  # what no metadata could match, with the reason
    assigning_authorities: tuple[str, ...]  # OIDs


def read(octets: bytes) -> Toolkit:
    """Read a codes.xml.

    Raises
    ------
    WrongCodes
        It is no XML, or no such file.
    """
    try:
        root = parse(octets)
    except MalformedXml as error:
        raise WrongCodes(str(error)) from None
    types = _children(root, "CodeType")
    if not types:
        raise WrongCodes(f"the XML has no CodeType in its {_local(root)}; a codes.xml was expected")
    codes: dict[str, dict[CodeKey, str]] = {}
    left_out: list[str] = []
    for element in types:
        name = _attribute(element)
        if not name:
            left_out.append(
                f"the CodeType in line {element.sourceline}, which has neither name nor classScheme"
            )
            continue
        listed = codes.setdefault(name, {})
        for code in _children(element, "Code"):
            value, scheme = code.get("code", "").strip(), code.get("codingScheme", "").strip()
            if not value or (not scheme and name != _WITHOUT_SCHEME):
                lacks = "codingScheme" if value else "code"
                left_out.append(f"a Code of {name} in line {code.sourceline}, which has no {lacks}")
            else:
                listed[value, scheme] = code.get("display", "")
    authorities = (item.get("id", "") for item in _children(root, "AssigningAuthority"))
    return Toolkit(
        codes=codes,
        left_out=tuple(left_out),
        assigning_authorities=tuple(filter(None, map(_oid, authorities))),
    )


def _attribute(element: etree._Element) -> str:
    name, scheme = element.get("name", ""), element.get("classScheme", "").lower()
    known = _SCHEMES.get(scheme)  # type: ignore[call-overload]  # a text finds its member
    return known or _NAMES.get(name, name)


def _oid(authority: str) -> str:
    """The OID of ``&oid&ISO``, or of an OID alone."""
    parts = authority.split("&")
    return parts[1] if len(parts) > 1 else authority


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [item for item in element.iterchildren(tag=etree.Element) if _local(item) == name]


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
