# SPDX-License-Identifier: Apache-2.0
"""Holds a peer to AVX2 on a machine with AVX-512, for peers without a switch of their own.

The peer's package is copied, and in each shared library of the copy every CPUID instruction, as objdump finds them, is
replaced by an invalid one, which the preloaded held.c answers without the forbidden bits. The library's own
dispatch then takes its AVX2 kernels.
"""
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
CPUID, TRAP = b"\x0f\xa2", b"\x06\xa2"
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+0f a2\s+cpuid")
SECTION = re.compile(r"^\s*\d+ (\S+)\s+([0-9a-f]+)\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)")


class CannotHold(Exception):
    """A library cannot be held; the message says why."""


def _lines(*command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        yield from process.stdout


def _code_sections(library):
    """[(address, bytes, offset in the file)] of the sections that hold instructions."""
    sections, last = [], None
    for line in _lines("objdump", "-h", str(library)):
        match = SECTION.match(line)
        if match:
            last = [int(field, 16) for field in match.groups()[1:]]
        elif last and "CODE" in line:
            sections.append((last[1], last[0], last[2]))
    return sections


def _cpuid_addresses(library):
    for line in _lines("objdump", "-d", "-w", str(library)):
        match = INSTRUCTION.match(line)
        if match:
            yield int(match.group(1), 16)


def patch(library):
    """Replaces every CPUID of a shared library; returns how many."""
    data = bytearray(library.read_bytes())
    if CPUID not in data:
        return 0
    sections, count = _code_sections(library), 0
    for address in _cpuid_addresses(library):
        start, _, offset = next(s for s in sections if s[0] <= address < s[0] + s[1])
        at = offset + address - start
        if data[at:at + 2] != CPUID:
            raise CannotHold(f"{library.name}: no CPUID at {address:#x} of the file; its sections are not understood")
        data[at:at + 2] = TRAP
        count += 1
    if count:
        library.write_bytes(data)
    return count


def is_library(path):
    return path.is_file() and not path.is_symlink() and re.search(r"\.so(\.\d+)*$", path.name) is not None


def copy_held(sources, target):
    """Copies packages or libraries to the folder `target` and patches the copies; returns the number of CPUIDs."""
    done = target / "done"
    if done.exists():
        return int(done.read_text())
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, target / source.name, symlinks=True)
        else:
            shutil.copy(source, target / source.name)
    count = sum(patch(library) for library in sorted(target.rglob("*")) if is_library(library))
    if count == 0:
        raise CannotHold("no CPUID instruction in its libraries")
    done.write_text(str(count))
    return count


def compiled(folder, name):
    """Compiles name.c of this folder unless it is up to date; returns the library."""
    library, source = folder / f"{name}.so", HERE / f"{name}.c"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library


def without_avx512():
    """Variables that keep glibc's memcpy and NumPy off AVX-512, so that used_avx512 sees the peer alone."""
    return {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD",
            "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"}


def environment(folder, isa):
    """What a held worker runs with; `folder` is that of copy_held."""
    return {**without_avx512(), "LD_PRELOAD": str(compiled(folder.parent, "held")), "OCTET_COMPARE_HOLD": isa,
            "PYTHONPATH": str(folder), "LD_LIBRARY_PATH": str(folder)}


def used_avx512(pid, seconds):
    """Has the process used AVX-512 registers within the last `seconds`, as far as Linux knows?"""
    try:
        status = pathlib.Path(f"/proc/{pid}/arch_status").read_text()
    except OSError:
        return False
    match = re.search(r"AVX512_elapsed_ms:\s*(-?\d+)", status)
    return match is not None and 0 <= int(match.group(1)) < 1000 * seconds
