#!/usr/bin/python3
"""Chaos: mixed load against a platform on which everything fails, and the proof afterwards.

    tests/chaos/run.py [--seconds N] [--seed N] [--kills N] [--build FOLDER] [--keep]

Ends with one line of figures; exit status 1 when something was lost, doubled, miscounted, out of
order or answered wrongly. --keep leaves the state and the histories behind also after a success."""

import argparse
import heapq
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it is

from nodes import INSTANCES, Failed, Platform  # noqa: E402
from schedule import Schedule  # noqa: E402

PRIVATE = "CHAOS_PRIVATE_NETWORK"  # set inside the namespaces
WALKERS = {"bus": 12, "proto": 8, "json": 8}
CITIZENS_PER_S = 40
STEP_S = 0.01
TELL_S = 10
SETTLE_S = 150
PATIENCE_S = 60  # until the projections have caught up
LOG_LINES = 5
SHOWN = 10  # findings of one kind of check


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kills", type=int, default=None)
    parser.add_argument("--build", default=os.environ.get("O", "build"))
    parser.add_argument("--services", default=None, help="folder whose bin has the services, if another")
    parser.add_argument("--patience", type=int, default=PATIENCE_S)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = int.from_bytes(os.urandom(4), "big")
    if arguments.kills is None:
        arguments.kills = arguments.seconds
    return arguments


def go_private():
    """Runs this program again in namespaces of its own: a network whose faults are nobody else's, and
    processes that end with it. Where the machine does not allow that, it goes on as it is."""
    if PRIVATE in os.environ:
        return os.environ[PRIVATE] == "yes"
    spaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        spaces += ["--user", "--map-root-user"]
    place = "mount -t tmpfs none /run && mkdir /run/netns && "
    probe = (place + "ip link add br0 type bridge && "
             "ip netns add probe && ip link add v0 type veth peer name eth0 netns probe && "
             "ip netns exec probe iptables -w -A OUTPUT -d 10.0.0.1 -p tcp -m statistic --mode random "
             "--probability 0.3 -j DROP && ip netns exec probe iptables -w -A OUTPUT -d 10.0.0.1 -p tcp "
             "-j REJECT --reject-with tcp-reset")
    tried = subprocess.run([*spaces, "sh", "-c", probe], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        print("chaos: skipped: packet loss, since there is no network of its own here:", tried.stderr.strip()[-200:])
        os.environ[PRIVATE] = "no"
        return False
    os.environ[PRIVATE] = "yes"
    sys.stdout.flush()
    script = place + 'exec "$@"'
    os.execvp("unshare", [*spaces, "sh", "-c", script, "sh", sys.executable, *sys.argv])
    return True


class Load:
    """The clients."""

    def __init__(self, platform, seed, seconds):
        self.histories = []
        self.processes = []
        gateways = [platform.nodes[f"gateway-{n}"].address("http") for n in range(1, INSTANCES + 1)]
        proxied = [platform.routes[f"gateway-{n}"] for n in range(1, INSTANCES + 1)]
        addresses = {"bus": [], "proto": gateways, "json": proxied}
        for i, how in enumerate(WALKERS):
            history = f"{platform.folder}/{how}.history"
            command = [f"{platform.build}/chaos/chaos_load", how, history, str(seed + i), str(WALKERS[how]),
                       str(CITIZENS_PER_S * seconds), *addresses[how]]
            with open(f"{platform.folder}/log/load-{how}.log", "ab") as log:
                self.processes.append(subprocess.Popen(
                    platform.clients.wrap(command), stdin=subprocess.PIPE, stdout=log, stderr=log,
                    env={**os.environ, **platform.environment(False)}))
            self.histories.append(history)

    def look(self):
        for process in self.processes:
            if process.poll() not in (None, 0):
                raise Failed(f"a client ended with {process.returncode}")

    def settle(self, look_after):
        for process in self.processes:
            process.stdin.write(b"settle\n")
            process.stdin.flush()
        end = time.monotonic() + SETTLE_S
        while any(process.poll() is None for process in self.processes):
            if time.monotonic() > end:
                raise Failed("the clients do not come to an end")
            look_after()
            self.look()
            time.sleep(STEP_S)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


class Run:
    def __init__(self, arguments, is_private):
        self.arguments = arguments
        self.folder = tempfile.mkdtemp(prefix="ansinh-chaos-")
        build = os.path.abspath(arguments.build)
        services = os.path.abspath(arguments.services or arguments.build)
        self.platform = Platform(build, services, self.folder, is_private)
        self.load = None
        self.findings = []

    def look_after(self):
        self.findings += self.platform.look_after()

    def fail_things(self):
        schedule = Schedule(self.platform, self.arguments.seed, self.arguments.seconds, self.arguments.kills)
        begin = told = time.monotonic()
        while schedule.events:
            at, _, function, words = heapq.heappop(schedule.events)
            while time.monotonic() < begin + at:
                self.look_after()
                self.load.look()
                if time.monotonic() > told + TELL_S:
                    told += TELL_S
                    print(f"chaos: {told - begin:.0f} s: {tell(schedule.counts)}", flush=True)
                time.sleep(STEP_S)
            function(*words)
        return schedule

    def heal(self):
        for node in self.platform.processes():
            node.signal(signal.SIGCONT)
            node.down_s = 0
            if node.clock:
                self.platform.set_clock(node, 0)
        for name in self.platform.routes:
            self.platform.tell_proxy(name, "heal")
        self.platform.heal_network()
        self.platform.wait_ready()

    def verify(self):
        """Everything that is kept or counted is a fold of the journals, to their ends: the projections may still be
        catching up, and --whole says so."""
        end = time.monotonic() + self.arguments.patience
        while True:
            done = self.platform.ansinh("verify", "--whole", "--archive", f"{self.folder}/archive", check=False)
            if done.returncode == 0 and " 0 differences" in done.stdout:
                print(*done.stdout.strip().splitlines()[-2:], sep="\n")
                return
            if time.monotonic() > end:
                said = [line for line in done.stdout.splitlines() if not line.startswith("archive: ")]
                self.findings.append("ansinh verify: " + "\n".join([*said[:SHOWN], done.stderr]))
                return
            self.look_after()
            time.sleep(0.5)

    def check(self):
        done = self.platform.run(f"{self.platform.build}/chaos/chaos_check", f"{self.folder}/archive",
                                 *self.load.histories, check=False)
        lines = done.stdout.strip().splitlines()
        if not lines or not lines[-1].startswith("operations "):
            raise Failed(f"chaos_check: {done.stdout}{done.stderr}")
        print(done.stdout.strip())
        figures = dict(part.rsplit(" ", 1) for part in lines[-1].split(", "))
        if done.returncode != 0:
            self.findings += lines[:SHOWN] if len(lines) > 1 else ["chaos_check says no more"]
        return figures

    def run(self):
        self.platform.start()
        self.load = Load(self.platform, self.arguments.seed, self.arguments.seconds)
        schedule = self.fail_things()
        self.heal()
        self.load.settle(self.look_after)
        self.verify()
        return schedule.counts, self.check()

    def close(self):
        if self.load is not None:
            self.load.stop()
        self.platform.stop()
        if self.findings:
            self.show_logs()
        if self.findings or self.arguments.keep:
            print(f"chaos: state, logs and histories are in {self.folder}")
        else:
            shutil.rmtree(self.folder)

    def show_logs(self):
        for name in sorted(os.listdir(f"{self.folder}/log")):
            with open(f"{self.folder}/log/{name}", encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()[-LOG_LINES:]
            print(f"--- {name}", *lines, sep="\n    ")


def tell(counts):
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))


def main():
    arguments = read_arguments()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    is_private = go_private()
    print(f"chaos: SECONDS={arguments.seconds} SEED={arguments.seed} KILLS={arguments.kills}"
          f"{'' if is_private else ', without packet loss'}", flush=True)
    run = Run(arguments, is_private)
    counts, figures = {}, {}
    try:
        counts, figures = run.run()
    except Failed as failure:
        run.findings.append(str(failure))
    finally:
        run.close()
    for finding in run.findings:
        print(f"chaos: finding: {finding}")
    print(f"chaos: faults: {tell(counts)}")
    print(f"chaos: {figures.get('acknowledged', 0)} acknowledged, {figures.get('unknown', 0)} unknown, "
          f"{counts.get('kills', 0)} kills, {figures.get('lost', '?')} lost, {figures.get('doubled', '?')} doubled, "
          f"{figures.get('uncounted', '?')} uncounted, longest outage {figures.get('outage', '?')} s")
    return 1 if run.findings else 0


if __name__ == "__main__":
    sys.exit(main())
