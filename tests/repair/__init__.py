"""Tests of the filling of holes."""
