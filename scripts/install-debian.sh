#!/usr/bin/env bash
# Installs what `make demo` and `make test` need on a bare Debian 12+ or Ubuntu 24.04+ machine, beside git:
#
#   python3, python3-venv   Python 3.11 or newer, and the module that makes the virtual environments
#   make                    runs the two commands
#   ca-certificates         lets pip reach a package index over https
#
# No compiler: every pinned requirement is installed as a wheel. Everything else goes into .venv and .venv-demo
# inside the clone. Run as root, or with sudo:  sudo scripts/install-debian.sh
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ca-certificates make python3 python3-venv
