"""Files of labelled images, told apart by what is in them."""

from __future__ import annotations

from pathlib import Path

from arcana.data.cifar import PATTERNS, read_cifar10
from arcana.data.idx import is_idx, read_images
from arcana.data.image_files import Images
from arcana.errors import BadFile, Problem
from arcana.files import as_path


def read_image_set(path: str | Path) -> tuple[Images, Images | None]:
    """Images of a file or a folder, and those of its test set where it has one.

    A file that starts as IDX does is read so, any other as a batch of CIFAR-10. IDX keeps the labels in another
    file: the one beside it with "labels" and "idx1" in its name for "images" and "idx3", packed or not.

    Args:
        path: File of images, plain or packed with gzip; or a folder with the batches of CIFAR-10.

    Raises:
        BadFile: if it cannot be read, is damaged or of neither kind, or if there is no file of labels.
    """
    path = as_path(path)
    if path.is_dir():
        if all(any(path.glob(name)) for name in PATTERNS["all"]):
            return read_cifar10(path, "train"), read_cifar10(path, "test")
        return read_cifar10(path), None
    if is_idx(path):
        return read_images(path, labels_beside(path)), None
    if "idx" in path.name:
        hint = "its first bytes are 0, 0, a type from 8 to 14, and the number of axes"
        raise BadFile(path, Problem("file", "no IDX header", "an IDX file, as its name says", hint=hint))
    return read_cifar10(path), None


def labels_beside(path: str | Path) -> Path:
    """The file of labels that belongs to an IDX file of images, by their usual names.

    Raises:
        BadFile: if the name says nothing of images, or no such file is there.
    """
    path = as_path(path)
    if "images" not in path.name:
        hint = "as in t10k-images-idx3-ubyte.gz, with t10k-labels-idx1-ubyte.gz beside it"
        raise BadFile(path, Problem("name", path.name, "a name with 'images' in it", hint=hint))
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    names = (name, f"{name}.gz")
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    if not found:
        raise BadFile(path, Problem("labels", None, "a file beside it: " + " or ".join(names)))
    return found[0]
