"""A batch on many machines: the scheduler, the driver, the workers, and Ray."""
