"""The SQL for warehouses, run for real on Apache Spark: its result comes back in with equal
numbers."""

import importlib.util
import shutil

import pytest
from usage_logs import LOGS, assert_same, parquet_log

from llmcost.inputs.usage import usage_format, usage_table
from llmcost.inputs.usage.warehouse import warehouse_sql

pytestmark = [
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java, and there is none here"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed"
    ),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("llmcost")
    quiet = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
    }
    quiet |= {
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.driver.bindAddress": "127.0.0.1",
    }
    quiet |= {"spark.driver.host": "127.0.0.1", "spark.driver.memory": "1g"}
    for key, value in quiet.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.mark.parametrize("name", LOGS)
def test_spark_makes_the_same_hours_of_a_log(name, spark, tmp_path):
    log = tmp_path / "log.parquet"
    parquet_log(name, log)
    spark.read.parquet(str(log)).createOrReplaceTempView("log")
    spark.sql(warehouse_sql(usage_format(name), "spark", "log")).coalesce(1).write.option(
        "header", True
    ).csv(str(tmp_path / "out"))
    (result,) = (tmp_path / "out").glob("part-*.csv")
    assert_same(usage_table([result]), usage_table([log]))
