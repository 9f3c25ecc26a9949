"""Valid samples that tests start from, and change one thing of."""
