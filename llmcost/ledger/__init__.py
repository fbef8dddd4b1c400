"""The accuracy ledger: what the throughput model predicts, held against what was measured."""
