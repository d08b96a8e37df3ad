"""Many runs at once: sweeps over the keys of a config, trained by several processes."""
