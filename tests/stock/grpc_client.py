"""Calls a server that echoes, or one that fails: grpc_client.py TARGET CA-FILE echo|fail."""

import sys

import grpc

target, authority, what = sys.argv[1:]
options = [("grpc.enable_http_proxy", 0)]
if authority:
    with open(authority, "rb") as file:
        trust = grpc.ssl_channel_credentials(file.read())
    channel = grpc.secure_channel(target, trust, options)
else:
    channel = grpc.insecure_channel(target, options)
# Without serializers a message is its bytes, and no generated code is needed.
say = channel.unary_unary("/stock.Echo/Say")

if what == "fail":
    try:
        say(b"hello", timeout=20)
    except grpc.RpcError as error:
        print(error.code().name, error.details())
    sys.exit()

for size in [0, 5, 70_000, 1_000_000]:
    message = bytes(at * 7 % 251 for at in range(size))
    answer, call = say.with_call(message, timeout=20)
    assert answer == message, size
    assert call.code() == grpc.StatusCode.OK, call.code()
# Many at once on one connection.
calls = [(number, say.future(b"%d" % number, timeout=20)) for number in range(100)]
for number, call in calls:
    assert call.result() == b"%d" % number, number
health = channel.unary_unary("/grpc.health.v1.Health/Check")
assert health(b"", timeout=20) == b"\x08\x01", "serving"
print("OK")
