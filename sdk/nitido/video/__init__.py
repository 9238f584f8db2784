"""Video super-resolution: frames in, larger frames out, with a memory of the frames before."""

from nitido.video.upscaler import VideoUpscaler as VideoUpscaler
