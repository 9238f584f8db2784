"""What it takes to train a trigger: its examples, its calibration and thresholds, ratings to fine-tune it."""
