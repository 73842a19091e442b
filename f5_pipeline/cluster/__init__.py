"""A batch on many machines: scheduler, workers, and Ray."""
