#!/usr/bin/env bash
# Installs what `nitido-export matrix` proves builds with, beside nitido[export], on Debian 12+ or Ubuntu 24.04+:
#
#   chromium, libvulkan1   a Vulkan driver that runs on the processor, and its loader: for LiteRT's GPU delegate.
#                    (Ubuntu's package of that name is a snap without it: there, set VK_ICD_FILENAMES to the
#                    vk_swiftshader_icd.json of any Chrome or Chromium.) The tests of the demo app's page run in it.
#   .venv-tflite     tflite-runtime 2.14, the legacy runtime that many apps still ship. It needs numpy 1 and
#                    Python 3.9 to 3.11, so it gets an environment of its own: LEGACY_PYTHON names that Python.
#
# and into the environment in .venv, where there is one: nitido[coreml] to write and evaluate Core ML packages, and on
# x86-64 nitido[qnn], Qualcomm's compiler and its simulation of the NPU. The licences of these packages are their own.
#
# Run in the clone, as root or with sudo for the Debian package alone:
#
#   sudo scripts/install-proofs.sh system && scripts/install-proofs.sh python
set -euo pipefail

system() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update
	apt-get install -y --no-install-recommends chromium libvulkan1
}

python() {
	local legacy=${LEGACY_PYTHON:-python3.11}
	if command -v "$legacy" >/dev/null; then
		"$legacy" -m venv .venv-tflite
		.venv-tflite/bin/pip install --quiet 'tflite-runtime==2.14.0' 'numpy<2'
	else
		echo "no $legacy: set LEGACY_PYTHON to a Python 3.9 to 3.11; without it the legacy runtime is not proved" >&2
	fi
	if [ -x .venv/bin/pip ]; then
		local extras=coreml
		if [ "$(uname -m)" = x86_64 ]; then extras=coreml,qnn; fi
		.venv/bin/pip install --quiet -c requirements/dev.txt -e ".[$extras]"
	fi
}

case "${1:-}" in
system | python) "$1" ;;
*)
	echo "usage: scripts/install-proofs.sh system|python" >&2
	exit 2
	;;
esac
