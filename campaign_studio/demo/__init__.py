"""Demo data: invented brands in real places. The modules contain tables, which `loader.py` stores."""
