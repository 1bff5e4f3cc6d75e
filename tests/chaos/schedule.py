"""What goes wrong when: drawn from the seed before the run begins."""

import heapq
import math
import random
import signal

from nodes import REDIS

LEAD_S = 1.5  # nothing happens before
KILL_REDIS_PERCENT = 12
RESTART_MAX_S = 1.2
AGAIN_S = 0.3
STOP_EVERY_S = 4
STOP_MIN_S, STOP_MAX_S = 0.1, 20
STANDSTILL_MIN_S, STANDSTILL_MAX_S = 3.2, 5  # a little more than what services wait for an answer
END_EVERY_S = 12
BLACKOUT_EVERY_S = 40
CUT_EVERY_S = 3
PROXY_EVERY_S = 3
CUT_MIN_S, CUT_MAX_S = 0.1, 8
CLOCK_EVERY_S = 8
CLOCK_OFFSETS_S = (-86400, -3600, -240, -2, 2, 240, 3600, 86400)


def log_uniform(draw, low, high):
    return math.exp(draw.uniform(math.log(low), math.log(high)))


class Schedule:
    """Events as (time, number, function); the platform undoes what must not last."""

    def __init__(self, platform, seed, seconds, kills):
        self.platform = platform
        self.draw = random.Random(seed)
        self.seconds = seconds
        self.events = []  # a heap
        self.n_added = 0
        self.counts = {}
        for _ in range(kills):
            at = self.moment()
            self.add(at, self.kill, at, self.victim(), self.draw.uniform(0, RESTART_MAX_S))
        self.spread(STOP_EVERY_S, self.make_stop)
        for name in REDIS:
            self.make_standstill(self.draw.uniform(LEAD_S, seconds / 2), platform.nodes[name])
        self.spread(END_EVERY_S, self.make_end)
        self.spread(BLACKOUT_EVERY_S, self.make_blackout)
        self.spread(PROXY_EVERY_S, self.make_proxy)
        self.spread(CLOCK_EVERY_S, self.make_clock)
        if platform.is_private:
            self.spread(CUT_EVERY_S, self.make_cut)

    def add(self, at, function, *words):
        heapq.heappush(self.events, (at, self.n_added, function, words))
        self.n_added += 1

    def moment(self):
        return self.draw.uniform(LEAD_S, self.seconds)

    def spread(self, every_s, make):
        for _ in range(round(self.seconds / every_s)):
            make(self.moment())

    def lasting(self, at, low, high):
        return min(self.seconds, at + log_uniform(self.draw, low, high))

    def victim(self):
        if self.draw.random() * 100 < KILL_REDIS_PERCENT:
            return self.platform.nodes[self.draw.choice(REDIS)]
        return self.draw.choice(self.platform.services())

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    # --- making ---

    def make_stop(self, at):
        node = self.victim()
        self.add(at, self.stop, node)
        self.add(self.lasting(at, STOP_MIN_S, STOP_MAX_S), self.go_on, node)

    def make_standstill(self, at, node):
        self.add(at, self.stop, node)
        self.add(self.lasting(at, STANDSTILL_MIN_S, STANDSTILL_MAX_S), self.go_on, node)

    def make_end(self, at):
        self.add(at, self.end, self.draw.choice(self.platform.services()))

    def make_blackout(self, at):
        self.add(at, self.blackout)

    def make_proxy(self, at):
        name = self.draw.choice(list(self.platform.routes))
        what = self.draw.choice(("reset", "reset", "delay", "cut"))
        how = {"reset": (), "delay": (str(self.draw.randrange(5, 400)),),
               "cut": (self.draw.choice(("up", "down", "both")),)}[what]
        self.add(at, self.proxy, name, what, *how)
        if what != "reset":
            self.add(self.lasting(at, CUT_MIN_S, CUT_MAX_S), self.proxy, name, "heal")

    def make_clock(self, at):
        nodes = [node for node in self.platform.processes() if node.clock]
        if nodes:
            node = self.draw.choice(nodes)
            self.add(at, self.clock, node, self.draw.choice(CLOCK_OFFSETS_S))
            self.add(self.lasting(at, 2, 20), self.clock, node, 0)

    def make_cut(self, at):
        nodes = list(self.platform.nodes.values())
        one, other = self.draw.sample(nodes, 2)
        target = self.draw.choice((
            ("-j", "DROP"),
            ("-m", "statistic", "--mode", "random", "--probability", "0.3", "-j", "DROP"),
            ("-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"),
        ))
        rules = [(one, ("OUTPUT", "-d", other.ip, *target))]
        if self.draw.random() < 0.4:
            rules.append((other, ("OUTPUT", "-d", one.ip, *target)))
        if self.draw.random() < 0.15:
            rules = [(one, ("OUTPUT", "-j", "DROP"))]
        self.add(at, self.cut, "-A", rules)
        self.add(self.lasting(at, CUT_MIN_S, CUT_MAX_S), self.cut, "-D", rules)

    # --- doing ---

    def kill(self, at, node, restart_s):
        """When the victim is down at the moment it is somebody else's turn, soon when all are down."""
        alive = [each for each in self.platform.services() if each.is_alive()]
        if not node.is_alive() and not alive:
            self.add(at + AGAIN_S, self.kill, at + AGAIN_S, node, restart_s)
            return
        if not node.is_alive():
            node = self.draw.choice(alive)
        node.kill()
        node.down_s = restart_s
        self.count("kills")

    def blackout(self):
        """Everything at once."""
        nodes = [node for node in self.platform.processes() if node.is_alive()]
        for node in nodes:
            node.may_end = True
            node.signal(signal.SIGKILL)
        for node in nodes:
            node.process.wait()
            node.down_s = self.draw.uniform(0, RESTART_MAX_S)
        self.count("blackouts")

    def stop(self, node):
        if node.is_alive():
            node.signal(signal.SIGSTOP)
            node.is_stopped = True
            self.count("stops")

    def go_on(self, node):
        node.signal(signal.SIGCONT)
        node.is_stopped = False

    def end(self, node):
        if node.is_alive() and not node.is_stopped:
            node.may_end = True
            node.signal(signal.SIGTERM)
            self.count("ends")

    def proxy(self, name, what, *how):
        self.platform.tell_proxy(name, what, *how)
        if what != "heal":
            self.count("proxy faults")

    def clock(self, node, offset_s):
        self.platform.set_clock(node, offset_s)
        if offset_s != 0:
            self.count("clock jumps")

    def cut(self, action, rules):
        for node, words in rules:
            self.platform.rule(node, action, *words)
        if action == "-A":
            self.count("network faults")
