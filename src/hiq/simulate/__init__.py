"""A Home Assistant to test against."""
