# SPDX-License-Identifier: Apache-2.0
"""The parent's side of worker.py: starts child processes, lets only the one that is asked run."""
import json
import os
import pathlib
import select
import signal
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


class Failed(Exception):
    """A worker failed; the message is its reason."""


class Worker:
    """A child process. Between requests it is stopped, so that no thread pool of it spins."""

    def __init__(self, python, arguments, environment, log):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            [str(python), str(HERE / "worker.py"), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, cwd=HERE, env={**os.environ, **environment}, bufsize=0)
        self.pending = b""

    def receive(self, timeout):
        """The next answer; Failed if the worker says so, dies or takes too long."""
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [], timeout)
            chunk = self.process.stdout.read(1 << 20) if ready else b""
            if not ready or not chunk:
                self.kill()
                raise Failed(f"no answer within {timeout} s" if not ready else self._death())
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        message = json.loads(line)
        if "failed" in message:
            raise Failed(message["failed"])
        return message

    def _death(self):
        code = self.process.wait()
        return f"died of signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, request, timeout=120):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write((json.dumps(request) + "\n").encode())
        message = self.receive(timeout)
        self.pause()
        return message

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


def call(python, arguments, environment, log, timeout):
    """One worker that gives one answer and ends."""
    worker = Worker(python, arguments, environment, log)
    try:
        return worker.receive(timeout)
    finally:
        worker.kill()
