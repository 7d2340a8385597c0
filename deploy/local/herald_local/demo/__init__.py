"""The demo: real messages through a real Herald, told as they happen and checked at the end."""
