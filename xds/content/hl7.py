"""The HL7 v2 data types that the metadata writes names and identifiers in (ITI TF-3 Table 4.2.3.1.7-2)."""

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_TABLE = str.maketrans(_ESCAPES)


def escape(text: str) -> str:
    r"""Escape the five separators of HL7 v2 in one component.

    >>> escape("Baker & Sons")
    'Baker \\T\\ Sons'
    """
    return text.translate(_TABLE)


def xcn(
    *,
    family: str = "",
    given: tuple[str, ...] = (),
    prefix: str = "",
    suffix: str = "",
    id_number: str = "",
    authority: str = "",
) -> str:
    """Write a person: id, names, and the OID of the id's authority in component 9.

    >>> xcn(family="Roy", given=("Ève", "Anne"), prefix="Dr", id_number="40017", authority="2.999.1")
    '40017^Roy^Ève^Anne^^Dr^^^&2.999.1&ISO'
    """
    first, further = (given[0], " ".join(given[1:])) if given else ("", "")
    names = [escape(part) for part in (id_number, family, first, further, suffix, prefix)]
    qualified = f"&{authority}&ISO" if id_number and authority else ""
    return "^".join([*names, "", "", qualified]).rstrip("^")


def xon(name: str, *, root: str = "", extension: str = "") -> str:
    """Write an organization: name in component 1, its OID (or its id under an OID) in component 10.

    >>> xon("Lakeview Hospital", root="2.999.23.1")
    'Lakeview Hospital^^^^^^^^^2.999.23.1'
    >>> xon("Lakeview Hospital", root="2.999.59", extension="0947")
    'Lakeview Hospital^^^^^&2.999.59&ISO^^^^0947'
    """
    if not root:
        return escape(name)
    if not extension:
        return f"{escape(name)}^^^^^^^^^{root}"
    return f"{escape(name)}^^^^^&{root}&ISO^^^^{escape(extension)}"


def pid_5(family: str, given: tuple[str, ...]) -> str:
    """Write the patient's name as the value ``PID-5|…`` of sourcePatientInfo (4.2.3.2.23)."""
    first, further = (given[0], " ".join(given[1:])) if given else ("", "")
    return "PID-5|" + "^".join(escape(part) for part in (family, first, further)).rstrip("^")
