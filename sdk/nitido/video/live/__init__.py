"""Live video over a connection that changes: the sender shrinks frames, the receiver restores them."""

from nitido.video.live.adaptation import LADDER as LADDER
from nitido.video.live.adaptation import Adaptation as Adaptation
from nitido.video.live.adaptation import Rung as Rung
from nitido.video.live.messages import Measurement as Measurement
from nitido.video.live.receiver import AdaptiveReceiver as AdaptiveReceiver
from nitido.video.live.source import AdaptiveSource as AdaptiveSource
