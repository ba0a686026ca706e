"""Typical wrong answers to each lesson's exercises, with a piece of the hint that each should get."""
