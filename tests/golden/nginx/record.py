#!/usr/bin/env python3
"""Record what the real NGINX does, one JSON file per scenario beside this script (format: ../README.md).

Usage: record.py [SCENARIO…]        needs `nginx` in the path; about a minute and a half for all
"""

import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

from recorder import Client, Mock, Program, header, plain_keys, write  # noqa: E402


class Scenario:
    """One NGINX with one upstream, and the steps made and seen so far."""

    def __init__(self, name, about, algorithm, servers, directive="", sequential=True):
        self.name, self.about, self.algorithm = name, about, algorithm
        self.servers, self.directive, self.sequential = servers, directive, sequential
        self.steps, self.picks, self.shares = [], 0, None
        self.mock, self.held = Mock(), {}

    def __enter__(self):
        for server in self.servers:
            self.mock.start(server["name"])
        self.address = LISTEN
        self.config = CONFIG % {
            "upstream": "\n".join("    " + line for line in self._upstream_lines()),
            "address": self.address,
        }
        command = ["nginx", "-c", "PREFIX/nginx.conf", "-p", "PREFIX", "-e", "PREFIX/error.log"]
        self.program = Program(command, self.address, {"nginx.conf": self.config})
        self.program.__enter__()
        self.client = Client(self.address)
        return self

    def __exit__(self, kind, *_):
        for pick in list(self.held):
            self.finish(pick, record=False)
        self.client.close()
        self.program.__exit__()
        self.mock.stop_all()
        if kind is None:
            write(os.path.join(HERE, self.name + ".json"), self._record())
            print("%-40s %6d steps" % (self.name, len(self.steps)), flush=True)

    def pick(self, key=None, address=None):
        status, head = self.client.ask(fields(key, address))
        self._note_pick(key, address, status, header(head, b"tried").decode())

    def pick_held(self, key=None, address=None):
        """Start a request and leave it in flight; a refused one is over at once."""
        tag = str(self.picks)
        client = Client(self.address)
        client.send({**fields(key, address), "Hold": tag})
        client.connection.settimeout(0.02)
        while tag not in self.mock.arrived:
            try:
                status, head = client.receive()
            except TimeoutError:
                continue
            client.close()
            self._note_pick(key, address, status, header(head, b"tried").decode())
            return
        client.connection.settimeout(None)
        self.held[self.picks] = client
        self._note_pick(key, address, 200, self.mock.arrived[tag])

    def finish(self, pick, record=True):
        client = self.held.pop(pick)
        self.mock.release(str(pick))
        client.receive()
        client.close()
        if record:
            self.steps.append({"finish": pick})

    def stop(self, name):
        self.mock.stop(name)
        self.steps.append({"stop": name})

    def start(self, name):
        self.mock.start(name)
        self.steps.append({"start": name})

    def wait(self, secs):
        time.sleep(secs)
        self.steps.append({"wait_secs": secs})

    def count_shares(self, picks):
        counts = {server["name"]: 0 for server in self.servers}
        for _ in range(picks):
            _, head = self.client.ask({})
            counts[header(head, b"tried").decode()] += 1
        self.shares = {"picks": picks, "counts": counts}

    def _note_pick(self, key, address, status, tried):
        got = [name.strip() for name in tried.replace(" : ", ", ").split(",")]
        refused = got[-1] == "pool"
        step = {name: value for name, value in (("key", key), ("address", address)) if value is not None}
        step["got"] = got[:-1] if refused else got
        if status != 200:
            assert status == 502, status
            if step["got"]:
                step["failed"] = True
        self.picks += 1
        self.steps.append({"pick": step})

    def _upstream_lines(self):
        lines = [self.directive + ";"] if self.directive else []
        for server in self.servers:
            words = ["server", server["name"]]
            if server.get("weight", 1) != 1:
                words.append("weight=%d" % server["weight"])
            if server.get("limit"):
                words.append("max_conns=%d" % server["limit"])
            if server["max_fails"] != 1:
                words.append("max_fails=%d" % server["max_fails"])
            if server["fail_timeout_secs"] != 10:
                words.append("fail_timeout=%ds" % server["fail_timeout_secs"])
            words += [word for word in ("backup", "down") if server.get(word)]
            lines.append(" ".join(words) + ";")
        return lines

    def _record(self):
        record = {
            "program": VERSION,
            "about": self.about,
            "config": self.config,
            "algorithm": self.algorithm,
            "sequential": self.sequential,
            "servers": self.servers,
        }
        if self.shares is not None:
            record["shares"] = self.shares
        else:
            record["steps"] = self.steps
        return record


def fields(key, address):
    pairs = (("Key", key), ("Address", address))
    return {name: value for name, value in pairs if value is not None}


def servers(*weights, names=None, max_fails=1, fail_timeout_secs=10, **special):
    """Servers 127.0.0.1:19001 onwards; `special` maps a field to {place from 1: value}."""
    made = []
    for place, weight in enumerate(weights, 1):
        server = {"name": names[place - 1] if names else "127.0.0.1:%d" % (19000 + place), "id": place, "weight": weight}
        for field, values in special.items():
            if place in values:
                server[field] = values[place]
        made.append({**server, "max_fails": max_fails, "fail_timeout_secs": fail_timeout_secs})
    return made


def name_of(place):
    return "127.0.0.1:%d" % (19000 + place)


def weighted():
    for weights in WEIGHT_VECTORS:
        title = "weighted-" + "-".join(map(str, weights))
        with Scenario(title, "smooth weighted order", "weighted", servers(*weights)) as scenario:
            for _ in range(3 * sum(weights) + 2 if sum(weights) < 100 else sum(weights) + 10):
                scenario.pick()
    with Scenario("weighted-down", "a server marked down is passed over", "weighted",
                  servers(5, 3, 1, 2, down={2: True})) as scenario:
        for _ in range(40):
            scenario.pick()
    with Scenario("weighted-drawn", "weights drawn at random", "weighted",
                  servers(*[random.Random(7).randrange(1, 40) for _ in range(17)])) as scenario:
        for _ in range(800):
            scenario.pick()


def weighted_failing():
    with Scenario("weighted-dead-default", "a dead server is tried once, then benched for fail_timeout", "weighted",
                  servers(1, 1, 1)) as scenario:
        scenario.stop(name_of(2))
        for _ in range(12):
            scenario.pick()
    for weights in ((5, 3, 2), (2, 7, 3)):
        title = "weighted-dead-max-fails-0-" + "-".join(map(str, weights))
        with Scenario(title, "a dead server that is never benched, and the retries", "weighted",
                      servers(*weights, max_fails=0)) as scenario:
            for round_ in range(4):
                scenario.stop(name_of(2)) if round_ % 2 else None
                for _ in range(17):
                    scenario.pick()
                scenario.start(name_of(2)) if round_ % 2 else None
    with Scenario("weighted-two-dead-max-fails-0", "two dead servers of four, never benched", "weighted",
                  servers(4, 3, 2, 1, max_fails=0)) as scenario:
        scenario.stop(name_of(1))
        scenario.stop(name_of(3))
        for _ in range(40):
            scenario.pick()
    with Scenario("weighted-all-dead-max-fails-0", "every server dead: all are tried, then the client sees the failure",
                  "weighted", servers(2, 1, 3, max_fails=0)) as scenario:
        for place in (1, 2, 3):
            scenario.stop(name_of(place))
        for _ in range(20):
            scenario.pick()
        scenario.start(name_of(2))
        for _ in range(6):
            scenario.pick()
    with Scenario("weighted-one-server-dead", "an only server is never benched", "weighted", servers(1)) as scenario:
        scenario.pick()
        scenario.stop(name_of(1))
        for _ in range(4):
            scenario.pick()
        scenario.start(name_of(1))
        for _ in range(2):
            scenario.pick()


def weighted_recovering():
    with Scenario("weighted-recovers", "effective weight falls with a failure, and rises by one a pick after the bench",
                  "weighted", servers(8, 3, 2, fail_timeout_secs=1)) as scenario:
        for _ in range(5):
            scenario.pick()
        scenario.stop(name_of(1))
        for _ in range(3):
            scenario.pick()
        scenario.start(name_of(1))
        scenario.wait(3)
        for _ in range(60):
            scenario.pick()
    with Scenario("weighted-fails-its-trial", "after the bench a dead server gets one live request, and is benched again",
                  "weighted", servers(4, 3, 2, fail_timeout_secs=1)) as scenario:
        scenario.stop(name_of(1))
        for _ in range(2):
            scenario.pick()
        scenario.wait(3)
        for _ in range(3):
            scenario.pick()
        scenario.wait(3)
        scenario.start(name_of(1))
        for _ in range(30):
            scenario.pick()
    with Scenario("weighted-bench-default-10s", "benched for the default ten seconds, back after them", "weighted",
                  servers(3, 2, 2)) as scenario:
        scenario.pick()
        scenario.stop(name_of(2))
        for _ in range(4):
            scenario.pick()
        scenario.start(name_of(2))
        scenario.wait(8)
        for _ in range(6):
            scenario.pick()
        scenario.wait(4)
        for _ in range(20):
            scenario.pick()
    with Scenario("weighted-max-fails-3", "three failures bench it; each lowers the effective weight by a third",
                  "weighted", servers(9, 4, 2, max_fails=3)) as scenario:
        for _ in range(4):
            scenario.pick()
        scenario.stop(name_of(1))
        for _ in range(30):
            scenario.pick()
    with Scenario("weighted-max-fails-5-flaps", "failures between successes lower the effective weight for a while",
                  "weighted", servers(11, 4, 2, max_fails=5)) as scenario:
        for stopped in (False, True, False, True, False):
            scenario.stop(name_of(1)) if stopped else None
            for _ in range(3 if stopped else 25):
                scenario.pick()
            scenario.start(name_of(1)) if stopped else None


def weighted_backup():
    with Scenario("weighted-backup", "backup servers answer while every other one is benched", "weighted",
                  servers(2, 1, 3, 1, backup={3: True, 4: True}, fail_timeout_secs=1)) as scenario:
        for _ in range(5):
            scenario.pick()
        scenario.stop(name_of(1))
        for _ in range(4):
            scenario.pick()
        scenario.stop(name_of(2))
        for _ in range(9):
            scenario.pick()
        scenario.start(name_of(1))
        scenario.start(name_of(2))
        scenario.wait(3)
        for _ in range(12):
            scenario.pick()
    with Scenario("weighted-backup-max-fails-0", "with max_fails=0 each request tries all, then a backup", "weighted",
                  servers(2, 1, 3, 1, backup={3: True, 4: True}, max_fails=0)) as scenario:
        scenario.stop(name_of(1))
        scenario.stop(name_of(2))
        for _ in range(12):
            scenario.pick()


def least_connections():
    for weights in ((1, 1, 1), (5, 1, 1), (4, 3, 2, 1)):
        title = "least-connections-idle-" + "-".join(map(str, weights))
        with Scenario(title, "one request at a time: every pick is a tie, broken by smooth order", LEAST,
                      servers(*weights), "least_conn") as scenario:
            for _ in range(4 * sum(weights)):
                scenario.pick()
    with Scenario("least-connections-recovers", "ties give back what a failure took off the weight", LEAST,
                  servers(8, 3, 2, fail_timeout_secs=1), "least_conn") as scenario:
        fail_and_recover(scenario, 1, 40)
    for seed, weights in enumerate(((1, 1, 1, 1), (5, 3, 1, 1), (7, 5, 4, 2, 1, 1), (2, 3)), 1):
        title = "least-connections-held-" + "-".join(map(str, weights))
        with Scenario(title, "held requests, started and finished in a drawn order", LEAST,
                      servers(*weights), "least_conn", sequential=False) as scenario:
            hold_and_finish(scenario, random.Random(seed), 500, 40)
    with Scenario("least-connections-dead", "one at a time, a dead server that is never benched", LEAST,
                  servers(3, 2, 1, max_fails=0), "least_conn", sequential=True) as scenario:
        scenario.stop(name_of(1))
        for _ in range(30):
            scenario.pick()
        scenario.start(name_of(1))
        for _ in range(30):
            scenario.pick()
    with Scenario("least-connections-limit", "a server at its limit is passed over; with all full there is a refusal",
                  LEAST, servers(1, 2, 3, limit={1: 3, 2: 2, 3: 4}), "least_conn", sequential=False) as scenario:
        hold_and_finish(scenario, random.Random(11), 300, 12)


def limits():
    with Scenario("weighted-limit", "a server at its limit is passed over; with all full there is a refusal", "weighted",
                  servers(5, 2, 1, limit={1: 2, 2: 3, 3: 1}), sequential=False) as scenario:
        hold_and_finish(scenario, random.Random(12), 300, 9)
    with Scenario("weighted-limit-one", "one server has a limit, the others none", "weighted",
                  servers(3, 2, 1, limit={1: 2}), sequential=False) as scenario:
        hold_and_finish(scenario, random.Random(13), 200, 15)
    with Scenario("modulo-limit", "a key whose server is full goes to the next rehash", "modulo(dialect: nginx)",
                  servers(2, 1, 3, limit={1: 3, 2: 2, 3: 3}), "hash $http_key", sequential=False) as scenario:
        hold_and_finish(scenario, random.Random(14), 300, 10, plain_keys(400, 14))
    with Scenario("ring-limit", "a key whose server is full walks on along the ring", "ring(dialect: nginx)",
                  servers(1, 1, 2, limit={1: 3, 2: 2, 3: 3}), "hash $http_key consistent", sequential=False) as scenario:
        hold_and_finish(scenario, random.Random(15), 300, 10, plain_keys(400, 15))


def fail_and_recover(scenario, place, count, keys=None):
    """A server refuses for thirty picks and is benched, comes back, and `count` more are made."""
    scenario.stop(name_of(place))
    for number in range(30):
        scenario.pick(keys and keys[number])
    scenario.start(name_of(place))
    scenario.wait(3)
    for number in range(count):
        scenario.pick(keys and keys[30 + number])


def hold_and_finish(scenario, dice, count, most, keys=None):
    for _ in range(count):
        if scenario.held and (len(scenario.held) >= most or dice.random() < 0.45):
            scenario.finish(dice.choice(sorted(scenario.held)))
        else:
            scenario.pick_held(dice.choice(keys) if keys else None)


def modulo():
    keyed("modulo-equal", "CRC-32 of the key, fifteen bits of it", "modulo(dialect: nginx)", "hash $http_key",
          servers(1, 1, 1, 1, 1), 2000)
    keyed("modulo-weights", "weights are intervals", "modulo(dialect: nginx)", "hash $http_key",
          servers(5, 1, 3, 2), 2000)
    keyed("modulo-dead", "a dead server's keys are hashed again, with a counter in front", "modulo(dialect: nginx)",
          "hash $http_key", servers(1, 2, 1, 3, max_fails=0), 2000, dead=(2,))
    keyed("modulo-two-dead", "two dead servers and the retries", "modulo(dialect: nginx)",
          "hash $http_key", servers(1, 2, 1, 3, max_fails=0), 1000, dead=(2, 4))
    keyed("modulo-most-down", "after twenty misses it takes turns among the rest", "modulo(dialect: nginx)",
          "hash $http_key", servers(*[1] * 16, down={place: True for place in range(1, 17) if place not in (6, 13)}), 1000)
    keyed("modulo-most-dead", "as above, with dead servers and one that is down", "modulo(dialect: nginx)",
          "hash $http_key", servers(3, 1, 9, 1, 9, max_fails=0, down={3: True}), 1000, dead=(5,))
    empty("modulo-empty-key", "an empty key is balanced in smooth order", "modulo(dialect: nginx)", "hash $http_key",
          servers(3, 1, 2))


def ring():
    names = ["127.1.2.3:18080", "127.77.0.9:18081", "127.0.0.200:18080", "127.200.200.200:28080", "127.3.2.1:18080"]
    keyed("ring-equal", "five servers, 160 points each", RING, CONSISTENT, servers(1, 1, 1, 1, 1), 4000)
    keyed("ring-removed", "the same keys with the third server gone", RING, CONSISTENT,
          [server for server in servers(1, 1, 1, 1, 1) if server["id"] != 3], 4000)
    keyed("ring-weights", "160 points per unit of weight", RING, CONSISTENT, servers(5, 1, 3, 2, 1, names=names), 4000)
    keyed("ring-dead", "a dead server's keys walk on, and the retries", RING, CONSISTENT,
          servers(5, 1, 3, 2, 1, names=names, max_fails=0), 4000, dead=(1,))
    keyed("ring-two-dead", "two dead servers and the retries", RING, CONSISTENT,
          servers(1, 1, 1, 1, 1, max_fails=0), 2000, dead=(2, 5))
    keyed("ring-down", "a server marked down keeps its points, and they are walked over", RING, CONSISTENT,
          servers(2, 1, 3, 1, down={3: True}), 2000)
    keyed("ring-most-down", "after twenty misses it takes turns among the rest", RING, CONSISTENT,
          servers(*[1] * 16, down={place: True for place in range(1, 17) if place not in (6, 13)}), 2000)
    keyed("ring-most-dead", "twenty misses counted over the retries too", RING, CONSISTENT,
          servers(9, 9, 1, 1, 1, max_fails=0, down={1: True}), 2000, dead=(2,))
    with Scenario("ring-recovers", "picks by key give back what a failure took off the weight, as turns then show", RING,
                  servers(*[8] * 40, fail_timeout_secs=1, down={place: True for place in range(1, 41) if place not in (6, 13)}),
                  CONSISTENT) as scenario:
        fail_and_recover(scenario, 6, 1000, plain_keys(1030))
    keyed("ring-many", "forty servers, weights drawn: enough points for equal ones to meet", RING, CONSISTENT,
          servers(*[random.Random(9).randrange(1, 30) for _ in range(40)]), 2000)
    keyed("ring-ipv6", "a server's name with brackets", RING, CONSISTENT,
          servers(1, 2, 1, names=["[::1]:19001", "127.0.0.1:19002", "[::1]:19003"]), 1000)
    keyed("ring-one", "an only server", RING, CONSISTENT, servers(3), 20)
    empty("ring-empty-key", "an empty key is balanced in smooth order", RING, CONSISTENT, servers(3, 1, 2))


def keyed(name, about, algorithm, directive, members, count, dead=()):
    with Scenario(name, about, algorithm, members, directive) as scenario:
        for place in dead:
            scenario.stop(members[place - 1]["name"])
        for key in plain_keys(count):
            scenario.pick(key)


def empty(name, about, algorithm, directive, members):
    with Scenario(name, about, algorithm, members, directive) as scenario:
        for index in range(40):
            scenario.pick("k%d" % index if index % 5 == 3 else "")


def ip_hash():
    addresses = client_addresses()
    for title, about, members, dead in (
        ("equal", "three octets of IPv4, all of IPv6", servers(1, 1, 1, 1), ()),
        ("weights", "weights are intervals", servers(3, 1, 2, 5), ()),
        ("dead", "a dead server's addresses are hashed on from where they stand", servers(3, 1, 2, 5, max_fails=0), (4,)),
        ("two-dead", "two dead servers and the retries", servers(3, 1, 2, 5, max_fails=0), (1, 4)),
        ("down", "a server marked down keeps its interval", servers(3, 1, 2, 5, down={3: True}), ()),
        ("most-down", "after twenty misses it takes turns among the rest",
         servers(*[1] * 16, down={place: True for place in range(1, 17) if place not in (6, 13)}), ()),
        ("large-weights", "weights beyond 6271 in all cannot be reached", servers(6000, 500, 4000), ()),
    ):
        with Scenario("ip-hash-" + title, about, "ip-hash", members, "ip_hash") as scenario:
            for place in dead:
                scenario.stop(members[place - 1]["name"])
            for address in addresses:
                scenario.pick(address=address)


def client_addresses():
    dice = random.Random(5)
    nets = ["%d.%d.%d" % (dice.randrange(1, 224), dice.randrange(256), dice.randrange(256)) for _ in range(250)]
    addresses = ["%s.%d" % (net, dice.randrange(1, 255)) for net in nets for _ in range(2)]
    addresses += ["10.0.%d.7" % octet for octet in range(0, 256, 5)] + ["223.255.255.254", "0.0.0.1"]
    addresses += ["2001:db8:%x:%x::%x" % tuple(dice.randrange(1, 65536) for _ in range(3)) for _ in range(100)]
    return addresses + ["::1", "fe80::1", "2001:db8::1", "2001:db8::2"]


def random_two():
    with Scenario("random-two-1-1-1-1", "shares of an idle farm, two distinct draws", "power-of-choices",
                  servers(1, 1, 1, 1), "random two least_conn") as scenario:
        scenario.count_shares(20000)
    with Scenario("random-4-3-2-1", "shares of plain random with weights", "random",
                  servers(4, 3, 2, 1), "random") as scenario:
        scenario.count_shares(20000)


CONFIG = """\
daemon off;
master_process off;
worker_processes 1;
pid PREFIX/nginx.pid;
error_log PREFIX/error.log error;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path PREFIX/body;
  proxy_temp_path PREFIX/proxy;
  fastcgi_temp_path PREFIX/fastcgi;
  uwsgi_temp_path PREFIX/uwsgi;
  scgi_temp_path PREFIX/scgi;
  upstream pool {
%(upstream)s
  }
  server {
    listen %(address)s;
    keepalive_requests 1000000;
    set_real_ip_from 127.0.0.0/8;
    real_ip_header Address;
    location / {
      proxy_pass http://pool;
      add_header Tried $upstream_addr always;
    }
  }
}
"""

WEIGHT_VECTORS = (
    (5, 1, 1), (3, 2, 1), (2, 1), (4, 4, 2), (7, 5, 3, 2, 1), (1, 1, 1, 1), (1,), (1, 2), (1, 5, 1), (100, 1), (10, 9, 8),
    (2, 2, 2), (3, 3, 1, 1), (1, 1, 10), (6, 4, 3),
)
LISTEN = "127.0.0.1:19000"
LEAST = "least-connections(dialect: nginx)"
RING = "ring(dialect: nginx)"
CONSISTENT = "hash $http_key consistent"
VERSION = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.split()[-1]
GROUPS = (weighted, weighted_failing, weighted_recovering, weighted_backup, least_connections, limits, modulo, ring,
          ip_hash, random_two)

if __name__ == "__main__":
    for group in GROUPS:
        if len(sys.argv) == 1 or group.__name__ in sys.argv[1:]:
            group()
