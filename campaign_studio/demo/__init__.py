"""Demo data worth looking at: invented brands, real places. Tables in the modules here, written by `loader.py`."""
