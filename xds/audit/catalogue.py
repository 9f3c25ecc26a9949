"""What each event is in the words of DICOM PS3.15 A.5 and of the audit section of each transaction: one row each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded value: EV(code, system, "text")."""

    code: str
    system: str
    text: str


def _dcm(code: str, text: str) -> Coded:
    return Coded(code, "DCM", text)


APPLICATION_ACTIVITY: Final = _dcm("110100", "Application Activity")
AUDIT_LOG_USED: Final = _dcm("110101", "Audit Log Used")
INSTANCES_ACCESSED: Final = _dcm("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED: Final = _dcm("110104", "DICOM Instances Transferred")
EXPORT: Final = _dcm("110106", "Export")
IMPORT: Final = _dcm("110107", "Import")
PATIENT_RECORD: Final = _dcm("110110", "Patient Record")
QUERY: Final = _dcm("110112", "Query")
SECURITY_ALERT: Final = _dcm("110113", "Security Alert")
USER_AUTHENTICATION: Final = _dcm("110114", "User Authentication")

SOURCE: Final = _dcm("110153", "Source")
DESTINATION: Final = _dcm("110152", "Destination")
APPLICATION: Final = _dcm("110150", "Application")
APPLICATION_LAUNCHER: Final = _dcm("110151", "Application Launcher")

PATIENT_NUMBER: Final = Coded("2", "RFC-3881", "Patient Number")
REPORT_NUMBER: Final = Coded("9", "RFC-3881", "Report Number")
URI: Final = Coded("12", "RFC-3881", "URI")
STUDY_INSTANCE_UID: Final = _dcm("110180", "Study Instance UID")
SUBMISSION_SET: Final = Coded(
    "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd",
    "IHE XDS Metadata",
    "submission set classificationNode",
)
REGISTRY_OBJECT: Final = Coded("urn:ihe:iti:xds:2013:uniqueId", "IHE XDS Metadata", "registry object")


class Side(StrEnum):
    """Which side of a transaction we are."""

    SERVER = "server"  # it was sent to us
    CLIENT = "client"  # we sent it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of event."""

    event: Coded  # EventID
    action: str  # EventActionCode; empty: each event has its own
    types: tuple[Coded, ...] = ()  # EventTypeCode
    # Who sends data to whom: in ITI-43 the repository, although the consumer asks (3.43.6.1).
    server_is_source: bool = False
    # Optional in every table, and what no table asks for is not sent: kept for our own search by patient only.
    names_patient: bool = True
    is_system: bool = False  # not about a transaction: one participant


def _transaction(
    number: str, name: str, client: tuple[Coded, str], server: tuple[Coded, str], **more: bool
) -> dict[str, Row]:
    """Both sides of a transaction: EventID and action of each."""
    types = (Coded(number, "IHE Transactions", name),)
    return {
        f"{number} {side}": Row(event=event, action=action, types=types, **more)
        for side, (event, action) in ((Side.CLIENT, client), (Side.SERVER, server))
    }


def _alike(number: str, name: str, event: Coded, action: str, **more: bool) -> dict[str, Row]:
    return _transaction(number, name, (event, action), (event, action), **more)


TRANSACTION_ROWS: Final[dict[str, Row]] = {
    # ITI TF-2 3.41.5.1, 3.42.5.1, 3.61.5.1; XDS Metadata Update 3.57.5; RMU 3.92.5
    **_transaction("ITI-41", "Provide and Register Document Set-b", (EXPORT, "R"), (IMPORT, "C")),
    **_transaction("ITI-42", "Register Document Set-b", (EXPORT, "R"), (IMPORT, "C")),
    **_transaction("ITI-61", "Register On-Demand Document Entry", (EXPORT, "R"), (IMPORT, "C")),
    **_transaction("ITI-57", "Update Document Set", (EXPORT, "U"), (IMPORT, "U")),
    **_transaction("ITI-92", "Restricted Update Document Set", (EXPORT, "U"), (IMPORT, "U")),
    # 3.18.5.1, 3.51.5.1, 3.38.4.1
    **_alike("ITI-18", "Registry Stored Query", QUERY, "E"),
    **_alike("ITI-51", "Multi-Patient Stored Query", QUERY, "E"),
    **_alike("ITI-38", "Cross Gateway Query", QUERY, "E"),
    # 3.43.6.1, 3.39.5.1: the data goes the other way
    **_transaction(
        "ITI-43",
        "Retrieve Document Set",
        (IMPORT, "C"),
        (EXPORT, "R"),
        server_is_source=True,
        names_patient=False,
    ),
    **_transaction(
        "ITI-39",
        "Cross Gateway Retrieve",
        (IMPORT, "C"),
        (EXPORT, "R"),
        server_is_source=True,
        names_patient=False,
    ),
    # RMD 3.62.5, 3.86.5
    **_alike("ITI-62", "Remove Metadata", PATIENT_RECORD, "D"),
    **_alike("ITI-86", "Remove Documents", PATIENT_RECORD, "D"),
    # 3.8.5.1, 3.44.5.1, 3.64.5: create, update, or delete
    **_alike("ITI-8", "Patient Identity Feed", PATIENT_RECORD, ""),
    **_alike("ITI-44", "Patient Identity Feed", PATIENT_RECORD, ""),
    **_alike("ITI-64", "Notify XAD-PID Link Change", PATIENT_RECORD, ""),
    # RAD TF-2 4.69.6 and others as two widely used stacks send them; RAD-68 is ITI-41 on the wire
    **_transaction(
        "RAD-69",
        "Retrieve Imaging Document Set",
        (INSTANCES_ACCESSED, "C"),
        (INSTANCES_TRANSFERRED, "R"),
        server_is_source=True,
    ),
    **_transaction(
        "RAD-75",
        "Cross Gateway Retrieve Imaging Document Set",
        (INSTANCES_ACCESSED, "C"),
        (INSTANCES_TRANSFERRED, "R"),
        server_is_source=True,
    ),
    **_transaction(
        "RAD-55",
        "WADO Retrieve",
        (INSTANCES_ACCESSED, "C"),
        (INSTANCES_TRANSFERRED, "R"),
        server_is_source=True,
    ),
    **_transaction(
        "RAD-107",
        "WADO-RS Retrieve",
        (INSTANCES_ACCESSED, "C"),
        (INSTANCES_TRANSFERRED, "R"),
        server_is_source=True,
    ),
}


class System(StrEnum):
    """Events that are no transaction."""

    STARTED = "application start"
    STOPPED = "application stop"
    RECORDING_STARTED = "audit recording started"
    RECORDING_STOPPED = "audit recording stopped"
    LOG_USED = "audit log used"
    NODE_AUTHENTICATION = "node authentication"  # a peer is not who it has to be
    RESTRICTED_FUNCTION = "use of restricted function"  # … or may not do what it asked for
    SECURITY_CONFIGURATION = "security configuration"  # keys, certificates, partners or policies were changed
    ROLES_CHANGED = "security roles changed"
    LOGIN = "login"  # also an assertion that was refused (ITI TF-2 3.40.4.1.3)
    LOGOUT = "logout"
    OVERRIDE_STARTED = "emergency override started"
    OVERRIDE_STOPPED = "emergency override stopped"
    CONSENT_DIRECTIVE = "consent directive"  # made, changed or lifted
    PATIENT_ADMINISTRATION = "patient administration"  # from our own command line


def _system(event: Coded, action: str, *types: Coded) -> Row:
    return Row(event=event, action=action, types=types, is_system=True)


SYSTEM_ROWS: Final[dict[str, Row]] = {
    System.STARTED: _system(APPLICATION_ACTIVITY, "E", _dcm("110120", "Application Start")),
    System.STOPPED: _system(APPLICATION_ACTIVITY, "E", _dcm("110121", "Application Stop")),
    System.RECORDING_STARTED: _system(SECURITY_ALERT, "E", _dcm("110134", "Audit Recording Started")),
    System.RECORDING_STOPPED: _system(SECURITY_ALERT, "E", _dcm("110133", "Audit Recording Stopped")),
    System.LOG_USED: _system(AUDIT_LOG_USED, "R"),
    System.NODE_AUTHENTICATION: _system(SECURITY_ALERT, "E", _dcm("110126", "Node Authentication")),
    System.RESTRICTED_FUNCTION: _system(SECURITY_ALERT, "E", _dcm("110132", "Use of Restricted Function")),
    System.SECURITY_CONFIGURATION: _system(SECURITY_ALERT, "E", _dcm("110129", "Security Configuration")),
    System.ROLES_CHANGED: _system(SECURITY_ALERT, "E", _dcm("110136", "Security Roles Changed")),
    System.LOGIN: _system(USER_AUTHENTICATION, "E", _dcm("110122", "Login")),
    System.LOGOUT: _system(USER_AUTHENTICATION, "E", _dcm("110123", "Logout")),
    System.OVERRIDE_STARTED: _system(SECURITY_ALERT, "E", _dcm("110127", "Emergency Override Started")),
    System.OVERRIDE_STOPPED: _system(SECURITY_ALERT, "E", _dcm("110138", "Emergency Override Stopped")),
    System.CONSENT_DIRECTIVE: _system(
        PATIENT_RECORD, "", Coded("consent-directive", "urn:xds:audit", "Consent Directive")
    ),
    System.PATIENT_ADMINISTRATION: _system(
        PATIENT_RECORD, "", Coded("patient-administration", "urn:xds:audit", "Patient Administration")
    ),
}

ROWS: Final[dict[str, Row]] = {**TRANSACTION_ROWS, **SYSTEM_ROWS}


def kind_of(number: str, side: Side) -> str:
    """The kind of event of one side of a transaction."""
    return f"{number} {side}"
