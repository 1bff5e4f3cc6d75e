#!/usr/bin/python3
"""Teeth: builds the services with one fault on purpose after the other and shows that the suite finds
each within a minute.

    tests/chaos/teeth.py [--build FOLDER] [MUTANT...]

Exit status 1 when one gets through."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time

LIMIT_S = 60
RUN_S = 15
PATIENCE_S = 6  # projections catch up in less
SEEDS = (1, 2, 3)
# What is not built by the switch: a weaker setting of Redis, which the test of power cuts makes itself.
EVERYSEC = ("everysec", "power/test_power_cut", "test_a_weaker_setting_loses_commits")


def mutants():
    with open("common/base/mutant.h", encoding="utf-8") as file:
        names = re.findall(r"^\s+MUTANT_([A-Z_]+),", file.read(), re.M)
    return [name for name in names if name != "NONE"]


def make(folder, *words):
    command = ["make", "--no-print-directory", f"-j{os.cpu_count()}", f"O={folder}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"teeth: the build fails: {done.stdout}{done.stderr}")


def build(base, name):
    """The services with this mutant: the base's objects, but for the files that know of mutants."""
    folder = f"{base}/mutant"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("gen", "obj"):
        shutil.copytree(f"{base}/{part}", f"{folder}/{part}", copy_function=shutil.copy2)
    for source in glob.glob("common/*/*.c") + glob.glob("services/*/*.c"):
        with open(source, encoding="utf-8") as file:
            if "common/base/mutant.h" in file.read():
                os.remove(f"{folder}/obj/{source[:-2]}.o")
    make(folder, f"SWITCHES=-DANSINH_MUTANT={name}", "binaries")
    return folder


def hunt(base, folder):
    """What found it, and after how long; None when nothing did."""
    begin = time.monotonic()
    for seed in SEEDS:
        if time.monotonic() - begin + RUN_S > LIMIT_S:
            break
        command = [sys.executable, "tests/chaos/run.py", "--build", base, "--services", folder,
                   "--seconds", str(RUN_S), "--kills", str(RUN_S), "--seed", str(seed),
                   "--patience", str(PATIENCE_S)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"^chaos: finding: (.*)$", done.stdout, re.M)
        kept = re.search(r"^chaos: state, logs and histories are in (\S+)$", done.stdout, re.M)
        if kept:
            shutil.rmtree(kept.group(1))
        if done.returncode != 0 and found:
            return found.group(1), time.monotonic() - begin
    return None


def hunt_everysec(base):
    begin = time.monotonic()
    name, test, case = EVERYSEC
    make(base, "binaries", f"{base}/tests/{test}", f"{base}/power/shim.so")
    done = subprocess.run([f"{base}/tests/{test}"], capture_output=True, text=True, check=False,
                          env={**os.environ, "TEST_FILTER": case, "O": base})
    said = re.search(r"everysec lost [1-9][0-9]* acknowledged commits", done.stdout + done.stderr)
    if done.returncode == 0 and said:
        return f"{case}: {said.group(0)}", time.monotonic() - begin
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("O", "build"))
    parser.add_argument("mutants", nargs="*")
    arguments = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    base = os.path.abspath(arguments.build)
    n_missed = 0
    for name in arguments.mutants or [*mutants(), EVERYSEC[0]]:
        caught = hunt_everysec(base) if name == EVERYSEC[0] else hunt(base, build(base, name))
        if caught is None:
            n_missed += 1
            print(f"MISSED {name.lower()}", flush=True)
        else:
            print(f"caught {name.lower():24} in {caught[1]:3.0f} s: {caught[0]}", flush=True)
    shutil.rmtree(f"{base}/mutant", ignore_errors=True)
    print(f"teeth: {n_missed} missed")
    return 1 if n_missed else 0


if __name__ == "__main__":
    sys.exit(main())
