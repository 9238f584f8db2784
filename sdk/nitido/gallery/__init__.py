"""A folder of photos with an index of scores: scan it, rank it, suggest what is worth enhancing."""

from nitido.gallery.gallery import Gallery, Scan, Suggestion
from nitido.gallery.index import Index

__all__ = ["Gallery", "Index", "Scan", "Suggestion"]
