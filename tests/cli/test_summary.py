"""The table after a run: each method's mean hypervolume."""

import pytest

from paretomtl.records.store import open_store


def test_the_summary_shows_the_mean_hypervolume_of_each_seeds_front(cli, suite):
    import numpy as np

    import paretomtl as pm

    answer = cli("run", suite(), "--json")
    runs = open_store(answer.data["store"]).runs()
    for cell in answer.data["cells"]:
        rows = runs[(runs.problem_label == cell["problem"]) & (runs.method_label == cell["method"])]
        assert len(rows) == cell["runs"] == 6
        options = {"n_variables": 5} if "zdt1" in cell["problem"] else {}
        problem = pm.problem(rows.problem.iloc[0], **options)
        volumes = [
            pm.hypervolume(np.stack(list(group.losses_test)), problem.reference_point)
            for _, group in rows.groupby("seed")
        ]
        assert len(volumes) == cell["seeds"] == 2
        assert cell["hypervolume"] == pytest.approx(np.mean(volumes), rel=1e-12)
        assert cell["share"] == pytest.approx(np.mean(volumes) / problem.best_hypervolume())
        assert cell["bad"] == 0
