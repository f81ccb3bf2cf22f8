"""Filtered ranks with ties, worked out by hand, and their means.
A query's candidates are all entities but the known answers other than the gold one; a known answer's text twin stays.
optimistic = 1 + candidates that score higher; pessimistic = candidates that score at least as high, the gold one among
them; realistic = their mean. Hits@k counts ranks <= k. Rerun: `python3 ranks.py`.
"""

from fractions import Fraction

from fixture_files import write_json

# entity classes: entities with the same number share one text and so one score
CASES = [
    {
        "name": "no ties",
        "text_classes": [0, 1, 2, 3, 4],
        "queries": [  # (scores, gold, known without the gold one, (optimistic, pessimistic, realistic) by hand)
            ([0.9, 0.1, 0.5, 0.3, 0.7], 0, [], (1, 1, 1.0)),
            ([0.9, 0.1, 0.5, 0.3, 0.7], 1, [], (5, 5, 5.0)),
            ([0.9, 0.1, 0.5, 0.3, 0.7], 2, [], (3, 3, 3.0)),
            ([0.9, 0.1, 0.5, 0.3, 0.7], 2, [0], (2, 2, 2.0)),
            ([0.9, 0.1, 0.5, 0.3, 0.7], 2, [0, 4], (1, 1, 1.0)),
            ([0.9, 0.1, 0.5, 0.3, 0.7], 2, [1, 3], (3, 3, 3.0)),
        ],
    },
    {
        "name": "ties",
        "text_classes": [0, 1, 2, 3, 4, 5],
        "queries": [
            ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 3, [], (1, 6, 3.5)),            # a constant scorer gains nothing
            ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 3, [0, 1], (1, 4, 2.5)),        # known ones leave the tie
            ([0.8, 0.5, 0.5, 0.8, 0.2, 0.5], 1, [], (3, 5, 4.0)),
            ([0.8, 0.5, 0.5, 0.8, 0.2, 0.5], 1, [0, 2], (2, 3, 2.5)),
            ([0.8, 0.5, 0.5, 0.8, 0.2, 0.5], 0, [], (1, 2, 1.5)),
            ([0.8, 0.5, 0.5, 0.8, 0.2, 0.5], 0, [3], (1, 1, 1.0)),
            ([-1.0, -1.0, -0.25, -2.0, -1.0, -3.0], 4, [5], (2, 4, 3.0)),    # negative scores
        ],
    },
    {
        "name": "text twins: entities 1 and 4, and entities 2, 5 and 6",
        "text_classes": [0, 1, 2, 3, 1, 2, 2],
        "queries": [
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 1, [], (1, 2, 1.5)),       # the gold one's twin is a candidate
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 1, [4], (1, 1, 1.0)),      # unless it is known itself
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 2, [1], (2, 4, 3.0)),      # a known one's twin stays
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 2, [1, 4, 5], (1, 2, 1.5)),
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 0, [], (6, 6, 6.0)),
            ([0.3, 0.9, 0.6, 0.1, 0.9, 0.6, 0.6], 3, [0, 1, 2, 4, 5, 6], (1, 1, 1.0)),  # all others known
        ],
    },
    {
        "name": "around the tenth place",
        "text_classes": list(range(14)),
        "queries": [
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 9, [], (10, 10, 10.0)),
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 10, [], (11, 11, 11.0)),
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 5, 3, 2, 1], 10, [], (10, 11, 10.5)),
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 5, 3, 2, 1], 10, [0], (9, 10, 9.5)),
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 3, [], (4, 4, 4.0)),
            ([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 3, [13, 2], (3, 3, 3.0)),
        ],
    },
]
RULES = ("optimistic", "pessimistic", "realistic")

# by hand, over the six queries of "no ties" (ranks 1 5 3 2 1 3) and of the last case (10 11 10.5 9.5 4 3)
METRICS_BY_HAND = {
    ("no ties", "realistic"): (Fraction(15, 6), (1 + Fraction(1, 5) + Fraction(1, 3) + Fraction(1, 2) + 1 + Fraction(1, 3)) / 6, Fraction(2, 6), Fraction(5, 6), 1),
    ("around the tenth place", "realistic"): (8, (Fraction(1, 10) + Fraction(1, 11) + Fraction(2, 21) + Fraction(2, 19) + Fraction(1, 4) + Fraction(1, 3)) / 6, 0, Fraction(1, 6), Fraction(4, 6)),
    ("around the tenth place", "optimistic"): (Fraction(47, 6), (Fraction(1, 10) + Fraction(1, 11) + Fraction(1, 10) + Fraction(1, 9) + Fraction(1, 4) + Fraction(1, 3)) / 6, 0, Fraction(1, 6), Fraction(5, 6)),
    ("around the tenth place", "pessimistic"): (Fraction(49, 6), (Fraction(1, 10) + Fraction(1, 11) + Fraction(1, 11) + Fraction(1, 10) + Fraction(1, 4) + Fraction(1, 3)) / 6, 0, Fraction(1, 6), Fraction(4, 6)),
}


def ranks(scores, gold, known):
    remaining = [score for entity, score in enumerate(scores) if entity == gold or entity not in known]
    optimistic = 1 + sum(score > scores[gold] for score in remaining)
    pessimistic = sum(score >= scores[gold] for score in remaining)
    return optimistic, pessimistic, (optimistic + pessimistic) / 2


def metrics(values):
    exact = [Fraction(value) for value in values]
    return (sum(exact) / len(exact), sum(1 / value for value in exact) / len(exact),
            *(Fraction(sum(value <= k for value in exact), len(exact)) for k in (1, 3, 10)))


def expected_metrics(name, table):
    result = {}
    for column, rule in enumerate(RULES):
        computed = metrics([row[column] for row in table])
        by_hand = METRICS_BY_HAND.get((name, rule))
        assert by_hand is None or by_hand == computed, (name, rule, computed)
        result[rule] = dict(zip(("mean_rank", "mean_reciprocal_rank", "hits_at_1", "hits_at_3", "hits_at_10"), map(float, computed)))
    return result


if __name__ == "__main__":
    written = []
    for entry in CASES:
        table = []
        for scores, gold, known, by_hand in entry["queries"]:
            assert ranks(scores, gold, known) == by_hand, (entry["name"], scores, gold, known)
            score_of = dict(zip(entry["text_classes"], scores))
            assert [score_of[text] for text in entry["text_classes"]] == scores, "twins share their score"
            assert gold not in known
            table.append(by_hand)
        written.append({
            "name": entry["name"],
            "text_classes": entry["text_classes"],
            "queries": [{"scores": [float(score) for score in scores], "gold": gold, "known": known, **dict(zip(RULES, by_hand))}
                        for scores, gold, known, by_hand in entry["queries"]],
            "metrics": expected_metrics(entry["name"], table),
        })
    everything = [by_hand for entry in CASES for *_, by_hand in entry["queries"]]
    write_json("ranks.json", {"cases": written, "metrics_of_all": expected_metrics("all", everything)})
