"""`paretomtl verify`: stored records against the code."""

from paretomtl.records.store import open_store


def test_verify_agrees_with_an_honest_store_and_not_with_a_changed_one(cli, stored):
    answer = cli("verify", stored, "--sample", 3, "--json")
    assert answer.code == 0
    assert answer.data["agree"] == len(answer.data["runs"]) == 3
    import dataclasses

    store = open_store("forged")
    for record in open_store(stored).records():
        losses = {split: values * 1.01 for split, values in record.outcome.losses.items()}
        outcome = dataclasses.replace(record.outcome, losses=losses)
        store.append([dataclasses.replace(record, outcome=outcome)])
    answer = cli("verify", "forged", "--sample", 2)
    assert answer.code == 4
    assert "0 of 2 runs agree" in answer.out
