# SPDX-License-Identifier: GPL-2.0
import collections
import os
import shutil
from unittest import mock

from ..cache import Cache, pid_namespace, replace_file
from .kernel_tree import FolderTest

Usage = collections.namedtuple("Usage", "total used free")


class CacheTest(FolderTest):
    def test_a_full_disk(self) -> None:
        cache = Cache(self.folder)
        with mock.patch.object(shutil, "disk_usage", return_value=Usage(100 << 20, 0, 12 << 20)):
            self.refused("the disk has 12 MB", lambda: cache.need_space(4000, "the build"))
            cache.need_space(12, "the build")

    def test_a_file_that_is_replaced(self) -> None:
        path = self.folder / "a/list"
        old = os.umask(0o022)
        try:
            replace_file(path, b"one")
            replace_file(path, b"two")
        finally:
            os.umask(old)
        self.assertEqual((path.read_bytes(), path.stat().st_mode & 0o777), (b"two", 0o644))
        with mock.patch("pathlib.Path.replace", side_effect=OSError):
            self.assertRaises(OSError, replace_file, path, b"three")
        self.assertEqual(list(path.parent.iterdir()), [path])

    def test_folders_of_others(self) -> None:
        cache, namespace = Cache(self.folder), pid_namespace()
        killed, running = f"{1 << 30}.{namespace}.a", f"1.{namespace}.a"
        other, old = f"{1 << 30}.1.a", f"{1 << 30}.a"
        for name in (killed, running, other, old):
            self.write(f"tmp/{name}/file", "")
        with cache.temporary() as work:
            self.assertTrue(work.name.startswith(f"{os.getpid()}.{namespace}."))
        names = {path.name for path in (self.folder / "tmp").iterdir()}
        self.assertEqual(names, {running, other, old})

    def test_two_runs_of_one_log(self) -> None:
        one, other = Cache(self.folder), Cache(self.folder)
        with one.log_of("test-rust") as log:
            self.refused(f"another run writes {log}", lambda: other.log_of("test-rust").__enter__())
            with other.log_of("test-c"):
                pass
        with other.log_of("test-rust"):
            pass
