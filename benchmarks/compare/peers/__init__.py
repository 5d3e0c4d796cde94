# SPDX-License-Identifier: Apache-2.0
"""The peers, one module each, all with one interface; each is imported only by a worker in the peer's own environment.

    version()                               imports the library; text for the table
    prepare(network, precision, folder)     quantizes or converts with the peer's own tools; returns the model's path
    load(path, threads)                     returns a runner

`network` is network.json. Its "method", where it has one, says how the peer's quantizer is to be used (see
accuracy_quantizers.py); without it the peer's default is taken.

A runner has set(array), which gives the input (f32, in the layout of the ONNX file), run(), which computes from floats in
memory to floats in memory, and outputs(), the answers as f32 arrays. CannotRun says why a peer cannot take a network.
"""


class CannotRun(Exception):
    """The peer cannot run the network; the message goes into the table."""
