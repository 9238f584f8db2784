"""From a trained checkpoint to a bundle that phones run, proved equal to torch before it is written."""
