#!/usr/bin/env bash
# Installs what `make demo` and `make test` need on a bare Debian 12+ or Ubuntu 24.04+ machine, beside git:
#
#   python3, python3-venv   Python 3.11 or newer, and the module that makes the virtual environments
#   make                    runs the two commands
#   ca-certificates         lets pip reach a package index over https
#
# With --browser also what the page "This device" and the tests in a real browser need; without, those tests skip:
#
#   chromium                the browser; its SwiftShader is a Vulkan device for proofs on LiteRT's GPU delegate
#   npm, openssl            onnxruntime-web and axe-core, pinned; certificates for the tests of HTTPS
#
# No compiler: every pinned requirement is installed as a wheel. Everything else goes into .venv and .venv-demo
# inside the clone. Run as root, or with sudo:  sudo scripts/install-debian.sh
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
packages=(ca-certificates make python3 python3-venv)
case "${1-}" in
	"") ;;
	--browser)
		packages+=(chromium openssl)
		# Node's own packages bring npm and conflict with Debian's.
		command -v npm >/dev/null || packages+=(npm)
		;;
	*) echo "expected --browser or nothing, got $1" >&2; exit 2 ;;
esac
apt-get update
apt-get install -y --no-install-recommends "${packages[@]}"
