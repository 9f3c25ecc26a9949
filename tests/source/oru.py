"""ORU messages shaped like those of real interfaces: fabricated patients, OIDs under 2.999."""

import base64
import itertools

_numbers = itertools.count(1)
DOMAIN = "2.999.1.1"
MRN = "2.999.18.7"
LOCAL_CODES = "2.999.23.1.102.1"
STUDY_UID = "2.999.7.1001.2"
HEADER_END = "20240311154500-0500"


def oru(
    *,
    patient: str = "P1",
    accession: str = "A-2024-17",
    status: str = "F",
    lines: tuple[str, ...] = ("CT CHEST", "", "IMPRESSION: no acute finding."),
    observed: str = "18748-4^Study report^LN",
    control_id: str | None = None,
    header: str | None = None,
    pid3: str | None = None,
    pid5: str = "Sample^Amélie^Rose^^Dr",
    pid7: str = "19710304",
    obr2: str = "ORD-9^2.999.23.1^2.999.23.1.101.2",
    obr3: str | None = None,
    obr4: str = f"1859^CT CHEST^{LOCAL_CODES}",
    obr7: str = "202403111030",
    obr18: str = "",
    obr22: str = "20240311154000-0500",
    obr24: str = "CT",
    obr32: str = "40017&Roy&Ève&&&Dr&&&2.999.4.347",
    obx: tuple[str, ...] | None = None,
    more: tuple[str, ...] = (f"ZDS|{STUDY_UID}^LAKEVIEW^Application^DICOM",),
    version: str = "2.5",
    end: str = "\r",
) -> bytes:
    """One message, valid but for what is changed."""
    control = f"ORU{next(_numbers)}" if control_id is None else control_id
    msh = header or (
        f"MSH|^~\\&|2.999.23.1^RIS|LAKEVIEW|XDS|DIR|{HEADER_END}||ORU^R01|{control}|P|{version}|||||CAN"
        "|UNICODE UTF-8"
    )
    identifiers = (
        pid3
        or f"{patient}^^^&{DOMAIN}&ISO~MRN7^^^2.999.23.1&{MRN}^MR~1192-571-546-CX^^^^JHN^^^^CANON&&HL70363"
    )
    filler = obr3 or f"{accession}^2.999.23.1^2.999.23.1.101.7"
    obr = [""] * 33
    for number, value in {
        1: "1", 2: obr2, 3: filler, 4: obr4, 7: obr7, 18: obr18, 22: obr22, 24: obr24, 25: status, 32: obr32,
    }.items():  # fmt: skip
        obr[number] = value
    results = obx if obx is not None else tuple(text_obx(lines, observed))
    segments = [
        msh,
        f"PID|1||{identifiers}||{pid5}||{pid7}|F||||||||||||||||",
        'PV1|1|O|""',
        "ORC|RE",
        "OBR" + "|".join(obr),
        *results,
        *more,
        "ZZZ|whatever^ever|||  ",
    ]
    return (end.join(segments) + end).encode()


def text_obx(lines: tuple[str, ...], observed: str = "18748-4^Study report^LN") -> list[str]:
    return [f"OBX|{number}|TX|{observed}||{line}||||||F" for number, line in enumerate(lines, start=1)]


def pdf_obx(octets: bytes) -> str:
    data = base64.b64encode(octets).decode()
    return f"OBX|1|ED|PDF^Report^L||RIS^AP^PDF^Base64^{data}||||||F"
