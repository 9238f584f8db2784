"""Work through a folder of photos so that a run that is killed loses nothing and the next one finishes it."""

from nitido.batch.colorizing import colorizing
from nitido.batch.jobs import enhancing, upscaling
from nitido.batch.run import Done, FileReport, FolderRun, Names, Status, Work, run_file, run_folder

__all__ = [
    "Done",
    "FileReport",
    "FolderRun",
    "Names",
    "Status",
    "Work",
    "colorizing",
    "enhancing",
    "run_file",
    "run_folder",
    "upscaling",
]
