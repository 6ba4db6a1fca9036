"""A TCP address that answers late: its queue of connections is full, so that the kernel drops what arrives, and the client
sends it again after a second. Prints its port. A line on stdin empties the queue half a second later; from then on,
connections are forwarded to 127.0.0.1:PORT. Without it, the address never answers.

usage: slow-address.py ADDRESS PORT
"""

import socket
import sys
import threading
import time

address, port = sys.argv[1], int(sys.argv[2])
listener = socket.socket()
listener.bind((address, port))
listener.listen(0)
filler = socket.create_connection((address, port))
print("full", flush=True)


def forward(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.close()


if sys.stdin.readline():
    time.sleep(0.5)
    listener.accept()
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=forward, args=(client, server), daemon=True).start()
        threading.Thread(target=forward, args=(server, client), daemon=True).start()
