"""The fingerprint changes with the data and not with the way it is written down."""

from __future__ import annotations

import itertools

import pytest

from nnctl.data.fingerprint import fingerprint
from tests.data.tables import table_of

DIFFERENT = [
    "a,b\n1,x\n2,y\n",
    "a,c\n1,x\n2,y\n",
    "b,a\nx,1\ny,2\n",
    "a,b\n2,y\n1,x\n",
    "a,b\n1,x\n",
    "a,b\n1,x\n2,z\n",
    "a,b\n1,x\n2.0000000000000004,y\n",
    "a,b\n1,xy\n2,\n",
    "a,b\n1,\n2,xy\n",
    "a,b\n1,7\n2,8\n",
]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(DIFFERENT, 2)])
def test_other_data_has_another_fingerprint(one: str, other: str) -> None:
    assert fingerprint(table_of(one)) != fingerprint(table_of(other))


@pytest.mark.parametrize(
    "text", ["a;b\r\n1;x\r\n2;y", 'a , b\n1.0, "x"\n2e0, y\n', "a,b\n+1,x\n02,y\n\n"]
)
def test_the_same_data_written_otherwise_has_the_same_fingerprint(text: str) -> None:
    assert fingerprint(table_of(text)) == fingerprint(table_of(DIFFERENT[0]))


def test_both_zeros_are_the_same_number() -> None:
    assert fingerprint(table_of("a\n0\n")) == fingerprint(table_of("a\n-0\n"))


def test_the_fingerprint_is_the_same_on_every_machine_and_version() -> None:
    assert fingerprint(table_of(DIFFERENT[0])) == (
        "164e5e4e491a47455ab869c00768032fdf1ec5d0715cd3176c263a11e49cf22f"
    )
