"""Joins an agent's MCP client with the board: what it says goes to the attempt's socket, answers come back.

Runs inside the sandbox, where nothing of HalfTUI is installed: it imports the standard library alone.
"""

import os
import socket
import sys
import threading

CHUNK = 65_536


def main(path: str) -> None:
    """Pass bytes on in both directions until the board or the agent hangs up."""
    with socket.socket(socket.AF_UNIX) as board:
        board.connect(path)
        threading.Thread(target=_send, args=(board,), daemon=True).start()
        while chunk := board.recv(CHUNK):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()


def _send(board: socket.socket) -> None:
    while chunk := os.read(0, CHUNK):
        board.sendall(chunk)
    board.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1])
