"""Which columns a batch has and which of them are left out, for a toy graph that can be checked by hand.
Every triple of a batch gives two directed rows, the triple and then its inverse. Texts are compared as strings: entities
4 and 5 are text twins, relation 2 has the same text both ways. A query's text is its head's text, ", " and the relation's
text. Entry (i, j), j not the target, is known when a train fact of either direction has row i's query text and column
j's text. Rerun: `python3 mask.py`.
"""

from fixture_files import write_json

ENTITIES = ["animal, a living thing", "dog, a tame animal", "puppy, a young dog", "cub, a young animal",
            "bank, a house of money", "bank, a house of money", "loan, money lent", "lend, give for a time"]
RELATIONS = [("is a kind of", "has the kind"), ("is given by", "gives"), ("goes with", "goes with")]
TRAIN = [
    (1, 0, 0), (2, 0, 1), (2, 0, 0), (3, 0, 0),  # kinds: the puppy has two
    (3, 2, 2), (2, 2, 3),                        # a symmetric relation, stored both ways
    (6, 1, 4), (7, 2, 5), (6, 2, 7), (7, 2, 7),  # twins as tails, a symmetric relation stored once, a loop
]
BATCHES = {
    "one triple": [(1, 0, 0)],
    "one query, two tails": [(2, 0, 1), (2, 0, 0)],
    "a repeated tail": [(1, 0, 0), (3, 0, 0)],
    "symmetric, one triple": [(3, 2, 2)],
    "symmetric, both stored directions": [(3, 2, 2), (2, 2, 3)],
    "text twins": [(6, 1, 4), (7, 2, 5)],
    "a loop": [(7, 2, 7), (6, 2, 7)],
    "known from the graph alone": [(2, 0, 1), (1, 0, 0), (6, 2, 7)],
    "the same triple twice": [(2, 0, 0), (2, 0, 0)],
    "everything": TRAIN,
}


def directed(triple):
    """The triple and its inverse, as (head, relation text, tail)."""
    head, relation, tail = triple
    forward, backward = RELATIONS[relation]
    return [{"head": head, "relation": relation, "inverse": False, "tail": tail, "query_text": f"{ENTITIES[head]}, {forward}", "tail_text": ENTITIES[tail]},
            {"head": tail, "relation": relation, "inverse": True, "tail": head, "query_text": f"{ENTITIES[tail]}, {backward}", "tail_text": ENTITIES[head]}]


FACTS = {(row["query_text"], row["tail_text"]) for triple in TRAIN for row in directed(triple)}


def mask(triples):
    rows = [row for triple in triples for row in directed(triple)]
    columns = list(dict.fromkeys(row["tail_text"] for row in rows))
    return {
        "rows": rows,
        "columns": columns,
        "target": [columns.index(row["tail_text"]) for row in rows],
        "known": [[(row["query_text"], text) in FACTS and text != row["tail_text"] for text in columns] for row in rows],
        "own_head": [columns.index(ENTITIES[row["head"]]) if ENTITIES[row["head"]] in columns else -1 for row in rows],
    }


# Worked out by hand: columns by the first word, target, known pairs (row, column), own head.
BY_HAND = {
    # animal dog; the dog's only kind is animal, the animal's kinds are dog, puppy, cub
    "one triple": (["animal", "dog"], [0, 1], [], [1, 0]),
    # dog puppy animal; row 0 puppy is-a dog knows animal, row 2 puppy is-a animal knows dog;
    # row 1 dog has puppy, row 3 animal has puppy: animal has dog too, so (3, dog) is known
    "one query, two tails": (["dog", "puppy", "animal"], [0, 1, 2, 1], [(0, 2), (2, 0), (3, 0)], [1, 0, 1, 2]),
    # animal dog cub; rows 1 and 3 both ask for the animal's kinds, so each knows the other's answer
    "a repeated tail": (["animal", "dog", "cub"], [0, 1, 0, 2], [(1, 2), (3, 1)], [1, 0, 2, 0]),
    "symmetric, one triple": (["puppy", "cub"], [0, 1], [], [1, 0]),
    # both directions give the same two rows again
    "symmetric, both stored directions": (["puppy", "cub"], [0, 1, 1, 0], [], [1, 0, 0, 1]),
    # bank loan lend; row 0 loan given-by bank; row 1 bank gives loan; row 2 lend goes-with bank knows lend (the loop)
    # and loan (the symmetric relation from its other side); row 3 bank goes-with lend
    "text twins": (["bank", "loan", "lend"], [0, 1, 0, 2], [(2, 1), (2, 2)], [1, 0, 2, 0]),
    # lend loan; rows 0 and 1 lend goes-with lend know loan; row 2 loan goes-with lend; row 3 lend goes-with loan knows lend
    "a loop": (["lend", "loan"], [0, 0, 0, 1], [(0, 1), (1, 1), (3, 0)], [0, 0, 1, 0]),
    # dog puppy animal lend loan; row 0 puppy is-a dog knows animal; row 1 dog has puppy; row 2 dog is-a animal;
    # row 3 animal has dog knows puppy; row 4 loan goes-with lend; row 5 lend goes-with loan knows lend
    "known from the graph alone": (["dog", "puppy", "animal", "lend", "loan"], [0, 1, 2, 0, 3, 4], [(0, 2), (3, 1), (5, 3)], [1, 0, 0, 2, 4, 3]),
    # animal puppy; the animal's other kinds are no columns
    "the same triple twice": (["animal", "puppy"], [0, 1, 0, 1], [], [1, 0, 1, 0]),
}


def check_by_hand(results):
    for name, (columns, target, known, own_head) in BY_HAND.items():
        result = results[name]
        assert [text.split(",")[0] for text in result["columns"]] == columns, name
        assert result["target"] == target, name
        assert [(i, j) for i, row in enumerate(result["known"]) for j, value in enumerate(row) if value] == known, name
        assert result["own_head"] == own_head, name


if __name__ == "__main__":
    results = {name: mask(triples) for name, triples in BATCHES.items()}
    check_by_hand(results)
    write_json("mask.json", {
        "entities": ENTITIES,
        "relations": [{"text": forward, "inverse_text": backward} for forward, backward in RELATIONS],
        "train": TRAIN,
        "batches": [{"name": name, "triples": BATCHES[name], **result} for name, result in results.items()],
    })
