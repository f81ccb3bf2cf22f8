"""The language loss on response tokens, value and gradient, in float64.
The logits at position p predict the label at p + 1; -100 marks what is not to be predicted (prompt and padding); the loss
is the mean over all response tokens of the batch, not over sequences. Computed with loops and by torch.autograd, which must
agree to 1e-12. Rerun: `python3 language_loss.py`.
"""

import math

import numpy
import torch

from fixture_files import write_json

IGNORED = -100


def loss_by_loops(logits, labels):
    gradient, terms = numpy.zeros_like(logits), []
    places = [(b, p) for b in range(labels.shape[0]) for p in range(labels.shape[1] - 1) if labels[b, p + 1] != IGNORED]
    for b, p in places:
        row, label = logits[b, p], labels[b, p + 1]
        largest = row.max()
        total = math.fsum(math.exp(x - largest) for x in row)
        terms.append(largest + math.log(total) - row[label])
        for v in range(len(row)):
            gradient[b, p, v] = (math.exp(row[v] - largest) / total - (v == label)) / len(places)
    return math.fsum(terms) / len(places), len(places), gradient


def loss_by_autograd(logits, labels):
    logits = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), torch.tensor(labels)[:, 1:].flatten(), ignore_index=IGNORED)
    loss.backward()
    return loss.item(), logits.grad.numpy()


def case(name, lengths, vocabulary, seed, spread=1.5):
    """`lengths`: (prompt tokens, response tokens) of each sequence; shorter ones are padded on the right."""
    random = numpy.random.default_rng(seed)
    longest = max(prompt + response for prompt, response in lengths)
    logits = spread * random.standard_normal((len(lengths), longest, vocabulary))
    labels = numpy.full((len(lengths), longest), IGNORED)
    for b, (prompt, response) in enumerate(lengths):
        labels[b, prompt : prompt + response] = random.integers(0, vocabulary, response)
    loss, tokens, gradient = loss_by_loops(logits, labels)
    expected, expected_gradient = loss_by_autograd(logits, labels)
    assert abs(loss - expected) < 1e-12 * max(1, expected) and numpy.abs(gradient - expected_gradient).max() < 1e-12, name
    return {"name": name, "lengths": lengths, "logits": logits, "labels": labels, "response_tokens": tokens, "loss": loss, "logits_gradient": gradient}


if __name__ == "__main__":
    cases = [
        case("one prompt with one response token", [(4, 1)], 7, 1),
        case("the shortest: one prompt token, one response token", [(1, 1)], 5, 2),
        case("two of the same length", [(3, 4), (5, 2)], 9, 3),
        case("different lengths, padded on the right", [(3, 5), (2, 1), (4, 2)], 11, 4),
        case("large logits", [(2, 3), (4, 3)], 6, 5, spread=200.0),
    ]
    padded = cases[3]
    means = [loss_by_loops(padded["logits"][b : b + 1], padded["labels"][b : b + 1])[0] for b in range(3)]
    assert abs(numpy.mean(means) - padded["loss"]) > 1e-3, "a mean of sequence means must be told apart"
    write_json("language_loss.json", {"ignored": IGNORED, "cases": cases})
