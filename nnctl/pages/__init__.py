"""Documents in, HTML out: pages that hold all that they show, and load nothing."""
