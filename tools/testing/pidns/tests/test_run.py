# SPDX-License-Identifier: GPL-2.0
"""Jobs by guests that answer what the test says."""

import base64
import io
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from ..cache import Cache
from ..errors import Fault
from ..fuzzer import Transcripts
from ..guest import Answer, End, Guest
from ..ktap import MISSING, Outcome, Parser, Result
from ..run import Done, Durations, Job, Reference, Run
from .kernel_tree import FolderTest

GOOD = ["TAP version 13", "1..2", "ok 1 x", "ok 2 y"]
TEST, RACE = Job("kselftest", "pidns_create_test"), Job("kselftest", "pidns_fork_race_test")


class Scripted(Guest):
    def __init__(self, folder: Path, answers: dict[str, Answer | Fault]) -> None:
        super().__init__(folder / "log", 1)
        self.answers = answers
        self.asked: list[str] = []
        self.dropped = 0
        self.limits: list[float] = []
        self._up = False

    @property
    def up(self) -> bool:
        return self._up

    def ask(
        self, command: str, limit: float, enough: Callable[[str], object] | None = None
    ) -> Answer:
        self.boots = max(1, self.boots)
        self._up = True
        self.limits.append(limit)
        self.asked.append(command)
        answer = self.answers.get(command.split()[1] if " " in command else command)
        if isinstance(answer, Fault):
            raise answer
        return answer or Answer(End.DONE, list(GOOD), 0)

    def drop(self) -> None:
        self.dropped += 1
        self._up = False

    def finish(self) -> bool:
        return True


class Tiring(Scripted):
    """Fails what it is asked for the third time."""

    def ask(
        self, command: str, limit: float, enough: Callable[[str], object] | None = None
    ) -> Answer:
        answer = super().ask(command, limit)
        return answer if self.asked.count(command) < 3 else Answer(End.DONE, [], 1)


class RunTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.parser = Parser(Path(os.environ["PIDNS_SOURCE"]))
        self.lines: list[str] = []

    def run_jobs(self, jobs: list[Job], answers: dict[str, Answer | Fault], guests: int = 1) -> Run:
        made = [Scripted(self.folder, answers) for _ in range(guests)]
        run = Run(made, made[:1], self.parser, 100, self.lines.append)
        self.made = made
        run.all(jobs, Durations(self.folder / "durations"))
        return run

    def outcomes(self, answer: Answer) -> list[tuple[str, str]]:
        run = self.run_jobs([TEST], {TEST.name: answer})
        return [(one.outcome.value, one.why) for one in run.results()]

    def test_good(self) -> None:
        self.assertEqual(self.outcomes(Answer(End.DONE, GOOD, 0)), [("pass", ""), ("pass", "")])
        self.assertEqual(self.lines[0], "KTAP version 1\n1..1")
        self.assertIn("    ok 2 y\nok 1 kselftest pidns_create_test", self.lines[1])

    def test_status_without_a_failed_test(self) -> None:
        outcomes = self.outcomes(Answer(End.DONE, GOOD, 1))
        self.assertEqual(outcomes[-1], ("fail", "status 1"))
        self.assertIn("not ok 1", self.lines[1])

    def test_skip_of_a_whole_program(self) -> None:
        self.assertEqual(self.outcomes(Answer(End.DONE, [], 4)), [("skip", "")])

    def test_nothing_printed(self) -> None:
        self.assertEqual(self.outcomes(Answer(End.DONE, [], 0))[0][0], "fail")

    def test_death_explains_what_is_missing(self) -> None:
        answer = Answer(End.DEATH, GOOD[:3], None, "the kernel panicked", ["# last words"])
        outcomes = self.outcomes(answer)
        self.assertEqual(outcomes, [("pass", ""), ("fail", "the kernel panicked")])
        self.assertNotIn(("fail", MISSING), outcomes)
        self.assertIn("# last words", self.lines[1])

    def test_program_that_timed_out(self) -> None:
        answer = Answer(End.DONE, GOOD[:3], 124, seconds=100)
        self.assertEqual(self.outcomes(answer)[-1], ("fail", "timed out after 100 s"))
        self.assertEqual(self.made[0].dropped, 1)

    def test_program_that_was_killed_early(self) -> None:
        answer = Answer(End.DONE, GOOD[:3], 137, seconds=1)
        self.assertEqual(self.outcomes(answer)[-1], ("fail", "status 137"))
        self.assertEqual(self.made[0].dropped, 1)

    def test_why_is_of_a_failure(self) -> None:
        lines = ["TAP version 13", "1..2", "not ok 1 x", "ok 2 y # SKIP no such device"]
        self.outcomes(Answer(End.DONE, lines, 1))
        self.assertEqual(self.lines[1].splitlines()[-1], f"not ok 1 kselftest {TEST.name}")
        self.outcomes(Answer(End.DEATH, lines, None, "the kernel panicked"))
        self.assertIn("# the kernel panicked", self.lines[3].splitlines()[-1])

    def test_races_are_for_the_first_guest(self) -> None:
        self.run_jobs([TEST, RACE] * 5, {}, guests=3)
        for guest in self.made[1:]:
            self.assertFalse([one for one in guest.asked if RACE.name in one])
        asked = sum(len(guest.asked) for guest in self.made)
        self.assertEqual(asked, 10)

    def test_rounds_end_when_all_jobs_have_failed(self) -> None:
        made = [Tiring(self.folder, {}) for _ in range(3)]
        run = Run(made, made[:1], self.parser, 100, self.lines.append)
        run.until = time.monotonic() + 60
        run.all([TEST, RACE], Durations(self.folder / "durations"))
        self.assertLess(time.monotonic(), run.until)
        self.assertEqual(len(run.done), 2)
        self.assertEqual(run.rounds[RACE], 3)

    def test_a_guest_that_cannot_boot_ends_the_run(self) -> None:
        with self.assertRaises(Fault):
            self.run_jobs([TEST], {TEST.name: Fault("no")})

    def scanned(
        self, answers: dict[str, Answer | Fault], leaking: frozenset[str] = frozenset()
    ) -> tuple[Scripted, Run]:
        guest = Scripted(self.folder, answers)
        run = Run([guest], [guest], self.parser, 10, self.lines.append)
        run.scan = True
        run.leaking = leaking
        run.all([TEST], Durations(self.folder / "durations"))
        return guest, run

    def test_leaks(self) -> None:
        for status, outcome in ((0, Outcome.PASS), (1, Outcome.FAIL)):
            guest, run = self.scanned({"scan": Answer(End.DONE, [], status)})
            self.assertEqual(run.extra[0].outcome, outcome)
            # The scan is no test, and has a limit of its own.
            self.assertEqual((run.count(), len(run.results())), (2, 3))
            self.assertGreater(guest.limits[-1], 60)

    def test_a_guest_that_leaked_on_purpose_is_not_scanned(self) -> None:
        guest, run = self.scanned({}, leaking=frozenset({TEST.name}))
        self.assertNotIn("scan", guest.asked)
        self.assertEqual([result.outcome for result in run.extra], [])

    def test_a_guest_that_is_down_is_not_scanned(self) -> None:
        guest, run = self.scanned({TEST.name: Answer(End.DONE, GOOD, 124)})
        self.assertNotIn("scan", guest.asked)
        self.assertEqual(run.extra, [])

    def test_broken_durations_are_as_none(self) -> None:
        path = self.folder / "broken"
        path.write_text("{", encoding="utf-8")
        self.assertEqual(Durations(path).of(TEST), 3.0)

    def test_durations_are_kept(self) -> None:
        path = self.folder / "sub/durations"
        Durations(path).learn([Done(TEST, [], seconds=7)])
        self.assertEqual(Durations(path).of(TEST), 7.0)
        self.assertEqual(list(path.parent.iterdir()), [path])

    def test_durations_that_cannot_be_kept_do_no_harm(self) -> None:
        path = self.folder / "sub"
        (path / "full").mkdir(parents=True)
        Durations(path).learn([Done(TEST, [], seconds=7)])
        self.assertEqual(list(self.folder.iterdir()), [path])


def printed(name: str, text: bytes) -> list[str]:
    """What a guest prints of a transcript."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"./{name}")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return [base64.b64encode(data.getvalue()).decode()]


class ReferenceTest(FolderTest):
    job = Job("fuzz", "seed 7", "7..8")

    def setUp(self) -> None:
        super().setUp()
        self.kept, self.work = self.folder / "kept", self.folder / "work"
        self.kept.mkdir()

    def compared(self, answer: Answer, complete: bool = True) -> Result:
        reference = Reference(Path("/bin/false"), self.kept, complete, self.work)
        return reference.compare(self.job, answer).results[0]

    def test_same_and_different(self) -> None:
        (self.kept / "000007.txt").write_bytes(b"as C")
        same = self.compared(Answer(End.DONE, printed("000007.txt", b"as C"), 0))
        self.assertEqual(same.outcome, Outcome.PASS)
        other = self.compared(Answer(End.DONE, printed("000007.txt", b"else"), 0))
        self.assertEqual((other.outcome, other.why), (Outcome.FAIL, "differs from C"))

    def test_no_reference(self) -> None:
        answer = Answer(End.DONE, printed("000007.txt", b"as C"), 0)
        self.assertEqual(self.compared(answer).outcome, Outcome.FAIL)
        self.assertEqual(self.compared(answer, complete=False).outcome, Outcome.PASS)

    def test_a_transcript_of_before_does_not_count(self) -> None:
        self.compared(Answer(End.DONE, printed("000007.txt", b"as C"), 0))
        (self.kept / "000007.txt").write_bytes(b"as C")
        for lines in ([], ["H4sIAAAA"], printed("000008.txt", b"as C")):
            self.assertEqual(self.compared(Answer(End.DONE, lines, 0)).outcome, Outcome.FAIL)

    def test_transcripts_are_kept(self) -> None:
        (self.work / "new").mkdir(parents=True)
        (self.work / "new/000007.txt").write_bytes(b"as C")
        kept = Transcripts(Cache(self.kept), "key")
        kept.folder.mkdir(parents=True)
        # What an earlier run may have left.
        (kept.folder / ".000007.txt").mkdir()
        kept.keep(self.work / "new")
        self.assertTrue(kept.has("7..8"))
        (self.work / "new/000007.txt").write_bytes(b"else")
        kept.keep(self.work / "new")
        self.assertEqual((kept.folder / "000007.txt").read_bytes(), b"as C")

    def test_status(self) -> None:
        answer = Answer(End.DONE, printed("000007.txt", b"as C"), 1)
        self.assertEqual(self.compared(answer, complete=False).outcome, Outcome.FAIL)
