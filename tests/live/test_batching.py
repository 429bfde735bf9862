import threading

import numpy as np
import pytest

from live.batching import Batcher
from model import Prediction
from tests.support.waiting import until

SHAPE = (2, 2, 1)


class Network:
    """Tells of each crop its mean; waits until it may go on."""

    def __init__(self):
        self.batches = []
        self.go = threading.Event()
        self.go.set()

    def read(self, crops):
        self.batches.append(len(crops))
        assert self.go.wait(10)
        if (crops < 0).any():
            raise ValueError("a negative crop")
        means = crops.reshape(len(crops), -1).mean(axis=1) if len(crops) else np.zeros(0, np.float32)
        return Prediction(np.stack([means, 1 - means], axis=1), means)


def crops(*values):
    return np.stack([np.full(SHAPE, value, np.float32) for value in values]) if values else np.zeros((0, *SHAPE))


def together(batching, network, parts):
    """Has each part read by a thread of its own, all but the first while the network is busy with that."""
    answers = {}

    def read(number):
        try:
            answers[number] = batching.predict(parts[number])
        except ValueError as error:
            answers[number] = error

    network.go.clear()
    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(parts))]
    threads[0].start()
    until(lambda: network.batches)
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(batching._gathered) == len(parts) - 1)
    network.go.set()
    for thread in threads:
        thread.join(30)
    return [answers[number] for number in range(len(parts))]


def test_who_is_alone_is_read_at_once_and_alone():
    network = Network()
    reading = Batcher(network.read).predict(crops(0.25, 0.5))
    assert reading.no_face.tolist() == [0.25, 0.5]
    assert network.batches == [2]


def test_what_comes_while_the_network_is_busy_is_read_together_and_each_gets_its_own():
    network = Network()
    parts = [crops(0.1), crops(0.2), crops(0.3, 0.4), crops(), crops(0.5)]
    answers = together(Batcher(network.read), network, parts)
    assert network.batches == [1, 4]
    for part, answer in zip(parts, answers, strict=True):
        np.testing.assert_allclose(answer.no_face, part.reshape(len(part), -1).mean(axis=1) if len(part) else [])
        assert answer.probabilities.shape == (len(part), 2)


def test_the_fault_of_one_is_not_that_of_the_others():
    network = Network()
    answers = together(Batcher(network.read), network, [crops(0.1), crops(0.2), crops(-1), crops(0.3)])
    assert [answer.no_face[0] for answer in (answers[0], answers[1], answers[3])] == pytest.approx([0.1, 0.2, 0.3])
    assert "negative" in str(answers[2])


def test_what_no_runtime_can_say_is_told_to_each_as_it_came():
    def read(crops):
        raise ValueError(f"got {len(crops)}")

    batching = Batcher(read)
    with pytest.raises(ValueError, match="got 3"):
        batching.predict(crops(1, 2, 3))
    with pytest.raises(ValueError, match="got 1"):
        batching.predict(crops(1))
