"""Small upscaling networks of others, rebuilt from their papers to be timed beside Nitido's."""
