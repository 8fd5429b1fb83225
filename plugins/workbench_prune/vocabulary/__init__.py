"""The pass `trim-vocab`: a tokenizer and an embedding table with fewer tokens."""
