"""The demo app; it uses the sdk and nothing else of Nitido."""
