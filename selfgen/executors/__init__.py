"""Ways of getting owed work done: each takes what the machine hands out and feeds back events."""
