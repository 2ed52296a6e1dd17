"""The demo: from wrist movements to bias codes and back, in one command."""
