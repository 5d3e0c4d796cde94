# SPDX-License-Identifier: Apache-2.0
"""Times every peer on one network, alternating: each round asks every live worker once, in a fresh order."""
import ctypes
import json
import pathlib
import random
import statistics
import time

import held
import octet_command
import workers
from environments import PEERS

SETTLE_SECONDS = 0.002
TRIES = 3
DISTURBED = 0.02  # of a timing's duration
ANSWER_TIMEOUT = 300


class Configuration:
    """One column of the table: a peer at a precision, held to an instruction set ("all": not held), on threads."""

    def __init__(self, peer, precision, isa, threads):
        self.peer, self.precision, self.isa, self.threads = peer, precision, isa, threads

    @property
    def key(self):
        return f"{self.peer}/{self.precision}/{self.isa}/{self.threads}"


def has_avxvnni():
    """Without it Octet runs the kernels for it in another encoding, but no peer has any."""
    return " avx_vnni" in pathlib.Path("/proc/cpuinfo").read_text()


def configurations(peers, isas, threads):
    """All that is compared on a number of threads; with more than one, only what the tables show."""
    result = []
    for peer in peers:
        for precision in PEERS[peer].precisions:
            own = isas
            if precision == "fp32" or (peer != "octet" and not has_avxvnni()):
                own = [isa for isa in isas if isa != "avxvnni"]
            if threads > 1 and precision == "fp32":
                own = []
            elif threads > 1 and peer != "octet":
                own = own[:1]
            result += [Configuration(peer, precision, isa, threads) for isa in own]
    return result


def round_trip_ns(folder, cores):
    """From one core to the other and back, now."""
    library = ctypes.CDLL(str(held.compiled(folder, "round_trip")))
    library.round_trip_ns.restype = ctypes.c_double
    return library.round_trip_ns(*cores[:2])


class Group:
    """The live workers of one network on one number of threads."""

    def __init__(self, environments, network, models, cores):
        self.environments, self.network, self.models, self.cores = environments, network, models, cores
        self.live, self.failed, self.started, self.rounds = {}, {}, {}, {}
        self.first_round, self.round_trips = None, []

    def start(self, configuration):
        peer, key = configuration.peer, configuration.key
        model = self.models.get(f"{peer}/{configuration.precision}", {})
        if "path" not in model:
            self.failed[key] = model.get("failed", "no model")
            return
        log = self.environments.work / "logs" / (f"{self.network['name']}.{key}".replace("/", "-") + ".log")
        cores = ",".join(str(core) for core in self.cores[:configuration.threads])
        try:
            worker = workers.Worker(
                self.environments.python(peer),
                ["serve", peer, model["path"], configuration.threads, cores, self.network["held_out"]],
                self.environments.environment(peer, configuration.precision, configuration.isa), log)
            self.started[key] = worker.receive(ANSWER_TIMEOUT)
            worker.pause()
            self.live[key] = worker
        except (workers.Failed, held.CannotHold) as failure:
            self.failed[key] = str(failure)

    def _ask(self, key, request):
        try:
            return self.live[key].ask(request, ANSWER_TIMEOUT)
        except (workers.Failed, BrokenPipeError) as failure:
            self.failed[key] = str(failure)
            self.live.pop(key).kill()
            return None

    def answer(self, folder):
        """Writes each worker's answers to the held-out inputs."""
        folder.mkdir(parents=True, exist_ok=True)
        for key in list(self.live):
            self._ask(key, {"do": "answer", "file": str(folder / (key.replace("/", "-") + ".npz"))})

    def _time(self, key, milliseconds):
        """One timing; again if other processes had the core for part of it."""
        for _ in range(TRIES):
            time.sleep(SETTLE_SECONDS)
            message = self._ask(key, {"do": "time", "ns": int(milliseconds * 1e6)})
            if not message:
                return None
            durations = sorted(message["ns"])
            disturbed = message["waited_ns"] / sum(durations)
            if disturbed < DISTURBED:
                break
        return {"min": durations[0] / 1e6, "median": statistics.median(durations) / 1e6, "runs": len(durations),
                "disturbed": disturbed}

    def round(self, milliseconds):
        self.first_round = self.first_round or time.monotonic()
        order = list(self.live)
        random.shuffle(order)
        for key in order:
            timing = self._time(key, milliseconds)
            if timing:
                self.rounds.setdefault(key, []).append(timing)

    def check_held(self):
        """Throws out the timings of workers that used AVX-512 although they are held."""
        for key, worker in self.live.items():
            peer, _, isa, _ = key.split("/")
            may = isa == "all" or (peer == "octet" and isa == "avxvnni")  # in EVEX encoding it counts as AVX-512
            if not may and held.used_avx512(worker.process.pid, time.monotonic() - self.first_round):
                self.failed[key] = "used AVX-512 although it was held"
                self.rounds.pop(key, None)

    def times(self):
        """{key: minimum and median over all rounds, in ms}."""
        return {key: {"min": min(r["min"] for r in rounds), "median": statistics.median(r["median"] for r in rounds),
                      "rounds": rounds, **self.started[key]} for key, rounds in self.rounds.items()}

    def stop(self):
        for worker in self.live.values():
            worker.kill()


def prepare_models(environments, peers, network):
    """{peer/precision: {"path"} or {"failed"}}; a model that exists is kept."""
    root = environments.work / "networks" / network["name"]
    record = root / "models.json"
    models = json.loads(record.read_text()) if record.exists() else {}
    for peer in peers:
        for precision in PEERS[peer].precisions:
            key = f"{peer}/{precision}"
            if peer in environments.reasons:
                models[key] = {"failed": environments.reasons[peer]}
            stale = peer == "octet" and octet_command.Command(environments.build, []).newer_than(
                pathlib.Path(models.get(key, {}).get("path", "")))
            if key in models and not stale:
                continue
            folder = root / peer
            folder.mkdir(parents=True, exist_ok=True)
            log = environments.work / "logs" / f"{network['name']}.{peer}-{precision}.prepare.log"
            try:
                models[key] = workers.call(environments.python(peer),
                                           ["prepare", peer, root / "network.json", precision, folder],
                                           environments.environment(peer), log, 1200)
            except workers.Failed as failure:
                models[key] = {"failed": str(failure)}
            state = models[key].get("failed", "ready")
            print(f"{network['name']}: {key}: {state}", flush=True)
            record.write_text(json.dumps(models, indent=1))
    return models
