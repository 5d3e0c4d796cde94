# SPDX-License-Identifier: Apache-2.0
"""Where each peer lives: a virtual environment of its own, with pinned packages from PyPI, and a held copy for AVX2."""
import hashlib
import os
import pathlib
import re
import subprocess
import sys

import held
import workers


class Peer:
    """What is installed for a peer, and what of it is held to an instruction set by held.py."""

    def __init__(self, requirements, packages=(), precisions=("int8",), without_dependencies=()):
        self.requirements = requirements
        self.without_dependencies = without_dependencies  # their dependencies are large and not used
        self.packages = packages
        self.precisions = precisions


PEERS = {
    "octet": Peer(("numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.31.1", "pillow==13.0.0"),
                  precisions=("int8", "fp32")),
    "onnxruntime": Peer(("onnxruntime==1.31.1", "onnx==1.23.2", "numpy==2.4.6", "sympy==1.14.0"), ("onnxruntime",),
                        ("int8", "fp32")),
    "openvino": Peer(("openvino==2026.4.1", "nncf==3.4.0", "onnx==1.23.2", "numpy==2.4.6"), ("openvino",)),
    "litert": Peer(("ai-edge-litert==2.3.0", "onnx2tf==1.28.8", "tensorflow-cpu==2.21.0", "tf_keras", "psutil",
                    "onnx_graphsurgeon", "sng4onnx", "onnx==1.23.2", "numpy==2.4.6"), ("ai_edge_litert",)),
    "ncnn": Peer(("numpy==2.4.6", "portalocker", "tqdm", "onnx==1.23.2"), ("ncnn", "ncnn.libs"),
                 without_dependencies=("ncnn==1.0.20261020", "pnnx==20261020")),
    "mnn": Peer(("MNN==3.6.1", "onnx==1.23.2", "numpy==2.4.6", "pillow==13.0.0"),
                ("MNN", "mnn.libs", "_mnncengine*.so")),
}


class Environments:
    """The environments below a working folder."""

    def __init__(self, work, build):
        self.work, self.build = work, build
        self.reasons = {}  # of peers that cannot be set up
        self.versions = {}

    def python(self, peer):
        return self.work / "venvs" / peer / "bin/python"

    def set_up(self, peer):
        """Installs a peer unless it is there; notes the reason when it cannot be had."""
        rows = PEERS[peer]
        digest = hashlib.sha256(repr((rows.requirements, rows.without_dependencies)).encode()).hexdigest()
        folder = self.work / "venvs" / peer
        stamp = folder / "installed"
        try:
            if not stamp.exists() or stamp.read_text() != digest:
                self._install(folder, rows)
                stamp.write_text(digest)
            log = self.work / "logs" / f"{peer}.version"
            answer = workers.call(self.python(peer), ["version", peer], self.environment(peer), log, 120)
            self.versions[peer] = answer["version"]
        except (subprocess.CalledProcessError, workers.Failed) as failure:
            output = getattr(failure, "stderr", None) or str(failure)
            self.reasons[peer] = output.strip().splitlines()[-1][:200]

    def _install(self, folder, rows):
        print(f"installing {', '.join(rows.requirements + rows.without_dependencies)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *rows.requirements], check=True, capture_output=True, text=True)
        if rows.without_dependencies:
            subprocess.run([*pip, "--no-deps", *rows.without_dependencies], check=True, capture_output=True, text=True)

    def environment(self, peer, precision="int8", isa="all"):
        """The variables of a worker, which also hold it to an instruction set."""
        variables = {"PYTHONPATH": "", "TF_CPP_MIN_LOG_LEVEL": "3", "OCTET_BUILD": str(self.build)}
        if peer == "octet":
            variables["OCTET_ONE_CALL"] = str(held.compiled(self.work / "held", "one_call"))
        if isa == "all":
            return variables
        if peer == "octet" and precision == "int8":
            return {**variables, **held.without_avx512(), "OCTET_COMPARE_FEATURES": isa}
        return {**variables, **held.environment(self.held_copy(peer), isa)}

    def held_copy(self, peer):
        """The folder of the peer's libraries that can be held; made when it is missing."""
        target = self.work / "held" / peer
        held.copy_held(self._sources(peer), target)
        return target

    def _sources(self, peer):
        """What is copied: the peer's packages; for Octet's float path Debian's XNNPACK and cpuinfo."""
        if peer == "octet":
            listed = subprocess.run(["ldd", str(self.build / "runtime/liboctet.so")], capture_output=True, text=True)
            return [pathlib.Path(path) for path in re.findall(r"=> (\S*lib(?:XNNPACK|cpuinfo)\S*)", listed.stdout)]
        (site,) = (self.work / "venvs" / peer).glob("lib/python*/site-packages")
        return [path for pattern in PEERS[peer].packages for path in sorted(site.glob(pattern))]


def in_own_environment(environments, script):
    """Runs `script` again with the Python that has NumPy and ONNX, unless this is it."""
    python = environments.python("octet")
    if pathlib.Path(sys.prefix).resolve() != (environments.work / "venvs/octet").resolve():
        os.execv(python, [str(python), script, *sys.argv[1:]])
