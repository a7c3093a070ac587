"""Losses written by lossgen, one package for each framework."""
