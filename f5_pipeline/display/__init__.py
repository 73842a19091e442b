"""What leaves this program for people and other programs: without secrets, and without control characters."""
