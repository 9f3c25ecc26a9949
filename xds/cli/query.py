"""`xds query`: any stored query of a registry, by its name (ITI-18, ITI-51)."""

import click
import requests
from lxml import etree

from xds.cli.listing import answer_json, show_table
from xds.cli.options import assertion_option, json_option, patient_option, timeout_option, url_option
from xds.cli.outcome import Refused, show_findings, write_json
from xds.cli.signing import signing_options
from xds.cli.tls import tls_options
from xds.client import ParameterValue, RegistryClient, build_query, decode_answer, parameters_of, stored_query
from xds.model import AdhocQuery, AvailabilityStatus, ResponseStatus, ReturnType, StoredQuery
from xds.rules import PARAMETERS, query_name
from xds.transactions import Role
from xds.wss import SigningIdentity


@click.command(
    epilog="Parameters by their short names: status, classCode, creationTimeFrom, uniqueId, uuid, …\n\n\b\n"
    "Example: xds query FindDocuments --patient 'P1001^^^&2.999.1.1&ISO' --set creationTimeFrom=2024"
)
@click.argument("name", metavar="QUERY")
@patient_option(required=False)
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE",
    help="A parameter; the same name again adds a value that may match instead.",
)  # fmt: skip
@click.option(
    "--and", "anded", multiple=True, metavar="NAME=VALUE",
    help="A value that must match as well (eventCodeList, confidentialityCode, …).",
)  # fmt: skip
@click.option("--all-status", is_flag=True, help="Deprecated objects too; without it only Approved ones.")
@click.option("--object-ref", is_flag=True, help="Return ids only.")
@click.option("--home", metavar="URN", help="homeCommunityId to ask for.")
@url_option("--to", Role.REGISTRY)
@json_option
@click.option("--xml", "as_xml", is_flag=True, help="Write the answer's XML.")
@timeout_option
@signing_options
@assertion_option
@tls_options
def query(
    *,
    name: str,
    patient: str | None,
    given: tuple[str, ...],
    anded: tuple[str, ...],
    all_status: bool,
    object_ref: bool,
    home: str | None,
    url: str,
    as_json: bool,
    as_xml: bool,
    timeout: float,
    signing: SigningIdentity | None,
    assertion: bytes | None,
    session: requests.Session | None,
) -> None:
    """Ask a stored query of a registry (ITI-18, ITI-51).

    QUERY is FindDocuments, FindSubmissionSets, FindFolders, FindDocumentsByReferenceId, GetAll,
    GetDocuments, GetFolders, GetAssociations, GetDocumentsAndAssociations, GetSubmissionSets,
    GetSubmissionSetAndContents, GetFolderAndContents, GetFoldersForDocument, GetRelatedDocuments,
    FindDocumentsForMultiplePatients or FindFoldersForMultiplePatients (further patients: --set patientId=…).
    """
    return_type = ReturnType.OBJECT_REF if object_ref else ReturnType.LEAF_CLASS
    asked = _build(name, patient, given, anded, all_status, return_type, home)
    with RegistryClient(
        url, timeout=timeout, signing=signing, assertion=assertion, session=session
    ) as client:
        element = client.query_element(asked)
    answer = decode_answer(element)
    if as_xml:
        click.echo(etree.tostring(element, encoding="unicode", pretty_print=True), nl=False)
    elif as_json:
        write_json({"query": query_name(StoredQuery(asked.query_id)), **answer_json(answer)})
    else:
        show_table(answer.objects)
    if not as_json:
        show_findings(answer.findings)
    if answer.status is not ResponseStatus.SUCCESS:
        raise Refused(f"the registry answered {answer.status.name}")


def _build(
    name: str,
    patient: str | None,
    given: tuple[str, ...],
    anded: tuple[str, ...],
    all_status: bool,
    return_type: ReturnType,
    home: str | None,
) -> AdhocQuery:
    try:
        asked = stored_query(name)
        groups = _groups(asked, given, anded)
        for row in PARAMETERS[asked]:
            if row.kind == "patient" and patient is not None:
                more = groups.get(row.name, [[]])[0] if row.many else []
                groups[row.name] = [[patient, *more]]
            elif row.kind == "status" and row.required and row.name not in groups:
                statuses = AvailabilityStatus if all_status else (AvailabilityStatus.APPROVED,)
                groups[row.name] = [[status.value for status in statuses]]
            elif row.required and row.name not in groups:
                option = "--patient" if row.kind == "patient" else f"--set {row.name.removeprefix('$')}=…"
                raise click.UsageError(f"{query_name(asked)} needs {option}")
        parameters: dict[str, ParameterValue] = dict(groups)
        return build_query(asked, parameters, return_type=return_type, home_community_id=home)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _groups(asked: StoredQuery, given: tuple[str, ...], anded: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """The values of each parameter, by its full name: what is ORed within what is ANDed."""
    groups: dict[str, list[list[str]]] = {}
    for text, is_and in [*((text, False) for text in given), *((text, True) for text in anded)]:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text!r} is not NAME=VALUE")
        for row in parameters_of(asked, name):
            if is_and and not row.and_or:
                raise click.UsageError(f"{name} has one value per object: nothing can be ANDed with --and")
            if is_and or row.name not in groups:
                groups.setdefault(row.name, []).append([])
            groups[row.name][-1].append(value)
    return groups
