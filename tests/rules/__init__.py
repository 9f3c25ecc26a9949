"""Tests of the rules: each is the valid sample with one thing changed."""
