"""The masked dual-view contrastive loss and its gradients, in float64, for small batches with all the special cases.
Computed twice: with plain loops and gradients derived by hand, and with a vectorised version differentiated by
torch.autograd; both must agree to 1e-12. A second list holds the multi-positive variant, which must equal the masked
loss when each distinct query counts as often as it has positives. Rerun: `python3 contrastive_loss.py`.

    logits[i,j] = (q_i . t_j - gamma [j is the target of i]) * exp(log_inverse_temperature)
    weight[i,j] = 0 if known, else own_head_weight if j is the own head of i and not its target, else 1
    row i       = -log( e^l[i,c] / sum_j weight[i,j] e^l[i,j] )                               c = target of i
    column i    = -log( e^l[i,c] / (e^l[i,c] + sum_{k: target of k is not c} weight[k,c] e^l[k,c]) )
    loss        = (mean of rows + mean of columns) / 2
"""

import math

import numpy
import torch

from fixture_files import write_json

TOLERANCE = 1e-12


# --- first implementation: loops, explicit log-sum-exp, gradients by hand ---------------------------------------------

def log_of_weighted_sum(terms):
    """log(sum of weight * e^logit), and each term's share of the sum."""
    largest = max(logit for weight, logit in terms if weight > 0)
    parts = [weight * math.exp(logit - largest) if weight > 0 else 0.0 for weight, logit in terms]
    total = math.fsum(parts)
    return largest + math.log(total), [part / total for part in parts]


def weight_of(case, i, j):
    if j == case["target"][i]:
        return 1.0
    if case["known"][i][j]:
        return 0.0
    return case["own_head_weight"] if j == case["own_head"][i] else 1.0


def loss_by_loops(case):
    q, t, target = case["query"], case["tail"], case["target"]
    rows, columns, width = len(q), len(t), len(q[0])
    scale = math.exp(case["log_inverse_temperature"])
    logits = [[(math.fsum(q[i][d] * t[j][d] for d in range(width)) - (case["gamma"] if j == target[i] else 0.0)) * scale
               for j in range(columns)] for i in range(rows)]
    by_logit = [[0.0] * columns for _ in range(rows)]
    row_terms, column_terms = [], []
    for i in range(rows):
        c = target[i]
        total, shares = log_of_weighted_sum([(weight_of(case, i, j), logits[i][j]) for j in range(columns)])
        row_terms.append(total - logits[i][c])
        for j in range(columns):
            by_logit[i][j] += (shares[j] - (1.0 if j == c else 0.0)) / rows / 2
        rivals = [k for k in range(rows) if target[k] != c]
        total, shares = log_of_weighted_sum([(1.0, logits[i][c])] + [(weight_of(case, k, c), logits[k][c]) for k in rivals])
        column_terms.append(total - logits[i][c])
        by_logit[i][c] += (shares[0] - 1.0) / rows / 2
        for k, share in zip(rivals, shares[1:]):
            by_logit[k][c] += share / rows / 2
    return {
        "logits": logits,
        "row_terms": row_terms,
        "column_terms": column_terms,
        "row": math.fsum(row_terms) / rows,
        "column": math.fsum(column_terms) / rows,
        "loss": (math.fsum(row_terms) + math.fsum(column_terms)) / rows / 2,
        "query_gradient": [[scale * math.fsum(by_logit[i][j] * t[j][d] for j in range(columns)) for d in range(width)] for i in range(rows)],
        "tail_gradient": [[scale * math.fsum(by_logit[i][j] * q[i][d] for i in range(rows)) for d in range(width)] for j in range(columns)],
        "log_inverse_temperature_gradient": math.fsum(by_logit[i][j] * logits[i][j] for i in range(rows) for j in range(columns)),
    }


# --- second implementation: vectorised, gradients by autograd ---------------------------------------------------------

def loss_by_autograd(case):
    q = torch.tensor(case["query"], dtype=torch.float64, requires_grad=True)
    t = torch.tensor(case["tail"], dtype=torch.float64, requires_grad=True)
    temperature = torch.tensor(case["log_inverse_temperature"], dtype=torch.float64, requires_grad=True)
    target = torch.tensor(case["target"])
    rows, columns = q.shape[0], t.shape[0]
    is_target = torch.arange(columns)[None, :] == target[:, None]
    is_own_head = torch.arange(columns)[None, :] == torch.tensor(case["own_head"])[:, None]
    weight = torch.ones(rows, columns, dtype=torch.float64).masked_fill(is_own_head, case["own_head_weight"])
    weight = weight.masked_fill(torch.tensor(case["known"], dtype=torch.bool), 0.0).masked_fill(is_target, 1.0)
    logits = (q @ t.T - case["gamma"] * is_target.double()) * temperature.exp()
    weighted = logits + weight.log()
    row = -weighted.log_softmax(1)[is_target]
    competes = (target[:, None] != target[None, :]) | torch.eye(rows, dtype=torch.bool)
    by_column = weighted.T[target].masked_fill(~competes, -math.inf)
    column = -by_column.log_softmax(1).diagonal()
    loss = (row.mean() + column.mean()) / 2
    loss.backward()
    return {
        "row_terms": row.tolist(), "column_terms": column.tolist(), "loss": loss.item(),
        "query_gradient": q.grad.tolist(), "tail_gradient": t.grad.tolist(),
        "log_inverse_temperature_gradient": temperature.grad.item(),
    }


def assert_close(expected, actual, what):
    expected, actual = numpy.asarray(expected, dtype=float), numpy.asarray(actual, dtype=float)
    assert expected.shape == actual.shape, what
    difference = numpy.abs(expected - actual) / numpy.maximum(1.0, numpy.abs(expected))
    assert difference.max() < TOLERANCE, f"{what}: {difference.max()}"


def with_expected(case):
    loops, autograd = loss_by_loops(case), loss_by_autograd(case)
    for name, value in autograd.items():
        assert_close(loops[name], value, f"{case['name']}: {name}")
    return {**case, "expected": loops}


# --- the cases: rows of (head, relation, tail) by text, other train facts beside them ---------------------------------

def unit(vector):
    return vector / numpy.linalg.norm(vector)


def case_from_facts(name, rows, other_facts=(), seed=1, width=5, gamma=0.02, tau=0.05, own_head_weight=1.0, noise=0.6):
    """`rows` are directed facts; all of them and `other_facts` are train facts. Query vectors lie near their targets."""
    random = numpy.random.default_rng(seed)
    tails = list(dict.fromkeys(tail for _, _, tail in rows))
    tail = [unit(random.standard_normal(width)) for _ in tails]
    vector_of = {}
    for head, relation, answer in rows:
        vector_of.setdefault((head, relation), unit(tail[tails.index(answer)] + noise * random.standard_normal(width)))
    facts = set(rows) | set(other_facts)
    return {
        "name": name, "gamma": gamma, "log_inverse_temperature": math.log(1 / tau), "own_head_weight": own_head_weight,
        "query": [vector_of[head, relation].tolist() for head, relation, _ in rows],
        "tail": [vector.tolist() for vector in tail],
        "target": [tails.index(answer) for _, _, answer in rows],
        "known": [[(head, relation, other) in facts and other != answer for other in tails] for head, relation, answer in rows],
        "own_head": [tails.index(head) if head in tails else -1 for head, _, _ in rows],
    }


def both_ways(facts):
    """r~ is the inverse of r; a relation that begins with = is symmetric."""
    return [row for head, relation, tail in facts
            for row in ((head, relation, tail), (tail, relation if relation[0] == "=" else relation + "~", head))]


def random_case(name, rows=24, columns=17, width=8, seed=7, tau=0.07, own_head_weight=0.25):
    """Masks need not come from any graph: every combination of target, known, own head and repeat occurs."""
    random = numpy.random.default_rng(seed)
    target = list(range(columns)) + random.integers(0, columns, rows - columns).tolist()
    random.shuffle(target)
    tail = numpy.stack([unit(row) for row in random.standard_normal((columns, width))])
    query = numpy.stack([unit(tail[c] + 0.5 * random.standard_normal(width)) for c in target])
    known = random.random((rows, columns)) < 0.2
    known[numpy.arange(rows), target] = False
    own_head = numpy.where(random.random(rows) < 0.8, random.integers(0, columns, rows), -1)
    own_head[3] = target[3]
    own_head[4] = numpy.flatnonzero(known[4])[0]
    return {
        "name": name, "gamma": 0.02, "log_inverse_temperature": math.log(1 / tau), "own_head_weight": own_head_weight,
        "query": query.tolist(), "tail": tail.tolist(), "target": [int(c) for c in target],
        "known": known.tolist(), "own_head": own_head.tolist(),
    }


APART = [("a", "r", "b"), ("c", "r", "d"), ("e", "s", "f")]
REPEATED = [("a", "r", "z"), ("b", "r", "z"), ("c", "s", "z"), ("d", "s", "y"), ("e", "r", "x")]
TWINS = [("a", "r", "b"), ("a", "r", "c"), ("a", "s", "d"), ("e", "r", "b"), ("a", "r", "b")]
SYMMETRIC = both_ways([("a", "=", "b"), ("b", "=", "c"), ("a", "r", "d")])
STAR = both_ways([("hub", "r", "a"), ("hub", "r", "b"), ("c", "s", "hub"), ("a", "s", "b"), ("d", "=", "a")])
LOOP = both_ways([("a", "r", "a"), ("a", "s", "b")])


def cases():
    yield case_from_facts("no repeats, gamma 0", APART, gamma=0.0, tau=0.3)
    yield case_from_facts("no repeats, gamma 0.02", APART, seed=2)
    yield case_from_facts("no repeats, temperature at its lower edge 0.01", APART, seed=3, tau=0.01)
    yield case_from_facts("no repeats, temperature at its upper edge 1", APART, seed=3, tau=1.0)
    yield case_from_facts("repeated tails", REPEATED, seed=4, noise=1.5)
    yield case_from_facts("repeated tails, gamma 0, temperature 0.2", REPEATED, seed=4, gamma=0.0, tau=0.2)
    yield case_from_facts("text twins: one query text with several tails, one row twice", TWINS, seed=5)
    yield case_from_facts("a known tail that only the graph shows, not the batch", APART, [("a", "r", "d"), ("e", "s", "b")], seed=6)
    yield case_from_facts("every other column of row 0 is known", APART, [("a", "r", "d"), ("a", "r", "f")], seed=8)
    yield case_from_facts("one row", APART[:1], seed=9)
    yield case_from_facts("one triple both ways", both_ways(APART[:1]), seed=10, tau=0.3)
    yield case_from_facts("two rows with the same tail, one column", REPEATED[:2], seed=11)
    for own_head_weight in (0.0, 0.25, 1.0):
        yield case_from_facts(f"symmetric relations, own head weight {own_head_weight}", SYMMETRIC, seed=12, own_head_weight=own_head_weight, tau=0.2, noise=1.5)
        yield case_from_facts(f"a star both ways, own head weight {own_head_weight}", STAR, seed=13, own_head_weight=own_head_weight)
    yield case_from_facts("the own head is a known tail and stays masked at weight 1", STAR, [("hub", "r", "hub"), ("a", "r~", "a")], seed=14)
    yield case_from_facts("the own head is the target, which counts fully at own head weight 0", LOOP, seed=15, own_head_weight=0.0)
    yield case_from_facts("temperature 0.01 with own head weight 0.25", STAR, seed=16, own_head_weight=0.25, tau=0.01)
    yield random_case("24 random rows, own head weight 0.25")
    yield random_case("24 random rows, own head weight 1", seed=17, tau=0.05, own_head_weight=1.0)


# --- the multi-positive variant ---------------------------------------------------------------------------------------

def multi_positive(case, weighted):
    """One term per distinct query (tail), the mean over its positives; `weighted`: a query stands for as many rows as
    it has positives, both in the means and as a negative of a column; otherwise each counts once. Positives are not
    marked in `known`: they never compete with one another. Gradients by autograd."""
    q = torch.tensor(case["query"], dtype=torch.float64, requires_grad=True)
    t = torch.tensor(case["tail"], dtype=torch.float64, requires_grad=True)
    temperature = torch.tensor(case["log_inverse_temperature"], dtype=torch.float64, requires_grad=True)
    positives, queries, columns = case["positives"], len(case["query"]), len(case["tail"])
    weight = lambda i, j: 0.0 if case["known"][i][j] else case["own_head_weight"] if case["own_head"][i] == j else 1.0
    similarity = q @ t.T
    positive_term = ((similarity - case["gamma"]) * temperature.exp()).exp()
    negative_term = (similarity * temperature.exp()).exp()

    def term(i, j, negatives):
        return -torch.log(positive_term[i, j] / (positive_term[i, j] + negatives))

    row_terms, row_weights, column_terms, column_weights = [], [], [], []
    for i in range(queries):
        negatives = sum(weight(i, j) * negative_term[i, j] for j in range(columns) if j not in positives[i])
        row_terms.append(sum(term(i, j, negatives) for j in positives[i]) / len(positives[i]))
        row_weights.append(len(positives[i]) if weighted else 1)
    for j in range(columns):
        negatives = sum(weight(i, j) * negative_term[i, j] * (len(positives[i]) if weighted else 1)
                        for i in range(queries) if j not in positives[i])
        own = [i for i in range(queries) if j in positives[i]]
        column_terms.append(sum(term(i, j, negatives) for i in own) / len(own))
        column_weights.append(len(own) if weighted else 1)
    row = sum(w * x for w, x in zip(row_weights, row_terms)) / sum(row_weights)
    column = sum(w * x for w, x in zip(column_weights, column_terms)) / sum(column_weights)
    loss = (row + column) / 2
    loss.backward()
    return {
        "row_terms": [x.item() for x in row_terms], "column_terms": [x.item() for x in column_terms],
        "row": row.item(), "column": column.item(), "loss": loss.item(),
        "query_gradient": q.grad.tolist(), "tail_gradient": t.grad.tolist(),
        "log_inverse_temperature_gradient": temperature.grad.item(),
    }


def multi_positive_case(name, rows, **settings):
    """The masked case of the same rows (all different), grouped by query."""
    assert len(set(rows)) == len(rows)
    masked = case_from_facts(name, rows, **settings)
    queries = list(dict.fromkeys((head, relation) for head, relation, _ in rows))
    query_of_row = [queries.index((head, relation)) for head, relation, _ in rows]
    first_row = [query_of_row.index(i) for i in range(len(queries))]
    positives = [[masked["target"][row] for row in range(len(rows)) if query_of_row[row] == i] for i in range(len(queries))]
    case = {
        **{key: masked[key] for key in ("name", "gamma", "log_inverse_temperature", "own_head_weight")},
        "query": [masked["query"][row] for row in first_row],
        "tail": masked["tail"],
        "positives": positives,
        "known": [[known and j not in positives[i] for j, known in enumerate(masked["known"][row])] for i, row in enumerate(first_row)],
        "own_head": [masked["own_head"][row] for row in first_row],
    }
    weighted, expected = multi_positive(case, True), loss_by_loops(masked)
    for key in ("row", "column", "loss", "tail_gradient", "log_inverse_temperature_gradient"):
        assert_close(expected[key], weighted[key], f"{name}: multi-positive {key}")
    summed = numpy.zeros((len(queries), len(masked["tail"][0])))
    numpy.add.at(summed, query_of_row, numpy.array(expected["query_gradient"]))
    assert_close(summed, weighted["query_gradient"], f"{name}: multi-positive query_gradient")
    return {**case, "masked_rows": {"query_of_row": query_of_row, "target": masked["target"], "known": masked["known"], "own_head": masked["own_head"]},
            "weighted": weighted, "plain": multi_positive(case, False)}


SEVERAL = [("a", "r", "b"), ("a", "r", "c"), ("a", "r", "d"), ("e", "r", "b"), ("e", "r", "c"), ("f", "s", "d"), ("g", "s", "h")]


def multi_positive_cases():
    yield multi_positive_case("one positive each", APART, seed=21)
    yield multi_positive_case("several positives", SEVERAL, seed=22)
    yield multi_positive_case("several positives and a known tail beside them", SEVERAL, other_facts=[("a", "r", "h"), ("g", "s", "b")], seed=23)
    yield multi_positive_case("a star both ways, own head weight 0.25", STAR, seed=24, own_head_weight=0.25)
    yield multi_positive_case("a star both ways, gamma 0, temperature 0.3", STAR, seed=25, gamma=0.0, tau=0.3)


def check_by_hand(expected):
    by_name = {case["name"]: case for case in expected}
    lone = by_name["one row"]["expected"]
    assert lone["loss"] == 0 and not numpy.any(lone["query_gradient"]) and not numpy.any(lone["tail_gradient"])
    assert by_name["every other column of row 0 is known"]["expected"]["row_terms"][0] == 0
    assert by_name["two rows with the same tail, one column"]["expected"]["loss"] == 0
    for graph in ("symmetric relations", "a star both ways"):
        for view in ("row", "column"):
            zero, quarter, one = (by_name[f"{graph}, own head weight {w}"]["expected"][view] for w in (0.0, 0.25, 1.0))
            assert zero + 1e-3 < quarter and quarter + 1e-3 < one, (graph, view)
    for case in expected:  # gradients against central differences of the loss
        vectors, step = numpy.array(case["query"]), 1e-6
        moved = [loss_by_loops({**case, "query": (vectors + sign * step * numpy.eye(*vectors.shape)).tolist()})["loss"] for sign in (1, -1)]
        derivative = numpy.trace(numpy.array(case["expected"]["query_gradient"]))
        assert abs((moved[0] - moved[1]) / (2 * step) - derivative) < 1e-5 * max(1.0, abs(derivative)), case["name"]


if __name__ == "__main__":
    masked_cases = [with_expected(case) for case in cases()]
    check_by_hand(masked_cases)
    write_json("contrastive_loss.json", {"cases": masked_cases, "multi_positive": list(multi_positive_cases())})
