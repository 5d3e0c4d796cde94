// SPDX-License-Identifier: Apache-2.0
//
// PartOfSamples: every period-th sample of a source, or all the others. So calibration and measurement see
// different samples of one set.
#pragma once

#include "octet_converter/converter.h"

namespace octet::converter {

class PartOfSamples : public SampleSource {
 public:
  // held_out: samples period - 1, 2 * period - 1, ...; else those that this leaves.
  PartOfSamples(SampleSource* source, size_t period, bool held_out)
      : source_(*source), period_(period), held_out_(held_out) {}

  bool contains(size_t index) const { return (index % period_ == period_ - 1) == held_out_; }

  size_t size() const override {
    const size_t out = source_.size() / period_;
    return held_out_ ? out : source_.size() - out;
  }

  Status rewind() override {
    next_ = 0;
    return source_.rewind();
  }

  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    for (;;) {
      OCTET_RETURN_IF_ERROR(source_.next(inputs, done));
      if (*done || contains(next_++)) return Status();
    }
  }

 private:
  SampleSource& source_;
  const size_t period_;
  const bool held_out_;
  size_t next_ = 0;
};

}  // namespace octet::converter
