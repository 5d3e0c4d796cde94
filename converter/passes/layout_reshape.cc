// SPDX-License-Identifier: Apache-2.0
//
// What a Reshape does to a stored order. Axes of size 1 carry no bytes and are left
// out; the others fall into the smallest groups of neighbours whose products agree:
// [N, C, H, W] -> [N, G, C/G, H * W] has the groups N|N, C|G C/G, H W|HW. Whole groups
// may lie in any order in memory; the axes of one group must lie as they are meant.
#include <algorithm>

#include "converter/passes/layout_state.h"

namespace octet::converter {

namespace {

using Axes = std::vector<int>;

struct Group {
  Axes from, to;
};

Axes real_axes(const Dims& shape) {
  Axes axes;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1) axes.push_back(static_cast<int>(i));
  return axes;
}

// False for shapes with a dimension of 0.
bool split_into_groups(const Dims& from, const Dims& to, std::vector<Group>* groups) {
  const Axes a = real_axes(from), b = real_axes(to);
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    Group group;
    int64_t left = from[static_cast<size_t>(a[i])], right = to[static_cast<size_t>(b[j])];
    group.from.push_back(a[i++]);
    group.to.push_back(b[j++]);
    while (left != right) {
      if (left < right && i < a.size()) {
        left *= from[static_cast<size_t>(a[i])];
        group.from.push_back(a[i++]);
      } else if (right < left && j < b.size()) {
        right *= to[static_cast<size_t>(b[j])];
        group.to.push_back(b[j++]);
      } else {
        return false;
      }
    }
    groups->push_back(group);
  }
  return i == a.size() && j == b.size();
}

// The real axes of `shape` in stored order.
Axes stored_axes(const Dims& shape, const Permutation& permutation) {
  Axes axes;
  for (int axis : permutation)
    if (shape[static_cast<size_t>(axis)] != 1) axes.push_back(axis);
  return axes;
}

// A permutation of all axes of `shape` whose real axes lie as `real` says.
Permutation complete(const Dims& shape, const Axes& real) {
  const size_t rank = shape.size();
  for (const Permutation& nice : {LayoutState::channels_last(rank), LayoutState::natural(rank)})
    if (stored_axes(shape, nice) == real) return nice;
  Permutation permutation;
  for (size_t i = 0; i < rank; ++i)
    if (shape[i] == 1) permutation.push_back(static_cast<int>(i));
  permutation.insert(permutation.end(), real.begin(), real.end());
  return permutation;
}

}  // namespace

std::optional<Permutation> through_reshape(const Dims& from, const Dims& to, const Permutation& permutation) {
  std::vector<Group> groups;
  if (!split_into_groups(from, to, &groups)) return std::nullopt;
  const Axes lying = stored_axes(from, permutation);
  Axes real;
  for (size_t at = 0; at < lying.size();) {
    const Group* found = nullptr;
    for (const Group& group : groups)
      if (group.from.front() == lying[at]) found = &group;
    if (found == nullptr || at + found->from.size() > lying.size() ||
        !std::equal(found->from.begin(), found->from.end(), lying.begin() + static_cast<std::ptrdiff_t>(at)))
      return std::nullopt;
    real.insert(real.end(), found->to.begin(), found->to.end());
    at += found->from.size();
  }
  return complete(to, real);
}

std::optional<LayoutState::Scramble> scramble_of_flatten(const Dims& from, const Dims& to,
                                                         const Permutation& permutation) {
  std::vector<Group> groups;
  if (to.empty() || !split_into_groups(from, to, &groups) || groups.empty()) return std::nullopt;
  const Group& last = groups.back();
  if (last.to != Axes{static_cast<int>(to.size()) - 1}) return std::nullopt;
  // Everything before the flattened axes lies as meant, and they lie last.
  const Axes lying = stored_axes(from, permutation);
  const size_t lead = lying.size() - last.from.size();
  Axes meant = real_axes(from);
  if (!std::equal(lying.begin(), lying.begin() + static_cast<std::ptrdiff_t>(lead), meant.begin()))
    return std::nullopt;
  LayoutState::Scramble scramble;
  for (int axis : last.from) scramble.axes.push_back(from[static_cast<size_t>(axis)]);
  for (size_t i = lead; i < lying.size(); ++i) {
    const auto found = std::find(last.from.begin(), last.from.end(), lying[i]);
    if (found == last.from.end()) return std::nullopt;
    scramble.order.push_back(static_cast<int>(found - last.from.begin()));
  }
  return scramble;
}

}  // namespace octet::converter
