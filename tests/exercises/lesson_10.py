"""Lesson 10: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

FOUND = {"a": "transposed operand", "b": "mutated saved data", "c": "forgotten un-broadcast"}

WRONG = {
    "10.1": [
        ({**FOUND, "a": "missing +="}, "(a): that fault would not show here"),
        ({**FOUND, "a": "mutated saved data"}, "down the value column all agree"),
        ({**FOUND, "a": "wrong sign"}, "not sent by sub"),
        ({**FOUND, "a": "forgotten un-broadcast"}, "not sent by an op that broadcasts"),
        ({**FOUND, "b": "partials swapped"}, "before any gradient"),
        ({**FOUND, "b": "re-wrapped data"}, "(b): that fault is about tanh"),
        ({**FOUND, "c": "transposed operand"}, "(c): going back from the loss"),
        ({**FOUND, "c": "broadcasting"}, "'broadcasting' is not a name in the list"),
        ({**FOUND, "c": None}, "(c) has no answer"),
        ([*FOUND], "a dictionary"),
    ],
    "10.2": [
        (lambda n: 65039, "n = 1 is too large"),
        (lambda n: 647 * n, "For 100 points: the parameters are Values too"),
        (lambda n: 650.39 * n, "n = 1 is"),
        (lambda n: (647 + 339) * n, "once for each point"),
        (lambda n: 647 * n + 337, "what is there once is miscounted"),
        (lambda n: 646 * n + 339, "The number of nodes for n = 100 is too small"),
        (lambda n: 648 * n + 339, "n = 100 is too large"),
        (lambda n: None, "n = 100 has no answer"),
        (65039, "should be a function"),
    ],
}
BLANK = {"10.1": dict.fromkeys("abc"), "10.2": lambda n: None}
