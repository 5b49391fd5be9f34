"""Small image files and lists of them."""

import numpy as np
import PIL.Image

from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import read_images


def save(path, pixels=None, **options):
    """Write pixels, by default 4 x 3 of a grey that the name decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixels is None:
        pixels = np.full((3, 4), len(path.name), "uint8")
    image = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    image.save(path, **options)
    return ImageFile(path, "")


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def decoded(*files, **options):
    return [image for _, image in read_images(files, **options)]


def names(files, root):
    return [(file.path.relative_to(root).as_posix(), file.label) for file in files]
