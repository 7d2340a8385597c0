"""The router's decisions: pure values in, pure values out, no I/O anywhere in this folder."""
