#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# exports_test.sh LIBRARY HEADER: the shared library exports exactly the functions of octet.h.
set -eu
exported=$(nm -D --defined-only "$1" | awk '{ print $3 }' | sort)
declared=$(grep '^OCTET_API' "$2" | sed 's/.*[ *]\(octet_[a-z_]*\)(.*/\1/' | sort)
if [ "$exported" != "$declared" ]; then
  echo "exported:"; echo "$exported"
  echo "declared:"; echo "$declared"
  exit 1
fi
echo "exports_test: $(echo "$exported" | wc -l) functions"
