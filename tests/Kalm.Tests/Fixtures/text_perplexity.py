"""Log-probabilities of a text under a sliding window, in float64, for the two models of llama_logits.py.
A window holds `window` tokens and begins `stride` tokens after the one before. Computed twice: window by window with matrices,
each predicting what no earlier one has; and token by token, from the tokens between the begin of the first window that holds the
token and the token itself, by the other implementation of the model. Writes text_perplexity.json. Rerun: `python3 text_perplexity.py`.
"""

import math

import numpy

from fixture_files import read_safetensors, write_json
from llama_logits import CONFIGS, VOCABULARY
from llama_model import as_float64, hidden_states, hidden_states_token_by_token, logits_of


def log_probability(logits, token):
    largest = logits.max()
    return float(logits[token] - largest - math.log(math.fsum(math.exp(x - largest) for x in logits)))


def by_windows(ids, window, stride, settings, weights):
    found = [None] * len(ids)
    begin, reached = 0, 1
    while reached < len(ids):
        end = min(begin + window, len(ids))
        logits = logits_of(hidden_states(ids[begin:end], settings, weights), settings, weights)
        for at in range(reached, end):
            found[at] = log_probability(logits[at - begin - 1], ids[at])
        begin, reached = begin + stride, end
    return found[1:]


def by_tokens(ids, window, stride, settings, weights):
    found = []
    for at in range(1, len(ids)):
        first = max(0, -(-(at + 1 - window) // stride))
        seen = ids[first * stride : at]
        assert len(seen) >= min(at, window - stride)
        found.append(log_probability(logits_of(hidden_states_token_by_token(seen, settings, weights)[-1], settings, weights), ids[at]))
    return found


if __name__ == "__main__":
    cases = []
    for seed, (model, settings) in enumerate(CONFIGS.items(), start=71):
        weights = as_float64(read_safetensors(f"{model}/model.safetensors"))
        ids = numpy.random.default_rng(seed).integers(0, VOCABULARY, 45).tolist()
        for window, stride in ((45, 10), (128, 64), (16, 8), (16, 15), (12, 5), (7, 1), (2, 1)):
            expected = by_windows(ids, window, stride, settings, weights)
            assert numpy.abs(numpy.subtract(expected, by_tokens(ids, window, stride, settings, weights))).max() < 1e-11
            cases.append({"model": model, "ids": ids, "window": window, "stride": stride, "nll": -math.fsum(expected)})
        assert len({round(case["nll"], 6) for case in cases[-7:]}) == 6, "the window must show, and the first two hold the whole text"
    write_json("text_perplexity.json", {"cases": cases})
