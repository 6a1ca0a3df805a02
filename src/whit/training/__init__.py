"""Training: compile, fit, evaluate and predict; data adapters, the loop, and what goes wrong in
it.
"""
