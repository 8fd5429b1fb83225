"""What the passes at hand can make of a model: architectures, chains, and what each of them will cost."""
