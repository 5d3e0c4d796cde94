# SPDX-License-Identifier: Apache-2.0
"""The steps after the set-up: networks and models, measurements, tables."""
import json
import pathlib

import agreement
import measure
import networks
import octet_command
import report

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def _measure_threads(given, group, threads, answers):
    """Starts the workers, asks them for answers (once) and times, and ends them."""
    try:
        for configuration in measure.configurations(given.peers, given.isas, threads):
            group.start(configuration)
        if threads == 1:
            for old in answers.glob("*.npz"):
                old.unlink()
            group.answer(answers)
        for _ in range(given.rounds):
            group.round(given.milliseconds)
            if threads > 1:
                group.round_trips.append(measure.round_trip_ns(group.environments.work / "held", given.cores))
        group.check_held()
    finally:
        group.stop()


def _measure_network(given, environments, network, models):
    result = {"network": network, "times": {}, "failed": {}}
    answers = environments.work / "networks" / network["name"] / "answers"
    for threads in given.threads:
        if threads <= len(given.cores):
            group = measure.Group(environments, network, models, given.cores)
            _measure_threads(given, group, threads, answers)
            result["times"].update(group.times())
            result["failed"].update(group.failed)
            if threads > 1:
                result["round_trips_ns"] = group.round_trips
    result["agreement"] = agreement.compare(answers)
    if "path" in models.get("octet/int8", {}):
        command = octet_command.Command(given.build, given.cores)
        result["profiles"] = octet_command.profiles(command, models["octet/int8"]["path"], given.isas)
    return result


def _measure_starts(given, environments):
    """Fresh processes, MobileNetV2."""
    network = networks.prepare("mobilenet_v2", environments.work, given.data)
    models = measure.prepare_models(environments, given.peers, network)
    own = octet_command.starts_of_octet(given.build, models["octet/int8"]["path"], given.cores[0])
    return {"octet, from C": own,
            **octet_command.starts_of_peers(environments, given.peers, network, models, given.cores[0])}


class _Results:
    """results.json; each part is written as soon as it is there, beside the parts of earlier calls."""

    def __init__(self, path, order):
        self.path, self.order = path, order
        self.values = json.loads(path.read_text()) if path.exists() else {}
        self.values.setdefault("networks", {})

    def put(self, **parts):
        self.values.update(parts)
        found = self.values["networks"]
        self.values["networks"] = {name: found[name] for name in self.order if name in found}
        self.path.write_text(json.dumps(self.values, indent=1))


def run(given, environments):
    names = networks.names(given.data)
    results = _Results(environments.work / "results.json", names)
    for name in names if {"prepare", "measure"} & set(given.steps) else ():
        if given.only and name not in given.only:
            continue
        network = networks.prepare(name, environments.work, given.data)
        models = measure.prepare_models(environments, given.peers, network)
        if "measure" in given.steps:
            results.values["networks"][name] = _measure_network(given, environments, network, models)
            results.put(**report.facts(environments, given))
            print(report.one_line(results.values["networks"][name]), flush=True)
    if "starts" in given.steps:
        results.put(starts=_measure_starts(given, environments))
    if "growth" in given.steps:
        command = octet_command.Command(given.build, given.cores)
        results.put(growth=octet_command.growth(command, environments.work))
    if "report" in given.steps:
        report.show(results.values, given, ROOT)
