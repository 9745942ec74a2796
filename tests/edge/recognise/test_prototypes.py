import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.prototypes import summarise


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 8))
def test_prototypes_are_few_and_of_length_one(seed: int, number: int, count: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(number, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    prototypes = summarise(vectors, count)
    assert 1 <= len(prototypes) <= min(number, count)
    np.testing.assert_allclose(np.linalg.norm(prototypes, axis=1), 1, atol=1e-5)


def test_each_look_of_a_pack_gets_a_prototype() -> None:
    looks = np.eye(3, 5, dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.02, (90, 5))
    vectors = (np.repeat(looks, [60, 20, 10], axis=0) + noise).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    prototypes = summarise(vectors, 3)
    np.testing.assert_allclose(prototypes @ looks.T, np.eye(3), atol=0.05)
