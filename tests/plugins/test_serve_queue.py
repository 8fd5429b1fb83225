"""The queue of requests: the order of the queue, its bound, and the ways in which a request ends early."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from functools import partial

import pytest

from workbench_serve.limits import SLICE, SLICE_CHARACTERS, slices
from workbench_serve.request_queue import RequestQueue, Unavailable

PATIENCE = 30


class Work:
    """Slices that say when they begin, and that do not end before `go` is set."""

    def __init__(self):
        self.done, self.begun, self.go = [], threading.Event(), threading.Event()

    def slices(self, name, count):
        return [partial(self.slice, f"{name}{number}") for number in range(count)]

    def slice(self, name):
        self.begun.set()
        assert self.go.wait(PATIENCE)
        self.done.append(name)
        return [name]


@pytest.fixture
def work():
    work = Work()
    yield work
    work.go.set()


def test_what_the_slices_give_is_finished_once_and_in_order(work):
    work.go.set()
    answer = RequestQueue(4, 0).submit(work.slices("a", 5), lambda done: (done, threading.current_thread().name))
    done, thread = answer.result(PATIENCE)
    assert done == ["a0", "a1", "a2", "a3", "a4"]
    assert thread.startswith("slice")


def test_requests_take_turns_so_a_small_one_gets_in_between(work):
    queue = RequestQueue(1, 9)
    answers = [queue.submit(work.slices("large", 3), list), queue.submit(work.slices("other", 2), list)]
    answers.append(queue.submit(work.slices("small", 1), list))
    work.go.set()
    for answer in answers:
        answer.result(PATIENCE)
    assert work.done == ["large0", "other0", "small0", "large1", "other1", "large2"]


def test_beyond_those_that_may_wait_requests_are_refused_and_a_place_that_is_left_is_free_again(work):
    queue, taken, refused = RequestQueue(2, 3), [], 0
    for _ in range(12):
        try:
            taken.append(queue.submit(work.slices("a", 2), list))
        except Unavailable:
            refused += 1
    assert (len(taken), refused) == (5, 7)
    taken.pop().cancel()
    taken.append(queue.submit(work.slices("b", 1), list))
    with pytest.raises(Unavailable, match=r"^the server is busy with 5 requests. Try again in a moment.$"):
        queue.submit(work.slices("c", 1), list)
    work.go.set()
    assert [len(answer.result(PATIENCE)) for answer in taken] == [2, 2, 2, 2, 1]


def test_a_cancelled_request_does_no_further_slice(work):
    queue = RequestQueue(1, 1)
    answer = queue.submit(work.slices("gone", 50), list)
    assert work.begun.wait(PATIENCE)
    assert answer.cancel()
    after = queue.submit(work.slices("after", 1), list)
    work.go.set()
    assert after.result(PATIENCE) == ["after0"]
    assert work.done == ["gone0", "after0"]
    with pytest.raises(CancelledError):
        answer.result()


def test_a_request_that_is_cancelled_while_it_waits_is_never_begun(work):
    queue, finished = RequestQueue(1, 2), []
    first = queue.submit(work.slices("first", 1), list)
    assert work.begun.wait(PATIENCE)
    waiting = [queue.submit(work.slices(name, 2), finished.append) for name in ("gone", "lost")]
    assert all(future.cancel() for future in waiting)
    after = queue.submit(work.slices("after", 1), list)
    work.go.set()
    assert (first.result(PATIENCE), after.result(PATIENCE)) == (["first0"], ["after0"])
    assert (work.done, finished) == (["first0", "after0"], [])


def test_a_request_that_is_cancelled_in_its_last_slice_is_not_finished(work):
    queue, finished = RequestQueue(1, 1), []
    gone = queue.submit(work.slices("gone", 1), finished.append)
    assert work.begun.wait(PATIENCE)
    assert gone.cancel()
    after = queue.submit(work.slices("after", 1), list)
    work.go.set()
    assert after.result(PATIENCE) == ["after0"]  # the one thread has done with the other
    assert (work.done, finished) == (["gone0", "after0"], [])


def test_closed_it_takes_nothing_new_and_does_the_rest(work):
    queue = RequestQueue(1, 1)
    answers = [queue.submit(work.slices(name, 2), list) for name in "ab"]
    queue.close()
    with pytest.raises(Unavailable, match="the server is shutting down"):
        queue.submit(work.slices("c", 1), list)
    work.go.set()
    assert [answer.result(PATIENCE) for answer in answers] == [["a0", "a1"], ["b0", "b1"]]


def test_stopped_it_refuses_the_rest_between_slices(work):
    queue = RequestQueue(1, 1)
    answers = [queue.submit(work.slices(name, 2), list) for name in "ab"]
    assert work.begun.wait(PATIENCE)
    queue.stop()
    work.go.set()
    for answer in answers:
        with pytest.raises(Unavailable, match="the server is shutting down"):
            answer.result(PATIENCE)
    assert work.done == ["a0"]


@pytest.mark.parametrize("broken", [[lambda: 1 / 0], [list, lambda: 1 / 0, list]])
def test_a_fault_goes_to_the_one_who_asked_and_leaves_its_place(broken):
    queue = RequestQueue(1, 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            queue.submit(broken, list).result(PATIENCE)
    with pytest.raises(ZeroDivisionError):
        queue.submit([list], lambda done: 1 / 0).result(PATIENCE)


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([], [0]),
        ([9] * SLICE, [SLICE]),
        ([9] * (SLICE + 1), [SLICE, 1]),
        ([SLICE_CHARACTERS] * 3, [1, 1, 1]),
        ([SLICE_CHARACTERS * 9, 1, 1], [1, 2]),
        ([1, SLICE_CHARACTERS * 9, 1], [1, 1, 1]),
        ([SLICE_CHARACTERS // 2] * 5, [2, 2, 1]),
        ([0] * 100, [SLICE, SLICE, SLICE, 4]),
    ],
)
def test_a_slice_is_a_few_texts_and_fewer_if_they_are_long(lengths, sizes):
    parts = list(slices(["x" * length for length in lengths]))
    assert [len(part) for part in parts] == sizes
    assert [number for part in parts for number in part] == list(range(len(lengths)))
