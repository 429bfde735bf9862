import pytest

from training.loop.stopping import StoppingCriteria, idle_epochs


@pytest.mark.parametrize(
    ("goals", "accuracies", "words"),
    [
        (StoppingCriteria(), [0.5] * 100, None),
        (StoppingCriteria(target=0.6), [], None),
        (StoppingCriteria(target=0.6), [0.5, 0.59], None),
        (StoppingCriteria(target=0.6), [0.5, 0.6], "0.6000 has reached the target of 0.6"),
        (StoppingCriteria(target=0.6), [0.7, 0.1], "0.7000 has reached the target of 0.6"),
        (StoppingCriteria(patience=2), [0.5, 0.4], None),
        (StoppingCriteria(patience=2), [0.5, 0.4, 0.5], "no better validation accuracy than 0.5000 for 2 epochs"),
        (StoppingCriteria(patience=2), [0.5, 0.4, 0.51], None),
        (StoppingCriteria(target=0.9, patience=2), [0.5, 0.4, 0.3], "for 2 epochs"),
    ],
)
def test_a_run_ends_at_its_target_or_when_it_gets_no_better(goals, accuracies, words):
    reason = goals.reason(accuracies)
    assert (reason is None) if words is None else (words in reason)


def test_an_equal_accuracy_is_no_better_one():
    assert idle_epochs([0.5, 0.6, 0.6, 0.6]) == 2
