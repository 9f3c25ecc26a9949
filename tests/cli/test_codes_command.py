"""`xds codes`: what is imported is what the service enforces."""

import json
from pathlib import Path

import pytest

from tests.codes.test_toolkit import CLASSES, SAMPLE
from xds.codes import load_codes

from .conftest import Run

DEPLOYED = Path(__file__).parents[2] / "deploy" / "codes.toml"


def test_import_into_a_file(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "codes.toml"
    result = run("codes", "import", SAMPLE, "-o", output)
    assert (result.exit_code, result.stdout) == (0, "")
    imported, original = load_codes(output), load_codes(SAMPLE)
    assert (imported.codes, imported.mime_types) == (original.codes, original.mime_types)
    assert "left out: somethingElse, which is no coded attribute\n" in result.stderr
    assert "2.999.1.1, 2.999.1.2" in result.stderr


def test_import_to_standard_output_is_the_same(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "codes.toml"
    run("codes", "import", SAMPLE, "-o", output)
    assert run("codes", "import", SAMPLE).stdout == output.read_text("utf-8")


@pytest.mark.parametrize("path", [SAMPLE, DEPLOYED])
def test_list_has_a_line_for_every_code(run: Run, path: Path) -> None:
    result = run("codes", "list", path)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1 + load_codes(path).size


def test_list_of_one_attribute(run: Run) -> None:
    document = json.loads(run("codes", "list", SAMPLE, "--attribute", "classCode", "--json").stdout)
    assert document["codes"][0] == {
        "attribute": "classCode",
        "code": "IMAGES",
        "scheme": CLASSES,
        "display": "Images",
    }
    assert len(document["codes"]) == 3
    assert (
        len(json.loads(run("codes", "list", SAMPLE, "--attribute", "mimeType", "--json").stdout)["codes"])
        == 2
    )


def test_check(run: Run) -> None:
    result = run("codes", "check", SAMPLE)
    assert result.exit_code == 0
    assert "classCode: 3 codes\n" in result.stdout
    assert "codeList: 1 code\n" in result.stdout
    assert "any code is taken for typeCode, formatCode" in result.stdout
    document = json.loads(run("codes", "check", SAMPLE, "--json").stdout)
    assert document["counts"]["mimeType"] == 2
    assert document["left_out"] == ["somethingElse, which is no coded attribute"]


@pytest.mark.parametrize("command", ["import", "list", "check"])
def test_a_file_that_cannot_be_taken_is_told(run: Run, command: str, tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text("[clasCode]\n", "utf-8")
    result = run("codes", command, path)
    assert (result.exit_code, result.stdout) == (2, "")
    told = "there is no coded attribute clasCode; did you mean classCode?"
    assert result.stderr == f"xds: the code lists {path}: {told}\n"
    assert run("codes", command, tmp_path / "nowhere").exit_code == 2
