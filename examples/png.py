"""A PNG writer in one function, standard library only."""

import struct
import zlib


def png(width, height, rgb):
    """The bytes of a PNG file showing `rgb`, 3 bytes a pixel, rows from the top (8-bit RGB, no interlace)."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    stride = 3 * width
    # Every row starts with its filter, 0: none.
    rows = b"".join(b"\0" + rgb[start : start + stride] for start in range(0, height * stride, stride))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
