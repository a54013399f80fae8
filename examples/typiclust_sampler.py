"""The TypiClust of its authors as a sampler: typiclust_sampler.py PATH, with the path of their deep-al/pycls/al/typiclust.py

Their file is in https://github.com/avihu111/TypiClust. It needs faiss (`pip install faiss-cpu`), pandas and scikit-learn, and reads
features of a self-supervised network; here these are the features of the pretext learner (reads = ["pretext-features"]).
"""

import contextlib
import importlib.util
import json
import sys
import types

import numpy as np

query = json.load(sys.stdin)
# Their code prints what it does; standard output is for the answer alone.
with contextlib.redirect_stdout(sys.stderr):
    import faiss

    arrays = np.load(query["arrays"])
    labeled, unlabeled = arrays["labeled"], arrays["unlabeled"]
    features = np.concatenate([arrays["pretext_features_labeled"], arrays["pretext_features_unlabeled"]])
    # Their code gets its features from this module, and searches neighbours on a GPU.
    utils = types.ModuleType("pycls.datasets.utils")
    utils.load_features = lambda name, seed: features
    datasets = types.ModuleType("pycls.datasets")
    datasets.utils = utils
    pycls = types.ModuleType("pycls")
    pycls.datasets = datasets
    sys.modules.update({"pycls": pycls, "pycls.datasets": datasets, "pycls.datasets.utils": utils})
    if not hasattr(faiss, "index_cpu_to_all_gpus") or faiss.get_num_gpus() == 0:
        faiss.index_cpu_to_all_gpus = lambda index: index
    found = importlib.util.spec_from_file_location("typiclust", sys.argv[1])
    typiclust = importlib.util.module_from_spec(found)
    found.loader.exec_module(typiclust)

    # Their k-means draws from NumPy's own generator.
    np.random.seed(query["random_seed"])
    places = np.arange(len(features))
    settings = {"DATASET": {"NAME": "pt4al"}, "RNG_SEED": query["seed"]}
    sampler = typiclust.TypiClust(settings, places[: len(labeled)], places[len(labeled) :], query["n"])
    rows, _ = sampler.select_samples()
print(json.dumps({"indices": unlabeled[rows - len(labeled)].tolist()}))
