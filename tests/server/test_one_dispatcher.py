"""Every request is dispatched by spyne's method lookup from one catalogue: there is no second dispatcher."""

import ast
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.samples.feeds import feed, patient_id
from tests.transactions import samples
from tests.transactions.wire import ACTION, PATH, SOAP, envelope
from xds.hl7v3 import encode_patient_feed
from xds.model import Interaction, StoredQuery
from xds.server.wiring import House, build
from xds.settings import RegistrySettings, ServerSettings, Settings, StoreSettings
from xds.soap.protocol import Application, XdsSoap12  # spyne only after xds.soap
from xds.transactions import CATALOGUE, Role, of_role

MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
PACKAGE = Path(__file__).parents[2] / "xds"
PROTOCOL = "soap/protocol.py"
HOME = "urn:oid:2.999.3"


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    """The whole house in this process, as a worker builds it."""
    settings = Settings(
        data_dir=tmp_path,
        store=StoreSettings(dsn=database, pool_size=2),
        server=ServerSettings(roles=("registry", "repository", "gateway", "imaging")),
        registry=RegistrySettings(unknown_patients="accept", home_community_id=HOME),
    )
    built = build(settings, database)
    yield built
    built.close()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a request went through spyne's lookup and spyne's call."""
    counter: Counter[str] = Counter()

    def counted(owner: type, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def through(self: Any, *arguments: Any) -> Any:
            counter[name] += 1
            return original(self, *arguments)

        monkeypatch.setattr(owner, name, through)

    counted(XdsSoap12, "get_call_handles")
    counted(Application, "process_request")
    return counter


def ask(house: House, path: str, octets: bytes, content_type: str = SOAP) -> tuple[str, bytes]:
    """One POST to the application itself."""
    status: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(octets)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(octets),
    }
    answer = house.application(environ, lambda line, _: status.append(line))
    return status[0], b"".join(answer)


def bodies() -> dict[str, bytes]:
    """A request of each transaction of the catalogue."""
    patient = samples.fresh_patient()
    domain_id, fed = patient.partition("^")[0], samples.fresh_patient().partition("^")[0]
    feeds = {
        "ITI-44": feed(Interaction.ADDED, patient_ids=(patient_id(fed),)),
        "ITI-44 revised": feed(Interaction.REVISED, patient_ids=(patient_id(fed),)),
        "ITI-44 duplicates resolved": feed(
            Interaction.DUPLICATES_RESOLVED,
            patient_ids=(patient_id(domain_id),),
            prior_ids=(patient_id(fed),),
        ),
    }
    provided, updated = samples.entry(patient), samples.entry(patient)
    registered = samples.with_uuids(samples.submission(samples.entry(patient), updated))
    newer = replace(updated, entry_uuid="Version2", logical_id=updated.entry_uuid)
    return {
        "ITI-41": samples.inline_body(
            samples.provided(samples.submission(provided)), {provided.entry_uuid: b"octets"}
        ),
        "ITI-42": samples.register_body(registered),
        "ITI-18": samples.find_body(patient),
        "ITI-51": samples.query_body(
            StoredQuery.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS,
            samples.slot("$XDSFolderPatientId", patient),
            samples.slot("$XDSFolderStatus", samples.APPROVED),
        ),
        "ITI-43": samples.retrieve_body(provided.unique_id or ""),
        "ITI-38": samples.find_body(patient),
        "ITI-39": samples.retrieve_body(provided.unique_id or "", home=HOME),
        **{key: encode_patient_feed(item) for key, item in feeds.items()},
        "RAD-69": (MESSAGES / "rad69-request.xml").read_bytes().partition(b"?>")[2],
        "ITI-57": samples.update_body(newer),
        "ITI-92": samples.update_body(newer, previous="2"),
        "ITI-86": samples.remove_documents_body(provided.unique_id or ""),
        "ITI-61": samples.register_body(samples.submission(samples.on_demand_entry(patient))),
        "ITI-62": samples.remove_body(*samples.ids_of(registered)),
    }


def test_every_answered_request_passed_spyne(house: House, passed: Counter[str]) -> None:
    sent = bodies()
    assert {ACTION[key] for key in sent} == {row.action for row in CATALOGUE}
    for number, (transaction, body) in enumerate(sent.items(), 1):
        status, answer = ask(house, PATH[transaction], envelope(transaction, body))
        # Images are an archive's, and here is none: the transaction says so.
        marks = (b"ResponseStatusType:Success", b'typeCode code="CA"', b"is no source of images here")
        assert status == "200 OK" and any(mark in answer for mark in marks)
        assert passed == {"get_call_handles": number, "process_request": number}


def test_an_answer_of_failure_passed_spyne_too(house: House, passed: Counter[str]) -> None:
    status, answer = ask(house, PATH["ITI-43"], envelope("ITI-43", samples.retrieve_body("2.999.404")))
    assert status == "200 OK" and b"XDSDocumentUniqueIdError" in answer
    assert passed == {"get_call_handles": 1, "process_request": 1}


def test_the_body_decides_within_spynes_lookup(house: House, passed: Counter[str]) -> None:
    octets = envelope("ITI-18", bodies()["ITI-18"], headers=b"")
    assert ask(house, PATH["ITI-18"], octets)[0] == "200 OK"
    assert passed == {"get_call_handles": 1, "process_request": 1}


def test_an_unknown_action_is_refused_by_the_lookup_and_calls_nothing(
    house: House, passed: Counter[str]
) -> None:
    octets = envelope("ITI-18", b"<x/>").replace(ACTION["ITI-18"].encode(), b"urn:unknown")
    assert ask(house, PATH["ITI-18"], octets)[0] == "400 Bad Request"
    assert passed == {"get_call_handles": 1}


def test_without_the_lookup_nothing_is_answered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there were a second way to a handler, this would be answered."""
    monkeypatch.setattr(XdsSoap12, "get_call_handles", lambda *_: [])
    for transaction, body in bodies().items():
        status, answer = ask(house, PATH[transaction], envelope(transaction, body))
        assert status == "500 Internal Server Error"
        assert b"Response>" not in answer


def test_each_row_is_a_public_method_of_exactly_one_application(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applications: list[Application] = []
    original = Application.__init__

    def remembered(self: Application, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        applications.append(self)

    monkeypatch.setattr(Application, "__init__", remembered)
    settings = Settings(
        data_dir=tmp_path,
        store=StoreSettings(dsn=database, pool_size=2),
        server=ServerSettings(roles=("registry", "repository", "gateway", "imaging")),
        registry=RegistrySettings(home_community_id=HOME),
    )
    build(settings, database).close()
    served = [
        (descriptor.operation_name, application.name)
        for application in applications
        for (descriptor,) in application.interface.service_method_map.values()
    ]
    assert sorted(served) == sorted((row.operation, role.value) for role in Role for row in of_role(role))


# -- the source ----------------------------------------------------------------------------------------------------


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))


def where(matches: Callable[[ast.AST], bool]) -> set[str]:
    """The modules that have such a node."""
    return {name for name, tree in modules() for node in ast.walk(tree) if matches(node)}


def test_only_the_protocol_takes_a_handler_off_a_route() -> None:
    def takes(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "handler" and isinstance(node.ctx, ast.Load)

    assert where(takes) == {PROTOCOL}


def test_a_handler_is_called_by_the_protocol_and_by_what_is_wrapped_around_it_only() -> None:
    def calls(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("handler", "operation")
        )

    # A feed over MLLP is no SOAP request: it has no action and no body to choose by.
    around = {"server/audited.py", "server/guard.py", "server/proven.py", "server/users.py"}
    assert where(calls) - {"feeds/receiver.py"} == {PROTOCOL, *around}


def test_only_the_protocol_looks_something_up_by_an_action_it_was_sent() -> None:
    """A table keyed by actions, or a comparison with one, would be the beginning of a second dispatcher."""

    def is_action(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("action", "http_action")

    def keyed(node: ast.AST) -> bool:
        if isinstance(node, ast.Subscript):
            return is_action(node.slice)
        if isinstance(node, ast.DictComp):
            return is_action(node.key)
        if isinstance(node, ast.Dict):
            return any(key is not None and is_action(key) for key in node.keys)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return any(is_action(item) for item in node.args)
        return isinstance(node, ast.Match) and is_action(node.subject)

    # The catalogue's own index gives rows; the wiring's gives the path that a fault names: no handler in either.
    assert where(keyed) == {PROTOCOL, "transactions/catalogue.py", "server/doors.py"}
    assert "row.action: paths[row.role]" in (PACKAGE / "server/doors.py").read_text("utf-8")


def test_actions_are_written_in_the_catalogue_only() -> None:
    actions = {row.action for row in CATALOGUE} | {row.response_action for row in CATALOGUE}

    def spells(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and node.value in actions

    assert where(spells) == {"transactions/catalogue.py"}


def test_no_actor_looks_at_actions_or_bodies_to_choose() -> None:
    def chooses(node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in ("by_action", "by_body")

    users = {name for name in where(chooses) if not name.startswith("cli/")}
    assert users <= {"transactions/catalogue.py"}
