"""A folder of photos with an index of scores: scan it, rank it, suggest what is worth enhancing."""

from nitido.gallery.gallery import Gallery, Scan
from nitido.gallery.index import Index

__all__ = ["Gallery", "Index", "Scan"]
