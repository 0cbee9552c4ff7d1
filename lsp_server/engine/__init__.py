"""What runs models: the waist (`api`), the in-process engine, and the shared engine process."""
