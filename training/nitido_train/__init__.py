"""Networks, degradations, losses and recipes that made Nitido's models (torch)."""
