"""Small request logs with every common fault, as the tables of a warehouse would hold them, for the
tests of its SQL."""

import json

import duckdb
import pandas as pd


def litellm_rows() -> pd.DataFrame:
    """LiteLLM_SpendLogs: used, cached, failed, repeated, negative, empty, no time, 1970, more
    cached than input."""
    rows = []
    for i in range(240):
        usage = {
            "cache_read_input_tokens": 300 if i % 3 == 0 else 0,
            "completion_tokens_details": {"reasoning_tokens": i % 7},
        }
        rows.append(
            {
                "request_id": f"r{i}",
                "startTime": pd.Timestamp("2026-03-01 00:10") + pd.Timedelta(minutes=17 * i),
                "model": "gpt-4o" if i % 2 else " claude-sonnet-4 ",
                "model_group": "group",
                "spend": 0.25 * (i % 4),
                "prompt_tokens": 1000 + i,
                "completion_tokens": 50 + i % 11,
                "status": "success",
                "custom_llm_provider": "openai",
                "metadata": json.dumps({"usage_object": usage}),
            }
        )
    rows += [
        rows[5] | {"completion_tokens": 1},
        rows[6],
        rows[7] | {"status": "failure"},
        rows[8] | {"request_id": None},
    ]
    rows += [rows[9] | {"request_id": f"x{i}"} | fault for i, fault in enumerate(LITELLM_FAULTS)]
    return pd.DataFrame(rows)


LITELLM_FAULTS = [
    {"status": "failure", "completion_tokens": 0},
    {"prompt_tokens": -5},
    {"prompt_tokens": None},
    {"prompt_tokens": None, "completion_tokens": None, "spend": None, "metadata": None},
    {"startTime": None},
    {"startTime": pd.Timestamp("1970-01-02")},
    {
        "prompt_tokens": 20,
        "metadata": json.dumps({"usage_object": {"cache_read_input_tokens": 300}}),
    },
    {"prompt_tokens": 20_000_000_000_000},
    {"model": None},
    {"model": "", "model_group": None},
    {
        "completion_tokens": 3,
        "metadata": json.dumps(
            {"usage_object": {"completion_tokens_details": {"reasoning_tokens": 9}}}
        ),
    },
]


def langfuse_rows() -> pd.DataFrame:
    """Langfuse observations: input that holds the cache, and input that does not, by their totals;
    spans above generations; errors."""
    rows = []
    for i in range(120):
        apart = i % 2  # whether cached tokens are counted beside the input
        counts = {
            "input": 800,
            "input_cached_tokens": 200,
            "output": 40 + i % 5,
            "total": 800 + 40 + i % 5 + 200 * apart,
        }
        if i % 3 == 0:
            counts = {
                "input": 500,
                "cache_read_input_tokens": 0,
                "output": 9,
                "output_reasoning_tokens": 4,
                "total": 513,
            }
        rows.append(
            {
                "id": f"o{i}",
                "trace_id": f"t{i // 3}",
                "type": "GENERATION",
                "start_time": pd.Timestamp("2026-03-28 22:00") + pd.Timedelta(minutes=11 * i),
                "end_time": pd.Timestamp("2026-03-28 22:00") + pd.Timedelta(minutes=11 * i + 1),
                "provided_model_name": ["gpt-4o", "o3-mini"][i % 2],
                "level": "DEFAULT",
                "usage_details": json.dumps(counts),
                "total_cost": 0.125,
            }
        )
    faults = [
        {"type": "SPAN"},
        {"type": None},
        {"level": "ERROR"},
        {"usage_details": '{"input": -1, "output": 2}'},
        {"id": "o3"},
    ]
    rows += [rows[3] | {"id": f"f{i}"} | fault for i, fault in enumerate(faults)]
    return pd.DataFrame(rows)


LOGS = {"litellm_spend_logs": litellm_rows, "langfuse_observations": langfuse_rows}


def parquet_log(name, path) -> None:
    """The log as a file of Parquet with the types that a warehouse has."""
    frame = LOGS[name]()
    frame = frame.astype({column: "Int64" for column in frame if column.endswith("_tokens")})
    columns = [
        f"{column}::TIMESTAMP AS {column}" if column.lower().endswith("time") else column
        for column in frame
    ]
    with duckdb.connect() as connection:
        connection.register("log", frame)
        connection.execute(
            f"COPY (SELECT {', '.join(columns)} FROM log) TO '{path}' (FORMAT parquet)"
        )


def assert_same(there, here) -> None:
    """The hourly table of a warehouse's result, read back, against that of the log itself: equal
    sums, equal account of the rows."""
    pd.testing.assert_frame_equal(there.hourly, here.hourly, check_dtype=False, rtol=1e-12)
    account = [
        table.outcomes.set_index("outcome")["rows_count"].to_dict() for table in (there, here)
    ]
    assert account[0] == account[1]
    assert list(there.covered_hours) == list(here.covered_hours)
