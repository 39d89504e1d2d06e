"""What is written of each request: its line and, where it is wanted, the prediction."""
