"""Measuring on other machines, by the tools that their runtimes come with."""
