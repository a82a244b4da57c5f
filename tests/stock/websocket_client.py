"""Says all kinds of messages to an echo and wants them back: websocket_client.py URL CA-FILE."""

import sys

import websocket

url, authority = sys.argv[1:]
talk = websocket.create_connection(url, timeout=20, sslopt={"ca_certs": authority})
for text in ["", "hello", "é" * 1000, "x" * 126, "x" * 65536]:
    talk.send(text)
    assert talk.recv() == text, text[:20]
for size in [0, 1, 125, 126, 65535, 65536, 1_000_000]:
    data = bytes(at * 7 % 251 for at in range(size))
    talk.send_binary(data)
    assert talk.recv() == data, size
talk.ping("are you there")
opcode, frame = talk.recv_data_frame(control_frame=True)
assert (opcode, frame.data) == (websocket.ABNF.OPCODE_PONG, b"are you there"), (opcode, frame)
# Many at once come back in order.
for number in range(200):
    talk.send(str(number))
assert [talk.recv() for _ in range(200)] == [str(number) for number in range(200)]
# A farewell is answered with the same code.
talk.send_close(1000, b"bye")
opcode, frame = talk.recv_data_frame(control_frame=True)
assert opcode == websocket.ABNF.OPCODE_CLOSE and frame.data[:2] == b"\x03\xe8", (opcode, frame)
talk.shutdown()
print("all came back")
