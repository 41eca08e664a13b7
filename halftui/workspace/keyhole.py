"""What git runs when a server wants a credential: carries git's question to the board, and the answer back.

`keyhole.py FD get|store|erase`: FD is a socket that git inherited from the board. This file imports
nothing of HalfTUI, since it runs by itself.
"""

import socket
import sys

LONGEST = 65_536  # bytes of a question or an answer


def main() -> None:
    """Ask for what git wants to know; what git says of the answer is none of our business."""
    number, act = sys.argv[1:3]
    if act != "get":
        return
    with socket.socket(fileno=int(number)) as board:
        board.send(sys.stdin.buffer.read(LONGEST))
        sys.stdout.buffer.write(board.recv(LONGEST))


if __name__ == "__main__":
    main()
