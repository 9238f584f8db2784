#!/usr/bin/env bash
# Puts onnxruntime-web from npm, in the version that demo_app/package-lock.json pins, into the demo app, for its page
# "This device": two builds of WebAssembly and what loads them, one for processors and one with WebGPU, which the
# repository does not carry and the wheel does. They are packed together (31 MB into 4); the server unpacks them.
# axe-core, which only the tests use, stays in demo_app/node_modules.
#
# Needs npm (Debian: apt-get install npm) and Python. Nothing of the packages is run.
set -euo pipefail
cd "$(dirname "$0")/../demo_app"
vendor=nitido_demo/static/vendor

if ! command -v npm >/dev/null; then
	echo "expected npm on the path, found none; install it and run scripts/vendor_web.sh again" >&2
	exit 1
fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000
package=node_modules/onnxruntime-web
rm -rf "$vendor"
mkdir -p "$vendor"
cp "$package"/dist/ort.{wasm,jspi}.min.mjs "$package"/dist/ort-wasm-simd-threaded{,.jspi}.mjs "$vendor"/
"${PYTHON:-python3}" - "$vendor/wasm.tar.xz" "$package"/dist/ort-wasm-simd-threaded{,.jspi}.wasm <<'EOF'
import os, sys, tarfile

# The highest preset looks back far enough to see in the second build what it has in common with the first.
with tarfile.open(sys.argv[1], "w:xz", preset=9) as archive:
    for file in sys.argv[2:]:
        archive.add(file, os.path.basename(file))
EOF
cat >"$vendor/LICENCE.txt" <<'EOF'
ONNX Runtime (onnxruntime-web): MIT License, Copyright (c) Microsoft Corporation.
https://github.com/microsoft/onnxruntime/blob/main/LICENSE
What its builds contain of others is listed in
https://github.com/microsoft/onnxruntime/blob/main/ThirdPartyNotices.txt
EOF
# Last: the stamp says that all the others are there.
sed -n 's/^  "version": "\(.*\)",$/\1/p' "$package/package.json" >"$vendor/VERSION"
echo "onnxruntime-web $(cat "$vendor/VERSION") is in demo_app/$vendor"
