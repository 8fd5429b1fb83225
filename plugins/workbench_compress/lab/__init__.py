"""What a search does on this machine: the rows it goes by, the models it makes, and what it measures of them."""
