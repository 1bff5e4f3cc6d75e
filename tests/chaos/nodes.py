"""A platform whose processes each live on a host of their own: network namespaces on one bridge when
the machine allows, else one loopback address. Everything speaks tcp:// with CURVE."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

NETWORK = "10.77.0"
SERVICE_PORT = 7101
EVENTS_PORT = 7102
HTTP_PORT = 8080
REDIS_PORT = 6379
PROXY_PORT = 7379  # and the next ones
START_S = 60
RESTART_S = 0.3
STOP_S = 20
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
REDIS = ("ledger", "views")
SERVICES = ("enrolment", "payments", "notifications", "analytics", "settlement", "archiver", "gateway")
# Small and often, so that a kill finds a segment half written; and trimmed soon behind.
ARCHIVER = {"ARCHIVER_INTERVAL_S": "1", "ARCHIVER_SEGMENT_BYTES": "65536", "ARCHIVER_POLL_MS": "100",
            "ARCHIVER_TRIM": "true", "ARCHIVER_TRIM_INTERVAL_S": "1", "ARCHIVER_TEST_RETENTION_MS": "6000"}
PLAN = (
    ("DefinePlan", {"plan": {"code": "CHAOS", "name": "CHAOS", "product": 1, "period": 1, "from": "2026-01-01",
                             "until": "2026-12-31", "counts": 2, "measure": 1, "root": {"kind": 1, "code": "15"},
                             "target": 100000}}),
    ("CascadePlan", {"planCode": "CHAOS", "downTo": 3, "weights": "PLAN_WEIGHTS_EQUAL"}),
    ("LockPlan", {"planCode": "CHAOS", "officer": "CHAOS-1"}),
)
INSTANCES = 2
# As the clients have them: history.c, steps.h.
PARTNER, CUT_OFF = "VNPOST", "23:59"


class Failed(Exception):
    """Something that the run cannot go on after."""


def sh(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


def free_ports(n):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Node:
    """A host with one process that is started again when it ends."""

    def __init__(self, name, ip, is_private):
        self.name = name
        self.ip = ip
        self.namespace = f"ansinh-{name}" if is_private else None
        self.ports = {}
        self.command = []  # none: a host without a process of the platform
        self.environment = {}
        self.log = None
        self.process = None
        self.is_stopped = False
        self.is_wanted = True
        self.may_end = False  # it was told to
        self.clock = None  # file with the offset of its clock
        self.down_s = 0  # how long it stays away after the next end
        self.seen_down = None

    def port(self, what):
        return self.ports[what]

    def address(self, what):
        return f"{self.ip}:{self.ports[what]}"

    def wrap(self, command):
        return ["ip", "netns", "exec", self.namespace, *command] if self.namespace else list(command)

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.wrap(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        self.is_stopped = False
        self.may_end = False
        self.down_s = RESTART_S
        self.seen_down = None

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.is_alive():
            self.process.send_signal(number)

    def kill(self):
        if not self.is_alive():
            return False
        self.may_end = True
        self.process.kill()
        self.process.wait()
        return True


class Platform:
    """Two Redis servers and two instances of each service."""

    def __init__(self, build, services, folder, is_private):
        self.build = build
        self.bin = f"{services}/bin"
        self.folder = folder
        self.is_private = is_private
        self.nodes = {}
        self.proxy = None
        self.routes = {}  # through the proxy: name to its address there
        self.clients = self.add("clients", 9)
        for i, name in enumerate(REDIS):
            self.add(name, 2 + i)
        for i, service in enumerate(SERVICES):
            for n in range(1, INSTANCES + 1):
                self.add(f"{service}-{n}", 10 * (i + 1) + n)
        self.choose_ports()
        os.makedirs(f"{folder}/log")
        os.makedirs(f"{folder}/auth")
        for name in REDIS:
            os.makedirs(f"{folder}/{name}")
            with open(f"{folder}/auth/{name}.password", "w", encoding="ascii") as file:
                file.write(secrets.token_hex(16) + "\n")
        self.describe_redis()
        self.describe_services()

    def add(self, name, number):
        node = Node(name, f"{NETWORK}.{number}" if self.is_private else "127.0.0.1", self.is_private)
        node.log = f"{self.folder}/log/{name}.log"
        self.nodes[name] = node
        return node

    def processes(self):
        return [node for node in self.nodes.values() if node.command]

    def services(self):
        return [node for node in self.processes() if node.name not in REDIS]

    def choose_ports(self):
        fixed = {"redis": REDIS_PORT, "bind": SERVICE_PORT, "events": EVENTS_PORT, "http": HTTP_PORT}
        for node in self.nodes.values():
            names = ("redis",) if node.name in REDIS else ("bind", "events", "http")
            ports = [fixed[name] for name in names] if self.is_private else free_ports(len(names))
            node.ports = dict(zip(names, ports))
        names = [*REDIS, *(f"gateway-{n}" for n in range(1, INSTANCES + 1))]
        ports = range(PROXY_PORT, PROXY_PORT + len(names)) if self.is_private else free_ports(len(names))
        ip = f"{NETWORK}.1" if self.is_private else "127.0.0.1"
        self.routes = {name: f"{ip}:{port}" for name, port in zip(names, ports)}

    def describe_redis(self):
        for name in REDIS:
            node = self.nodes[name]
            with open(f"deploy/redis/{name}.conf", encoding="utf-8") as file:
                settings = file.read()
            with open(f"{self.folder}/auth/{name}.password", encoding="ascii") as file:
                settings += f"\nrequirepass {file.read()}\n"
            with open(f"{self.folder}/{name}.conf", "w", encoding="utf-8") as file:
                file.write(settings)
            node.command = ["deploy/redis/serve", f"{self.folder}/{name}.conf", f"{self.folder}/{name}",
                            "--bind", node.ip, "--port", str(node.port("redis"))]

    def environment(self, is_proxied):
        found = {"ANSINH_VAR": self.folder}
        for name in REDIS:
            address = self.routes[name] if is_proxied else self.nodes[name].address("redis")
            found[f"ANSINH_{name.upper()}"] = f"tcp://{address}"
            found[f"ANSINH_{name.upper()}_PASSWORD_FILE"] = f"{self.folder}/auth/{name}.password"
        return found

    def describe_services(self):
        """The second instance of each service reaches Redis through the proxy, has a clock that may
        jump, and loses every third event frame."""
        for service in SERVICES:
            for n in range(1, INSTANCES + 1):
                node = self.nodes[f"{service}-{n}"]
                node.command = [f"{self.bin}/{service}"]
                node.environment = self.environment(n == 2) | {
                    "ANSINH_INSTANCE": node.name,
                    "ANSINH_BIND": f"tcp://{node.address('bind')}",
                    "ANSINH_BIND_EVENTS": f"tcp://{node.address('events')}",
                }
                if service == "gateway":
                    node.environment |= {"GATEWAY_ADDRESS": node.ip, "GATEWAY_PORT": str(node.port("http"))}
                if service == "archiver":
                    node.environment |= ARCHIVER
                if n == 2:
                    node.environment["ANSINH_TEST_DROP_EVENTS"] = "3"
                    self.give_clock(node)

    def give_clock(self, node):
        if not os.path.exists(FAKETIME):
            return
        node.clock = f"{self.folder}/{node.name}.clock"
        self.set_clock(node, 0)
        node.environment |= {
            "LD_PRELOAD": FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": node.clock,
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set_clock(self, node, offset_s):
        with open(f"{node.clock}.new", "w", encoding="ascii") as file:
            file.write(f"{offset_s:+d}\n")
        os.replace(f"{node.clock}.new", node.clock)

    # --- network ---

    def make_network(self):
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", "br0", "type", "bridge")
        sh("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "br0")
        sh("ip", "link", "set", "br0", "up")
        for i, node in enumerate(self.nodes.values()):
            name = node.namespace
            sh("ip", "netns", "add", name)
            sh("ip", "link", "add", f"v{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            sh("ip", "link", "set", f"v{i}", "master", "br0", "up")
            sh("ip", "-n", name, "addr", "add", f"{node.ip}/24", "dev", "eth0")
            sh("ip", "-n", name, "link", "set", "eth0", "up")
            sh("ip", "-n", name, "link", "set", "lo", "up")

    def rule(self, node, action, *words):
        """Adds (-A) or takes out (-D) a packet filter rule on a node."""
        subprocess.run(node.wrap(["iptables", "-w", action, *words]), check=False, capture_output=True)

    def heal_network(self):
        for node in self.nodes.values():
            if node.namespace:
                self.rule(node, "-F")

    # --- life ---

    def start_proxy(self):
        """In the root of the network, from where every host can be reached."""
        routes = []
        for name, address in self.routes.items():
            node = self.nodes[name]
            routes.append(f"{name}={address}={node.address('redis' if name in REDIS else 'http')}")
        with open(f"{self.folder}/log/proxy.log", "ab") as log:
            self.proxy = subprocess.Popen([f"{self.build}/chaos/chaos_proxy", *routes],
                                          stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)

    def tell_proxy(self, *words):
        self.proxy.stdin.write(" ".join(words) + "\n")
        self.proxy.stdin.flush()

    def run(self, *command, check=True):
        """A command of ours on the clients' host."""
        done = subprocess.run(self.clients.wrap(command), capture_output=True, text=True, check=False,
                              env={**os.environ, **self.environment(False)})
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done

    def ansinh(self, *words, check=True):
        return self.run(f"{self.build}/bin/ansinh", *words, check=check)

    def start(self):
        if self.is_private:
            self.make_network()
        self.ansinh("keys")
        for name in REDIS:
            self.nodes[name].spawn()
        self.start_proxy()
        self.ansinh("init")
        for node in self.services():
            node.spawn()
        self.wait_ready()
        for kind in ("units", "organisations", "plan"):
            self.ansinh("import", kind, f"deploy/sample/{kind}.csv")
        self.ansinh("partner", "add", PARTNER, "--cut-off", CUT_OFF)
        for method, request in PLAN:
            self.ansinh("call", f"Plans/{method}", json.dumps(request))

    def is_healthy(self, node):
        try:
            with urllib.request.urlopen(f"http://{node.address('http')}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def wait_ready(self):
        """Every process runs, and both gateways see every service well."""
        gateways = [node for node in self.services() if node.name.startswith("gateway-")]
        end = time.monotonic() + START_S
        while not all(node.is_alive() for node in self.processes()) or not all(map(self.is_healthy, gateways)):
            if time.monotonic() > end:
                raise Failed("the platform does not get ready")
            self.look_after()
            time.sleep(0.05)

    def look_after(self):
        """Starts again what ended; answers what ended by itself as it never should."""
        found = []
        for node in self.processes():
            if node.process is None or node.is_alive() or not node.is_wanted:
                continue
            if node.seen_down is None:
                node.seen_down = time.monotonic()
            if time.monotonic() < node.seen_down + node.down_s:
                continue
            status = node.process.returncode
            # a service that finds no Redis at its start ends with 1 and is started again
            if not node.may_end and (status < 0 or status == 2 or node.name in REDIS):
                found.append(f"{node.name} ended by itself with {status}")
            node.spawn()
        return found

    def stop(self):
        for node in self.services():
            node.is_wanted = False
            node.signal(signal.SIGCONT)
            node.signal(signal.SIGTERM)
        end = time.monotonic() + STOP_S
        for node in self.services():
            with contextlib.suppress(subprocess.TimeoutExpired):
                if node.process is not None:
                    node.process.wait(max(0.1, end - time.monotonic()))
        for node in self.processes():
            node.is_wanted = False
            node.kill()
        if self.proxy is not None:
            self.proxy.kill()
            self.proxy.wait()
