"""Where ffmpeg is looked for, and what is said where it is not."""

from pathlib import Path

import pytest

from adapters.media.binaries import Confiners, find_confiners, find_ffmpeg
from schemas.errors import PartMissing


def program(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_one_that_is_named_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path / "mine" / "ffmpeg-9")
    program(tmp_path / "path" / "ffmpeg")
    assert find_ffmpeg({"FFMPEG": str(named), "PATH": str(tmp_path / "path")}) == named


def test_then_the_one_on_the_path(tmp_path: Path) -> None:
    assert find_ffmpeg({"PATH": str(tmp_path / "path")}) != tmp_path / "path" / "ffmpeg"
    found = program(tmp_path / "path" / "ffmpeg")
    assert find_ffmpeg({"PATH": str(tmp_path / "path")}) == found


def test_then_the_one_of_the_python_package(tmp_path: Path) -> None:
    assert "imageio_ffmpeg" in str(find_ffmpeg({"PATH": str(tmp_path)}))


def test_a_name_that_is_no_program_is_not_replaced_in_silence(tmp_path: Path) -> None:
    with pytest.raises(PartMissing, match="FFMPEG"):
        find_ffmpeg({"FFMPEG": str(tmp_path / "nothing"), "PATH": str(tmp_path)})


def test_a_machine_without_confiners_is_told_from_one_that_has_them(tmp_path: Path) -> None:
    assert find_confiners({"PATH": str(tmp_path)}) == Confiners()
    found = program(tmp_path / "bwrap")
    assert find_confiners({"PATH": str(tmp_path)}) == Confiners(bwrap=str(found))
