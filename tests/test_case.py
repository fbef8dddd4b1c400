"""A case is the data of one client: what an answer needs, without the face that notebooks see."""

import pytest

from llmcost.study.case import Case, opened_case
from llmcost.study.once_per_case import once_per_case
from llmcost.study.results import fingerprint
from llmcost.study.study import Study, open_study
from llmcost.study.uncertainty.advice import advised_option, rival_option, yardstick_option
from llmcost.study.verdict.answer import verdict

CLIENT = "document-search"


@pytest.fixture(scope="module")
def case():
    return opened_case(Case, CLIENT, "", None)


def test_every_answer_of_a_case_is_that_of_the_study(case):
    study = open_study(CLIENT)
    assert type(case) is Case and case is not study
    assert (advised_option(case), rival_option(case)) == (study.winner, study.rival)
    assert yardstick_option(case) == study.yardstick
    assert fingerprint(case) == study.fingerprint
    assert verdict(case) == study.verdict()


def test_a_what_if_is_of_the_kind_that_it_was_asked_of(case):
    changes = {"horizon_months": 12}
    assert type(case.what_if(changes)) is Case
    shorter = open_study(CLIENT).what_if(changes)
    assert type(shorter) is Study
    assert shorter.what_if({}) is shorter
    workload_id = case.client.workloads[0].id
    assert type(case.of_workload(workload_id)) is Case
    assert type(shorter.of_workload(workload_id)) is Study


def test_an_answer_is_worked_out_once_for_each_set_of_arguments(case):
    worked_out = []

    @once_per_case
    def total(one, option, times=1):
        worked_out.append((option, times))
        return one.totals[option] * times

    options = list(case.totals)[:2]
    for option in options * 2:
        assert total(case, option) == case.totals[option]
    assert total(case, options[0], times=2) == 2 * case.totals[options[0]]
    assert worked_out == [(options[0], 1), (options[1], 1), (options[0], 2)]


def test_functions_of_one_name_keep_answers_of_their_own(case):
    def answering(answer):
        def same_name(one):
            return answer

        same_name.__qualname__ = f"{answer}.same_name"
        return once_per_case(same_name)

    assert [answering(word)(case) for word in ("one", "other")] == ["one", "other"]
