"""Cameras in one process, viewers in others: pictures, reports and subscriptions over Redis."""
