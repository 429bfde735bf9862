"""Cameras in one process, viewers in others: pictures, reports and wishes over Redis."""
