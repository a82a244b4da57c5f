"""What the recorders share: mock servers, a raw HTTP client, and the file format of README.md.

Standard library only.
"""

import json
import os
import random
import socket
import subprocess
import tempfile
import threading
import time


class Mock:
    """HTTP servers on fixed loopback addresses that name themselves, and hold a request until told to answer.

    A request with the header `Hold: TAG` is held until `release(TAG)`; `held(TAG)` waits until it has arrived.
    """

    def __init__(self):
        self.listening = {}
        self.arrived = {}
        self.released = {}
        self.guard = threading.Condition()

    def start(self, name):
        host, port = split_address(name)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        self.listening[name] = listener
        threading.Thread(target=self._serve, args=(name, listener), daemon=True).start()

    def stop(self, name):
        listener = self.listening.pop(name)
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def stop_all(self):
        for name in list(self.listening):
            self.stop(name)

    def held(self, tag):
        """Which server holds the request TAG; None if it did not arrive anywhere within the patience."""
        with self.guard:
            self.guard.wait_for(lambda: tag in self.arrived, timeout=HELD_PATIENCE_SECS)
            return self.arrived.get(tag)

    def release(self, tag):
        with self.guard:
            self.released[tag] = True
            self.guard.notify_all()

    def _serve(self, name, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                request = read_head(connection)
            except OSError:
                continue
            if request is None:
                connection.close()
            elif header(request, b"hold") is None:
                self._answer(name, connection)
            else:
                threading.Thread(target=self._hold, args=(name, connection, request), daemon=True).start()

    def _hold(self, name, connection, request):
        tag = header(request, b"hold").decode()
        with self.guard:
            self.arrived[tag] = name
            self.guard.notify_all()
            self.guard.wait_for(lambda: tag in self.released)
        self._answer(name, connection)

    def _answer(self, name, connection):
        body = name.encode()
        head = b"HTTP/1.1 200 OK\r\nServed-By: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (body, len(body))
        try:
            connection.sendall(head + body)
            connection.close()
        except OSError:
            pass


class Client:
    """One kept-alive HTTP connection to the program under observation."""

    def __init__(self, address):
        self.address = address
        self.connection = None

    def send(self, headers):
        lines = [b"GET / HTTP/1.1", b"Host: lab"]
        for field, value in headers.items():
            lines.append(field.encode() + b": " + value.encode())
        if self.connection is None:
            self.connection = socket.create_connection(split_address(self.address))
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")

    def receive(self):
        """Status code and the head of the answer (bytes); the body is read and dropped."""
        head = read_head(self.connection)
        if head is None:
            raise RuntimeError("the program closed the connection without an answer")
        head, _, body = head.partition(b"\r\n\r\n")
        missing = int(header(head, b"content-length") or b"0") - len(body)
        while missing > 0:
            got = self.connection.recv(65536)
            if not got:
                break
            missing -= len(got)
        if b"close" in (header(head, b"connection") or b"").lower():
            self.close()
        return int(head.split(b" ", 2)[1]), head

    def ask(self, headers):
        self.send(headers)
        return self.receive()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Program:
    """A program started in its own temporary folder, ended with the `with` block."""

    def __init__(self, command, address, files):
        self.command, self.address, self.files = command, address, files

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="golden-")
        for name, text in self.files.items():
            with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
                file.write(text.replace("PREFIX", self.folder.name))
        command = [word.replace("PREFIX", self.folder.name) for word in self.command]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until_listening(self.address, self.process)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


def split_address(name):
    host, _, port = name.rpartition(":")
    return host.strip("[]"), int(port)


def read_head(connection):
    """Everything up to and including the first blank line (and what came with it), or None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = connection.recv(65536)
        if not got:
            return None
        data += got
    return data


def header(head, name):
    for line in head.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]:
        field, _, value = line.partition(b":")
        if field.strip().lower() == name:
            return value.strip()
    return None


def wait_until_listening(address, process):
    for _ in range(500):
        if process.poll() is not None:
            raise RuntimeError("the program ended at once: " + process.stderr.read().decode())
        try:
            socket.create_connection(split_address(address), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the program does not listen on " + address)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


def plain_keys(count, seed=1):
    """Keys of several shapes, the same at every recording."""
    dice = random.Random(seed)
    shapes = [
        lambda i: "k%d" % i,
        lambda i: "user-%06d" % dice.randrange(1000000),
        lambda i: "/shop/item/%d?page=%d" % (i, dice.randrange(9)),
        lambda i: "%016x" % dice.getrandbits(64),
    ]
    keys = [shapes[i % len(shapes)](i) for i in range(count - 3)]
    return keys + ["0", "schl\u00fcssel mit leerzeichen", "\u9375" * 40]


def write(path, record):
    """One step per line, so that a change of one pick is one line of the diff."""
    record = dict(record)
    steps = record.pop("steps", None)
    fields = [",\n ".join('"%s": %s' % (name, compact(value)) for name, value in record.items() if name != "servers")]
    fields.append('"servers": [\n  %s\n ]' % ",\n  ".join(map(compact, record["servers"])))
    if steps is not None:
        fields.append('"steps": [\n  %s\n ]' % ",\n  ".join(map(compact, steps)))
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("{\n " + ",\n ".join(fields) + "\n}\n")


def compact(value):
    return json.dumps(value, ensure_ascii=False)


HELD_PATIENCE_SECS = 10
