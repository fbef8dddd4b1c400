"""Usage exports of every kind into one hourly table in UTC, and from there into the hours of one
workload."""

from llmcost.inputs.usage.formats import UsageFormat, usage_format, usage_formats
from llmcost.inputs.usage.intake import usage_table
from llmcost.inputs.usage.table import UsageTable
from llmcost.inputs.usage.workload import HourlyUsage, read_usage, with_invoice_read

__all__ = [
    "HourlyUsage",
    "UsageFormat",
    "UsageTable",
    "read_usage",
    "usage_format",
    "usage_formats",
    "usage_table",
    "with_invoice_read",
]
