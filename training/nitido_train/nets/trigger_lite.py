"""The small trigger for camera previews: the trigger's network, half as wide, on a smaller view."""

from __future__ import annotations

from nitido.bundle.manifest import View
from nitido_train.nets.trigger import TriggerConfig

LITE = TriggerConfig(hidden=16, width=0.5)
"""0.35 million parameters; on LITE_VIEW a sixth of the trigger's multiplications."""

LITE_VIEW = View(size=320, crop=160, count=4)
"""A third of a 640 x 480 frame, at its native size."""
