"""Commands to a running supervisor: one JSON line to its socket, one JSON line back."""

import asyncio
import json
import socket

from .reports import Failure

LINE_MAX = 65536


async def serve(path, supervisor):
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)

    async def answer(reader, writer):
        try:
            command = json.loads(await reader.readline())
            writer.write(_line(await _act(supervisor, command)))
            await writer.drain()
        except (OSError, ValueError):
            pass  # whoever asked has gone, or is not our client
        finally:
            writer.close()

    return await asyncio.start_unix_server(answer, str(path), limit=LINE_MAX)


def _line(content):
    return json.dumps(content).encode() + b"\n"


async def _act(supervisor, command):
    name, part = command.get("command"), command.get("part")
    try:
        if name == "down":
            supervisor.leaving.set()
            return {"ok": True}
        runner = supervisor.runner(part)
        if name == "start-part":
            await runner.start()
        elif name == "stop-part":
            await runner.stop()
        elif name == "restart-part":
            await runner.stop()
            await runner.start()
        elif name == "kill-part":
            await runner.kill()
        elif name == "pause-part":
            runner.pause()
        elif name == "resume-part":
            runner.resume()
        else:
            return {"ok": False, "error": f"no such command: {name}", "code": 64}
        return {"ok": True}
    except Failure as failure:
        return {"ok": False, "error": failure.text, "code": failure.code}


def ask(path, command, timeout):
    """Sends a command and returns the answer; OSError when nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(_line(command))
        answer = connection.makefile().readline()
    if not answer:
        raise OSError("the stack went down meanwhile")
    return json.loads(answer)
