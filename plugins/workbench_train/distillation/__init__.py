"""The trainer `distil`: rows, teachers, the loss, and hidden states that are learned too."""
