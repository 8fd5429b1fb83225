"""Measured models, the budgets that they keep or break, and the choice among them."""
