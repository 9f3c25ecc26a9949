"""The check digit and the fixed ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.sandbox.ids import check_digit, health_card_number, manifest_uid, object_uuid, submission_set_uid

NINE = st.text("0123456789", min_size=9, max_size=9)


def passes(number: str) -> bool:
    return check_digit(number[:9]) == number[9]


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("000000000", "0"),
        ("987654321", "7"),  # the specimen on the health card, 9876543217
        ("100000000", "8"),  # a doubled position
        ("010000000", "9"),  # a single one
        ("500000000", "9"),  # 10: its digits are added
        ("900000000", "1"),  # 18
        ("000000001", "8"),  # the ninth is doubled
    ],
)
def test_check_digit(digits: str, expected: str) -> None:
    assert check_digit(digits) == expected


@given(NINE, st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_is_caught(digits: str, position: int, by: int) -> None:
    wrong = str((int(digits[position]) + by) % 10)
    changed = digits[:position] + wrong + digits[position + 1 :]
    assert not passes(changed + check_digit(digits))


@given(NINE, st.integers(0, 7))
def test_exchanged_neighbours_are_caught(digits: str, position: int) -> None:
    first, second = digits[position], digits[position + 1]
    changed = digits[:position] + second + first + digits[position + 2 :]
    same = first == second or {first, second} == {"0", "9"}  # the one pair that mod 10 cannot tell
    assert passes(changed + check_digit(digits)) is same


def test_health_card_numbers_are_of_our_range() -> None:
    numbers = {health_card_number(patient) for patient in range(1001, 1022)}
    assert len(numbers) == 21
    assert all(len(number) == 10 and number.startswith("99900") and passes(number) for number in numbers)


def test_ids_are_fixed() -> None:
    assert object_uuid("2.999.5.1001.1.1") == "urn:uuid:369a01fd-5565-5212-b27c-141b64dcbbe6"
    assert submission_set_uid(1001, 1) == "2.999.6.1001.1"
    assert manifest_uid(1006, 2) == "2.999.8.1006.2.1"
