"""Video clips through PyAV (extra ``video``): frames in, frames out, everything else as it was."""

from nitido.clips.planes import Planes as Planes
from nitido.clips.reading import Clip as Clip
from nitido.clips.reading import ClipFrame as ClipFrame
from nitido.clips.reading import ClipInfo as ClipInfo
from nitido.clips.transcode import Transcoded as Transcoded
from nitido.clips.transcode import transcode as transcode
from nitido.clips.writing import ClipWriter as ClipWriter
from nitido.clips.writing import Encoding as Encoding
