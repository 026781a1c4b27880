"""One test for each fault that the service before hiq had, named by its number.

The table in docs/reference/faults.md is made from these tests.
"""
