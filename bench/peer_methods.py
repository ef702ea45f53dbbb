# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""Unmixing methods beside HyperSpy and scikit-learn, each on the same array in memory with the same number of components:

peer_methods.py generate FOLDER | ruska PROGRAM JOB FOLDER | peer JOB FOLDER | table FOLDER

sparse.npy: 128 x 128 x 1024, uint16, about 60 counts per spectrum of three phases; small.npy, a crop of it of 16 x 16, for
methods whose peer needs positions x positions; spikes.npy, a crop of 20 x 20 with 70 elements of 20 counts more;
dense.npy: 64 x 64 x 1024, float64, an EELS series of three edges on a falling background with white noise. The objective
is computed here, in the same way for both programs. The table also takes what bench_learning and peer_learning.py have left.
The caller sets the number of threads in the environment.
"""
import json
import pathlib
import subprocess
import sys
import time

import numpy as np

ICA = {"components": [1, 2, 3], "starts": 1}
# Principal components, and what is rotated from them, come exact, with all singular values, and searched at random for as many
# as are asked for: HyperSpy's decomposition() without and with a number of components, our svd_solver full and randomized.
EXACT, RANDOMISED = ", all singular values", ", randomised search"
BOTH = {name + kind: (data, operation, {**job, **solver}) for name, (data, operation, job) in {
    "pca, sparse": ("sparse", "unmix.pca", {"components": 10, "weighting": "poisson", "scree_length": 10}),
    "pca, dense": ("dense", "unmix.pca", {"components": 10, "weighting": "none", "scree_length": 10}),
    "FastICA, sparse": ("sparse", "unmix.ica", {**ICA, "weighting": "poisson"}),
    "FastICA, dense": ("dense", "unmix.ica", {**ICA, "weighting": "none"}),
    "varimax, sparse": ("sparse", "unmix.ica", {**ICA, "weighting": "poisson", "algorithm": "orthomax"}),
    "varimax, dense": ("dense", "unmix.ica", {**ICA, "weighting": "none", "algorithm": "orthomax"}),
}.items() for kind, solver in ((EXACT, {}), (RANDOMISED, {"svd_solver": "randomized"}))}
# job: data, operation, parameters
JOBS = {
    **BOTH,
    "nmf, weighted squares": ("sparse", "unmix.nmf", {"components": 3, "starts": 1, "loss": "frobenius", "weighting": "poisson",
                                                      "tolerance": 1e-7}),
    "nmf, likelihood": ("sparse", "unmix.nmf", {"components": 3, "starts": 1, "sparsity": 0}),
    "nmf, squares": ("dense", "unmix.nmf", {"components": 3, "starts": 1, "loss": "frobenius", "weighting": "none",
                                            "tolerance": 1e-7}),
    "mlpca": ("small", "unmix.mlpca", {"components": 3}),
    "robust pca": ("spikes", "unmix.robust_pca", {"components": 3, "weighting": "none"}),
}
LEARNING = {"kmeans_sparse": "k-means, sparse", "kmeans_dense": "k-means, dense", "gmm_dense": "Gaussian mixture, dense",
            "svm_dense": "support vectors, dense", "tree_dense": "tree, dense", "forest_dense": "forest, dense"}
OBJECTIVE = {"pca": "squared error", "nmf": "squared error", "FastICA": "negentropy", "varimax": "varimax criterion",
             "mlpca": "error over variance", "robust": "distance to the truth", "k-means": "inertia",
             "Gaussian": "log-likelihood", "support": "right, not labelled", "tree": "right, not labelled",
             "forest": "right, not labelled"}
HIGHER_IS_BETTER = ("FastICA", "varimax", "Gaussian", "support", "tree", "forest")
folder = pathlib.Path(sys.argv[-1])
CHANNELS = 1024


def generate():
    random = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:128, :128]
    second = np.clip(1 - np.hypot(y - 50, x - 45) / 35, 0, 1)
    third = np.clip(1 - np.hypot(y - 85, x - 85) / 30, 0, 1) * (1 - second)
    shares = np.stack([1 - second - third, second, third], -1)
    channel = np.arange(CHANNELS)
    spectra = []
    for lines in ((60, 150, 300), (60, 220, 480), (90, 150, 640)):
        spectrum = 0.6 * np.exp(-channel / 250) / 250
        for line in lines:
            spectrum = spectrum + 0.13 * np.exp(-0.5 * ((channel - line) / 7) ** 2) / (7 * np.sqrt(2 * np.pi))
        spectra.append(spectrum / spectrum.sum())
    mean = 60 * shares @ np.array(spectra)
    sparse = random.poisson(mean).astype(np.uint16)
    np.save(folder / "sparse.npy", sparse)
    np.save(folder / "small.npy", sparse[40:56, 40:56])
    variance = np.maximum(mean[40:56, 40:56], 1e-3)
    np.save(folder / "small_variance.npy", variance)
    spikes = sparse[40:60, 40:60].copy()
    spikes.reshape(-1)[random.choice(spikes.size, 70, replace=False)] += 20
    np.save(folder / "spikes.npy", spikes)
    np.save(folder / "spikes_truth.npy", mean[40:60, 40:60])

    y, x = np.mgrid[:64, :64]
    loss = 200 + channel
    weight = [1 + 0.3 * np.sin(x / 9), np.exp(-((y - 20) ** 2 + (x - 24) ** 2) / 150), np.clip((x - 30) / 30, 0, 1)]
    edges = [(loss / 200.0) ** -3]
    for onset in (420, 700):
        edges.append(0.15 * (loss > onset) * (loss / onset) ** -2.5 * (1 + np.exp(-(loss - onset) / 15)))
    mean = 1000 * sum(w[..., None] * e for w, e in zip(weight, edges))
    np.save(folder / "dense.npy", np.maximum(mean + 5 * random.standard_normal(mean.shape), 0))


def stem(program, job):
    return folder / f"{program}_{''.join(c if c.isalnum() else '_' for c in job)}"


def note(program, job, **values):
    with open(folder / "figures.json", "a") as file:
        file.write(json.dumps({"program": program, "job": job, **values}) + "\n")


def clocks():
    return np.array([time.perf_counter(), time.process_time()])


def ruska(program, job):
    data, operation, parameters = JOBS[job]
    command = [program, operation, json.dumps(parameters), f"data={folder / data}.npy",
               f"factors={stem('ruska', job)}_factors.npy", f"loadings={stem('ruska', job)}_loadings.npy"]
    if job == "mlpca":
        command.insert(4, f"variance={folder / 'small_variance.npy'}")
    result = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures = json.loads(result)
    note("ruska", job, seconds=figures["seconds"], processor_seconds=figures["processor_seconds"])


def peer(job):
    import hyperspy.api as hs
    from sklearn.decomposition import NMF
    import scipy.sparse
    hs.preferences.General.show_progressbar = False
    data, _, parameters = JOBS[job]
    array = np.load(folder / f"{data}.npy").astype(float)

    def decomposed(**options):
        signal = hs.signals.Signal1D(array.copy())
        start = clocks()
        signal.decomposition(print_info=False, **options)
        return signal, start

    def weighted_or_not():
        return {"normalize_poissonian_noise": data == "sparse"}

    def principal(count):
        kept = {} if job.endswith(EXACT) else {"output_dimension": count}
        return decomposed(algorithm="SVD", **kept, **weighted_or_not())

    def once():
        if job.startswith("pca"):
            signal, start = principal(10)
        elif job == "nmf, likelihood":
            counts = scipy.sparse.csr_matrix(array.reshape(-1, CHANNELS))
            start = clocks()
            model = NMF(3, solver="mu", beta_loss="kullback-leibler", max_iter=200, tol=1e-5, random_state=0, init="nndsvda")
            maps = model.fit_transform(counts)
            return clocks() - start, model.components_, maps.T
        elif job.startswith("nmf"):
            signal, start = decomposed(algorithm="NMF", output_dimension=3, **weighted_or_not())
        elif job == "mlpca":
            # To its own tolerance it takes more than three minutes; the objective tells how far it comes.
            variance = np.load(folder / "small_variance.npy").reshape(-1, CHANNELS)
            signal, start = decomposed(algorithm="MLPCA", output_dimension=3, var_array=variance, max_iter=20)
        elif job == "robust pca":
            signal, start = decomposed(algorithm="RPCA", output_dimension=3)
        else:
            signal, start = principal(3)
            options = {"algorithm": "orthomax"} if job.startswith("varimax") else {"tol": 1e-10}
            signal.blind_source_separation(3, diff_order=1, print_info=False, **options)
            seconds = clocks() - start
            result = signal.learning_results
            return seconds, result.bss_factors.T, result.bss_loadings.T
        seconds = clocks() - start
        result = signal.learning_results
        kept = parameters["components"]
        return seconds, result.factors.T[:kept], result.loadings.T[:kept]

    taken = []
    while len(taken) < 3 and sum(seconds for seconds, _ in taken) < 10:
        seconds, factors, loadings = once()
        taken.append(seconds)
    np.save(f"{stem('peer', job)}_factors.npy", np.ascontiguousarray(factors))
    np.save(f"{stem('peer', job)}_loadings.npy", np.ascontiguousarray(loadings))
    seconds, processor_seconds = np.median(taken, axis=0)
    note("peer", job, seconds=seconds, processor_seconds=processor_seconds)


def contrast(factors, varimax):
    """Of the whitened derivatives of the factors: how far they are from normal, or how simple."""
    derivative = np.diff(factors, axis=1)
    derivative = derivative - derivative.mean(1, keepdims=True)
    turned = derivative / derivative.std(1, keepdims=True)
    if varimax:
        return (turned ** 4).mean(1).sum()
    # For a normal distribution E ln cosh is 0.374567.
    return ((np.log(np.cosh(turned)).mean(1) - 0.374567) ** 2).sum()


def objective(program, job):
    factors, loadings = (np.load(f"{stem(program, job)}_{what}.npy") for what in ("factors", "loadings"))
    factors, maps = factors.reshape(len(factors), -1), loadings.reshape(len(loadings), -1)
    if job.startswith(("FastICA", "varimax")):
        return contrast(factors, job.startswith("varimax"))
    x = np.load(folder / f"{JOBS[job][0]}.npy").reshape(-1, CHANNELS).astype(float)
    model = maps.T @ factors
    if job == "mlpca":
        return ((x - model) ** 2 / np.load(folder / "small_variance.npy").reshape(x.shape)).sum() / x.size
    if job == "robust pca":
        return np.sqrt(((np.load(folder / "spikes_truth.npy").reshape(x.shape) - model) ** 2).mean())
    if job == "nmf, likelihood":
        mean = np.maximum(model, 1e-12)
        return (np.where(x > 0, x * np.log(np.maximum(x, 1) / mean), 0) - x + mean).sum()
    if JOBS[job][0] == "sparse":
        g, h = x.sum(1), x.sum(0)
        weights = np.outer(np.where(g > 0, 1 / np.maximum(g, 1), 0), np.where(h > 0, 1 / np.maximum(h, 1), 0))
        return ((x - model) ** 2 * weights).sum()
    return ((x - model) ** 2).sum()


def right(program, job):
    """The part of the positions without a label that were given the right one."""
    truth, labels = np.load(folder / "features_truth.npy"), np.load(folder / f"{program}_{job}.npy")
    unknown = np.load(folder / "features_labels.npy") == 0
    return (labels == truth)[unknown].mean()


def table():
    figures = {}
    for line in (folder / "figures.json").read_text().splitlines():
        one = json.loads(line)
        figures["ruska" if one["program"] == "ruska" else "peer", LEARNING.get(one["job"], one["job"])] = one
    print("| method | ruska, s | peer, s | ratio | of processor time | objective | ruska | peer | |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in list(JOBS) + list(LEARNING.values()):
        if ("ruska", name) not in figures or ("peer", name) not in figures:
            continue
        ours, theirs = figures["ruska", name], figures["peer", name]
        if name.startswith(("support", "tree", "forest")):
            values = [right(one["program"], one["job"]) for one in (ours, theirs)]
        else:
            values = [figure.get("objective") or objective(program, name) for program, figure in (("ruska", ours), ("peer", theirs))]
        kind = next(text for start, text in OBJECTIVE.items() if name.startswith(start))
        if name == "nmf, likelihood":
            kind = "divergence"
        gain = (values[0] - values[1]) * (1 if name.startswith(HIGHER_IS_BETTER) else -1) / abs(values[1])
        verdict = "better" if gain > 1e-3 else "equal" if gain > -1e-3 else "worse"
        ratio, of_processors = (theirs[what] / ours[what] for what in ("seconds", "processor_seconds"))
        wanted = 3 if name.endswith("dense") or JOBS.get(name, ("",))[0] == "dense" else 10
        print(f"| {name} | {ours['seconds']:.3f} | {theirs['seconds']:.3f} | {ratio:.1f} ({wanted} wanted) | {of_processors:.1f} | {kind} | "
              f"{values[0]:.6g} | {values[1]:.6g} | {verdict} |")


if sys.argv[1] == "generate":
    generate()
elif sys.argv[1] == "ruska":
    ruska(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "peer":
    peer(sys.argv[2])
elif sys.argv[1] == "jobs":
    print("\n".join(JOBS))
else:
    table()
