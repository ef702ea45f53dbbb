# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""scikit-learn beside bench_learning: peer_learning.py JOB FOLDER.

The same work: ten k-means++ starts of Lloyd's algorithm; a full-covariance mixture from one k-means; classifiers with
their defaults, with 5-fold cross-validation, calibrated probabilities and the classification of every position. The
counts are compared as segment.kmeans does (shares over √(channel share + mean share), weighted by the counts), in a
sparse matrix; both begin with the array of counts, and "preparation" tells how long making that matrix takes of the whole.
The caller sets the number of threads in the environment.
"""
import json
import pathlib
import sys
import time

import numpy as np
import scipy.sparse
import sklearn
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

REPETITIONS = 3
preparation = []
job, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def load(name):
    return np.load(folder / f"{name}.npy")


def clustered(model, features, weights=None):
    model.fit(features, sample_weight=weights)
    return model.labels_, model.inertia_


def mixture(features):
    model = GaussianMixture(5, n_init=1, random_state=0).fit(features)
    return model.predict(features), model.score(features)


def classified(model, features, labels):
    known = labels > 0
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    # The map needs calibrated probabilities, held-out accuracy does not.
    plain = SVC() if isinstance(model, SVC) else model
    accuracy = cross_val_score(plain, features[known], labels[known], cv=folds).mean()
    model.fit(features[known], labels[known])
    model.predict_proba(features)
    return model.predict(features) - 1, accuracy


def shares(array):
    """The features of counts, in a sparse matrix, the sums of the counts, and which are not empty."""
    counts = scipy.sparse.csr_matrix(array)
    total = np.asarray(counts.sum(1)).ravel()
    share = np.asarray(counts.sum(0)).ravel() / total.sum()
    scale = np.where(share > 0, 1 / np.sqrt(share + 1 / len(share)), 0)
    used = total > 0
    return (scipy.sparse.diags(1 / total[used]) @ counts[used] @ scipy.sparse.diags(scale)).tocsr(), total, used


def run():
    if job == "kmeans_sparse":
        array = load("counts").reshape(-1, 1024)

        def action():
            start = time.perf_counter()
            features, total, used = shares(array)
            preparation.append(time.perf_counter() - start)
            labels = np.full(len(total), -1)
            labels[used], inertia = clustered(KMeans(3, n_init=10, random_state=0), features, total[used])
            return labels, inertia
    else:
        features = load("features")
        action = {
            "kmeans_dense": lambda: clustered(KMeans(5, n_init=10, random_state=0), features),
            "gmm_dense": lambda: mixture(features),
            "svm_dense": lambda: classified(SVC(probability=True, random_state=0), features, load("features_labels")),
            "tree_dense": lambda: classified(DecisionTreeClassifier(random_state=0), features, load("features_labels")),
            "forest_dense": lambda: classified(RandomForestClassifier(n_jobs=2, random_state=0), features,
                                               load("features_labels")),
        }[job]
    best = processor = np.inf
    for _ in range(REPETITIONS):
        start, clock = time.perf_counter(), time.process_time()
        labels, objective = action()
        best = min(best, time.perf_counter() - start)
        processor = min(processor, time.process_time() - clock)
    np.save(folder / f"sklearn_{job}.npy", labels)
    print(json.dumps({"program": "sklearn", "job": job, "seconds": best, "processor_seconds": processor,
                      "objective": float(objective), "preparation": min(preparation, default=0), "version": sklearn.__version__}))


run()
