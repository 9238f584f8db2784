"""The demo app: a server that uses the sdk and nothing else of Nitido, and the page that it serves."""
