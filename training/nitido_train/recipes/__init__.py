"""One flat script per trained model: ``python -m nitido_train.recipes.NAME --help``."""
