"""Receives what services tell systemd: prints a JSON line for each datagram, with the sender's process id.
notify-socket.py PATH|@NAME"""
import json
import socket
import struct
import sys

address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind("\0" + address[1:] if address.startswith("@") else address)
print(json.dumps({"pid": 0, "text": ""}), flush=True)
while True:
    data, ancillary, _flags, _sender = receiver.recvmsg(8192, 256)
    pid = struct.unpack("3i", ancillary[0][2][:12])[0]
    print(json.dumps({"pid": pid, "text": data.decode()}), flush=True)
