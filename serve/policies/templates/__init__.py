"""The template policy: what fixes have in common, learned on a CPU and readable.

tokens, index -> anchors, holes -> scene -> template, instances, outcome -> mine, counts -> candidates, features,
ranker -> model -> policy.
"""
