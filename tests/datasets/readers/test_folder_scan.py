"""Folders of folders: links."""

from collections import Counter

from kerasocc.datasets.readers.image_folders import list_flat, list_images
from tests.datasets.image_examples import names, save


def test_links_are_followed_once(tmp_path):
    root = tmp_path / "set"
    for name in ("a/0.png", "b/1.png", "../elsewhere/2.png"):
        save(root / name)
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "a" / "other").symlink_to(root / "b", target_is_directory=True)
    (root / "b" / "back").symlink_to(root / "a", target_is_directory=True)
    (root / "c").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "a" / "itself").symlink_to(root / "a" / "itself")
    assert names(list_images(root).train, root) == [
        ("a/0.png", "a"),
        ("a/other/1.png", "a"),
        ("b/1.png", "b"),
        ("b/back/0.png", "b"),
        ("c/2.png", "c"),
    ]
    found = Counter(file.path.resolve().name for file in list_flat(root))
    assert found == {"0.png": 1, "1.png": 1, "2.png": 1}
