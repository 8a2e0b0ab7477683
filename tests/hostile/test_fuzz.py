"""The targets of the fuzzer, for a moment and without it: every seed, and seeds with some bytes changed."""

from __future__ import annotations

import random

import pytest

from tests.hostile.fuzz.seeds import SEEDS
from tests.hostile.fuzz.targets import TARGETS

ROUNDS = 150


@pytest.mark.parametrize(("target", "seed"), [(name, seed) for name, seeds in SEEDS.items() for seed in seeds])
def test_every_seed_becomes_a_value_or_a_refusal(target: str, seed: bytes) -> None:
    """Among the seeds is all that was ever found."""
    TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_so_does_what_is_made_of_seeds_by_chance(target: str) -> None:
    """The same chance in every run: a red test can be run again."""
    chance = random.Random(target)
    for _ in range(ROUNDS):
        TARGETS[target](_changed(bytearray(chance.choice(SEEDS[target])), chance))


def _changed(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        data[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    return bytes(data)
