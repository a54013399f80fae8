"""A strategy of scikit-activeml (`pip install scikit-activeml`) as a sampler: skactiveml_sampler.py CoreSet|TypiClust|Badge|Uncertainty

It works on the features of the task model. Strategies that need a classifier get a logistic regression on them.
"""

import contextlib
import json
import sys

import numpy as np

query = json.load(sys.stdin)
# Packages may print; standard output is for the answer alone.
with contextlib.redirect_stdout(sys.stderr):
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import Badge, CoreSet, TypiClust, UncertaintySampling
    from sklearn.linear_model import LogisticRegression

    arrays = np.load(query["arrays"])
    labeled, unlabeled = arrays["labeled"], arrays["unlabeled"]
    features = np.concatenate([arrays["features_labeled"], arrays["features_unlabeled"]])
    # scikit-activeml marks images without a label by nan.
    labels = np.concatenate([arrays["labels"].astype(float), np.full(len(unlabeled), np.nan)])
    seed = query["random_seed"]
    classifier = SklearnClassifier(LogisticRegression(max_iter=1000), classes=range(query["classes"]), random_state=seed)
    name = sys.argv[1]
    if name == "CoreSet":
        strategy, more = CoreSet(random_state=seed), {}
    elif name == "TypiClust":
        strategy, more = TypiClust(random_state=seed), {}
    elif name == "Badge":
        strategy, more = Badge(random_state=seed), {"clf": classifier}
    elif name == "Uncertainty":
        strategy, more = UncertaintySampling(method="entropy", random_state=seed), {"clf": classifier}
    else:
        sys.exit(f"no strategy {name!r}; name CoreSet, TypiClust, Badge or Uncertainty")
    rows = strategy.query(X=features, y=labels, batch_size=query["n"], **more)
print(json.dumps({"indices": unlabeled[np.asarray(rows) - len(labeled)].tolist()}))
