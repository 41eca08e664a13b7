"""An agent of the Agent Client Protocol in plain Python: it uses the board's tools, then commits.

Stands in a test's repository, so that it runs in any sandbox: `python3 agent.py`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class Tools:
    """A client of one stdio MCP server."""

    def __init__(self, server: dict[str, Any]) -> None:
        command = [server["command"], *server["args"]]
        self._program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._count = 0
        self._ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {}})
        self._say({"method": "notifications/initialized"})
        self.names = [tool["name"] for tool in self._ask("tools/list", {})["tools"]]

    def use(self, tool: str, /, **given: Any) -> str:
        answer = self._ask("tools/call", {"name": tool, "arguments": given})
        return str(answer["content"][0]["text"])

    def close(self) -> None:
        assert self._program.stdin
        self._program.stdin.close()
        self._program.wait()

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self._say({"id": self._count, "method": method, "params": params})
        assert self._program.stdout
        found: dict[str, Any] = json.loads(self._program.stdout.readline())["result"]
        return found

    def _say(self, message: dict[str, Any]) -> None:
        assert self._program.stdin
        self._program.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._program.stdin.flush()


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def update(text: str) -> None:
    content = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
    say(method="session/update", params={"sessionId": "s1", "update": content})


def work(servers: list[Any]) -> None:
    tools = Tools(servers[0])
    title = json.loads(tools.use("read_bead"))["title"]
    colour = tools.use("ask", question="Which colour?", options=["red", "blue"])
    refused = tools.use("create_bead", title="x", hold="never")
    tools.use("note_progress", text="I know the colour")
    Path("agent.txt").write_text(f"{title}: {colour}\n{refused}\n")
    subprocess.run("git add -A && git commit -q -m 'Add agent.txt'", shell=True, check=True)
    Path.home().joinpath("out").mkdir()
    Path.home().joinpath("out/chart.bin").write_bytes(bytes(range(256)))
    for name, path in (("agent.txt", "agent.txt"), ("chart", "~/out/chart.bin"), ("host", "/etc/hostname")):
        tools.use("attach", name=name, path=path)
    tools.use("submit", summary=f"painted {colour}", evidence=" ".join(tools.names))
    tools.close()
    update("done")


def main() -> None:
    servers: list[Any] = []
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["method"] == "initialize":
            say(id=asked["id"], result={"protocolVersion": 1})
        elif asked["method"] == "session/new":
            servers = asked["params"]["mcpServers"]
            say(id=asked["id"], result={"sessionId": "s1"})
        elif asked["method"] == "session/prompt":
            work(servers)
            say(id=asked["id"], result={"stopReason": "end_turn"})


if __name__ == "__main__":
    main()
