"""Drives one real HAProxy and its servers from a single thread, so that the order of everything is known."""

import json
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import time

HOST = "127.0.0.1"
FRONT_PORT = 21800
FIRST_SERVER_PORT = 21801
PATIENCE_SECS = 5.0
QUEUED_AFTER_SECS = 0.25

GLOBALS = """global
    nbthread 1
    maxconn 4000
    stats socket PREFIX/admin.sock level admin
defaults
    mode http
    option httpclose
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout queue 60s
"""


def version():
    """The program and its version, as `haproxy -v` says it."""
    words = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout.split()
    return "haproxy/" + words[2]


def config_text(servers, balance, proxy_protocol=False, options=()):
    """The whole configuration, without the place of the temporary folder."""
    accept = " accept-proxy" if proxy_protocol else ""
    lines = [GLOBALS + "frontend fe", f"    bind {HOST}:{FRONT_PORT}{accept}", "    default_backend be", "backend be"]
    lines += ["    " + line for line in [*balance, *options]]
    for place, server in enumerate(servers):
        words = [f"    server {server['name']} {HOST}:{FIRST_SERVER_PORT + place}", f"weight {server.get('weight', 1)}"]
        words += [f"id {server['id']}"] if "id" in server else []
        words += [f"maxconn {server['limit']}"] if server.get("limit") else []
        words += ["backup"] if server.get("backup") else []
        words += ["disabled"] if server.get("down") else []
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


class Lab:
    """A running HAProxy with one listening socket for each server; steps are written down as they happen."""

    def __init__(self, about, algorithm, servers, balance, sequential=True, proxy_protocol=False, options=()):
        self.record = {
            "program": version(),
            "about": about,
            "config": config_text(servers, balance, proxy_protocol, options),
            "algorithm": algorithm,
            "sequential": sequential,
            "servers": servers,
            "steps": [],
        }
        self.sequential = sequential
        self.proxy_protocol = proxy_protocol
        self.stopped = set()
        self.picks = []
        self.held = {}
        self.waiting = []

    def __enter__(self):
        # HAProxy shares its port with any other that listens there, which would take every other request.
        listen(FRONT_PORT).close()
        self.prefix = tempfile.mkdtemp(prefix="golden-haproxy-")
        self.selector = selectors.DefaultSelector()
        self.listeners = []
        for place, server in enumerate(self.record["servers"]):
            listener = listen(FIRST_SERVER_PORT + place)
            self.listeners.append(listener)
            self.selector.register(listener, selectors.EVENT_READ, server["name"])
        config = os.path.join(self.prefix, "haproxy.cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self.record["config"].replace("PREFIX", self.prefix))
        self.process = subprocess.Popen(["haproxy", "-f", config, "-db", "-q"])
        wait_for(os.path.join(self.prefix, "admin.sock"), self.process)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for link in (link for pair in self.held.values() for link in pair if link):
            link.close()
        for listener in self.listeners:
            listener.close()
        shutil.rmtree(self.prefix)

    def pick(self, key=None, address=None):
        """Send one request and note where it went; a sequential one is finished at once."""
        number = len(self.picks)
        pick = {}
        if key is not None:
            pick["key"] = key
        if address is not None:
            pick["address"] = address
        pick["got"] = []
        self.picks.append(pick)
        self.record["steps"].append({"pick": pick})
        client = socket.create_connection((HOST, FRONT_PORT))
        client.sendall(request(number, key, address if self.proxy_protocol else None))
        self.held[number] = (client, None)
        if not self.arrives(number):
            self.waiting.append(number)
            pick["queued"] = True
        elif number in self.held and self.sequential:
            self.end(number)
        return pick["got"]

    def finish(self, number):
        """Let the answer of pick `number` through."""
        self.record["steps"].append({"finish": number})
        self.end(number)
        if self.waiting and self.arrives(self.waiting[0]):
            self.waiting.pop(0)

    def set(self, name, **change):
        """A change by the runtime socket: weight=N or state='maint'."""
        ((what, value),) = change.items()
        answer = self.admin(f"set server be/{name} {what} {value}")
        assert answer.strip() == "", answer
        self.record["steps"].append({"set": {"name": name, what: value}})

    def stop(self, name):
        """From here this server takes connections and drops them without an answer."""
        self.stopped.add(name)
        self.record["steps"].append({"stop": name})

    def start(self, name):
        """The opposite of stop."""
        self.stopped.remove(name)
        self.record["steps"].append({"start": name})

    def shares(self, picks):
        """How many requests each server got: for choices that are drawn by lot."""
        for _ in range(picks):
            self.pick()
        counts = {server["name"]: 0 for server in self.record["servers"]}
        for pick in self.picks:
            counts[pick["got"][-1]] += 1
        return counts

    def admin(self, command):
        """One command to the runtime socket, and its answer."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(os.path.join(self.prefix, "admin.sock"))
            link.sendall(command.encode() + b"\n")
            return read_all(link).decode()

    def arrives(self, number):
        """Take in what happens until request `number` is held by a server or refused; False if it waits in a queue."""
        client = self.held[number][0]
        self.selector.register(client, selectors.EVENT_READ, None)
        deadline = time.monotonic() + (QUEUED_AFTER_SECS if self.limited() else PATIENCE_SECS)
        try:
            while self.held[number][1] is None:
                ready = self.selector.select(max(0.0, deadline - time.monotonic()))
                if not ready and time.monotonic() >= deadline:
                    assert self.limited(), f"request {number} reached no server"
                    return False
                for event, _ in ready:
                    if event.data is None:
                        return self.refused(number)
                    self.take_in(event.fileobj, event.data)
            return True
        finally:
            self.selector.unregister(client)

    def refused(self, number):
        client, _ = self.held.pop(number)
        assert b" 50" in read_all(client)
        client.close()
        if self.picks[number]["got"]:
            self.picks[number]["failed"] = True
        return True

    def limited(self):
        return any(server.get("limit") for server in self.record["servers"])

    def take_in(self, listener, name):
        link, _ = listener.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += link.recv(65536)
        number = int(head.split(b"x-number: ")[1].split(b"\r\n")[0])
        self.picks[number]["got"].append(name)
        if name in self.stopped:
            link.close()
        else:
            self.held[number] = (self.held[number][0], link)

    def end(self, number):
        client, server = self.held.pop(number)
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        server.close()
        # The end of the client's connection says that HAProxy has counted the request as over.
        assert b"200 OK" in read_all(client)
        client.close()

    def write(self, folder, name):
        """One file, one step on each line."""
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8", newline="\n") as file:
            file.write(lines_of(self.record))


def request(number, key, address):
    head = f"PROXY TCP4 {address} {HOST} 40000 80\r\n" if address else ""
    head += f"GET / HTTP/1.1\r\nHost: golden\r\nX-Number: {number}\r\n"
    head += f"X-Key: {key}\r\n" if key else ""
    return (head + "Connection: close\r\n\r\n").encode()


def read_all(link):
    parts = []
    while part := link.recv(65536):
        parts.append(part)
    return b"".join(parts)


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener


def wait_for(path, process):
    deadline = time.monotonic() + PATIENCE_SECS
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "HAProxy did not start"
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(path)
                return
        except OSError:
            time.sleep(0.01)


def lines_of(record):
    """JSON with each step on its own line, so that two recordings can be compared by eye."""
    parts = []
    for name, value in record.items():
        if name in ("steps", "servers"):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{name}": [\n  {rows}\n ]')
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
