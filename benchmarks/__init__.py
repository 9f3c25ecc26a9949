"""Benchmarks: ratios against named limits, measured in one run. They are not tests."""
