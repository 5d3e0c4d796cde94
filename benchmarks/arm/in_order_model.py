# SPDX-License-Identifier: Apache-2.0
"""Cycles of a straight-line AArch64 loop on Cortex-A53 and Cortex-A55, both in-order cores that issue two instructions.

Rules, from the Cortex-A55 Software Optimization Guide (Arm) and from public measurements of both cores (gemmlowp's
neon-gemm-kernel-benchmark, ncnn's wiki on A53 / A55 dual issue):

  * Instructions issue in order, at most two in a cycle, each when its sources are there.
  * One load or store a cycle. A load of more than 64 bits takes a cycle for each 64 and pairs with nothing; so does a
    store of more than 64 bits (A53) or 128 bits (A55).
  * Two vector instructions pair only if both work on 64 bits. On A53 a 128-bit vector instruction pairs neither with
    a vector load or store nor with a move into a vector register; on A55 only not with a store or a move out.
  * Vector results are there after 4 cycles (A55: 3 for simple arithmetic, 2 for permutations); an accumulator is
    forwarded to the next multiply-accumulate after 1 cycle (4 for floats).
  * Loads hit the first cache: 4 cycles to a vector register, 3 to a core register.
"""
import re
from dataclasses import dataclass, field

ACCUMULATING = re.compile(r"(f|s|u)?ml[as]l?2?$|sqdmlal2?$|sqrdmlah$|[su]dot$|usdot$|[su]mmla$|[su]adalp$|s?r?sra$")
LONG = re.compile(r"[su](mull|mlal|mlsl|addl|subl|shll|xtl|addw|subw)|sq(x?tu?n|r?shru?n)|(xt|r?shr)n")
READS_DESTINATION = re.compile(r"(sqx?tu?n2|xtn2|r?shrn2|sqr?shru?n2|bsl|bit|bif|tbx|ins)$")
SIMPLE = re.compile(r"(add|sub|sqadd|uqadd|sqsub|s?max|s?min|umax|and|orr|eor|neg|saddl|mov|movi|sxtl|sshll|addp|dup)$")
PERMUTING = re.compile(r"(zip[12]|uzp[12]|trn[12]|ext|tbl)$")
BRANCH = re.compile(r"(b|b\..*|cbn?z|tbn?z|ret)$")


@dataclass
class Instruction:
    text: str
    mnemonic: str
    kind: str  # vector, load, store, insert (core -> vector), extract (vector -> core), integer, branch, nop
    wide: bool = False  # vector: 128 bits
    to_vector: bool = False  # load
    bits: int = 0  # load, store
    reads: list = field(default_factory=list)
    writes: list = field(default_factory=list)
    write_back: list = field(default_factory=list)
    accumulator: str = ""

    @property
    def is_memory(self):
        return self.kind in ("load", "store")


def registers(text):
    """v3 for any width of vector register 3, x5 for w5 and x5."""
    found = []
    for vector, core, pointer in re.findall(r"\b[vqdsbh](\d+)\b|\b[xw](\d+)\b|\b(sp)\b", text):
        found.append(f"v{vector}" if vector else f"x{core}" if core else pointer)
    span = re.search(r"\{\s*v(\d+)\S*\s*-\s*v(\d+)", text)
    return [f"v{i}" for i in range(int(span[1]), int(span[2]) + 1)] if span else found


def is_vector(operand):
    return re.match(r"\{?\s*[vqdsbh]\d", operand) is not None


def parse_memory(text, mnemonic, operands):
    at = next(i for i, operand in enumerate(operands) if operand.startswith("["))
    data, address = operands[:at], operands[at]
    moved = [name for operand in data for name in registers(operand)]
    base = registers(address)
    write_back = base[:1] if address.endswith("!") or len(operands) > at + 1 else []
    vector = is_vector(data[0])
    lane = "}[" in "".join(data)
    if vector:
        whole = data[0].startswith("q") or re.search(r"\.(16b|8h|4s|2d)\b", data[0]) is not None
        each = 128 if whole and not mnemonic.startswith("ld1r") and not lane else 64
    else:
        each = 64 if data[0].startswith("x") else 32
    load = mnemonic.startswith("ld")
    return Instruction(text, mnemonic, "load" if load else "store", to_vector=vector, bits=each * len(moved),
                       reads=base + ([] if load and not lane else moved), writes=moved if load else [],
                       write_back=write_back)


def parse_vector(text, mnemonic, operands):
    target = registers(operands[0])[:1]
    sources = registers(",".join(operands[1:]))
    if mnemonic in ("ins", "mov", "fmov", "dup") and re.match(r"[xw](\d+|zr)", operands[1]):
        return Instruction(text, mnemonic, "insert", reads=sources + (target if "[" in operands[0] else []),
                           writes=target)
    accumulates = ACCUMULATING.match(mnemonic) is not None
    reads_target = accumulates or READS_DESTINATION.match(mnemonic) or (mnemonic == "mov" and "[" in operands[0])
    wide = LONG.match(mnemonic) is not None or re.search(r"\.(16b|8h|4s|2d)\b|\bq\d", text) is not None
    return Instruction(text, mnemonic, "vector", wide=wide, reads=sources + (target if reads_target else []),
                       writes=target, accumulator=target[0] if accumulates else "")


def parse(line):
    text = re.sub(r"\s+", " ", line.strip().lower())
    mnemonic, _, rest = text.partition(" ")
    operands = [o.strip() for o in re.findall(r"\[[^\]]*\]!?|\{[^}]*\}(?:\[\d+\])?|[^,]+", rest) if o.strip()]
    if mnemonic == "nop":
        return Instruction(text, mnemonic, "nop")
    if BRANCH.match(mnemonic):
        return Instruction(text, mnemonic, "branch", reads=registers(rest) if mnemonic[0] in "ct" else ["flags"])
    if mnemonic.startswith("prfm"):
        return Instruction(text, mnemonic, "load", bits=64, reads=registers(rest))
    if any(operand.startswith("[") for operand in operands):
        return parse_memory(text, mnemonic, operands)
    if is_vector(operands[0]):
        return parse_vector(text, mnemonic, operands)
    reads = registers(",".join(operands[1:]))
    writes = registers(operands[0])[:1]
    if mnemonic in ("cmp", "cmn", "tst", "ccmp"):
        reads, writes = registers(rest), ["flags"]
    elif mnemonic in ("subs", "adds", "ands"):
        writes.append("flags")
    elif mnemonic in ("csel", "cset", "csinc", "cinc"):
        reads.append("flags")
    extracts = any(is_vector(operand) for operand in operands[1:])
    return Instruction(text, mnemonic, "extract" if extracts else "integer", reads=reads, writes=writes)


def blocks_pairing(core, wide, other):
    """Whether 128-bit vector instruction `wide` keeps `other` from its cycle."""
    vector_memory = other.kind == "store" and other.reads and any(r.startswith("v") for r in other.reads)
    if core == "cortex-a55":
        return vector_memory or other.kind == "extract"
    return vector_memory or other.kind in ("extract", "insert") or (other.kind == "load" and other.to_vector)


def can_pair(core, a, b):
    if any(i.is_memory and i.bits > 64 for i in (a, b)) or (a.is_memory and b.is_memory):
        return False
    if a.kind == b.kind == "branch":
        return False
    if a.kind == b.kind == "vector":
        return not a.wide and not b.wide
    for one, other in ((a, b), (b, a)):
        if one.kind == "vector" and one.wide and blocks_pairing(core, one, other):
            return False
    return True


def latency(core, instruction):
    if instruction.kind == "vector":
        if core == "cortex-a55" and PERMUTING.match(instruction.mnemonic):
            return 2
        return 3 if core == "cortex-a55" and SIMPLE.match(instruction.mnemonic) else 4
    if instruction.kind == "load":
        beats = max(1, -(-instruction.bits // 64))
        return 4 + beats - 1 if instruction.to_vector else 3
    return {"insert": 2, "extract": 5}.get(instruction.kind, 1)


def occupied(core, instruction):
    """Cycles for which nothing else issues."""
    if instruction.kind == "load":
        return max(1, -(-instruction.bits // 64))
    if instruction.kind == "store":
        return max(1, -(-instruction.bits // (128 if core == "cortex-a55" else 64)))
    return 1


class Pipeline:
    def __init__(self, core):
        self.core, self.cycle, self.issued, self.busy_until = core, 0, [], 0
        self.ready, self.forwarded = {}, {}

    def sources_ready(self, instruction):
        times = [0]
        for name in instruction.reads:
            forwarded = name == instruction.accumulator and name in self.forwarded
            times.append(self.forwarded[name] if forwarded else self.ready.get(name, 0))
        return max(times)

    def issue(self, instruction):
        start = max(self.cycle, self.sources_ready(instruction), self.busy_until)
        full = len(self.issued) >= 2 or (instruction.kind != "nop" and any(
            other.kind != "nop" and not can_pair(self.core, other, instruction) for other in self.issued))
        if start == self.cycle and full:
            start += 1
        if start > self.cycle:
            self.cycle, self.issued = start, []
        self.issued.append(instruction)
        done = self.cycle + latency(self.core, instruction)
        for name in instruction.writes:
            self.ready[name] = done
            self.forwarded.pop(name, None)
            if instruction.accumulator == name:
                self.forwarded[name] = self.cycle + (4 if instruction.mnemonic.startswith("f") else 1)
        for name in instruction.write_back:
            self.ready[name] = self.cycle + 1
        if occupied(self.core, instruction) > 1:
            self.busy_until = self.cycle + occupied(self.core, instruction)


def cycles(lines, core, iterations=40):
    """Cycles of one iteration of the loop whose instructions are `lines`, in the steady state."""
    instructions = [parse(line) for line in lines if line.strip()]
    pipeline, starts = Pipeline(core), []
    for _ in range(iterations):
        starts.append(pipeline.cycle)
        for instruction in instructions:
            pipeline.issue(instruction)
    half = iterations // 2
    return (starts[-1] - starts[half]) / (iterations - 1 - half)
