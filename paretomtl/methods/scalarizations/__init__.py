"""Losses to one scalar, whose gradient is followed: methods that read the losses alone."""
