// SPDX-License-Identifier: Apache-2.0
//
// keep_in_float: the nodes that PrecisionOptions::keep_float names stay f32, whatever the rules of
// precision.h would choose.
#pragma once

#include "converter/quantize/precision.h"
#include "octet_converter/precision_options.h"

namespace octet::converter {

// The node called `name`, or else the one that writes a tensor of that name; null if there is none.
Node* find_named_node(const Graph& graph, const std::string& name);

// Adds the nodes to *demoted, with their float_reason. A name that the graph does not have is an error: fused
// nodes (BatchNormalization, Relu behind a Conv) have no name of their own any more.
Status keep_in_float(const Graph& graph, const PrecisionOptions& options, S8Nodes* demoted);

}  // namespace octet::converter
