"""The command line as a process of its own: start-up, exit codes, interrupts."""

import signal
import subprocess
import sys
import time

import pytest

import paretomtl

START = "from paretomtl.cli import main; main()"
HEAVY = ("torch", "numpy", "pandas", "pymoo", "pyarrow")


def run(*tokens, **options):
    command = [sys.executable, "-c", START, *map(str, tokens)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("tokens", [["--help"], ["run", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(tokens):
    program = (
        "import sys; from paretomtl.cli import call; code = call(sys.argv[1:]); "
        f"sys.stderr.write(str([name for name in {HEAVY} if name in sys.modules])); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, *tokens]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="needs the CPU time of child processes")
def test_help_answers_within_half_a_second():
    import resource

    def seconds():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    taken = []
    for _ in range(3):
        before = seconds()
        assert "doctor" in run("--help").stdout
        taken.append(seconds() - before)
    assert min(taken) < 0.5, taken  # CPU time: the wall-clock would measure the neighbors


def test_version():
    assert run("--version").stdout.strip() == paretomtl.__version__


def test_bad_input_ends_the_process_with_2_and_one_message(tmp_path):
    done = run("run", "quikstart", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "'quickstart'" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_with_130_and_keeps_what_is_finished(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(
        'name = "long"\npreferences = 2\nbudget = { steps = 100 }\n'
        'methods = ["linear", { name = "mgda", budget = { steps = 10000000 } }]\n'
        'problems = ["vlmop2"]\n'
    )
    store = tmp_path / "runs" / "long"
    command = [sys.executable, "-c", START, "run", str(path)]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 120
        while not list(store.glob("*.parquet")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "2 of 4 runs are finished and kept" in out
    assert "Traceback" not in err
    status = run("status", path, cwd=tmp_path)
    assert status.stdout.startswith("4 runs: 2 done, 2 to run")
