"""The `xds` command. A subcommand is imported when it is called: `xds --help` loads none of them."""

from importlib import import_module
from typing import Any, Final

import click

from xds import __version__
from xds.cli.outcome import explained

COMMANDS: Final = {
    "serve": "Serve registry and repository until Ctrl-C.",
    "publish": "Publish documents of one patient (ITI-41).",
    "query": "Ask a stored query of a registry (ITI-18, ITI-51).",
    "retrieve": "Retrieve documents into files (ITI-43).",
    "update": "Update the metadata of a registered document (ITI-57).",
    "remove": "Remove documents or metadata; there is no way back.",
    "kos": "Imaging manifests: DICOM Key Object Selections that tell where a study's images are.",
    "feed": "Publish the reports of an HL7 v2 ORU feed until Ctrl-C.",
    "validate": "Check a message without a server.",
    "doctor": "Find out what keeps a service from working.",
    "rules": "The rules that messages are judged by.",
    "codes": "The code lists of an affinity domain.",
    "keys": "Certificates, keys and assertions to try signed feeds, mutual TLS and users with.",
    "conformance": "Run our own test plans against a registry or repository.",
    "audit": "The audit log: who did what with whose data.",
    "patients": "The patients of the affinity domain.",
    "consent": "What patients withhold, and who overrode it.",
    "sandbox": "The fabricated patients of the Lite service.",
    "db": "The metadata store's schema.",
}
"""Each is the function of that name in the module of that name; the text is the first line of its help."""


class LazyGroup(click.Group):
    """A group that knows the names of its commands, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a first hour."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"xds.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a client can meet becomes one sentence and an exit code."""
        with explained():
            return super().invoke(ctx)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the answer is no, 2 usage or unreadable input, 3 not reachable.\n\n\b\n"
    "Example: xds query FindDocuments --patient 'P1001^^^&2.999.1.1&ISO'",
)
@click.version_option(__version__, prog_name="xds")
def main() -> None:
    """An IHE XDS.b document registry and repository for diagnostic imaging, and its clients."""
