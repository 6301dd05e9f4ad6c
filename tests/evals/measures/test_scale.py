from __future__ import annotations

from bestguess.evals.measures import scale


def test_asks_in_a_row_are_measured_one_by_one_after_each_number_of_results() -> None:
    few, more = scale.measure_scale((5, 20), batch=8)

    assert (few.results, more.results) == (5, 20)
    assert len(few.ask_ms) == 8
    assert min(more.ask_ms) > 0
    assert "after 20 results" in more.sentence
