from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from cloud_sink.releases.bundles import agent
from cloud_sink.releases.wheels import choose, read_wheel
from edge.contract.errors import ConfigError
from edge.contract.wheels import Platform
from tests.wheels import later, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

PI, PC = "cp311-manylinux_2_36_aarch64", "cp311-manylinux_2_36_x86_64"
REQUIRES = ['numpy>=2; extra == "edge"', "typer>=0.15", 'fastapi; extra == "sink"', 'gpiod>=2.1; extra == "gpio"']


def agents(folder: Path, version: str = "0.2.0") -> Path:
    """A folder with the agent and what it requires, for one platform."""
    make_wheel(folder, "facings", version, requires=REQUIRES, extras=["edge", "sink", "gpio"])
    make_wheel(folder, "typer", "0.16", requires=['colorama; sys_platform == "win32"', "rich>=13"])
    make_wheel(folder, "rich", "14.0")
    make_wheel(folder, "numpy", "2.1", tag="cp311-cp311-manylinux_2_28_aarch64")
    return folder


def test_an_agent_with_all_that_it_requires_is_chosen(tmp_path: Path) -> None:
    chosen = choose([agents(tmp_path)], [Platform(PI)])
    assert chosen.build.version == "0.2.0"
    part = chosen.build.platforms[PI]
    assert [name.split("-")[0] for name in part.wheels] == ["facings", "numpy", "rich", "typer"]
    assert part.installed > 0


@pytest.mark.parametrize(
    ("wheel", "said"),
    [
        ("typer-0.16-py3-none-any.whl", "no typer>=0.15, which facings 0.2.0 requires"),
        ("rich-14.0-py3-none-any.whl", "no rich>=13, which typer 0.16 requires"),
        ("numpy-2.1-cp311-cp311-manylinux_2_28_aarch64.whl", "no numpy>=2, which facings 0.2.0 requires"),
        ("facings-0.2.0-py3-none-any.whl", "no facings"),
    ],
)
def test_what_is_missing_is_named_with_who_requires_it(tmp_path: Path, wheel: str, said: str) -> None:
    (agents(tmp_path) / wheel).unlink()
    with pytest.raises(ConfigError, match=f"{PI}: {said}"):
        choose([tmp_path], [Platform(PI)])


def test_a_platform_without_its_own_wheels_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{PC}: no numpy>=2"):
        choose([agents(tmp_path)], [Platform(PI), Platform(PC)])


def test_each_platform_has_its_own_wheels_and_shares_the_others(tmp_path: Path) -> None:
    make_wheel(agents(tmp_path), "numpy", "2.1", tag="cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")
    bundle, _ = agent([tmp_path], [PI, PC])
    assert len(bundle.files) == 5
    assert bundle.agent is not None
    assert {len(part.wheels) for part in bundle.agent.platforms.values()} == {4}


@pytest.mark.parametrize(
    "tag", ["cp312-cp312-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_39_aarch64", "cp311-cp311-win_arm64"]
)
def test_a_wheel_of_another_python_or_of_a_newer_library_does_not_fit(tmp_path: Path, tag: str) -> None:
    (agents(tmp_path) / "numpy-2.1-cp311-cp311-manylinux_2_28_aarch64.whl").unlink()
    make_wheel(tmp_path, "numpy", "2.1", tag=tag)
    with pytest.raises(ConfigError, match="no numpy"):
        choose([tmp_path], [Platform(PI)])


def test_a_version_that_is_not_the_one_required_is_refused(tmp_path: Path) -> None:
    (agents(tmp_path) / "rich-14.0-py3-none-any.whl").unlink()
    make_wheel(tmp_path, "rich", "12.0")
    with pytest.raises(ConfigError, match=r"rich 12\.0 is not >=13, which typer 0.16 requires"):
        choose([tmp_path], [Platform(PI)])


def test_two_versions_of_one_distribution_are_refused(tmp_path: Path) -> None:
    make_wheel(agents(tmp_path), "rich", "13.9")
    with pytest.raises(ConfigError, match="two versions of rich"):
        choose([tmp_path], [Platform(PI)])


def test_of_two_builds_the_better_one_is_taken(tmp_path: Path) -> None:
    make_wheel(agents(tmp_path), "numpy", "2.1", tag="cp311-cp311-manylinux_2_34_aarch64")
    wheels = choose([tmp_path], [Platform(PI)]).build.platforms[PI].wheels
    assert "numpy-2.1-cp311-cp311-manylinux_2_34_aarch64.whl" in wheels


def test_what_nobody_requires_is_left_out_but_for_the_contact_at_a_pin(tmp_path: Path) -> None:
    make_wheel(agents(tmp_path), "gpiod", "2.2", tag="cp311-cp311-manylinux_2_28_aarch64")
    make_wheel(tmp_path, "fastapi", "0.120")
    wheels = choose([tmp_path], [Platform(PI)]).build.platforms[PI].wheels
    assert [name.split("-")[0] for name in wheels] == ["facings", "gpiod", "numpy", "rich", "typer"]


def test_what_is_no_wheel_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "numpy-2.1-py3-none-any.whl").write_bytes(b"<html>not found</html>")
    with pytest.raises(ConfigError, match=r"numpy-2\.1-py3-none-any\.whl: no wheel"):
        choose([tmp_path], [Platform(PI)])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no wheels in it \(fetch them: ./scripts/wheels PLATFORM\)"):
        choose([tmp_path], [Platform(PI)])


@pytest.mark.parametrize("name", ["", "linux", "cp311-linux_x86_64", "cp311-manylinux2014_x86_64", "../x"])
def test_a_platform_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no platform of a device"):
        Platform(name)


def test_a_musl_platform_takes_wheels_of_musl(tmp_path: Path) -> None:
    (agents(tmp_path) / "numpy-2.1-cp311-cp311-manylinux_2_28_aarch64.whl").unlink()
    make_wheel(tmp_path, "numpy", "2.1", tag="cp311-cp311-musllinux_1_2_aarch64")
    choose([tmp_path], [Platform("cp311-musllinux_1_2_aarch64")])


def test_a_later_wheel_says_its_version(tmp_path: Path) -> None:
    wheel = later(make_wheel(tmp_path / "one", "facings", "0.2.0"), tmp_path / "two", "0.3.0")
    assert read_wheel(wheel).distribution.version == Version("0.3.0")
