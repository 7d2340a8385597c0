"""The demo: real messages through a real Herald, shown as they happen and checked at the end."""
