"""Commands that measure every figure which Nitido states: quality, trigger, parity, memory, import time."""
