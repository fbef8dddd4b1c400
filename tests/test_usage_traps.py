"""What an analyst's first export met that the samples did not: each is held here once."""

import duckdb

from llmcost.inputs.usage import usage_table


def test_the_prompts_beside_usage_details_are_never_taken_for_its_counts(tmp_path):
    path = tmp_path / "observations.parquet"
    duckdb.sql(
        f"""COPY (SELECT 'o1' AS id, 't1' AS trace_id, 'GENERATION' AS type, TIMESTAMP '2026-10-05 09:00:00' AS start_time,
        'gpt-4o' AS provided_model_name, {{'input': 100, 'output': 40, 'total': 140}} AS usage_details,
        'a prompt' AS input, 'an answer' AS output) TO '{path}' (FORMAT parquet)"""
    )
    row = usage_table([path]).hourly.iloc[0]
    assert (row["input_uncached_tokens"], row["output_tokens"]) == (100, 40)
