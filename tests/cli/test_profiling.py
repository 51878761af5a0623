"""`paretomtl run --profile`: where it is written, and that the runs are made."""

from paretomtl.records.store import open_store


def test_a_profile_is_written_beside_the_store_and_the_runs_are_made(cli, suite):
    answer = cli("run", suite(), "--profile")
    assert answer.code == 0
    folder = suite().parent / "runs" / "tiny-profile"
    lines = (folder / "steps.csv").read_text().splitlines()
    assert lines[0] == "problem,reads,lanes,part,milliseconds,share"
    assert any(",whole step," in line for line in lines)
    assert list(folder.glob("*.json"))
    assert "24 runs carried out" in answer.out
    assert open_store(suite().parent / "runs" / "tiny").statuses()


def test_a_profile_that_cannot_be_written_is_bad_input(cli, suite):
    blocked = suite().parent / "runs" / "tiny-profile"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("in the way")
    answer = cli("run", suite(), "--profile")
    assert answer.code == 2
    assert "the profile cannot be written" in answer.err
