# SPDX-License-Identifier: Apache-2.0
"""Compiles the INT8 GEMM loops of XNNPACK, ncnn and ruy from source trees, for model_loops to put beside ours.

FOLDER holds what is to be measured: xnnpack/ (github.com/google/XNNPACK), ncnn/ (github.com/Tencent/ncnn), ruy/
(github.com/google/ruy). Nothing of them is part of Octet. Compilers: Debian's aarch64-linux-gnu gcc, as for our loops;
assembly files are what they are.
"""
import re
import subprocess
from pathlib import Path

# XNNPACK: per-channel s8 GEMM kernels that a convolution gets, and its depthwise 3x3.
XNNPACK_SOURCES = [
    "src/qs8-qc8w-gemm/gen/qs8-qc8w-gemm-*asm-aarch64-neon*.S",
    "src/qs8-qc8w-gemm/gen/qs8-qc8w-gemm-[468]x*neondot*.c",
    "src/qs8-qc8w-gemm/gen/qs8-qc8w-gemm-[468]x*neoni8mm*.c",
    "src/qs8-qc8w-gemm/gen/qs8-qc8w-gemm-[24]x*minmax-fp32-neonv8-mlal*.c",
]
XNNPACK_DEPTHWISE = [
    "src/qs8-qc8w-dwconv/gen/qs8-qc8w-dwconv-9p16c-minmax-fp32-neonv8*.c",
    "src/f32-dwconv/gen/f32-dwconv-9p[48]c-minmax-*neonfma*.*",
]
NCNN_UNIT = """
#include "mat.h"
#include "option.h"
#include "cpu.h"
#include <arm_neon.h>
#include <math.h>
#include <algorithm>
#include <vector>
namespace ncnn {
#include "arm_usability.h"
#include "layer/arm/convolution_im2col_gemm_int8.h"
void use(const Mat& a, const Mat& b, Mat& c, Mat& d) { convolution_gemm_transB_packed_tile_int8(a, b, c, d, 0, 8, 0, 8, 0, 64, true); }
}
"""
NCNN_ARCHITECTURES = {"baseline": "armv8-a", "dotprod": "armv8.2-a+dotprod", "i8mm": "armv8.6-a+dotprod+i8mm"}


def compile_one(command, source, output):
    """True if it compiled; a source that needs what is not there is left out, and said."""
    done = subprocess.run([*command, "-c", str(source), "-o", str(output)], capture_output=True, text=True)
    if done.returncode:
        print(f"left out: {source}: {done.stderr.strip().splitlines()[0] if done.stderr else 'failed'}")
    return done.returncode == 0


def xnnpack_objects(tree, sysroot, work, patterns):
    command = ["aarch64-linux-gnu-gcc", "-O2", "-march=armv8.2-a+dotprod+i8mm", f"-I{tree}", f"-I{tree}/include",
               f"-I{tree}/src", f"-I{sysroot}/usr/include"]
    sources = sorted({source for pattern in patterns for source in tree.glob(pattern)})
    for source in sources:
        output = work / f"XNNPACK {source.stem.replace('qs8-qc8w-gemm-', '').replace('minmax-fp32-', '')}.o"
        if compile_one(command, source, output):
            yield output


def ncnn_objects(tree, work):
    template = (tree / "src/platform.h.in").read_text()
    on = ("NCNN_STDIO", "NCNN_STRING", "NCNN_INT8", "NCNN_SIMPLEMATH")
    header = re.sub(r"#cmakedefine01 (\w+)", lambda m: f"#define {m[1]} {int(m[1] in on and m[1] != 'NCNN_SIMPLEMATH')}",
                    template)
    header = re.sub(r"#cmakedefine .*", "", header)
    (work / "platform.h").write_text(header)
    (work / "ncnn_export.h").write_text("#define NCNN_EXPORT\n")
    unit = work / "ncnn_unit.cpp"
    unit.write_text(NCNN_UNIT)
    for name, march in NCNN_ARCHITECTURES.items():
        output = work / f"ncnn im2col_gemm_int8 {name}.o"
        command = ["aarch64-linux-gnu-g++", "-std=c++17", "-O3", f"-march={march}", f"-I{work}", f"-I{tree}/src",
                   f"-I{tree}/src/layer/arm"]
        if compile_one(command, unit, output):
            yield output


def ruy_objects(tree, work):
    output = work / "ruy kernel_arm64.o"
    if compile_one(["aarch64-linux-gnu-g++", "-std=c++17", "-O2", f"-I{tree}"], tree / "ruy/kernel_arm64.cc", output):
        yield output


def objects(folder, sysroot, work):
    """Compiles what FOLDER holds; the object files, named after the peer and its kernel."""
    folder, work = Path(folder), Path(work)
    found = []
    if (folder / "xnnpack").exists():
        found += xnnpack_objects(folder / "xnnpack", sysroot, work, XNNPACK_SOURCES)
    if (folder / "ncnn").exists():
        found += ncnn_objects(folder / "ncnn", work)
    if (folder / "ruy").exists():
        found += ruy_objects(folder / "ruy", work)
    return found


def depthwise_objects(folder, sysroot, work):
    """XNNPACK's depthwise 3x3, s8 and float."""
    tree = Path(folder) / "xnnpack"
    return list(xnnpack_objects(tree, sysroot, Path(work), XNNPACK_DEPTHWISE)) if tree.exists() else []
