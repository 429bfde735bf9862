"""What FFmpeg may do with an untrusted file.

FFmpeg has some five hundred decoders. Most are for formats that have been out of use for decades, and most
vulnerabilities are found in those. Only formats that phones, cameras, browsers, editors and laboratories write are
read.
"""

from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

VIDEO_DECODERS = (
    "h264,hevc,av1,libdav1d,vp8,vp9,mpeg1video,mpeg2video,mpeg4,h263,mjpeg,prores,dnxhd,dvvideo,theora,flv,vp6,vp6f,"
    "msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,rawvideo"
)
AUDIO_DECODERS = (
    "aac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,flac,alac,ac3,eac3,amrnb,libopencore_amrnb,amrwb,"
    "libopencore_amrwb,wmav1,wmav2,wmapro,adpcm_ms,adpcm_ima_wav,pcm_u8,pcm_alaw,pcm_mulaw,pcm_s16le,pcm_s16be,"
    "pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le"
)
"""FFmpeg's names of decoders."""

CODECS = frozenset(f"{VIDEO_DECODERS},{AUDIO_DECODERS}".split(","))
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,mpegvideo,mjpeg,h264,hevc",
    "codec_whitelist": f"{VIDEO_DECODERS},{AUDIO_DECODERS}",
}
"""For opening a file: no playlists, since they make FFmpeg read other files or fetch addresses, and no other decoder
even for probing."""


def open_restricted(path: Path) -> InputContainer:
    """Open a file for reading with these restrictions.

    Raises:
        FFmpegError, OSError, ValueError: it is not of one of the formats, or damaged.
    """
    # PyAV 18 fails on a title that is not UTF-8, 19 does not
    tags: dict[str, Any] = {"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}
    opened: InputContainer = av.open(str(path), options=OPTIONS, **tags)
    return opened


def may_decode(stream: av.VideoStream | av.AudioStream) -> bool:
    """Whether a stream's codec is known to FFmpeg and allowed here."""
    return bool(stream.codec_context) and stream.codec_context.codec.name in CODECS
