#!/usr/bin/env python3
"""Writes a made-up graph of kinship terms: 104 people known by numbers alone, one of 25 terms for nearly every ordered pair, decided by
the classes of both (a clan of four and a generation of three); 80 % train, 10 % valid, 10 % test. Usage: kin.py FOLDER"""
import os
import random
import sys

folder = sys.argv[1]
os.makedirs(folder)
draw = random.Random(5)
classes = [(draw.randrange(4), draw.randrange(3)) for _ in range(104)]
terms, triples = {}, []
for head, (clan, age) in enumerate(classes):
    for tail, (other, later) in enumerate(classes):
        term = terms.setdefault(((other - clan) % 4, later - age, clan % 2), f"term{len(terms) % 25}")
        if draw.random() < 0.98:
            triples.append(f"person{head}\t{term}\tperson{tail}\n")
draw.shuffle(triples)
ends = [0, int(0.8 * len(triples)), int(0.9 * len(triples)), len(triples)]
for name, start, end in zip(("train", "valid", "test"), ends, ends[1:]):
    with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as file:
        file.writelines(triples[start:end])
