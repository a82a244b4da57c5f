#!/usr/bin/env python3
"""Records what the real HAProxy chooses: `python3 tests/golden/haproxy/record.py [scenario …]`.

A stopped server takes each connection and drops it without an answer, so that every try is seen; HAProxy sends
the request again as it would after a refusal. Limits are HAProxy's `maxconn`.
"""

import os
import random
import sys

from driver import Lab

HERE = os.path.dirname(os.path.abspath(__file__))
BY_HEADER = ["balance hdr(x-key)"]
RING = [*BY_HEADER, "hash-type consistent"]
# Enough of each kind of byte: digits, lengths 0 to 20, separators, and text that is not ASCII.
ODD_KEYS = ["a", "A", "0", "key", "user:42", "10.0.0.1", "x" * 200, "ключ", "鍵-1", "é", "/img/a.png?v=2", "a b", "%41"]
WEIGHTS = [[5, 1, 1], [3, 2, 1], [2, 1], [4, 4, 2], [50, 10, 10], [7, 5, 3, 2, 1], [1, 1, 1, 1], [256, 1, 3], [1, 0, 2], [13, 8, 5, 3, 2, 1, 1]]


def servers(weights, **same):
    """Servers a, b, c … with these weights."""
    return [{"name": chr(ord("a") + place), "weight": weight, **same} for place, weight in enumerate(weights)]


def keys(count):
    return [*ODD_KEYS, *(f"key-{number}" for number in range(count - len(ODD_KEYS)))]


def write(lab, name):
    lab.write(HERE, name)
    print(name, len(lab.picks), "picks", flush=True)


def sequence(name, about, algorithm, pool, balance, picks=140, **more):
    with Lab(about, algorithm, pool, balance, **more) as lab:
        for _ in range(picks):
            lab.pick()
        write(lab, name)


def changes(name, about, algorithm, pool, balance, script, **more):
    """`script`: how many picks, or a change (server, {what: value})."""
    with Lab(about, algorithm, pool, balance, **more) as lab:
        for step in script:
            if isinstance(step, int):
                for _ in range(step):
                    lab.pick()
            elif isinstance(step, str):
                (lab.start if step.startswith("+") else lab.stop)(step[1:])
            else:
                lab.set(step[0], **step[1])
        write(lab, name)


def by_key(name, about, algorithm, pool, balance, key_list, script=(), **more):
    """All keys, then every fourth key again after every change of the script."""
    with Lab(about, algorithm, pool, balance, **more) as lab:
        for step in [None, *script]:
            if step:
                lab.set(step[0], **step[1])
            for key in key_list[::4] if step else key_list:
                lab.pick(key=key)
        write(lab, name)


def held(name, about, algorithm, pool, balance, seed, steps=600, most=40, choose_key=None, **more):
    """Requests that begin and end in an order drawn once from `seed`; none is sent while one waits in a queue."""
    dice = random.Random(seed)
    with Lab(about, algorithm, pool, balance, sequential=False, **more) as lab:
        for _ in range(steps):
            answerable = [number for number, (_, link) in lab.held.items() if link is not None]
            starting = len(answerable) < most and dice.random() < 0.55 and not lab.waiting
            if starting or not answerable:
                lab.pick(key=choose_key(dice) if choose_key else None)
            else:
                lab.finish(dice.choice(answerable))
        write(lab, name)


def round_robin():
    for weights in WEIGHTS:
        sequence("roundrobin-" + "-".join(map(str, weights)), f"roundrobin with weights {weights}", "weighted(dialect: haproxy)", servers(weights), ["balance roundrobin"])
    down, up = {"state": "maint"}, {"state": "ready"}
    changes("roundrobin-down-up", "roundrobin while servers leave and come back", "weighted(dialect: haproxy)", servers([5, 3, 2, 1]), ["balance roundrobin"],
            [17, ("a", down), 23, ("a", up), 31, ("c", down), 20, ("b", down), 9, ("b", up), 40, ("c", up), 60, ("d", down), 5, ("d", up), 50])
    changes("roundrobin-weight", "roundrobin while weights change", "weighted(dialect: haproxy)", servers([5, 1, 1]), ["balance roundrobin"],
            [11, ("b", {"weight": 4}), 33, ("a", {"weight": 1}), 30, ("c", {"weight": 0}), 12, ("c", {"weight": 9}), 50, ("a", {"weight": 200}), 60, ("a", {"weight": 2}), 60])
    changes("roundrobin-weight-early", "roundrobin where weights change before every server had its first turn", "weighted(dialect: haproxy)", servers([1, 2, 3, 4, 5, 6]), ["balance roundrobin"],
            [2, ("a", {"weight": 9}), 1, ("b", {"weight": 7}), 60, ("f", {"state": "drain"}), 3, ("f", {"state": "ready"}), 1, ("e", {"weight": 1}), 80])
    dice = random.Random(2)
    script = []
    for _ in range(120):
        server = dice.choice("abcde")
        script += [dice.randrange(1, 9), (server, dice.choice([{"state": "maint"}, {"state": "ready"}, {"weight": dice.randrange(0, 30)}]))]
    script += [60]
    changes("roundrobin-storm", "roundrobin through 120 drawn changes of weight and state", "weighted(dialect: haproxy)", servers([7, 5, 3, 2, 1]), ["balance roundrobin"], script)
    held("roundrobin-queue", "roundrobin where everybody is full at times and a request waits", "weighted(dialect: haproxy)", with_limits([5, 2, 1], [2, 2, 1]), ["balance roundrobin"], seed=4, most=9)
    held("roundrobin-limit", "roundrobin where servers with a limit are skipped while full", "weighted(dialect: haproxy)", with_limits([5, 2, 1], [3, 2, 1]), ["balance roundrobin"], seed=3, most=6)
    changes("roundrobin-retry", "roundrobin where a server drops requests and each is sent again to another", "weighted(dialect: haproxy)", servers([3, 2, 1]), ["balance roundrobin"],
            [10, "-a", 30, "+a", 20, "-b", 20, "-c", 20, "+b", 20, "+c", 20], options=RETRIES)
    static = "static-rr walks a table that is filled once"
    for weights in WEIGHTS[:6]:
        sequence("static-rr-" + "-".join(map(str, weights)), static, "modulo(dialect: haproxy)", servers(weights), ["balance static-rr"])


def storms():
    """Everything at once, in an order drawn from a seed."""
    key_storm("map-storm", "map-based hashing with and without keys while states change", "modulo(dialect: haproxy)", BY_HEADER, 41, [])
    key_storm("ring-storm", "consistent hashing with and without keys while weights and states change", "ring(dialect: haproxy)", RING, 42, [0, 1])
    for name, algorithm in [("roundrobin", "weighted(dialect: haproxy)"), ("leastconn", "least-connections(dialect: haproxy)")]:
        for seed in (31, 32, 33):
            pool = with_limits([7, 5, 3, 2, 1, 40], [3, 0, 2, 5, 1, 4])
            about = f"{name} with limits and requests in flight while weights and states change"
            with Lab(about, algorithm, pool, [f"balance {name}"], sequential=False) as lab:
                storm(lab, random.Random(seed))
                write(lab, f"{name}-storm-{seed}")
        pool = servers([4, 3, 2, 1])
        with Lab(f"{name} with retries while weights and states change", algorithm, pool, [f"balance {name}"], options=RETRIES) as lab:
            dice = random.Random(34)
            down = set()
            for _ in range(80):
                victim = dice.choice("abcd")
                if len(set("abcd") - down - {victim}) == 0:
                    continue
                lab.stop(victim)
                for _ in range(dice.randrange(1, 8)):
                    lab.pick()
                lab.start(victim)
                server = dice.choice("abcd")
                change = dice.choice([{"state": "maint"}, {"state": "ready"}, {"state": "ready"}, {"weight": dice.randrange(1, 20)}])
                lab.set(server, **change)
                down = {"maint": down | {server}, "ready": down - {server}}.get(change.get("state"), down)
            write(lab, f"{name}-retry-storm")


def key_storm(name, about, algorithm, balance, seed, weights):
    """Requests with and without keys while states change, and weights where `weights` names some.

    No weight is higher than at the start: HAProxy would take all of that server's points out to make room for more.
    """
    dice = random.Random(seed)
    with Lab(about, algorithm, servers([4, 3, 2, 1, 7]), balance) as lab:
        for _ in range(800):
            if dice.random() < 0.1:
                change = dice.choice([{"state": "maint"}, {"state": "ready"}, {"state": "ready"}, *({"weight": weight} for weight in weights)])
                lab.set(dice.choice("abcde"), **change)
            else:
                lab.pick(key=dice.choice(["", skewed_key(dice), skewed_key(dice)]))
        write(lab, name)


def storm(lab, dice, steps=700):
    now = {server["name"]: dict(server) for server in lab.record["servers"]}

    def has_room(server):
        load = sum(1 for number in lab.held if lab.picks[number]["got"][-1] == server["name"])
        return server["weight"] and server.get("state") != "maint" and (not server["limit"] or load < server["limit"])

    for _ in range(steps):
        chance = dice.random()
        if chance < 0.08:
            name = dice.choice(sorted(now))
            change = dice.choice([{"state": "maint"}, {"state": "ready"}, {"state": "ready"}, {"weight": dice.choice([0, 1, 2, 5, 9, 60, 256])}])
            lab.set(name, **change)
            now[name].update(change)
        elif chance < 0.6 and len(lab.held) < 25 and any(map(has_room, now.values())):
            lab.pick()
        elif lab.held:
            lab.finish(dice.choice(sorted(lab.held)))


RETRIES = ["retries 1", "option redispatch 1", "retry-on all-retryable-errors"]


def with_limits(weights, limits):
    return [{**server, "limit": limit} for server, limit in zip(servers(weights), limits)]


def least_connections():
    name = "least-connections(dialect: haproxy)"
    for weights in WEIGHTS[:7]:
        sequence("leastconn-" + "-".join(map(str, weights)), f"leastconn, one at a time, weights {weights}: they do not matter when idle", name, servers(weights), ["balance leastconn"], picks=60)
    for seed, weights in enumerate([[1, 1, 1, 1], [5, 1, 1], [7, 5, 3, 2, 1], [256, 1, 100]]):
        held(f"leastconn-held-{'-'.join(map(str, weights))}", f"leastconn with requests in flight, weights {weights}", name, servers(weights), ["balance leastconn"], seed=seed)
    held("leastconn-queue", "leastconn where everybody is full at times and a request waits", name, with_limits([5, 2, 1], [2, 2, 1]), ["balance leastconn"], seed=12, most=9)
    held("leastconn-limit", "leastconn where servers with a limit are skipped while full", name, with_limits([5, 2, 1], [3, 2, 1]), ["balance leastconn"], seed=11, most=6)
    dice = random.Random(5)
    with Lab("leastconn with requests in flight while weights and states change", name, servers([4, 3, 2, 1]), ["balance leastconn"], sequential=False) as lab:
        for step in range(500):
            if step % 12 == 11:
                lab.set(dice.choice("abcd"), **dice.choice([{"state": "maint"}, {"state": "ready"}, {"state": "ready"}, {"weight": dice.randrange(1, 9)}]))
            elif dice.random() < 0.55 and len(lab.held) < 30 or not lab.held:
                lab.pick()
            else:
                lab.finish(dice.choice(sorted(lab.held)))
            if all(server_is_down(lab, s) for s in "abcd"):
                lab.set("a", state="ready")
        write(lab, "leastconn-changes")
    changes("leastconn-retry", "leastconn where a server drops requests and each is sent again to another", name, servers([3, 2, 1]), ["balance leastconn"],
            [10, "-a", 20, "+a", 10, "-b", 20], options=RETRIES)


def server_is_down(lab, name):
    states = [step["set"]["state"] for step in lab.record["steps"] if "set" in step and step["set"]["name"] == name and "state" in step["set"]]
    return bool(states) and states[-1] != "ready"


def first():
    held("first-limits", "first fills servers in order up to their limits", "first", with_limits([1, 1, 1, 1], [2, 3, 1, 8]), ["balance first"], seed=21, most=14)
    held("first-open", "first where one server has no limit", "first", with_limits([1, 1, 1], [2, 0, 4]), ["balance first"], seed=22, most=12)
    held("first-queue", "first where every server fills up and a request waits", "first", with_limits([1, 1, 1], [1, 2, 1]), ["balance first"], seed=23, steps=200, most=9)
    pool = [{**server, "id": number} for server, number in zip(with_limits([1, 1, 1], [2, 2, 2]), [30, 10, 20])]
    held("first-ids", "first goes by the servers' ids, not by their places", "first", pool, ["balance first"], seed=24, most=6)
    changes("first-down", "first while servers leave and come back", "first", with_limits([1, 1, 1], [2, 2, 2]), ["balance first"],
            [5, ("a", {"state": "maint"}), 5, ("b", {"state": "maint"}), 5, ("a", {"state": "ready"}), 5, ("a", {"weight": 0}), 5])


def map_based():
    name = "modulo(dialect: haproxy)"
    maint, ready = {"state": "maint"}, {"state": "ready"}
    script = [("b", maint), ("b", ready), ("a", {"weight": 0}), ("c", maint)]
    by_key("map-equal", "map-based hashing of a header, equal weights, servers leaving", name, servers([1] * 5), BY_HEADER, keys(2000), script)
    by_key("map-weights", "map-based hashing of a header, unequal weights, servers leaving", name, servers([7, 5, 3, 2, 1]), BY_HEADER, keys(2000), script)
    by_key("map-shared-factor", "map-based hashing where weights share a factor and one is 0", name, servers([50, 0, 20, 10]), BY_HEADER, keys(600), [("a", maint), ("a", ready)])
    for function in ["djb2", "wt6", "crc32", "sdbm"]:
        by_key(f"map-{function}", f"map-based hashing by {function}", f"modulo(dialect: haproxy, hash: {function})", servers([3, 2, 1]), [*BY_HEADER, f"hash-type map-based {function}"], keys(2000))
    by_key("map-avalanche", "map-based hashing by sdbm and avalanche", "modulo(dialect: haproxy, hash: sdbm, avalanche: true)", servers([3, 2, 1]), [*BY_HEADER, "hash-type map-based sdbm avalanche"], keys(600))
    mixed = [key if place % 3 else "" for place, key in enumerate(keys(300))]
    by_key("map-no-key", "map-based hashing where some requests have no key and take turns", name, servers([3, 2, 1]), BY_HEADER, mixed, [("b", maint)])
    sources("map-source", "map-based hashing of the source address", "modulo(dialect: haproxy, hash: source)", ["balance source"])
    retried("map-retry", "map-based hashing sends a retry to the same server", name, BY_HEADER)


def sources(name, about, algorithm, balance):
    dice = random.Random(9)
    addresses = [f"10.1.2.{last}" for last in range(1, 100)] + [".".join(str(dice.randrange(1, 255)) for _ in range(4)) for _ in range(400)]
    with Lab(about, algorithm, servers([3, 2, 1, 1]), balance, proxy_protocol=True) as lab:
        for change in [None, ("b", {"state": "maint"})]:
            if change:
                lab.set(change[0], **change[1])
            for address in addresses:
                lab.pick(address=address)
        write(lab, name)


def retried(name, about, algorithm, balance):
    with Lab(about, algorithm, servers([3, 2, 1]), balance, options=RETRIES) as lab:
        for change in ["a", "b"]:
            lab.stop(change)
            for key in keys(120):
                lab.pick(key=key)
            lab.start(change)
        write(lab, name)


def ring():
    name = "ring(dialect: haproxy)"
    maint, ready = {"state": "maint"}, {"state": "ready"}
    by_key("ring-equal-1", "consistent hashing, five servers of weight 1, one leaves and returns", name, servers([1] * 5), RING, keys(4000), [("c", maint)])
    by_key("ring-equal-10", "consistent hashing, five servers of weight 10, one leaves", name, servers([10] * 5), RING, keys(4000), [("a", maint)])
    by_key("ring-mixed", "consistent hashing, mixed weights that change", name, servers([1, 10, 3, 20, 5, 0]), RING, keys(4000), [("d", maint), ("d", ready)])
    by_key("ring-weight", "consistent hashing while weights change", name, servers([4, 4, 4]), RING, keys(1000), [("a", {"weight": 1}), ("a", {"weight": 12}), ("b", {"weight": 0}), ("b", {"weight": 4})])
    pool = [{**server, "id": number} for server, number in zip(servers([4, 4, 4]), [7, 1000, 2])]
    by_key("ring-ids", "consistent hashing with ids that are not places", name, pool, RING, keys(1000))
    for function in ["djb2", "wt6", "crc32"]:
        by_key(f"ring-{function}", f"consistent hashing by {function} alone", f"ring(dialect: haproxy, hash: {function}, avalanche: false)", servers([3, 2, 1]), [*BY_HEADER, f"hash-type consistent {function}"], keys(1000))
    by_key("ring-sdbm", "consistent hashing by sdbm without avalanche", "ring(dialect: haproxy, hash: sdbm, avalanche: false)", servers([3, 2, 1]), [*BY_HEADER, "hash-type consistent sdbm"], keys(1000))
    mixed = [key if place % 3 else "" for place, key in enumerate(keys(300))]
    by_key("ring-no-key", "consistent hashing where some requests have no key and walk the ring", name, servers([3, 2, 1]), RING, mixed, [("b", maint), ("b", ready)])
    sources("ring-source", "consistent hashing of the source address", "ring(dialect: haproxy, hash: source)", ["balance source", "hash-type consistent"])
    retried("ring-retry", "consistent hashing where a retry goes to the next other server along the ring", name, RING)


def bounded():
    for factor, bound in [(125, "1.25"), (105, "1.05"), (200, "2.0")]:
        for weights in [[1] * 5, [5, 3, 2, 1]]:
            held(f"bounded-{factor}-{'-'.join(map(str, weights))}", f"bounded load, factor {factor}, weights {weights}", f"ring(dialect: haproxy, load_bound: {bound})",
                 servers(weights), [*RING, f"hash-balance-factor {factor}"], seed=factor, steps=900, most=60, choose_key=skewed_key)
    pool = [{**server, "id": number} for server, number in zip(servers([256] * 20), range(1, 21))]
    held("bounded-wrap", "bounded load with so much weight that HAProxy's 32-bit products wrap", "ring(dialect: haproxy, load_bound: 1.25)",
         pool, [*RING, "hash-balance-factor 125"], seed=6, steps=600, most=90, choose_key=skewed_key)
    dice = random.Random(77)
    with Lab("bounded load while servers leave and return", "ring(dialect: haproxy, load_bound: 1.25)", servers([4, 3, 2, 1]), [*RING, "hash-balance-factor 125"], sequential=False) as lab:
        for step in range(700):
            if step % 90 == 45:
                lab.set("abc"[step // 90 % 3], state="maint")
            elif step % 90 == 89:
                lab.set("abc"[step // 90 % 3], state="ready")
            elif dice.random() < 0.55 and len(lab.held) < 40 or not lab.held:
                lab.pick(key=skewed_key(dice))
            else:
                lab.finish(dice.choice(sorted(lab.held)))
        write(lab, "bounded-down-up")


def skewed_key(dice):
    """A few keys are asked for far more often than the rest, so that the bound is felt."""
    return f"key-{int(dice.paretovariate(0.8))}"


def draws():
    """Prints shares only: `random` draws places on the ring, so its shares are those of the ring's arcs."""
    for count in (1, 2):
        with Lab("", "random", servers([1] * 4), [f"balance random({count})"]) as lab:
            print(f"random({count})", lab.shares(20000))


def backup():
    pool = [*servers([2, 1]), {"name": "c", "weight": 3, "backup": True}]
    down, up = {"state": "maint"}, {"state": "ready"}
    script = [6, ("a", down), 6, ("b", down), 6, ("c", down), 2, ("c", up), 6, ("b", up), 6, ("a", up), 12]
    for name, algorithm, balance in [("roundrobin", "weighted(dialect: haproxy)", "roundrobin"), ("leastconn", "least-connections(dialect: haproxy)", "leastconn")]:
        changes(f"backup-{name}", f"{name}: the backup serves only when no other server can", algorithm, pool, [f"balance {balance}"], script)
    pool.append({"name": "d", "weight": 1, "backup": True})
    changes("backup-all", "roundrobin with all backups in use when no other server can", "weighted(dialect: haproxy)", pool, ["balance roundrobin"], script, options=["option allbackups"])


SCENARIOS = [round_robin, storms, least_connections, first, map_based, ring, bounded, backup, draws]

if __name__ == "__main__":
    for scenario in SCENARIOS:
        if len(sys.argv) == 1 or scenario.__name__ in sys.argv[1:]:
            scenario()
