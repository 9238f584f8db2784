"""``python -m nitido.cli``: the command where its script is not on the path."""

import sys

from nitido.cli import main

sys.exit(main())
