"""Recognize the format of a table and guess its columns, for `workbench init`."""
