"""Five steps of AdamW with decoupled weight decay, gradients clipped by their joint norm, in float64.
The clip factor is min(1, maximum / (norm + clip_epsilon)); both the usual 1e-6 and 0 are given. Weight decay goes to some
parameters only and uses the rate of the step: p -= rate * decay * p, then the Adam step with bias correction. Checked
against torch.optim.AdamW and clip_grad_norm_. Rerun: `python3 adamw.py`.
"""

import math

import numpy
import torch

from fixture_files import write_json

BETAS, EPSILON, MAXIMUM_NORM = (0.9, 0.999), 1e-8, 1.0
RATES = [1e-3, 2e-3, 1.5e-3, 7.5e-4, 1e-4]
DECAY = {"weight": 0.1, "bias": 0.0, "log_inverse_temperature": 0.0}
SHAPES = {"weight": (3, 4), "bias": (3,), "log_inverse_temperature": ()}
GRADIENT_SIZES = [0.05, 2.0, 0.4, 0.02, 30.0]  # some steps are clipped, some are not


def start():
    random = numpy.random.default_rng(3)
    parameters = {name: random.standard_normal(shape) for name, shape in SHAPES.items()}
    parameters["log_inverse_temperature"] = numpy.array(math.log(20))
    gradients = [{name: numpy.array(size * random.standard_normal(shape)) for name, shape in SHAPES.items()} for size in GRADIENT_SIZES]
    return parameters, gradients


def steps(parameters, gradients, maximum_norm, clip_epsilon):
    parameters = {name: value.copy() for name, value in parameters.items()}
    first = {name: numpy.zeros(shape) for name, shape in SHAPES.items()}
    second = {name: numpy.zeros(shape) for name, shape in SHAPES.items()}
    written = []
    for number, (rate, gradient) in enumerate(zip(RATES, gradients), start=1):
        norm = math.sqrt(math.fsum(x * x for value in gradient.values() for x in value.flatten()))
        factor = 1.0 if maximum_norm is None else min(1.0, maximum_norm / (norm + clip_epsilon))
        for name in parameters:
            g = factor * gradient[name]
            first[name] = BETAS[0] * first[name] + (1 - BETAS[0]) * g
            second[name] = BETAS[1] * second[name] + (1 - BETAS[1]) * g * g
            parameters[name] = parameters[name] * (1 - rate * DECAY[name])
            mean, spread = first[name] / (1 - BETAS[0] ** number), second[name] / (1 - BETAS[1] ** number)
            parameters[name] = parameters[name] - rate * mean / (numpy.sqrt(spread) + EPSILON)
        written.append({"norm": norm, "clip_factor": factor, "parameters": dict(parameters), "first_moment": dict(first), "second_moment": dict(second)})
    return written


def check_with_torch(parameters, gradients, maximum_norm, written):
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    groups = [{"params": [tensors[name]], "weight_decay": DECAY[name]} for name in SHAPES]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=BETAS, eps=EPSILON)
    for rate, gradient, step in zip(RATES, gradients, written):
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(gradient[name])
        if maximum_norm is not None:
            torch.nn.utils.clip_grad_norm_(tensors.values(), maximum_norm)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        for name, tensor in tensors.items():
            assert numpy.abs(tensor.detach().numpy() - step["parameters"][name]).max() < 1e-12, name


if __name__ == "__main__":
    parameters, gradients = start()
    cases = []
    for name, maximum_norm, clip_epsilon in (("not clipped", None, 0.0), ("clipped", MAXIMUM_NORM, 1e-6), ("clipped, clip epsilon 0", MAXIMUM_NORM, 0.0)):
        written = steps(parameters, gradients, maximum_norm, clip_epsilon)
        if maximum_norm is None or clip_epsilon > 0:
            check_with_torch(parameters, gradients, maximum_norm, written)
        cases.append({"name": name, "maximum_norm": maximum_norm, "clip_epsilon": clip_epsilon, "steps": written})
    assert {step["clip_factor"] < 1 for step in cases[1]["steps"]} == {True, False}
    write_json("adamw.json", {
        "betas": list(BETAS), "epsilon": EPSILON, "rates": RATES,
        "weight_decay": DECAY, "shapes": {name: list(shape) for name, shape in SHAPES.items()},
        "start": parameters, "gradients": gradients, "cases": cases,
    })
