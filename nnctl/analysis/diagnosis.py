"""What is wrong with a run, in sentences: every rule is asked, and each says what it looked at.

Where rules differ in the literature the milder bound is taken: a diagnosis that cries wolf is read
once. The bounds stand beside the rules.
"""

from __future__ import annotations

import numpy as np

from nnctl.analysis.case import Case
from nnctl.analysis.curve_rules import (
    learning_rate_too_high,
    learning_rate_too_low,
    overfitting,
)
from nnctl.analysis.findings import Diagnosis, Rule
from nnctl.analysis.gradient_rules import exploding_gradients, vanishing_gradients
from nnctl.analysis.result_rules import (
    beaten_by_a_baseline,
    ignored_imbalance,
    underfitting,
    unscaled_inputs,
)
from nnctl.analysis.unit_rules import dead_units, saturated_units

# In the order of cause and effect: what comes first may be the reason of what comes later.
RULES = (
    Rule(
        "unscaled inputs",
        unscaled_inputs,
        "LeCun, Bottou, Orr & Mueller 1998, Efficient BackProp, section 4.3",
    ),
    Rule(
        "learning rate too high",
        learning_rate_too_high,
        "Bengio 2012, arXiv:1206.5533, section 3.1.1",
    ),
    Rule(
        "learning rate too low",
        learning_rate_too_low,
        "Stanford CS231n, Neural Networks Part 3: updates of about 1e-3 of the weights",
    ),
    Rule(
        "exploding gradients",
        exploding_gradients,
        "Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063",
    ),
    Rule(
        "dead units",
        dead_units,
        "Stanford CS231n, Neural Networks Part 1: as much as 40 % of a network can be dead; Lu, "
        "Shin, Su & Karniadakis 2019, arXiv:1903.06733",
    ),
    Rule(
        "saturated units",
        saturated_units,
        "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
        "networks, section 3",
    ),
    Rule(
        "vanishing gradients",
        vanishing_gradients,
        "Glorot & Bengio 2010; Nielsen 2015, Neural Networks and Deep Learning, chapter 5, whose "
        "first layer learns 100 times slower than the last",
    ),
    Rule(
        "underfitting",
        underfitting,
        "Goodfellow, Bengio & Courville 2016, Deep Learning, sections 5.2 and 11.3",
    ),
    Rule(
        "overfitting",
        overfitting,
        "Prechelt 1998, Early Stopping - But When?: the loss of generality",
    ),
    Rule(
        "class imbalance",
        ignored_imbalance,
        "He & Garcia 2009, Learning from Imbalanced Data, IEEE TKDE 21(9)",
    ),
    Rule(
        "baselines",
        beaten_by_a_baseline,
        "Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees, 3.4.3: "
        "within one standard error the simpler model",
    ),
)


def diagnose(case: Case) -> Diagnosis:
    """Ask every rule."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return Diagnosis(tuple((rule, rule.look(case)) for rule in RULES))
