"""How good photos look, from 1 to 10: ratings of people, and what stands in for them."""
